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

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp-output.h"

/*
 * Shows results: on the standard output of a shell client, in a block of a
 * control client, or somewhere in tmux (mcp-show.c). Commands never
 * wait in the queue of an attached client, whose keys are in it too, nor in
 * the global queue, which holds up the configuration file.
 */

/* What is written to a shell client in one turn of the loop. */
#define MCP_OUTPUT_CHUNK 16384

/* What is shown elsewhere; if there is more, the whole is in a buffer. */
#define MCP_OUTPUT_CONTROL_BYTES (1024 * 1024)
#define MCP_OUTPUT_ERROR_BYTES 16384

static void	mcp_output_end(struct mcp_output *);

/* Who has a command run: a client, a key, or tmux itself. */
static char *
mcp_output_who(struct cmdq_item *item)
{
	struct client		*c = cmdq_get_client(item);
	struct key_event	*event = cmdq_get_event(item);
	char			*who;

	if (c == NULL || cmdq_running(NULL) == item)
		return (xstrdup("tmux"));
	if (event == NULL || event->key == KEYC_NONE || event->key == 0 ||
	    c->session == NULL || (c->flags & CLIENT_CONTROL))
		return (xstrdup(c->name == NULL ? "client" : c->name));
	xasprintf(&who, "%s %s", c->name,
	    key_string_lookup_key(event->key, 0));
	return (who);
}

/*
 * Create the output of a command from its -b, -o and -t. The client in the
 * global queue is borrowed while a command runs, so is not one to wait for.
 */
struct mcp_output *
mcp_output_create(struct cmd *self, struct cmdq_item *item, const char *title,
    char **cause)
{
	struct args		*args = cmd_get_args(self);
	struct cmd_find_state	*fs = cmdq_get_target(item);
	struct window_pane	*wp = fs->wp;
	struct client		*c = cmdq_get_client(item);
	struct client		*tc = cmdq_get_target_client(item);
	const char		*sink = args_get(args, 'o');
	struct mcp_output	*out;
	int			 background = args_has(args, 'b');

	if (sink == NULL && !background)
		sink = mcp_key_output(self, item);
	if (mcp_sink_refuses(item, sink, background)) {
		*cause = xstrdup("client is read-only");
		return (NULL);
	}

	if (args_has(args, 't') && wp == NULL) {
		xasprintf(cause, "can't find pane: %s", args_get(args, 't'));
		return (NULL);
	}

	out = xcalloc(1, sizeof *out);
	out->made = mcp_now();
	out->title = mcp_text_vis(title, strlen(title), NULL);
	out->state_flags = cmdq_get_flags(item) & CMDQ_STATE_NOHOOKS;
	out->session = (fs->s == NULL ? -1 : (int)fs->s->id);
	out->pane = (wp == NULL ? -1 : (int)wp->id);
	out->wp_id = -1;
	if (wp != NULL && (args_has(args, 't') ||
	    (sink != NULL && strcmp(sink, "pane") == 0) ||
	    (cmdq_running(NULL) != item && mcp_client_shows(c))))
		out->wp_id = wp->id;
	out->who = mcp_output_who(item);

	if (cmdq_running(NULL) == item)
		c = tc = NULL;
	else if (c != NULL &&
	    c->session != NULL &&
	    (~c->flags & CLIENT_CONTROL)) {
		tc = c;
		out->mode = mcp_typing_mode(out->wp_id == -1 ?
		    mcp_client_pane(c) : wp);
	} else if (c != NULL && !background) {
		out->item = item;
		out->client = c;
		out->client->references++;
	}
	if (tc != NULL && tc->session != NULL) {
		out->viewer = tc;
		out->viewer->references++;
		mcp_typing_asked(tc, &out->asked);
	}

	if (mcp_sink_parse(out, sink, background, cause) != 0) {
		mcp_output_free(out);
		return (NULL);
	}
	return (out);
}

/* Create the output of what an attached client has asked for in a dialog. */
struct mcp_output *
mcp_output_create_client(struct client *c, const char *title)
{
	struct mcp_output	*out;

	out = xcalloc(1, sizeof *out);
	out->made = mcp_now();
	out->title = mcp_text_vis(title, strlen(title), NULL);
	out->who = xstrdup(c->name);
	out->wp_id = out->session = -1;
	if (mcp_client_shows(c)) {
		out->wp_id = mcp_client_pane(c)->id;
		out->session = c->session->id;
		out->mode = mcp_typing_mode(mcp_client_pane(c));
	}
	out->pane = out->wp_id;
	out->viewer = c;
	out->viewer->references++;
	mcp_typing_asked(c, &out->asked);
	out->sink = MCP_SINK_VIEW;
	return (out);
}

/* Free an output. */
void
mcp_output_free(struct mcp_output *out)
{
	mcp_sink_release(out);
	if (out->client != NULL)
		server_client_unref(out->client);
	if (out->viewer != NULL)
		server_client_unref(out->viewer);
	free(out->title);
	free(out->who);
	free(out->buffer);
	mcp_bytes_unref(out->bytes);
	free(out->error);
	free(out);
}

