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

/* Longest line, which is also what one write takes whole. */
#define MCP_LOG_LINE 4096

/*
 * What the name of the file gets behind it when it is as large as the option
 * mcp-log-size says: it takes the place of the one before, and a new one is
 * begun.
 */
#define MCP_LOG_OLD ".old"

/* How often the file is looked for, in microseconds: it may be moved away. */
#define MCP_LOG_LOOK_US 1000000

static int	 mcp_log_fd = -1;
static int	 mcp_log_stderr = -1;
static int	 mcp_log_failed;
static int	 mcp_log_full;
static uint64_t	 mcp_log_looked;
static off_t	 mcp_log_size;
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

/* Level of the option, whose choices are the levels of the core in order. */
uint32_t
mcp_log_level(void)
{
	if (mcp_log_debug())
		return (TMCP_LOG_LEVEL_DEBUG);
	return (options_get_number(global_options, "mcp-log-level"));
}

/*
 * Open the file so that nothing can hold up the server: it must be regular, and
 * a link in its place is not followed, because it is created and written.
 */
static void
mcp_log_open(void)
{
	struct stat	 sb;
	const char	*why = NULL;

	mcp_log_looked = mcp_now();
	mcp_log_fd = open(mcp_log_path, O_WRONLY|O_APPEND|O_CREAT|O_NONBLOCK|
	    O_CLOEXEC|O_NOCTTY|O_NOFOLLOW, 0600);
	if (mcp_log_fd == -1)
		why = errno == ELOOP ? "it is a link" : strerror(errno);
	else if (fstat(mcp_log_fd, &sb) != 0)
		why = strerror(errno);
	else if (!S_ISREG(sb.st_mode))
		why = "not a regular file";
	if (why != NULL && !mcp_log_failed) {
		mcp_message_add("mcp: can't open log file %s: %s",
		    mcp_log_path, why);
	}
	if (why != NULL && mcp_log_fd != -1) {
		close(mcp_log_fd);
		mcp_log_fd = -1;
	}
	mcp_log_failed = (mcp_log_fd == -1);
	mcp_log_size = (mcp_log_fd == -1 ? 0 : sb.st_size);
	mcp_log_full = 0;
}

/* If the name of the file is still that of the one that is open. */
static int
mcp_log_is_named(void)
{
	struct stat	 named, opened;

	return (lstat(mcp_log_path, &named) == 0 &&
	    fstat(mcp_log_fd, &opened) == 0 &&
	    named.st_dev == opened.st_dev && named.st_ino == opened.st_ino);
}

/*
 * Begin a new file in the place of one that is too large, whose name is another
 * from then on. Where that can't be done, nothing more is written.
 */
static void
mcp_log_rotate(void)
{
	char	*old;

	if (mcp_log_is_named()) {
		xasprintf(&old, "%s" MCP_LOG_OLD, mcp_log_path);
		if (rename(mcp_log_path, old) != 0) {
			mcp_message_add("mcp: log file %s is full, and can't "
			    "be moved to %s: %s", mcp_log_path, old,
			    strerror(errno));
			free(old);
			mcp_log_full = 1;
			return;
		}
		free(old);
	}
	close(mcp_log_fd);
	mcp_log_open();
}

/* Open the file again if its name is that of another file by now. */
static void
mcp_log_look(void)
{
	if (mcp_log_path == NULL || mcp_now() - mcp_log_looked < MCP_LOG_LOOK_US)
		return;
	mcp_log_looked = mcp_now();
	if (mcp_log_fd != -1 && mcp_log_is_named())
		return;
	if (mcp_log_fd != -1)
		close(mcp_log_fd);
	mcp_log_open();
}

/* Write a line to the file. One that had to wait is lost instead. */
static void
mcp_log_write(const char *line)
{
	ssize_t	n;
	off_t	most;

	mcp_log_look();
	most = options_get_number(global_options, "mcp-log-size");
	if (mcp_log_fd != -1 && !mcp_log_full &&
	    mcp_log_size >= most * 1024 * 1024)
		mcp_log_rotate();
	if (mcp_log_fd == -1 || mcp_log_full)
		return;
	if ((n = write(mcp_log_fd, line, strlen(line))) != -1) {
		mcp_log_failed = 0;
		mcp_log_size += n;
	} else if (errno != EAGAIN && !mcp_log_failed) {
		mcp_log_failed = 1;
		mcp_message_add("mcp: can't write log file %s: %s",
		    mcp_log_path, strerror(errno));
	}
}

