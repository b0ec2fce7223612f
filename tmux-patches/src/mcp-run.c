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
#include "mcp-form.h"

/*
 * What commands ask of a server, with all that is to become of the answer: how
 * it starts is in mcp-run-start.c, what comes of it in mcp-result.c.
 */

/*
 * Create from the flags of a command, of which it need not have all. Server
 * and name may be NULL.
 */
struct mcp_run *
mcp_run_create(struct cmd *self, struct cmdq_item *item, const char *server,
    const char *name, char **cause)
{
	struct args		*args = cmd_get_args(self);
	struct mcp_run		*run;
	char			*title, *error = NULL;

	run = xcalloc(1, sizeof *run);
	if ((run->core = mcp_core_get()) == NULL) {
		*cause = xstrdup("mcp is not available, see show-messages");
		goto fail;
	}
	run->directory = mcp_client_directory(item);
	if (server != NULL)
		run->server = xstrdup(server);
	if (name != NULL)
		run->name = xstrdup(name);
	run->is_quiet = args_has(args, 'b');
	if (args_has(args, 'q')) {
		run->part = MCP_PART_POINTER;
		run->pointer = xstrdup(args_get(args, 'q'));
	} else if (args_has(args, 'j'))
		run->part = MCP_PART_JSON;
	else if (args_has(args, 'p'))
		run->part = MCP_PART_PRETTY;
	if (args_get(args, 'F') != NULL)
		run->format = xstrdup(args_get(args, 'F'));
	if (args_has(args, 'f'))
		run->filter = xstrdup(args_get(args, 'f'));
	if (args_has(args, 'T')) {
		run->timeout = args_strtonum(args, 'T', 1, INT_MAX, &error);
		if (error != NULL) {
			xasprintf(cause, "timeout %s", error);
			free(error);
			goto fail;
		}
	}
	xasprintf(&title, "%s%s%s", server == NULL ? "mcp" : server,
	    name == NULL ? "" : " ", name == NULL ? "" : name);
	run->out = mcp_output_create(self, item, title, cause);
	free(title);
	if (run->out == NULL)
		goto fail;
	return (run);

fail:
	mcp_run_free(run);
	return (NULL);
}

/* Free, without having printed anything if the output is still there. */
void
mcp_run_free(void *data)
{
	struct mcp_run	*run = data;

	if (run == NULL)
		return;
	if (run->out != NULL)
		mcp_output_free(run->out);
	mcp_args_free(&run->args);
	mcp_bytes_unref(run->told);
	mcp_bytes_unref(run->shown);
	mcp_bytes_unref(run->answer);
	free(run->confirm);
	free(run->pointer);
	free(run->directory);
	free(run->server);
	free(run->name);
	free(run->argument);
	free(run->value);
	free(run->trace);
	free(run->format);
	free(run->filter);
	free(run);
}

/* End with an error, after having waited. */
void
mcp_run_fail(struct mcp_run *run, int status, const char *cause)
{
	mcp_output_finish(run->out, status, NULL, 0, cause);
	run->out = NULL;
	mcp_run_free(run);
}

/* Say at once why a command can't be run, and free. */
enum cmd_retval
mcp_run_refuse(struct mcp_run *run, struct cmdq_item *item, int status,
    char *cause)
{
	mcp_output_now(item, status, cause, strlen(cause));
	free(cause);
	mcp_run_free(run);
	return (CMD_RETURN_ERROR);
}

/*
 * If rows are wanted, by -F or -f, make them of the answer. Returns -1 if
 * something else is wanted as well.
 */
int
mcp_run_has_rows(struct mcp_run *run, const char *template, char **cause)
{
	if (run->format == NULL && run->filter == NULL)
		return (0);
	if (run->part != MCP_PART_TEXT) {
		*cause = xstrdup("-F and -f don't go with -j, -p or -q");
		return (-1);
	}
	if (run->format == NULL)
		run->format = xstrdup(template);
	run->table = mcp_run_rows;
	return (0);
}

/* Call a tool. */
int32_t
mcp_run_call(struct mcp_run *run, void *user_data, uint64_t *id)
{
	struct tmcp_call	call;

	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = run->server;
	call.tool = run->name;
	call.json = run->args.json;
	call.json_len = run->args.json_size;
	call.pairs = run->args.pairs;
	call.npairs = run->args.npairs;
	call.timeout_ms = run->timeout;
	call.traceparent = run->trace;
	call.user_data = user_data;
	/* While a server fails, people are let through and hooks aren't. */
	if (mcp_request_nohooks(user_data))
		call.flags = TMCP_CALL_FLAG_UNATTENDED;
	return (tmcp_client_call(run->core, &call, id));
}

/* Get a prompt. */
int32_t
mcp_run_prompt(struct mcp_run *run, void *user_data, uint64_t *id)
{
	return (tmcp_client_get_prompt(run->core, run->server, run->name,
	    run->args.pairs, run->args.npairs, run->timeout, user_data, id));
}

/* Read a resource. */
int32_t
mcp_run_read(struct mcp_run *run, void *user_data, uint64_t *id)
{
	return (tmcp_client_read_resource(run->core, run->server, run->name,
	    run->timeout, user_data, id));
}

/* If the answer is a result to be shown, and no list. */
int
mcp_run_has_result(struct mcp_run *run)
{
	return (run->start == mcp_run_call || run->start == mcp_run_prompt ||
	    run->start == mcp_run_read);
}

/* Create for an attached client, as a key binding does. */
struct mcp_run *
mcp_run_create_client(struct client *c, struct tmcp_client *core,
    const char *server, const char *name)
{
	struct mcp_run	*run;
	char		*title;

	run = xcalloc(1, sizeof *run);
	run->core = core;
	run->server = xstrdup(server);
	run->name = xstrdup(name);
	run->start = mcp_run_call;
	xasprintf(&title, "%s %s", server, name);
	run->out = mcp_output_create_client(c, title);
	free(title);
	return (run);
}

/* Give it arguments, instead of those it has. */
void
mcp_run_give(struct mcp_run *run, struct tmcp_pair *pairs, size_t npairs)
{
	mcp_pairs_free(run->args.pairs, run->args.npairs);
	run->args.pairs = pairs;
	run->args.npairs = npairs;
	free(run->args.sourced);
	run->args.sourced = NULL;
}

/* Rows of an answer. */
struct tmcp_table *
mcp_run_rows(__unused struct mcp_run *run, struct tmcp_event *event)
{
	return (tmcp_event_table(event));
}

/*
 * Give a run the arguments of a call. Returns -1 and the reason if they were
 * not kept.
 */
int
mcp_run_repeat(struct mcp_run *run, struct mcp_call *mc, char **cause)
{
	struct tmcp_pair	*pairs = NULL;
	u_int			 i;

	mcp_history_check(mc);
	if (mc->unkept != NULL) {
		xasprintf(cause, "can't repeat %s %s: %s", mc->server, mc->tool,
		    mc->unkept);
		return (-1);
	}
	if (mc->json != NULL) {
		run->args.json = xmalloc(mc->json_size + 1);
		memcpy(run->args.json, mc->json, mc->json_size + 1);
		run->args.json_size = mc->json_size;
		return (0);
	}
	if (mc->npairs != 0)
		pairs = xcalloc(mc->npairs, sizeof *pairs);
	for (i = 0; i < mc->npairs; i++) {
		pairs[i].key = xstrdup(mc->pairs[i].key);
		pairs[i].value = xstrdup(mc->pairs[i].value);
		pairs[i].is_json = mc->pairs[i].is_json;
	}
	mcp_run_give(run, pairs, mc->npairs);
	return (0);
}
