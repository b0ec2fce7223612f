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
#include <time.h>

#include "tmux.h"
#include "mcp-browse.h"
#include "mcp-run.h"

/*
 * The lower part of choose-mcp: everything about the current line. The text
 * about a tool is made in steps, and of one tool at a time.
 */

/* How much of a text is kept for the preview. */
#define MCP_PREVIEW_BYTES (256 * 1024)

struct mcp_preview {
	uint64_t		 tag;
	enum mcp_preview_kind	 kind;
	int			 stale;
	u_int			 scroll;
	char			*text;		/* harmless, without tabs */

	uint64_t		 list_tag;	/* of the server of the list */
	struct mcp_bytes	*list;
	struct mcp_preview_job	*job;
	int			 drawn;		/* since it was last asked */
	struct client		*viewer;	/* wants it in view mode */

	mcp_tree_changed_cb	 cb;
	void			*data;
};

/* A text of a tool that is made; preview is NULL if nobody wants it. */
struct mcp_preview_job {
	struct mcp_preview	*preview;
	uint64_t		 tag;
	enum mcp_preview_kind	 kind;
	int			 now;		/* it is drawn anyway */
	int			 changed;	/* since the tool was used */
};

static const char mcp_preview_help[] =
	"Enter      open or close a server or group; run a tool in a form,\n"
	"           fill in a prompt, read a resource\n"
	"Right Left open and close; a server that does not run is started\n"
	"e          edit the arguments as JSON in $EDITOR, then run the tool\n"
	"r          run again with the last arguments\n"
	"x X        cancel this job, or all that are tagged\n"
	"R          reconnect and list anew (all that are tagged)\n"
	"D          switch a server off in this tmux, or on again (or all that\n"
	"           are tagged); calls in flight finish\n"
	"s          the schemas of a tool, as the server sent them\n"
	"i          this text in view mode\n"
	"> <        scroll this text\n"
	"/ n N      search what lines say, also in lines that are closed\n"
	"f          filter by a format, #{m:*word*,#{mcp_name}} for example\n"
	"O o        sort by another field; in reverse\n"
	"t T C-t    tag, tag none, tag all\n"
	"M-+ M--    open and close all servers; starts none\n"
	"v          without this text\n"
	"q          leave\n";

/* Create; cb is told when a text is there. */
struct mcp_preview *
mcp_preview_create(mcp_tree_changed_cb cb, void *data)
{
	struct mcp_preview	*p;

	p = xcalloc(1, sizeof *p);
	p->stale = 1;
	p->cb = cb;
	p->data = data;
	return (p);
}

/* Free. */
void
mcp_preview_free(struct mcp_preview *p)
{
	if (p->job != NULL)
		p->job->preview = NULL;
	if (p->viewer != NULL)
		server_client_unref(p->viewer);
	mcp_bytes_unref(p->list);
	free(p->text);
	free(p);
}

/* What is shown may not be so any more. */
void
mcp_preview_stale(struct mcp_preview *p)
{
	p->stale = 1;
	mcp_bytes_unref(p->list);
	p->list = NULL;
}

/* Show something else of the line, or if it is that, the usual text. */
void
mcp_preview_kind(struct mcp_preview *p, enum mcp_preview_kind kind)
{
	p->kind = (p->kind == kind ? MCP_PREVIEW_TEXT : kind);
	p->scroll = 0;
	p->stale = 1;
}

/* Scroll by so many lines. */
void
mcp_preview_scroll(struct mcp_preview *p, int lines)
{
	if (lines < 0 && p->scroll < (u_int)-lines)
		p->scroll = 0;
	else
		p->scroll += lines;
}

