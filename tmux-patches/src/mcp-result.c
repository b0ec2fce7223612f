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
 * What comes of a run that has been answered: the part of the answer that is
 * wanted, and the commands that follow.
 */

/* What is left of a result in #{mcp_result}. */
#define MCP_RUN_FORMAT_BYTES 65536

/*
 * Run the commands that follow, with the result in formats. It is not expanded
 * again, but a command that gives it to a shell must quote it: #{q:mcp_result}.
 */
static void
mcp_run_follow(struct mcp_run *run)
{
	struct mcp_output	*out = run->out;
	struct mcp_bytes	*told = run->told;
	struct window_pane	*wp = NULL;
	struct cmdq_state	*state;
	struct cmdq_item	*item;
	struct cmd_find_state	 fs;
	char			*s;

	cmd_find_clear_state(&fs, 0);
	if (out->wp_id != -1)
		wp = window_pane_find_by_id(out->wp_id);
	if (wp != NULL)
		cmd_find_from_pane(&fs, wp, 0);
	else if (mcp_client_runs(out->viewer))
		cmd_find_from_client(&fs, out->viewer, 0);

	state = cmdq_new_state(&fs, NULL, out->state_flags);
	s = mcp_text_vis(told->text, mcp_text_cut(told->text, told->size,
	    MCP_RUN_FORMAT_BYTES), NULL);
	cmdq_add_format(state, "mcp_result", "%s", s);
	cmdq_add_format(state, "mcp_error", "%s", run->failed ? s : "");
	cmdq_add_format(state, "mcp_elapsed", "%.1f",
	    run->elapsed_us / 1000.0);
	cmdq_add_format(state, "mcp_id", "%llu", (unsigned long long)run->id);
	free(s);

	item = cmdq_get_command(run->args.cmdlist, state);
	if (out->item != NULL)
		cmdq_insert_after(out->item, item);
	else if (mcp_client_runs(out->viewer))
		cmdq_append(out->viewer, item);
	else
		cmdq_append(NULL, item);
	cmdq_free_state(state);
}

/* Give the output what it is to show. */
static void
mcp_run_finish(struct mcp_run *run)
{
	struct mcp_output	*out = run->out;
	struct mcp_bytes	*shown = mcp_bytes_ref(run->shown);
	int			 failed = run->failed && !run->shows_json;

	run->out = NULL;
	if (run->args.cmdlist != NULL && run->failed && !run->is_json) {
		mcp_bytes_unref(shown);
		mcp_output_give(out, run->status, NULL, 0);
	} else
		mcp_output_give(out, run->status, shown, failed);
	mcp_run_free(run);
}

/* What the commands that follow are told is in the buffer if it is cut. */
static void
mcp_run_told(void *data)
{
	struct mcp_run		*run = data;
	struct mcp_output	*out = run->out;

	if (out->client == NULL || (~out->client->flags & CLIENT_DEAD))
		mcp_run_follow(run);
	mcp_run_finish(run);
}

/* What is shown is made. */
static void
mcp_run_got(void *data, struct mcp_bytes *shown)
{
	struct mcp_run		*run = data;
	struct mcp_output	*out = run->out;
	char			 name[MCP_BUFFER_NAME_BYTES];

	run->shown = shown;
	if (run->args.cmdlist == NULL) {
		mcp_run_finish(run);
		return;
	}
	if (run->told == NULL)
		run->told = mcp_bytes_ref(shown);
	if (run->told->size > MCP_RUN_FORMAT_BYTES &&
	    (out->client == NULL || (~out->client->flags & CLIENT_DEAD))) {
		mcp_paste_spare(name, sizeof name);
		mcp_paste_set(name, run->told, mcp_run_told, run);
	} else
		mcp_run_told(run);
}

