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
#include "mcp.h"

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

static void	mcp_output_step(int, short, void *);
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
	struct window_pane	*wp = cmdq_get_target(item)->wp;
	struct client		*c = cmdq_get_client(item);
	struct client		*tc = cmdq_get_target_client(item);
	const char		*sink = args_get(args, 'o');
	struct mcp_output	*out;
	int			 background = args_has(args, 'b');

	if (args_has(args, 't') && wp == NULL) {
		xasprintf(cause, "can't find pane: %s", args_get(args, 't'));
		return (NULL);
	}

	out = xcalloc(1, sizeof *out);
	out->title = mcp_text_vis(title, strlen(title), NULL);
	out->state_flags = cmdq_get_flags(item) & CMDQ_STATE_NOHOOKS;
	out->wp_id = -1;
	if (wp != NULL && (args_has(args, 't') ||
	    (sink != NULL && strcmp(sink, "pane") == 0)))
		out->wp_id = wp->id;
	out->who = mcp_output_who(item);

	if (cmdq_running(NULL) == item)
		c = tc = NULL;
	else if (c != NULL &&
	    c->session != NULL &&
	    (~c->flags & CLIENT_CONTROL))
		tc = c;
	else if (c != NULL && !background) {
		out->item = item;
		out->client = c;
		out->client->references++;
	}
	if (tc != NULL && tc->session != NULL) {
		out->viewer = tc;
		out->viewer->references++;
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
	out->title = mcp_text_vis(title, strlen(title), NULL);
	out->who = xstrdup(c->name);
	out->wp_id = -1;
	out->viewer = c;
	out->viewer->references++;
	out->sink = MCP_SINK_VIEW;
	return (out);
}

/* Free an output. */
void
mcp_output_free(struct mcp_output *out)
{
	if (event_initialized(&out->timer))
		evtimer_del(&out->timer);
	if (out->client != NULL)
		server_client_unref(out->client);
	if (out->viewer != NULL)
		server_client_unref(out->viewer);
	free(out->title);
	free(out->who);
	free(out->buffer);
	free(out->text);
	free(out->error);
	free(out);
}

/*
 * Print to a control client, in a block of its own: the one of the command was
 * closed when it began to wait. Lines that look like the end of a block to a
 * simple parser are changed a little.
 */
static void
mcp_output_control(struct mcp_output *out)
{
	struct client	*c = out->client;
	char		*lines, *next, *line;

	cmdq_guard(out->item, "begin", 0);
	if (out->text != NULL && out->size != 0) {
		next = lines = mcp_show_lines(out->text, out->size,
		    MCP_OUTPUT_CONTROL_BYTES, UINT_MAX);
		while ((line = strsep(&next, "\n")) != NULL) {
			if (strncmp(line, "%begin", 6) == 0 ||
			    strncmp(line, "%end", 4) == 0 ||
			    strncmp(line, "%error", 6) == 0)
				control_write(c, "\\045%s", line + 1);
			else
				control_write(c, "%s", line);
		}
		free(lines);
	}
	if (out->error != NULL)
		cmdq_error(out->item, "%s", out->error);
	cmdq_guard(out->item, out->error == NULL ? "end" : "error", 0);
	free(out->error);
	out->error = NULL;
}

/* Print the next part of the text to a shell client. */
static void
mcp_output_step(__unused int fd, __unused short events, void *data)
{
	struct mcp_output	*out = data;
	struct client		*c = out->client;
	const char		*text = out->text + out->off;
	size_t			 size;
	char			*s, *next, *line, *clean;

	if ((c->flags & CLIENT_DEAD) || out->off == out->size) {
		mcp_output_end(out);
		return;
	}
	size = mcp_text_cut(text, out->size - out->off, MCP_OUTPUT_CHUNK);
	out->off += size;

	s = mcp_text_vis(text, size, NULL);
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
	if (out->off == out->size && out->text[out->size - 1] != '\n')
		file_print(c, "\n");
	mcp_timer_add(&out->timer, 0);
}

