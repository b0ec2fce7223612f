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

#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp-dialog.h"
#include "mcp-run.h"

/*
 * Asks before a tool runs that says that it is destructive, as mcp-confirm
 * has it. A form asks in its review. For a run without a form (mcp-again, and r
 * and e in choose-mcp) a menu asks here. Commands that name server and tool
 * are not asked about.
 */

/* Choices. */
#define MCP_CONFIRM_NO 0
#define MCP_CONFIRM_YES 1

/* In the order of the choices of mcp-confirm. */
enum mcp_confirm_when {
	MCP_CONFIRM_DESTRUCTIVE,
	MCP_CONFIRM_ALL,
	MCP_CONFIRM_NONE
};

/* A run that waits for an answer. */
struct mcp_confirm {
	struct mcp_run		*run;
	mcp_run_cb		 go;		/* go on with it */
	struct mcp_dialog	*dialog;
	uint64_t		 fingerprint;	/* of the tool asked about */
};

/* What a tool says of itself, as the rest of a sentence. */
static const char *
mcp_confirm_hint(int hints)
{
	if (hints & TMCP_HINT_DESTRUCTIVE)
		return ("says that it may destroy something");
	if (hints & TMCP_HINT_CONFIRM) {
		return ("says that it changes something, and not that it "
		    "destroys nothing");
	}
	if (hints & TMCP_HINT_READ_ONLY)
		return ("says that it changes nothing");
	if (hints & TMCP_HINT_NOT_DESTRUCTIVE)
		return ("says that it destroys nothing");
	return ("does not say whether it changes something");
}

/*
 * If a person is to be asked before a tool runs; -1 is yes, because nothing is
 * known of the tool. Text is what there is to say first, to be freed, or "".
 */
int
mcp_confirm_look(const char *server, const char *tool, char **text)
{
	struct tmcp_client	*core = mcp_core_get();
	uint64_t		 fingerprint;
	int			 when, hints, changed, ask;

	when = options_get_number(global_options, "mcp-confirm");
	hints = tmcp_client_tool_hints(core, server, tool, &fingerprint);
	if (hints < 0) {
		xasprintf(text, "%s of %s is not listed: it is not known what "
		    "it changes", tool, server);
		return (when == MCP_CONFIRM_NONE ? 0 : -1);
	}
	changed = mcp_seen_changed(server, tool, fingerprint);
	ask = (when == MCP_CONFIRM_ALL || (hints & TMCP_HINT_CONFIRM) != 0);
	if (changed && ask) {
		xasprintf(text, MCP_SEEN_CHANGED "\n%s of %s %s", tool, server,
		    mcp_confirm_hint(hints));
	} else if (ask) {
		xasprintf(text, "%s of %s %s", tool, server,
		    mcp_confirm_hint(hints));
	} else
		*text = xstrdup(changed ? MCP_SEEN_CHANGED : "");
	return (when != MCP_CONFIRM_NONE && (ask || changed));
}

/* What a tool is by now; 0 if that is not known. */
static uint64_t
mcp_confirm_fingerprint(const char *server, const char *tool)
{
	struct tmcp_client	*core = mcp_core_get();
	uint64_t		 fingerprint;

	if (core == NULL || tmcp_client_tool_hints(core, server, tool,
	    &fingerprint) < 0)
		return (0);
	return (fingerprint);
}

/* If a tool is not what it was when it was used last. */
int
mcp_confirm_changed(const char *server, const char *tool)
{
	return (mcp_seen_changed(server, tool, mcp_confirm_fingerprint(server,
	    tool)));
}

/* Why the entry of a server does not allow a tool, to be freed, or NULL. */
char *
mcp_confirm_refused(const char *server, const char *tool)
{
	struct tmcp_client	*core = mcp_core_get();

	if (core == NULL || tmcp_client_tool_hints(core, server, tool, NULL) !=
	    TMCP_RESULT_INVALID)
		return (NULL);
	return (mcp_strerror(TMCP_RESULT_INVALID));
}

/* The tool of a list that is meant, or NULL with the cause. */
char *
mcp_confirm_find(const struct tmcp_table *table, const char *server,
    const char *tool, char **cause)
{
	if ((*cause = mcp_confirm_refused(server, tool)) != NULL)
		return (NULL);
	return (mcp_abbrev_row(table, "tool", tool, 1, cause));
}

/* Have a run asked about before it begins, unless a person need not be. */
void
mcp_confirm_set(struct mcp_run *run, struct mcp_call *mc)
{
	char	*arguments;
	int	 cut;

	free(run->confirm);
	if (mc == NULL) {
		run->confirm = xstrdup("");
		return;
	}
	arguments = mcp_history_arguments(mc, &cut);
	xasprintf(&run->confirm, "arguments: %s",
	    *arguments == '\0' ? "none" : arguments);
	free(arguments);
}

