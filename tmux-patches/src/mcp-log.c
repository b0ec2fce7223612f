/* $OpenBSD$ */

/*
 * Copyright (c) 2026 The tmcp maintainers
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF MIND, USE, DATA OR PROFITS, WHETHER
 * IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING
 * OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tmux.h"
#include "mcp.h"

/*
 * The log of the MCP client: show-messages, tmux's own debug log, a file if
 * the user wants one, and with TMUX_MCP_DEBUG standard error, which goes
 * somewhere only if the server runs in the foreground.
 */

#define MCP_LOG_DIRECTORY ".tmux"
#define MCP_LOG_FILE "mcp-debug.log"

static const char *mcp_log_levels[] = { "error", "warning", "info", "debug" };

static int	 mcp_log_fd = -1;
static char	*mcp_log_path;

/* If TMUX_MCP_DEBUG is on. */
static int
mcp_log_debug(void)
{
	struct environ_entry	*envent;

	envent = environ_find(global_environ, "TMUX_MCP_DEBUG");
	return (envent != NULL && envent->value != NULL &&
	    *envent->value != '\0' && strcmp(envent->value, "0") != 0);
}

/* Level for a name; NULL is the default and an unknown name is an error. */
uint32_t
mcp_log_level(const char *name)
{
	u_int	i;

	if (mcp_log_debug())
		return (TMCP_LOG_LEVEL_DEBUG);
	if (name == NULL || *name == '\0')
		return (TMCP_LOG_LEVEL_INFO);
	if (strcmp(name, "warn") == 0)
		return (TMCP_LOG_LEVEL_WARNING);
	for (i = 0; i < nitems(mcp_log_levels); i++) {
		if (strcmp(name, mcp_log_levels[i]) == 0)
			return (i);
	}
	server_add_message("mcp: unknown @mcp-log-level: %s "
	    "(error, warning, info or debug)", name);
	return (TMCP_LOG_LEVEL_INFO);
}

/*
 * Write a line. It is short enough for one write, so one that had to wait is
 * lost instead.
 */
static void
mcp_log_write(int fd, uint32_t level, const char *message)
{
	struct timespec	 ts;
	struct tm	 tm;
	char		 when[32], *line;
	int		 size;

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
	size = xasprintf(&line, "%s.%03ld %s: %s\n", when,
	    (long)(ts.tv_nsec / 1000000),
	    level < nitems(mcp_log_levels) ? mcp_log_levels[level] : "?",
	    message);
	if (size > PIPE_BUF) {
		size = PIPE_BUF;
		line[size - 1] = '\n';
	}
	if (write(fd, line, size) == -1)
		log_debug("%s: %s", __func__, strerror(errno));
	free(line);
}

/* Take a line from the core, already at or below the level that was set. */
void
mcp_log(__unused void *arg, uint32_t level, const char *message)
{
	struct pollfd	 pfd = { .fd = STDERR_FILENO, .events = POLLOUT };
	char		*s, *line;

	utf8_stravis(&line, message, VIS_OCTAL|VIS_CSTYLE|VIS_NOSLASH|VIS_TAB|
	    VIS_NL);
	s = mcp_text_vis(line, strlen(line), NULL);
	free(line);
	server_add_message("%s%s",
	    strncmp(s, "mcp: ", 5) == 0 ? "" : "mcp: ", s);
	if (mcp_log_fd != -1)
		mcp_log_write(mcp_log_fd, level, s);
	if (mcp_log_debug() && poll(&pfd, 1, 0) == 1 &&
	    (pfd.revents & POLLOUT))
		mcp_log_write(STDERR_FILENO, level, s);
	free(s);
}

/*
 * Log to a file as well: NULL or "off" for none, "on" for the usual one. It is
 * opened so that neither a FIFO nor a terminal can hold up the server.
 */
void
mcp_log_set_file(const char *value)
{
	char		*path = NULL, *dir;
	const char	*home;

	if (value != NULL && (*value == '\0' || strcmp(value, "off") == 0))
		value = NULL;
	home = find_home();
	if (value != NULL && strcmp(value, "on") == 0) {
		if (home != NULL) {
			xasprintf(&dir, "%s/%s", home, MCP_LOG_DIRECTORY);
			if (mkdir(dir, 0700) != 0 && errno != EEXIST)
				log_debug("%s: %s", dir, strerror(errno));
			xasprintf(&path, "%s/%s", dir, MCP_LOG_FILE);
			free(dir);
		}
	} else if (value != NULL && strncmp(value, "~/", 2) == 0) {
		if (home != NULL)
			xasprintf(&path, "%s/%s", home, value + 2);
	} else if (value != NULL)
		path = xstrdup(value);

	if (path != NULL && mcp_log_path != NULL &&
	    strcmp(path, mcp_log_path) == 0) {
		free(path);
		return;
	}
	if (mcp_log_fd != -1)
		close(mcp_log_fd);
	mcp_log_fd = -1;
	free(mcp_log_path);
	mcp_log_path = path;
	if (path == NULL)
		return;

	mcp_log_fd = open(path, O_WRONLY|O_APPEND|O_CREAT|O_NONBLOCK|O_CLOEXEC|
	    O_NOCTTY, 0600);
	if (mcp_log_fd == -1) {
		server_add_message("mcp: can't open log file %s: %s", path,
		    strerror(errno));
	}
}