/* Show a text, of which not all is kept if it is very long. */
static void
mcp_preview_set(struct mcp_preview *p, const char *text, size_t size)
{
	struct client		*c = p->viewer;
	struct mcp_output	*out;
	char			*s;

	if (c != NULL) {
		p->viewer = NULL;
		if (mcp_client_shows(c)) {
			out = mcp_output_create_client(c, "choose-mcp");
			mcp_output_finish(out, 0, text, size, NULL);
		}
		server_client_unref(c);
	}
	free(p->text);
	s = mcp_text_vis(text, mcp_text_cut(text, size, MCP_PREVIEW_BYTES),
	    NULL);
	p->text = mcp_text_untab(s);
	free(s);
}

/* The text about a tool is made. */
static void
mcp_preview_made(void *data, struct mcp_bytes *text)
{
	struct mcp_preview_job	*job = data;
	struct mcp_preview	*p = job->preview;
	struct mcp_bytes	*said;
	char			*json;
	const char		*none = "the tool is not there any more";

	if (p != NULL) {
		p->job = NULL;
		if (p->tag != job->tag ||
		    (p->kind != job->kind && p->viewer == NULL))
			p->stale = 1;
		else if (text == NULL)
			mcp_preview_set(p, none, strlen(none));
		else if (job->kind == MCP_PREVIEW_SCHEMA &&
		    tmcp_json_pretty(text->text, mcp_text_cut(text->text,
		    text->size, MCP_PREVIEW_BYTES), &json) == TMCP_RESULT_OK) {
			mcp_preview_set(p, json, strlen(json));
			tmcp_string_free(json);
		} else if (job->changed) {
			said = mcp_bytes_copy(MCP_SEEN_CHANGED "\n",
			    sizeof MCP_SEEN_CHANGED);
			mcp_bytes_add(said, text->text, text->size);
			mcp_preview_set(p, said->text, said->size);
			mcp_bytes_unref(said);
		} else
			mcp_preview_set(p, text->text, text->size);
		if (!job->now)
			p->cb(p->data);
	}
	if (text != NULL)
		mcp_bytes_unref(text);
	free(job);
}

/* Add a line with a cell, if there is something in it. */
static void
mcp_preview_cell(struct mcp_bytes *text, struct mcp_node *node,
    const char *column, const char *title)
{
	const char	*cell = tmcp_table_get(node->table, node->row, column);

	if (*cell != '\0')
		mcp_bytes_printf(text, "%s%s\n", title, cell);
}

/* What is known of a tool whose server has gone and taken its list along. */
static void
mcp_preview_row(struct mcp_preview *p, struct mcp_node *node)
{
	struct mcp_bytes	*text = mcp_bytes_create();

	mcp_bytes_printf(text, "Tool: %s\n", node->name);
	mcp_preview_cell(text, node, "title", "  Title: ");
	mcp_preview_cell(text, node, "description", "  Description: ");
	if (*tmcp_table_get(node->table, node->row, "read_only") != '\0')
		mcp_bytes_printf(text, "  Annotations: read only\n");
	if (*tmcp_table_get(node->table, node->row, "destructive") != '\0')
		mcp_bytes_printf(text, "  Annotations: destructive\n");
	mcp_preview_cell(text, node, "arguments", "  Arguments: ");
	mcp_preview_cell(text, node, "required", "  Required: ");
	mcp_bytes_printf(text, "\nR reaches the server again\n");
	mcp_preview_set(p, text->text, text->size);
	mcp_bytes_unref(text);
}

/* Begin to make the text about a tool, of the list that is known. */
static void
mcp_preview_tool(struct mcp_preview *p, struct mcp_node *node)
{
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_event	*event = NULL;
	struct mcp_preview_job	*job;

	if (p->list_tag != node->server->node.tag) {
		mcp_bytes_unref(p->list);
		p->list = NULL;
	}
	if (p->list == NULL && core != NULL)
		event = tmcp_client_known_tools(core, node->server->id);
	if (event != NULL) {
		p->list = mcp_bytes_event(event);
		p->list_tag = node->server->node.tag;
	}
	if (p->list == NULL) {
		mcp_preview_row(p, node);
		return;
	}
	job = xcalloc(1, sizeof *job);
	job->preview = p;
	job->tag = node->tag;
	job->kind = p->kind;
	job->now = 1;
	job->changed = mcp_confirm_changed(node->server->id, node->name);
	p->job = job;
	mcp_tool_start(p->list, node->name, p->kind == MCP_PREVIEW_SCHEMA,
	    mcp_preview_made, job);
	if (p->job == job)
		job->now = 0;
}