/* If the client that waits has gone. */
static int
mcp_output_dead(struct mcp_output *out)
{
	return (out->client != NULL && (out->client->flags & CLIENT_DEAD));
}

/*
 * Print to a control client, in a block of its own: the one of the command was
 * closed when it began to wait. All of it is written at once, because what
 * others write in the turns between would be inside the block.
 */
static void
mcp_output_block(struct mcp_output *out, const char *lines)
{
	cmdq_guard(out->item, "begin", 0);
	if (lines != NULL)
		control_write(out->client, "%s", lines);
	if (out->error != NULL)
		cmdq_error(out->item, "%s", out->error);
	cmdq_guard(out->item, out->error == NULL ? "end" : "error", 0);
	free(out->error);
	out->error = NULL;
}

/* The lines for a control client are made. */
static void
mcp_output_control(void *data, struct mcp_bytes *lines)
{
	struct mcp_output	*out = data;

	lines = mcp_say_unguard(lines);
	if (!mcp_output_dead(out))
		mcp_output_block(out, lines->text);
	mcp_bytes_unref(lines);
	mcp_output_end(out);
}

/* The lines of an error are made. */
static void
mcp_output_error(void *data, struct mcp_bytes *lines)
{
	struct mcp_output	*out = data;
	int			 is_control;

	is_control = (out->client != NULL &&
	    (out->client->flags & CLIENT_CONTROL));
	if (is_control)
		lines = mcp_say_unguard(lines);
	out->error = xstrdup(lines->text);
	mcp_bytes_unref(lines);
	if (is_control && !mcp_output_dead(out))
		mcp_output_block(out, NULL);
	mcp_output_end(out);
}

/* A part is printed: whoever has more of them goes on. */
static void
mcp_output_part_end(struct mcp_output *out)
{
	mcp_done_cb	cb = out->part_cb;

	mcp_bytes_unref(out->bytes);
	out->bytes = NULL;
	out->part_cb = NULL;
	cb(out->part_data);
}

/* Print some more of the text to a shell client. */
static int
mcp_output_step(void *data)
{
	struct mcp_output	*out = data;
	struct client		*c = out->client;
	struct mcp_bytes	*bytes = out->bytes;
	const char		*text = bytes->text + out->off;
	size_t			 size;
	char			*s, *next, *line, *clean, *json = NULL;

	if ((c->flags & CLIENT_DEAD) || out->off == bytes->size) {
		if (out->part_cb != NULL)
			mcp_output_part_end(out);
		else
			mcp_output_end(out);
		return (0);
	}
	size = mcp_text_cut(text, bytes->size - out->off, MCP_OUTPUT_CHUNK);
	out->off += size;

	if (out->json) {
		text = json = mcp_text_vis_json(text, size, out->raw);
		size = strlen(json);
	}
	if (out->raw)
		s = mcp_text_raw(text, size, NULL);
	else
		s = mcp_text_vis(text, size, NULL);
	free(json);
	if (c->flags & CLIENT_UTF8)
		file_print(c, "%s", s);
	else {
		next = s;
		while ((line = strsep(&next, "\n")) != NULL) {
			clean = utf8_sanitize(line);
			file_print(c, "%s%s", clean, next == NULL ? "" : "\n");
			free(clean);
		}
	}
	free(s);
	if (out->off == bytes->size && bytes->text[bytes->size - 1] != '\n')
		file_print(c, "\n");
	return (1);
}

/* Report the error, let the command go on, and free the output. */
static void
mcp_output_end(struct mcp_output *out)
{
	struct client		*c = out->client;
	struct mcp_bytes	*lines;
	int			 shown = -1;

	if (out->item != NULL) {
		if (~c->flags & CLIENT_DEAD) {
			if (out->error != NULL)
				cmdq_error(out->item, "%s", out->error);
			if (c->session == NULL)
				c->retval = out->retval;
		}
		cmdq_continue(out->item);
	} else if (out->error != NULL) {
		if (strchr(out->error, '\n') != NULL) {
			lines = mcp_bytes_copy(out->error, strlen(out->error));
			shown = mcp_view_show(out, lines);
		}
		if (shown == 0)
			/* nothing */;
		else if (mcp_client_shows(out->viewer)) {
			*out->error = toupper((u_char)*out->error);
			mcp_client_message(out->viewer, out->error);
		} else {
			mcp_message_add("mcp: %s: %s", out->title,
			    out->error);
		}
	}
	mcp_output_free(out);
}

/* The result is in a buffer, because it was meant to be. */
static void
mcp_output_kept(void *data)
{
	struct mcp_output	*out = data;

	if (out->item == NULL) {
		mcp_message_add("mcp: %s: %zu bytes in buffer %s",
		    out->title, mcp_paste_size(out->buffer), out->buffer);
	}
	mcp_output_end(out);
}

