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

#include <paths.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp-request.h"

/*
 * Logins that go on. The page for the person is printed for a shell that
 * waits; for a key it is told in the status line and copied to a buffer. It is
 * opened by mcp-browser if that is set.
 */

struct mcp_login {
	struct mcp_output	*out;
	char			*server;
	int			 logout;
	uint64_t		 id;

	TAILQ_ENTRY(mcp_login)	 entry;
};
static TAILQ_HEAD(, mcp_login) mcp_logins = TAILQ_HEAD_INITIALIZER(mcp_logins);

/* Free a login and its output. */
static void
mcp_login_free(void *data)
{
	struct mcp_login	*ml = data;

	TAILQ_REMOVE(&mcp_logins, ml, entry);
	mcp_output_free(ml->out);
	free(ml->server);
	free(ml);
}

/* Forget a login whose output is finished by whoever is called. */
static struct mcp_output *
mcp_login_leave(struct mcp_login *ml)
{
	struct mcp_output	*out = ml->out;

	TAILQ_REMOVE(&mcp_logins, ml, entry);
	free(ml->server);
	free(ml);
	return (out);
}

/* The login or logout has ended. */
static void
mcp_login_done(struct tmcp_event *event, void *data)
{
	struct mcp_login	*ml = data;
	int32_t			 result = mcp_event_result(event);
	char			*text;

	xasprintf(&text, "logged %s %s", ml->logout ? "out of" : "in to",
	    ml->server);
	if (result != TMCP_RESULT_OK) {
		mcp_output_finish(mcp_login_leave(ml), mcp_retval(result), NULL,
		    0, mcp_event_text(event, NULL));
	} else
		mcp_output_finish(mcp_login_leave(ml), 0, text, strlen(text),
		    NULL);
	free(text);
}

/*
 * Log in at a server, or out. The output is finished in the end, and at once
 * with an error if the core refuses.
 */
void
mcp_login_start(struct mcp_output *out, const char *server, int logout)
{
	struct tmcp_client	*core = mcp_core_get();
	struct mcp_login	*ml;
	struct mcp_request	*mr;
	uint64_t		 id;
	int32_t			 result;
	char			*cause;

	ml = xcalloc(1, sizeof *ml);
	ml->out = out;
	ml->server = xstrdup(server);
	ml->logout = logout;
	TAILQ_INSERT_TAIL(&mcp_logins, ml, entry);
	mr = mcp_request_add(out, mcp_login_done, mcp_login_free, ml);
	if (logout)
		result = tmcp_client_logout(core, server, mr, &id);
	else
		result = tmcp_client_login(core, server, mr, &id);
	if (result != TMCP_RESULT_OK) {
		mcp_request_remove(mr);
		cause = mcp_strerror(result);
		mcp_output_finish(mcp_login_leave(ml), mcp_retval(result), NULL,
		    0, cause);
		free(cause);
		return;
	}
	ml->id = id;
	mcp_request_started(mr, id);
}

/* Open a page by the command of the user, which gets it as its last word. */
static void
mcp_login_browse(const char *page)
{
	const char	*browser;
	char		*argv[6], *cmd;

	browser = options_get_string(global_options, "mcp-browser");
	if (*browser == '\0')
		return;
	xasprintf(&cmd, "%s \"$1\"", browser);
	argv[0] = (char *)_PATH_BSHELL;
	argv[1] = (char *)"-c";
	argv[2] = cmd;
	argv[3] = (char *)"mcp-browser";
	argv[4] = (char *)page;
	argv[5] = NULL;
	if (job_run(NULL, 5, argv, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	    JOB_NOWAIT, -1, -1) == NULL)
		mcp_message_add("mcp: mcp-browser can't be started");
	free(cmd);
}

/* A login needs a person. */
void
mcp_login_page(struct tmcp_event *event)
{
	struct mcp_login	*ml;
	struct mcp_bytes	*bytes;
	struct client		*c;
	const char		*page = tmcp_event_url(event);
	char			*s, *line;

	TAILQ_FOREACH(ml, &mcp_logins, entry) {
		if (ml->id == tmcp_event_id(event))
			break;
	}
	if (ml == NULL)
		return;
	mcp_login_browse(page);
	if (ml->out->item != NULL) {
		xasprintf(&s, "to log in to %s, open", ml->server);
		mcp_print(ml->out->item, s);
		free(s);
		mcp_print(ml->out->item, page);
		return;
	}
	bytes = mcp_bytes_copy(page, strlen(page));
	mcp_paste_set(MCP_BUFFER "-url", bytes, NULL, NULL);
	mcp_bytes_unref(bytes);
	xasprintf(&s, "to log in to %s, open (buffer " MCP_BUFFER "-url) %s",
	    ml->server, page);
	line = mcp_text_line(s);
	c = ml->out->viewer;
	if (c != NULL && mcp_client_shows(c))
		mcp_compat_note(c, line);
	mcp_message_add("mcp: %s", line);
	free(line);
	free(s);
}