/* What is said of a call. */
static void
mcp_preview_call(struct mcp_bytes *text, struct mcp_node *node)
{
	struct mcp_call	*mc;
	struct tm	*tm;
	char		*arguments, when[64];
	int		 cut;

	if ((mc = mcp_history_find(node->id)) == NULL) {
		mcp_bytes_printf(text, "the call is forgotten\n");
		return;
	}
	tm = localtime(&mc->time);
	strftime(when, sizeof when, "%F %T", tm);
	arguments = mcp_history_arguments(mc, &cut);
	mcp_bytes_printf(text, "call %llu at %s: %s",
	    (unsigned long long)mc->id, when, mcp_history_outcome(mc));
	if (mc->done) {
		mcp_bytes_printf(text, " after %.1f ms, %zu bytes",
		    mc->elapsed_us / 1000.0, mc->size);
	}
	mcp_bytes_printf(text, "\narguments: %s\n",
	    *arguments == '\0' ? "none" : arguments);
	free(arguments);
	if (mc->unkept != NULL)
		mcp_bytes_printf(text, "can't be repeated: %s\n", mc->unkept);
	if (mc->error != NULL)
		mcp_bytes_printf(text, "\n%s\n", mc->error);
}

/* What is said of a server: its figures. */
static void
mcp_preview_server(struct mcp_bytes *text, struct mcp_server *s)
{
	struct tmcp_client	*core = mcp_core_get();
	char			*report, *cause;
	int32_t			 result;

	if (core == NULL)
		return;
	result = tmcp_client_stats(core, s->id, &report);
	if (result == TMCP_RESULT_OK) {
		mcp_bytes_printf(text, "%s", report);
		tmcp_string_free(report);
	} else {
		cause = mcp_strerror(result);
		mcp_bytes_printf(text, "%s\n", cause);
		free(cause);
	}
}

/* Begin to show a node. */
static void
mcp_preview_start(struct mcp_preview *p, struct mcp_node *node)
{
	struct mcp_bytes	*text;
	char			*s;

	if (p->tag != node->tag)
		p->scroll = 0;
	p->tag = node->tag;
	p->stale = 0;
	if (p->kind == MCP_PREVIEW_HELP) {
		mcp_preview_set(p, mcp_preview_help, strlen(mcp_preview_help));
		return;
	}
	if (node->type == MCP_NODE_TOOL) {
		mcp_preview_tool(p, node);
		return;
	}
	text = mcp_bytes_create();
	switch (node->type) {
	case MCP_NODE_SERVER:
		mcp_preview_server(text, node->server);
		break;
	case MCP_NODE_UNUSED:
		mcp_bytes_printf(text, "not used: ");
		mcp_preview_cell(text, node, "reason", "");
		mcp_preview_cell(text, node, "scope", "scope: ");
		break;
	case MCP_NODE_PROMPT:
		mcp_preview_cell(text, node, "title", "");
		mcp_preview_cell(text, node, "description", "");
		mcp_preview_cell(text, node, "arguments", "arguments: ");
		break;
	case MCP_NODE_RESOURCE:
	case MCP_NODE_TEMPLATE:
		mcp_bytes_printf(text, "%s\n", node->name);
		mcp_preview_cell(text, node, "name", "");
		mcp_preview_cell(text, node, "title", "");
		mcp_preview_cell(text, node, "description", "");
		mcp_preview_cell(text, node, "mime", "type: ");
		mcp_preview_cell(text, node, "size", "bytes: ");
		break;
	case MCP_NODE_JOB:
		s = mcp_running_say(node->id);
		mcp_bytes_printf(text, "call %llu by %s: %s\n",
		    (unsigned long long)node->id, mcp_request_who(node->id),
		    s == NULL ? "over" : s);
		free(s);
		break;
	case MCP_NODE_CALL:
		mcp_preview_call(text, node);
		break;
	case MCP_NODE_NOTE:
		mcp_bytes_printf(text, "%s\n", node->name != NULL ?
		    node->name : node->text == NULL ? "" : node->text);
		break;
	case MCP_NODE_GROUP:
	case MCP_NODE_TOOL:
		break;
	}
	mcp_preview_set(p, text->text, text->size);
	mcp_bytes_unref(text);
}

