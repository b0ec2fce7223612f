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
#include "mcp.h"

/*
 * What comes of a request: its exit status, its text, the part of it that is
 * wanted, and the commands that follow.
 */

/* What is left of a result in #{mcp_result}. */
#define MCP_RUN_FORMAT_BYTES 65536

static int32_t		 mcp_absent_result = TMCP_RESULT_INTERNAL;
static const char	*mcp_absent_text;

/* Why a request ends without an event of the core; NULL if it broke down. */
void
mcp_set_absent(int32_t result, const char *text)
{
	mcp_absent_result = result;
	mcp_absent_text = text;
}

/* Exit status of a shell client for a result. */
int
mcp_retval(int32_t result)
{
	switch (result) {
	case TMCP_RESULT_OK:
		return (0);
	case TMCP_RESULT_TIMEOUT:
		return (MCP_EXIT_TIMEOUT);
	case TMCP_RESULT_TOOL:
	case TMCP_RESULT_SERVER:
	case TMCP_RESULT_INVALID:
	case TMCP_RESULT_NOT_FOUND:
	case TMCP_RESULT_BUSY:
	case TMCP_RESULT_CANCELLED:
		return (MCP_EXIT_ERROR);
	default:
		return (MCP_EXIT_TRANSPORT);
	}
}

/* Why the last call of the core failed. */
char *
mcp_strerror(int32_t result)
{
	struct tmcp_client	*core = mcp_core_get();
	char			*s;
	size_t			 size;

	size = tmcp_client_error(core, NULL, 0);
	if (size == 0)
		return (xstrdup(tmcp_result_text(result)));
	s = xcalloc(1, size + 1);
	tmcp_client_error(core, s, size + 1);
	return (s);
}

/* Result of an event; there is none if the core has none to give. */
int32_t
mcp_event_result(struct tmcp_event *event)
{
	if (event == NULL)
		return (mcp_absent_result);
	return (tmcp_event_result(event));
}

/* Text of an event. */
const char *
mcp_event_text(struct tmcp_event *event, size_t *size)
{
	const char	*text;

	if (event == NULL || (text = tmcp_event_text(event, size)) == NULL) {
		if ((text = mcp_absent_text) == NULL) {
			text = "mcp stopped after an internal error, "
			    "see show-messages";
		}
		if (size != NULL)
			*size = strlen(text);
	} else if (*text == '\0' && tmcp_event_type(event) ==
	    TMCP_EVENT_TYPE_DONE && tmcp_event_result(event) !=
	    TMCP_RESULT_OK) {
		text = "the tool failed and did not say why";
		if (size != NULL)
			*size = strlen(text);
	}
	return (text);
}

/*
 * Run the commands that follow, with the result in formats. It is not expanded
 * again, but a command that gives it to a shell must quote it: #{q:mcp_result}.
 */
static void
mcp_run_follow(struct mcp_run *run, struct tmcp_event *event,
    const char *text, size_t size, int failed)
{
	struct mcp_output	*out = run->out;
	struct window_pane	*wp = NULL;
	struct cmdq_state	*state;
	struct cmdq_item	*item;
	struct cmd_find_state	 fs;
	char			*s;
	size_t			 cut;

	if (out->client != NULL && (out->client->flags & CLIENT_DEAD))
		return;

	cmd_find_clear_state(&fs, 0);
	if (out->wp_id != -1)
		wp = window_pane_find_by_id(out->wp_id);
	if (wp != NULL)
		cmd_find_from_pane(&fs, wp, 0);
	else if (mcp_show_queue(out->viewer))
		cmd_find_from_client(&fs, out->viewer, 0);

	state = cmdq_new_state(&fs, NULL, out->state_flags);
	cut = mcp_text_cut(text, size, MCP_RUN_FORMAT_BYTES);
	if (cut != size)
		mcp_show_paste(MCP_BUFFER, text, size);
	s = mcp_text_vis(text, cut, NULL);
	cmdq_add_format(state, "mcp_result", "%s", s);
	cmdq_add_format(state, "mcp_error", "%s", failed ? s : "");
	cmdq_add_format(state, "mcp_elapsed", "%.1f",
	    event == NULL ? 0 : tmcp_event_elapsed_us(event) / 1000.0);
	cmdq_add_format(state, "mcp_id", "%llu",
	    event == NULL ? 0 : (unsigned long long)tmcp_event_id(event));
	free(s);

	item = cmdq_get_command(run->args.cmdlist, state);
	if (out->item != NULL)
		cmdq_insert_after(out->item, item);
	else if (mcp_show_queue(out->viewer))
		cmdq_append(out->viewer, item);
	else
		cmdq_append(NULL, item);
	cmdq_free_state(state);
}