/* The result is in a buffer, for want of something better. */
static void
mcp_output_left(void *data)
{
	struct mcp_output	*out = data;

	char			*s, *line;

	xasprintf(&s, "mcp: %s: nowhere to show it, %zu bytes in buffer %s",
	    out->title, mcp_paste_size(out->buffer), out->buffer);
	line = mcp_text_line(s);
	if (mcp_client_shows(out->viewer))
		mcp_client_message(out->viewer, line);
	else
		mcp_message_add("%s", line);
	free(line);
	free(s);
	mcp_output_end(out);
}

/* The result is shown inside tmux, or with -1, can't be. */
static void
mcp_output_shown(struct mcp_output *out, int shown)
{
	char	name[MCP_BUFFER_NAME_BYTES];

	if (shown != -1) {
		mcp_output_end(out);
		return;
	}
	mcp_paste_spare(name, sizeof name);
	free(out->buffer);
	out->buffer = xstrdup(name);
	mcp_paste_set(name, out->bytes, mcp_output_left, out);
}

/*
 * There is nothing to show: say so where it does not look like a result. What
 * a shell client prints on its standard output stays empty.
 */
static void
mcp_output_empty(struct mcp_output *out)
{
	struct client	*c = out->client;

	if (c != NULL && (~c->flags & CLIENT_CONTROL))
		file_error(c, "%s: the result is empty\n", out->title);
	else if (c == NULL && mcp_client_shows(out->viewer))
		mcp_client_message(out->viewer, "The result is empty");
	else if (c == NULL) {
		mcp_message_add("mcp: %s: the result is empty",
		    out->title);
	}
	mcp_output_end(out);
}

/*
 * The result is there, or why there is none: show it and free the output. Bytes
 * are ours from now on and may be NULL.
 */
void
mcp_output_give(struct mcp_output *out, int retval, struct mcp_bytes *bytes,
    int failed)
{
	out->retval = retval;
	out->bytes = bytes;
	out->off = 0;
	out->given = mcp_now();

	if (bytes == NULL || mcp_output_dead(out))
		mcp_output_end(out);
	else if (failed) {
		mcp_extract_start(bytes, MCP_OUTPUT_ERROR_BYTES, UINT_MAX, 0,
		    out->json, mcp_output_error, out);
	} else if (out->sink == MCP_SINK_NONE)
		mcp_output_end(out);
	else if (bytes->size == 0)
		mcp_output_empty(out);
	else if (out->sink == MCP_SINK_BUFFER)
		mcp_paste_set(out->buffer, bytes, mcp_output_kept, out);
	else if (out->sink != MCP_SINK_STDOUT) {
		out->shown = mcp_output_shown;
		mcp_show(out);
	} else if (out->client->flags & CLIENT_CONTROL) {
		mcp_extract_start(bytes, MCP_OUTPUT_CONTROL_BYTES, UINT_MAX, 0,
		    out->json, mcp_output_control, out);
	} else
		mcp_work_add(mcp_output_step, out);
}

/*
 * If parts of a result may be printed one after the other: only a shell client
 * can do something with the first of them.
 */
int
mcp_output_has_parts(struct mcp_output *out)
{
	return (out->sink == MCP_SINK_STDOUT && out->client != NULL &&
	    (~out->client->flags & CLIENT_CONTROL));
}

/* Print a part of a result, ours from now on; cb may then print another. */
void
mcp_output_part(struct mcp_output *out, struct mcp_bytes *bytes,
    mcp_done_cb cb, void *data)
{
	out->bytes = bytes;
	out->off = 0;
	out->part_cb = cb;
	out->part_data = data;
	mcp_work_add(mcp_output_step, out);
}

/* End a result with a text or an error that is copied; both may be NULL. */
void
mcp_output_finish(struct mcp_output *out, int retval, const char *text,
    size_t size, const char *error)
{
	struct mcp_bytes	*bytes = NULL;

	if (error != NULL)
		bytes = mcp_bytes_copy(error, strlen(error));
	else if (text != NULL)
		bytes = mcp_bytes_copy(text, size);
	mcp_output_give(out, retval, bytes, error != NULL);
}

/* Print a result from the exec of a command, inside its own block. */
enum cmd_retval
mcp_output_now(struct cmdq_item *item, int retval, const char *text,
    size_t size)
{
	char	*s, *next, *line;

	s = mcp_text_vis(text, size, NULL);
	for (next = strchr(s, '\0'); next != s && next[-1] == '\n'; next--)
		next[-1] = '\0';
	next = s;
	if (retval != 0) {
		mcp_error(item, "%s", s);
		if (cmdq_get_client(item) != NULL &&
		    cmdq_get_client(item)->session == NULL)
			cmdq_get_client(item)->retval = retval;
	} else {
		while ((line = strsep(&next, "\n")) != NULL)
			mcp_print(item, line);
	}
	free(s);
	return (retval == 0 ? CMD_RETURN_NORMAL : CMD_RETURN_ERROR);
}