/* Free what waits for an answer. */
static void
mcp_confirm_free(void *data)
{
	struct mcp_confirm	*confirm = data;

	mcp_dialog_free(confirm->dialog);
	if (confirm->run != NULL)
		mcp_run_free(confirm->run);
	free(confirm);
}

/* Somebody has answered. */
static void
mcp_confirm_chosen(void *data, int choice)
{
	struct mcp_confirm	*confirm = data;
	struct mcp_run		*run = confirm->run;
	mcp_run_cb		 go = confirm->go;
	struct client		*c = run->out->viewer;
	const char		*why = "";
	char			*line;
	uint64_t		 now;

	/* What was agreed to is what was asked about. */
	now = mcp_confirm_fingerprint(run->server, run->name);
	if (now != 0 && confirm->fingerprint != 0 &&
	    now != confirm->fingerprint) {
		choice = MCP_CONFIRM_NO;
		why = ": it changed while the question was open";
	}
	if (choice == MCP_CONFIRM_YES) {
		confirm->run = NULL;
		mcp_confirm_free(confirm);
		free(run->confirm);
		run->confirm = NULL;
		if (run->agreed != NULL)
			run->agreed(run);
		if (mcp_core_get() == NULL) {
			mcp_run_fail(run, MCP_EXIT_ERROR,
			    "mcp is not available");
		} else
			go(run);
		return;
	}
	xasprintf(&line, "%s was not run%s", run->out->title, why);
	c->references++;
	mcp_confirm_free(confirm);
	if (mcp_client_shows(c))
		mcp_client_message(c, line);
	server_client_unref(c);
	free(line);
}

/* Ask whoever sees the result. */
static void
mcp_confirm_ask(struct mcp_run *run, mcp_run_cb go, const char *text)
{
	struct mcp_confirm	*confirm;
	struct mcp_dialog	*d;
	char			*title;

	confirm = xcalloc(1, sizeof *confirm);
	confirm->run = run;
	confirm->go = go;
	confirm->fingerprint = mcp_confirm_fingerprint(run->server, run->name);
	d = mcp_dialog_create(run->out->viewer, mcp_confirm_free, confirm);
	mcp_dialog_late(d, &run->out->asked, 0);
	confirm->dialog = d;
	xasprintf(&title, "%s: %s", run->server, run->name);
	mcp_dialog_clear(d, title);
	free(title);
	mcp_dialog_wrap(d, text);
	if (*run->confirm != '\0')
		mcp_dialog_wrap(d, run->confirm);
	/* The cursor is at the first: 3.3a can't be told another. */
	mcp_dialog_action(d, MCP_CONFIRM_NO, 'n', "No");
	mcp_dialog_action(d, MCP_CONFIRM_YES, 'y', "Yes, run it");
	mcp_dialog_menu(d, mcp_confirm_chosen, confirm);
}

/* The tools of the server are listed, or can't be: go on. */
static void
mcp_confirm_listed(struct tmcp_event *event, void *data)
{
	struct mcp_run	*run = data;

	if (event == NULL) {
		mcp_run_fail(run, mcp_retval(mcp_event_result(NULL)),
		    mcp_event_text(NULL, NULL));
		return;
	}
	run->is_listed = 1;
	run->listed(run);
}

/* List the tools of the server first, to know what the tool says. */
static int
mcp_confirm_list(struct mcp_run *run, mcp_run_cb go)
{
	struct mcp_request	*mr;
	uint64_t		 id;

	run->listed = go;
	mr = mcp_request_add(run->out, mcp_confirm_listed, mcp_run_free, run);
	if (tmcp_client_list(run->core, run->server, TMCP_LIST_TOOLS, 0, mr,
	    &id) != TMCP_RESULT_OK) {
		mcp_request_remove(mr);
		return (-1);
	}
	mcp_request_started(mr, id);
	return (0);
}

/*
 * Before a run begins that is to be asked about. Returns 0 if it may begin, 1
 * if it waits until go is called, or it is freed, and -1 with the cause if
 * there is nobody to ask.
 */
int
mcp_confirm_start(struct mcp_run *run, mcp_run_cb go, char **cause)
{
	struct client	*c = run->out->viewer;
	char		*text;
	int		 ask;

	ask = mcp_confirm_look(run->server, run->name, &text);
	if (ask == -1 && !run->is_listed &&
	    !mcp_abbrev_listed(run->core, run->server) &&
	    mcp_confirm_list(run, go) == 0) {
		free(text);
		return (1);
	}
	if (ask == 0) {
		free(text);
		free(run->confirm);
		run->confirm = NULL;
		return (0);
	}
	if (run->out->item != NULL || c == NULL || !mcp_client_shows(c) ||
	    (c->flags & CLIENT_READONLY)) {
		xasprintf(cause, "%s (nobody to ask here; -y runs it)", text);
		free(text);
		return (-1);
	}
	if (mcp_dialog_busy(c)) {
		*cause = xstrdup("client is busy with a menu or prompt");
		free(text);
		return (-1);
	}
	mcp_confirm_ask(run, go, text);
	free(text);
	return (1);
}