/* The line for a message, with a newline: time, level and message. */
static char *
mcp_log_line(uint32_t level, const char *message)
{
	struct timespec	 ts;
	struct tm	 tm;
	char		 when[32], *line;
	int		 size;

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
	size = xasprintf(&line, "%s.%03ld %s [tmux] mcp: %s\n", when,
	    (long)(ts.tv_nsec / 1000000),
	    level < nitems(mcp_log_levels) ? mcp_log_levels[level] : "?",
	    message);
	if (size > MCP_LOG_LINE) {
		line[mcp_text_cut(line, size, MCP_LOG_LINE - 1)] = '\0';
		strlcat(line, "\n", size);
	}
	return (line);
}

/*
 * Write a message to standard error, which is that of the client that starts
 * the server until the server has left it, or a file.
 */
static void
mcp_log_console(const char *message)
{
	struct pollfd	 pfd = { .events = POLLOUT };
	char		*line;
	int		 size;

	pfd.fd = (mcp_log_stderr != -1 ? mcp_log_stderr : STDERR_FILENO);
	if (poll(&pfd, 1, 0) != 1 || (~pfd.revents & POLLOUT))
		return;
	size = xasprintf(&line, "[tmux] mcp: %s\n", message);
	if (write(pfd.fd, line, size > PIPE_BUF ? PIPE_BUF : size) == -1)
		log_debug("%s: %s", __func__, strerror(errno));
	free(line);
}

/*
 * Begin before the server leaves the client that starts it: what is told from
 * then on goes to standard error only if that is a file, because nothing would
 * ever close a pipe, and somebody works in a terminal.
 */
void
mcp_log_start(void)
{
	struct stat	 sb;

	if (!mcp_log_debug())
		return;
	mcp_log_console("logging everything: mcp-log shows it, and "
	    "mcp-log-file on keeps it in ~/" MCP_LOG_DIRECTORY "/"
	    MCP_LOG_FILE);
	if (fstat(STDERR_FILENO, &sb) == 0 && S_ISREG(sb.st_mode))
		mcp_log_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* Add a message to the file and to the latest lines. */
void
mcp_log_add(uint32_t level, const char *message)
{
	static int	 adding;
	char		*line;

	line = mcp_log_line(level, message);
	/* What is said about the file itself is not written to it. */
	if (!adding) {
		adding = 1;
		mcp_log_write(line);
		adding = 0;
	}
	mcp_follow_add(line);
	if (mcp_log_debug())
		mcp_log_console(message);
}

/* Take a line from the core, already at or below the level that was set. */
void
mcp_log(__unused void *arg, uint32_t level, const char *message)
{
	char	*s, *line, *told;

	utf8_stravis(&line, message, VIS_OCTAL|VIS_CSTYLE|VIS_NOSLASH|VIS_TAB|
	    VIS_NL);
	s = mcp_text_vis(line, strlen(line), NULL);
	free(line);
	told = (strncmp(s, "mcp: ", 5) == 0 ? s + 5 : s);
	server_add_message("mcp: %s", told);
	mcp_log_add(level, told);
	free(s);
}

/* Log to a file as well: NULL or "off" for none, "on" for the usual one. */
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
	mcp_log_failed = 0;
	if (path != NULL)
		mcp_log_open();
}

/*
 * Add a line to the messages of tmux, and to the log, which can be read without
 * an attached client.
 */
void
mcp_message_add(const char *fmt, ...)
{
	const char	*told;
	va_list		 ap;
	char		*s, *line;

	va_start(ap, fmt);
	xvasprintf(&s, fmt, ap);
	va_end(ap);
	line = mcp_text_line(s);
	server_add_message("%s", line);
	if (mcp_log_level() >= TMCP_LOG_LEVEL_INFO) {
		told = (strncmp(line, "mcp: ", 5) == 0 ? line + 5 : line);
		mcp_log_add(TMCP_LOG_LEVEL_INFO, told);
	}
	free(line);
	free(s);
}