/*
 * How much of a line is in a width: to the last blank if there is one in the
 * second half of it.
 */
static size_t
mcp_preview_wrap(const char *line, size_t size, u_int width)
{
	struct utf8_data	 ud;
	enum utf8_state		 more;
	size_t			 i = 0, n, blank = 0;
	u_int			 columns = 0, cell;

	while (i < size) {
		n = 1;
		cell = 1;
		if ((u_char)line[i] >= 0x80 &&
		    (more = utf8_open(&ud, (u_char)line[i])) == UTF8_MORE) {
			while (more == UTF8_MORE && i + n < size)
				more = utf8_append(&ud, (u_char)line[i + n++]);
			if (more == UTF8_DONE)
				cell = ud.width;
		}
		if (columns + cell > width)
			return (blank != 0 && columns >= width / 2 ? blank : i);
		columns += cell;
		i += n;
		if (line[i - 1] == ' ' && columns > width / 2)
			blank = i;
	}
	return (size);
}

/*
 * Show the text about a node in view mode, where it can be read as a whole and
 * searched, and where there is no room for it below the lines.
 */
void
mcp_preview_open(struct mcp_preview *p, struct mcp_node *node, struct client *c)
{
	if (p->viewer != NULL)
		server_client_unref(p->viewer);
	p->viewer = c;
	p->viewer->references++;
	p->stale = 1;
	if (p->job == NULL)
		mcp_preview_start(p, node);
}

/* If it was drawn since this was asked the last time. */
int
mcp_preview_drawn(struct mcp_preview *p)
{
	int	drawn = p->drawn;

	p->drawn = 0;
	return (drawn);
}

/* Draw what is known of a node. */
void
mcp_preview_draw(struct mcp_preview *p, struct mcp_node *node,
    struct screen_write_ctx *ctx, u_int sx, u_int sy)
{
	u_int		 cx = ctx->s->cx, cy = ctx->s->cy, y = 0, skip;
	const char	*line, *end;
	size_t		 size, n;

	p->drawn = 1;
	if (p->job == NULL && (p->stale || p->tag != node->tag))
		mcp_preview_start(p, node);
	else if (p->job != NULL && p->tag != node->tag)
		return;
	if (p->text == NULL || sx == 0)
		return;
	skip = p->scroll;
	for (line = p->text; *line != '\0' && y < sy; line = end) {
		size = strcspn(line, "\n");
		end = line + size + (line[size] == '\n');
		do {
			n = mcp_preview_wrap(line, size, sx);
			if (n == 0 && size != 0)
				n = size;
			if (skip != 0)
				skip--;
			else {
				screen_write_cursormove(ctx, cx, cy + y, 0);
				screen_write_nputs(ctx, sx, &grid_default_cell,
				    "%.*s", (int)n, line);
				y++;
			}
			line += n;
			size -= n;
		} while (size != 0 && y < sy);
	}
	/* Not past the end. */
	if (y == 0 && p->scroll != 0)
		p->scroll -= (skip == 0 ? 1 : skip < p->scroll ? skip :
		    p->scroll);
}
