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
#include "mcp-browse.h"
#include "mcp-dialog.h"
#include "mcp-run.h"

/*
 * Edits the arguments of a tool as JSON in the editor of tmux, in a popup, and
 * runs the tool with them. It begins with the arguments of the last call, or
 * with what the schema asks for.
 */

struct mcp_edit {
	struct client	*client;
	char		*server;
	char		*tool;

	/* What the editor has left. */
	char		*text;
	size_t		 size;
	struct event	 timer;
};

static const char mcp_edit_unknown[] =
	"the arguments of the tool are not known yet";

/* The text that was refused last, to be mended. */
static char	*mcp_edit_server;
static char	*mcp_edit_tool;
static char	*mcp_edit_text;

/* Free. */
static void
mcp_edit_free(struct mcp_edit *me)
{
	server_client_unref(me->client);
	if (me->text != NULL)
		freezero(me->text, me->size);
	free(me->server);
	free(me->tool);
	free(me);
}

/* Remember a text that was refused, or with NULL forget it. */
static void
mcp_edit_keep(struct mcp_edit *me, const char *text)
{
	free(mcp_edit_server);
	free(mcp_edit_tool);
	if (mcp_edit_text != NULL)
		freezero(mcp_edit_text, strlen(mcp_edit_text));
	mcp_edit_server = mcp_edit_tool = mcp_edit_text = NULL;
	if (text != NULL) {
		mcp_edit_server = xstrdup(me->server);
		mcp_edit_tool = xstrdup(me->tool);
		mcp_edit_text = xstrdup(text);
	}
}

/* Tell the person something. */
static void
mcp_edit_tell(struct client *c, const char *text)
{
	char	*line;

	if (!mcp_client_shows(c))
		return;
	line = mcp_text_line(text);
	*line = toupper((u_char)*line);
	mcp_client_message(c, line);
	free(line);
}

/* Somebody has agreed to a run: the text about its tool is not needed now. */
static void
mcp_edit_agreed(struct mcp_run *run)
{
	if (mcp_edit_text != NULL &&
	    strcmp(run->server, mcp_edit_server) == 0 &&
	    strcmp(run->name, mcp_edit_tool) == 0)
		mcp_edit_keep(NULL, NULL);
}

/* The popup of the editor is gone: run the tool with what it has left. */
static void
mcp_edit_run(__unused int fd, __unused short events, void *data)
{
	struct mcp_edit		*me = data;
	struct tmcp_client	*core = mcp_core_get();
	struct mcp_run		*run;
	char			*text = me->text, *cause = NULL;
	uint64_t		 id;

	if (core == NULL || !mcp_client_shows(me->client)) {
		mcp_edit_free(me);
		return;
	}
	run = mcp_run_create_client(me->client, core, me->server, me->tool);
	mcp_confirm_set(run, NULL);
	run->agreed = mcp_edit_agreed;
	if (mcp_args_from_text(&run->args, "arguments", text, strlen(text),
	    &cause) != 0 || mcp_run_try(run, &id, &cause) != 0) {
		mcp_edit_tell(me->client, cause);
		mcp_edit_keep(me, text);
		mcp_run_free(run);
		free(cause);
	} else
		mcp_edit_keep(me, run->confirm != NULL ? text : NULL);
	mcp_edit_free(me);
}

/*
 * The editor has ended. Its popup is an overlay of the client until this
 * returns, and nothing can be asked before it is gone.
 */
static void
mcp_edit_closed(char *buf, size_t size, void *data)
{
	struct mcp_edit	*me = data;

	if (buf == NULL) {
		mcp_edit_free(me);
		return;
	}
	me->size = size + 1;
	me->text = xmalloc(me->size);
	memcpy(me->text, buf, size);
	me->text[size] = '\0';
	freezero(buf, size);
	while (size != 0 && isspace((u_char)me->text[size - 1]))
		me->text[--size] = '\0';
	evtimer_set(&me->timer, mcp_edit_run, me);
	mcp_timer_add(&me->timer, 0);
}

/* JSON with line breaks and indentation. */
static struct mcp_bytes *
mcp_edit_layout(const char *json, size_t size)
{
	struct mcp_bytes	*text = mcp_bytes_create();
	char			*pretty;

	if (tmcp_json_pretty(json, size, &pretty) == TMCP_RESULT_OK) {
		mcp_bytes_printf(text, "%s\n", pretty);
		tmcp_string_free(pretty);
	} else
		mcp_bytes_add(text, json, size);
	return (text);
}

/*
 * The arguments of the last call and what else the tool asks for, as JSON;
 * NULL if the tool is not known any more.
 */
static struct mcp_bytes *
mcp_edit_make(struct mcp_edit *me, struct mcp_call *mc)
{
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_call	 call;
	struct tmcp_pair	*pairs = NULL;
	struct mcp_bytes	*text = NULL;
	char			*json;
	u_int			 i;

	if (mc != NULL && mc->json != NULL)
		return (mcp_edit_layout(mc->json, mc->json_size));
	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = me->server;
	call.tool = me->tool;
	if (mc != NULL && mc->npairs != 0) {
		pairs = xcalloc(mc->npairs, sizeof *pairs);
		/* A value that was not kept has to be typed again. */
		for (i = 0; i < mc->npairs; i++) {
			if (mc->pairs[i].value != NULL)
				pairs[call.npairs++] = mc->pairs[i];
		}
		call.pairs = pairs;
	}
	if (core != NULL && tmcp_client_draft_arguments(core, &call, &json) ==
	    TMCP_RESULT_OK) {
		text = mcp_edit_layout(json, strlen(json));
		tmcp_string_free(json);
	}
	free(pairs);
	return (text);
}

/*
 * The arguments of the tool have been looked up, and so it is known which of
 * the last call are secret: open the editor.
 */
static void
mcp_edit_made(void *data, struct tmcp_table *table)
{
	struct mcp_edit		*me = data;
	struct mcp_bytes	*text;
	struct mcp_call		*mc;

	if (mcp_edit_text != NULL && strcmp(me->server, mcp_edit_server) == 0 &&
	    strcmp(me->tool, mcp_edit_tool) == 0)
		text = mcp_bytes_copy(mcp_edit_text, strlen(mcp_edit_text));
	else {
		mc = mcp_history_last(me->server, me->tool);
		if (mc != NULL && !mcp_history_check(mc))
			mc = NULL;
		text = mcp_edit_make(me, mc);
	}
	tmcp_table_free(table);
	if (!mcp_client_shows(me->client))
		mcp_edit_free(me);
	else if (text == NULL) {
		mcp_edit_tell(me->client, mcp_edit_unknown);
		mcp_edit_free(me);
	} else if (mcp_dialog_busy(me->client) ||
	    mcp_compat_editor(me->client, text->text, text->size,
	    mcp_edit_closed, me) != 0) {
		mcp_edit_tell(me->client, "the editor could not be opened");
		mcp_edit_free(me);
	}
	mcp_bytes_unref(text);
}

/* Edit the arguments of a tool, and run it. */
void
mcp_edit_start(struct client *c, const char *server, const char *tool)
{
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_table	*table = NULL;
	struct mcp_edit		*me;

	if (core != NULL)
		table = tmcp_client_tool_arguments(core, server, tool);
	if (table == NULL) {
		mcp_edit_tell(c, mcp_edit_unknown);
		return;
	}
	me = xcalloc(1, sizeof *me);
	me->client = c;
	me->client->references++;
	me->server = xstrdup(server);
	me->tool = xstrdup(tool);
	mcp_table_make(table, mcp_edit_made, me);
}