/* Pretty JSON or what is at a pointer, or why there is none. */
static void
mcp_run_string(struct mcp_run *run, struct tmcp_event *event)
{
	struct mcp_bytes	*got;
	char			*s = NULL;
	int32_t			 result;

	if (run->part == MCP_PART_PRETTY)
		result = tmcp_event_pretty(event, &s);
	else
		result = tmcp_event_pointer(event, run->pointer, &s);
	if (result == TMCP_RESULT_OK) {
		run->out->json = (run->part == MCP_PART_PRETTY);
		mcp_bytes_string(s, mcp_run_got, run);
		return;
	}
	run->status = MCP_EXIT_ERROR;
	run->failed = 1;
	got = mcp_bytes_create();
	mcp_bytes_printf(got, "nothing in the result at: %s",
	    run->pointer == NULL ? "" : run->pointer);
	mcp_run_got(run, got);
}

/* Say what will be asked of an answer. */
void
mcp_run_want(struct mcp_run *run, struct mcp_request *mr)
{
	u_int	want = 0, failed = MCP_WANT(TMCP_WANT_TEXT);

	if (run->table != NULL ||
	    (run->done != NULL && !mcp_run_has_result(run)))
		want = MCP_WANT(TMCP_WANT_TABLE);
	else if (run->part == MCP_PART_PRETTY)
		want = MCP_WANT(TMCP_WANT_PRETTY);
	else if (run->part == MCP_PART_POINTER)
		want = MCP_WANT(TMCP_WANT_POINTER);
	else if (run->part == MCP_PART_JSON) {
		/* Commands that follow are told the words of an error. */
		if (run->args.cmdlist == NULL)
			failed = 0;
	} else {
		want = MCP_WANT(TMCP_WANT_TEXT);
		if (run->out->sink != MCP_SINK_NONE)
			want |= MCP_WANT(TMCP_WANT_BLOBS);
		failed |= want;
	}
	mcp_request_want(mr, want, failed, run->pointer);
}

/* It has been answered: make the part of the answer that is wanted. */
void
mcp_run_done(struct tmcp_event *event, void *data)
{
	struct mcp_run		*run = data;
	int32_t			 result = mcp_event_result(event);
	struct mcp_bytes	*text;
	struct tmcp_table	*table;
	const char		*s;
	size_t			 size;
	int			 has_part;

	run->status = mcp_retval(result);
	run->failed = (result != TMCP_RESULT_OK);
	run->is_json = (event != NULL && run->part == MCP_PART_JSON);
	if (run->start == mcp_run_call && !run->failed)
		mcp_seen_used(run->server, run->name);
	if (event != NULL) {
		run->id = tmcp_event_id(event);
		run->elapsed_us = tmcp_event_elapsed_us(event);
		run->answer = mcp_bytes_event(event);
	}

	/*
	 * The JSON of an error the tool has reported is a result too, and so
	 * are its images.
	 */
	has_part = (event != NULL && (!run->failed || run->is_json ||
	    (result == TMCP_RESULT_TOOL && run->part == MCP_PART_TEXT)));
	if (run->failed && (!run->is_json || run->args.cmdlist != NULL)) {
		s = mcp_event_text(event, &size);
		run->told = mcp_bytes_part(run->answer, s, size);
	}

	if (has_part && run->table != NULL) {
		table = run->table(run, event);
		mcp_table_start(table, run->server, run->format, run->filter,
		    mcp_run_got, run);
		return;
	}
	if (has_part && (run->part == MCP_PART_PRETTY ||
	    run->part == MCP_PART_POINTER)) {
		mcp_run_string(run, event);
		return;
	}
	if (has_part && run->is_json) {
		s = tmcp_event_json(event, &size);
		if (size != 0) {
			run->shows_json = run->out->json = 1;
			mcp_run_got(run, mcp_bytes_part(run->answer, s, size));
			return;
		}
	}

	s = mcp_event_text(event, &size);
	text = mcp_bytes_part(run->answer, s, size);
	if (has_part && run->part == MCP_PART_TEXT &&
	    run->out->sink != MCP_SINK_NONE &&
	    mcp_blob_save(event, run->answer, text, run->out->client,
	    mcp_run_got, run))
		mcp_bytes_unref(text);
	else
		mcp_run_got(run, text);
}
