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
#include "mcp-run.h"

/*
 * Starts what a command asks of a server: waits until it is known which servers
 * there are, completes abbreviated names, has a person asked, and asks.
 */

/* Ask the core. Returns -1 if it refuses. */
static int
mcp_run_ask(struct mcp_run *run, int *status, char **cause)
{
	struct mcp_request	*mr;
	uint64_t		 id;
	int32_t			 result;
	int			 wait;

	if (run->confirm != NULL &&
	    (wait = mcp_confirm_start(run, mcp_run_next, cause)) != 0) {
		*status = MCP_EXIT_ERROR;
		return (wait == 1 ? 0 : -1);
	}
	mr = mcp_request_add(run->out, run->done != NULL ? run->done :
	    mcp_run_done, mcp_run_free, run);
	mcp_run_want(run, mr);
	run->out->raw = (run->part != MCP_PART_TEXT ||
	    mcp_run_has_result(run));
	result = run->start(run, mr, &id);
	if (result != TMCP_RESULT_OK) {
		*status = mcp_retval(result);
		*cause = mcp_strerror(result);
		mcp_request_remove(mr);
		return (-1);
	}
	mcp_request_started(mr, id);
	run->id = id;
	if (run->start == mcp_run_call) {
		mcp_history_add(run);
		mcp_seen_used(run->server, run->name);
	}
	if (run->out->item == NULL && !run->is_quiet)
		mcp_running_add(run->out->viewer, id, run->out->title);
	return (0);
}

/* The tools of the server are known: find out which one is meant. */
static void
mcp_run_listed(struct tmcp_event *event, void *data)
{
	struct mcp_run		*run = data;
	struct tmcp_table	*table;
	char			*name = NULL, *cause = NULL;
	int			 status = MCP_EXIT_ERROR;

	if (mcp_event_result(event) != TMCP_RESULT_OK) {
		mcp_run_fail(run, mcp_retval(mcp_event_result(event)),
		    mcp_event_text(event, NULL));
		return;
	}
	if ((table = tmcp_event_table(event)) != NULL) {
		name = mcp_abbrev_row(table, "tool", run->name, 0, &cause);
		tmcp_table_free(table);
	}
	if (name != NULL) {
		free(run->name);
		run->name = name;
	}
	if (cause != NULL || mcp_run_ask(run, &status, &cause) != 0) {
		mcp_run_fail(run, status, cause);
		free(cause);
	}
}

/*
 * The servers are known: complete the names and ask. The tools are looked at
 * only if that takes no question to the server.
 */
static int
mcp_run_resolve(struct mcp_run *run, int *status, char **cause)
{
	struct tmcp_table	*table;
	struct mcp_request	*mr;
	char			*name;
	uint64_t		 id;

	if (run->server != NULL && !run->is_exact) {
		name = mcp_abbrev_server(run->core, run->directory,
		    run->server, cause);
		if (name == NULL) {
			*status = MCP_EXIT_ERROR;
			return (-1);
		}
		free(run->server);
		run->server = name;
	}
	if (!run->is_tool || !mcp_abbrev_listed(run->core, run->server))
		return (mcp_run_ask(run, status, cause));
	table = tmcp_client_tool_arguments(run->core, run->server, run->name);
	if (table != NULL) {
		tmcp_table_free(table);
		return (mcp_run_ask(run, status, cause));
	}
	if ((*cause = mcp_confirm_refused(run->server, run->name)) != NULL) {
		*status = MCP_EXIT_ERROR;
		return (-1);
	}
	mr = mcp_request_add(run->out, mcp_run_listed, mcp_run_free, run);
	mcp_request_want(mr, MCP_WANT(TMCP_WANT_TABLE),
	    MCP_WANT(TMCP_WANT_TEXT), NULL);
	if (tmcp_client_list(run->core, run->server, TMCP_LIST_TOOLS,
	    run->timeout, mr, &id) != TMCP_RESULT_OK) {
		mcp_request_remove(mr);
		return (mcp_run_ask(run, status, cause));
	}
	mcp_request_started(mr, id);
	return (0);
}

/* The configuration is loaded. */
static void
mcp_run_ready(struct tmcp_event *event, void *data)
{
	struct mcp_run	*run = data;
	char		*cause = NULL;
	int		 status = MCP_EXIT_ERROR;

	if (mcp_event_result(event) != TMCP_RESULT_OK) {
		mcp_run_fail(run, mcp_retval(mcp_event_result(event)),
		    mcp_event_text(event, NULL));
	} else if (mcp_run_resolve(run, &status, &cause) != 0) {
		mcp_run_fail(run, status, cause);
		free(cause);
	}
}

/*
 * Begin. Returns -1 if it is refused at once, with the exit status and the
 * reason.
 */
int
mcp_run_begin(struct mcp_run *run, int *status, char **cause)
{
	struct mcp_request	*mr;
	uint64_t		 id;
	int32_t			 result;

	if (tmcp_client_ready(run->core))
		return (mcp_run_resolve(run, status, cause));
	mr = mcp_request_add(run->out, mcp_run_ready, mcp_run_free, run);
	result = tmcp_client_wait_ready(run->core, mr, &id);
	if (result != TMCP_RESULT_OK) {
		*status = mcp_retval(result);
		*cause = mcp_strerror(result);
		mcp_request_remove(mr);
		return (-1);
	}
	mcp_request_started(mr, id);
	return (0);
}

/* A file of an argument has been read. */
static void
mcp_run_loaded(void *data, __unused const char *path, struct mcp_bytes *bytes,
    const char *cause)
{
	struct mcp_run		*run = data;
	struct mcp_file		*mf;
	char			*error = NULL;
	int			 status = MCP_EXIT_ERROR;

	if (run->out->client != NULL &&
	    (run->out->client->flags & CLIENT_DEAD)) {
		mcp_run_free(run);
		return;
	}
	if (bytes == NULL) {
		mcp_run_fail(run, status, cause);
		return;
	}
	mcp_args_take_file(&run->args, bytes);
	if ((mf = mcp_args_next_file(&run->args)) != NULL)
		mcp_file_read(mf, mcp_run_loaded, run);
	else if (mcp_run_begin(run, &status, &error) != 0) {
		mcp_run_fail(run, status, error);
		free(error);
	}
}

/* Begin, from the exec of a command. */
enum cmd_retval
mcp_run_go(struct mcp_run *run, struct cmdq_item *item)
{
	struct mcp_file	*mf;
	char		*cause = NULL;
	int		 wait = (run->out->item != NULL);
	int		 status = MCP_EXIT_ERROR;

	if ((mf = mcp_args_next_file(&run->args)) != NULL)
		mcp_file_read(mf, mcp_run_loaded, run);
	else if (mcp_run_begin(run, &status, &cause) != 0)
		return (mcp_run_refuse(run, item, status, cause));
	return (wait ? CMD_RETURN_WAIT : CMD_RETURN_NORMAL);
}

/*
 * Ask, now that the servers and all arguments are known. Returns -1 and the
 * reason if it is refused, and the run is as it was.
 */
int
mcp_run_try(struct mcp_run *run, uint64_t *id, char **cause)
{
	int	status;

	if (mcp_run_ask(run, &status, cause) != 0)
		return (-1);
	*id = run->id;
	return (0);
}

/* Ask, now that the servers and all arguments are known. */
void
mcp_run_next(struct mcp_run *run)
{
	char	*cause = NULL;
	int	 status = MCP_EXIT_ERROR;

	if (mcp_run_ask(run, &status, &cause) != 0) {
		mcp_run_fail(run, status, cause);
		free(cause);
	}
}