/* Report the error, let the command go on, and free the output. */
static void
mcp_output_end(struct mcp_output *out)
{
	struct client	*c = out->client;

	if (out->item != NULL) {
		if (~c->flags & CLIENT_DEAD) {
			if (out->error != NULL)
				cmdq_error(out->item, "%s", out->error);
			if (c->session == NULL)
				c->retval = out->retval;
		}
		cmdq_continue(out->item);
	} else if (out->error != NULL) {
		if (strchr(out->error, '\n') != NULL &&
		    mcp_show_view(out, out->error, strlen(out->error)) == 0)
			/* nothing */;
		else if (mcp_show_alive(out->viewer)) {
			*out->error = toupper((u_char)*out->error);
			mcp_message_set(out->viewer, out->error);
		} else {
			server_add_message("mcp: %s: %s", out->title,
			    out->error);
		}
	}
	mcp_output_free(out);
}

/*
 * The result is there: show it and free the output. Text and error are copied
 * and may be NULL.
 */
void
mcp_output_finish(struct mcp_output *out, int retval, const char *text,
    size_t size, const char *error)
{
	int	shown = 0;

	out->retval = retval;
	if (error != NULL) {
		out->error = mcp_show_lines(error, strlen(error),
		    MCP_OUTPUT_ERROR_BYTES, UINT_MAX);
	}

	if (out->client != NULL && (out->client->flags & CLIENT_DEAD)) {
		mcp_output_end(out);
		return;
	}
	if (text != NULL && size != 0) {
		switch (out->sink) {
		case MCP_SINK_NONE:
			break;
		case MCP_SINK_STDOUT:
			out->text = xmalloc(size);
			memcpy(out->text, text, size);
			out->size = size;
			break;
		case MCP_SINK_VIEW:
			shown = mcp_show_view(out, text, size);
			break;
		case MCP_SINK_POPUP:
			shown = mcp_show_popup(out, text, size);
			break;
		case MCP_SINK_WINDOW:
			shown = mcp_show_window(out, text, size);
			break;
		case MCP_SINK_PANE:
			shown = mcp_show_pane(out, text, size);
			break;
		case MCP_SINK_MESSAGE:
			shown = mcp_show_message(out, text, size);
			break;
		case MCP_SINK_BUFFER:
			mcp_show_paste(out->buffer, text, size);
			if (out->item == NULL) {
				server_add_message("mcp: %s: %zu bytes in "
				    "buffer %s", out->title, size, out->buffer);
			}
			break;
		}
		if (shown == -1) {
			mcp_show_paste(MCP_BUFFER, text, size);
			server_add_message("mcp: %s: nowhere to show it, %zu "
			    "bytes in buffer %s", out->title, size, MCP_BUFFER);
		}
	}

	if (out->client != NULL && (out->client->flags & CLIENT_CONTROL)) {
		if (out->text != NULL || out->error != NULL)
			mcp_output_control(out);
	} else if (out->text != NULL) {
		evtimer_set(&out->timer, mcp_output_step, out);
		mcp_timer_add(&out->timer, 0);
		return;
	}
	mcp_output_end(out);
}

/* Print a result from the exec of a command, inside its own block. */
enum cmd_retval
mcp_output_now(struct cmdq_item *item, int retval, const char *text,
    size_t size)
{
	char	*s, *next, *line, *clean;

	s = mcp_text_vis(text, size, NULL);
	for (next = strchr(s, '\0'); next != s && next[-1] == '\n'; next--)
		next[-1] = '\0';
	next = s;
	if (retval != 0) {
		cmdq_error(item, "%s", s);
		if (cmdq_get_client(item) != NULL &&
		    cmdq_get_client(item)->session == NULL)
			cmdq_get_client(item)->retval = retval;
	} else {
		while ((line = strsep(&next, "\n")) != NULL) {
			clean = mcp_text_untab(line);
			cmdq_print(item, "%s", clean);
			free(clean);
		}
	}
	free(s);
	return (retval == 0 ? CMD_RETURN_NORMAL : CMD_RETURN_ERROR);
}