/*
 * The part of an answer that is wanted, to be freed, or NULL for its text.
 * Sets the status if there is no such part: what is returned then says why.
 */
static char *
mcp_run_part(struct mcp_run *run, struct tmcp_event *event, int *status,
    size_t *size)
{
	const char	*json;
	char		*got = NULL, *copy;
	int32_t		 result;

	if (run->text != NULL) {
		if ((copy = run->text(run, event)) != NULL)
			*size = strlen(copy);
		return (copy);
	}
	switch (run->part) {
	case MCP_PART_TEXT:
		json = mcp_event_text(event, size);
		if (run->out->sink == MCP_SINK_NONE)
			return (NULL);
		return (mcp_blob_save(event, json, *size, size));
	case MCP_PART_JSON:
		json = tmcp_event_json(event, size);
		if (*size == 0)
			return (NULL);
		copy = xmalloc(*size + 1);
		memcpy(copy, json, *size);
		copy[*size] = '\0';
		return (copy);
	case MCP_PART_PRETTY:
		result = tmcp_event_pretty(event, &got);
		break;
	case MCP_PART_POINTER:
		result = tmcp_event_pointer(event, run->pointer, &got);
		break;
	default:
		return (NULL);
	}
	if (result == TMCP_RESULT_OK) {
		copy = xstrdup(got);
		tmcp_string_free(got);
	} else {
		*status = MCP_EXIT_ERROR;
		xasprintf(&copy, "nothing in the result at: %s",
		    run->pointer == NULL ? "" : run->pointer);
	}
	*size = strlen(copy);
	return (copy);
}

/* Make rows of an answer. */
char *
mcp_run_rows(struct mcp_run *run, struct tmcp_event *event)
{
	struct tmcp_table	*table = tmcp_event_table(event);
	char			*text;

	text = mcp_table_text(table, run->server, run->format, run->filter);
	tmcp_table_free(table);
	return (text);
}

/* It has been answered. */
void
mcp_run_done(struct tmcp_event *event, void *data)
{
	struct mcp_run	*run = data;
	int32_t		 result = mcp_event_result(event);
	int		 status = mcp_retval(result), part = 0;
	int		 failed = (result != TMCP_RESULT_OK), is_json;
	const char	*text;
	char		*got = NULL;
	size_t		 size, got_size = 0;

	/*
	 * The JSON of an error the tool has reported is a result too, and so
	 * are its images.
	 */
	text = mcp_event_text(event, &size);
	is_json = (event != NULL && run->part == MCP_PART_JSON);
	if (event != NULL && (!failed || is_json))
		got = mcp_run_part(run, event, &part, &got_size);
	else if (result == TMCP_RESULT_TOOL && run->part == MCP_PART_TEXT)
		got = mcp_run_part(run, event, &part, &got_size);
	if (got != NULL) {
		text = got;
		size = got_size;
	}
	if (part != 0) {
		status = part;
		failed = 1;
	}

	if (run->args.cmdlist != NULL) {
		if (failed && part == 0) {
			mcp_run_follow(run, event, mcp_event_text(event, NULL),
			    strlen(mcp_event_text(event, NULL)), 1);
		} else
			mcp_run_follow(run, event, text, size, failed);
		if (failed && !is_json) {
			mcp_output_finish(run->out, status, NULL, 0, NULL);
			goto out;
		}
	}
	if (failed && !(is_json && got != NULL))
		mcp_output_finish(run->out, status, NULL, 0, text);
	else
		mcp_output_finish(run->out, status, text, size, NULL);
out:
	run->out = NULL;
	free(got);
	mcp_run_free(run);
}
