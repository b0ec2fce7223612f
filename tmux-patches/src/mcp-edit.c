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
#include "mcp-browse.h"

/*
 * Edits the arguments of a tool as JSON in the editor of tmux, in a popup, and
 * runs the tool with them. It begins with the arguments of the last call, or
 * with what the schema asks for.
 */

struct mcp_edit {
	struct client	*client;
	char		*server;
	char		*tool;
};

/* The text that was refused last, to be mended. */
static char	*mcp_edit_server;
static char	*mcp_edit_tool;
static char	*mcp_edit_text;

/* Free. */
static void
mcp_edit_free(struct mcp_edit *me)
{
	server_client_unref(me->client);
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

	if (!mcp_show_alive(c))
		return;
	line = mcp_text_line(text);
	*line = toupper((u_char)*line);
	mcp_message_set(c, line);
	free(line);
}

/* The editor has ended: run the tool with what it has left. */
static void
mcp_edit_closed(char *buf, size_t size, void *data)
{
	struct mcp_edit		*me = data;
	struct tmcp_client	*core = mcp_core_get();
	struct mcp_run		*run;
	char			*text, *cause = NULL;
	uint64_t		 id;

	if (buf == NULL || core == NULL || !mcp_show_alive(me->client)) {
		free(buf);
		mcp_edit_free(me);
		return;
	}
	text = xmalloc(size + 1);
	memcpy(text, buf, size);
	text[size] = '\0';
	freezero(buf, size);
	while (size != 0 && isspace((u_char)text[size - 1]))
		text[--size] = '\0';

	run = mcp_run_create_client(me->client, core, me->server, me->tool);
	if (mcp_args_from_text(&run->args, "arguments", text, size,
	    &cause) != 0 || mcp_run_try(run, &id, &cause) != 0) {
		mcp_edit_tell(me->client, cause);
		mcp_edit_keep(me, text);
		mcp_run_free(run);
		free(cause);
	} else
		mcp_edit_keep(me, NULL);
	freezero(text, size);
	mcp_edit_free(me);
}

/* If a type of a schema has a word in it. */
static int
mcp_edit_is(const char *type, const char *word)
{
	return (strstr(type, word) != NULL);
}

/* Add a value as JSON: a word becomes what the type wants. */
static void
mcp_edit_value(struct mcp_bytes *text, const char *type, const char *value,
    int is_json)
{
	char	*s;

	if (!is_json && !mcp_edit_is(type, "string") && *value != '\0' &&
	    (strchr("-0123456789[{", *value) != NULL ||
	    strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ||
	    strcmp(value, "null") == 0))
		is_json = 1;
	if (is_json) {
		mcp_bytes_printf(text, "%s", value);
		return;
	}
	s = mcp_text_json(value, strlen(value));
	mcp_bytes_printf(text, "%s", s);
	free(s);
}

/* What stands for a value that is not known. */
static const char *
mcp_edit_empty(const char *type)
{
	if (mcp_edit_is(type, "string") || *type == '\0')
		return ("\"\"");
	if (mcp_edit_is(type, "integer") || mcp_edit_is(type, "number"))
		return ("0");
	if (mcp_edit_is(type, "boolean"))
		return ("false");
	if (mcp_edit_is(type, "array"))
		return ("[]");
	if (mcp_edit_is(type, "object"))
		return ("{}");
	return ("null");
}

/* Begin a member of the object; one is not added twice. */
static int
mcp_edit_begin(struct mcp_bytes *text, const char *key, size_t size)
{
	char	*s, *line;
	int	 is_new;

	s = mcp_text_json(key, size);
	xasprintf(&line, "\n  %s: ", s);
	is_new = (strstr(text->text, line) == NULL);
	if (is_new)
		mcp_bytes_printf(text, "%s%s", text->size > 1 ? "," : "", line);
	free(line);
	free(s);
	return (is_new);
}

/* Write the arguments of the last call, and what else is required. */
static struct mcp_bytes *
mcp_edit_make(const struct tmcp_table *table, struct mcp_call *mc)
{
	struct mcp_bytes	*text;
	const char		*name, *type, *value, *dot;
	size_t			 row;
	u_int			 i;

	if (mc != NULL && mc->json != NULL)
		return (mcp_preview_layout(mc->json, mc->json_size));
	text = mcp_bytes_copy("{", 1);
	for (row = 0; row < tmcp_table_rows(table); row++) {
		name = tmcp_table_get(table, row, "name");
		type = tmcp_table_get(table, row, "type");
		value = tmcp_table_get(table, row, "default");
		for (i = 0; mc != NULL && i < mc->npairs; i++) {
			if (mc->pairs[i].value != NULL &&
			    strcmp(mc->pairs[i].key, name) == 0)
				break;
		}
		if ((dot = strchr(name, '.')) != NULL) {
			if (mcp_edit_begin(text, name, dot - name))
				mcp_bytes_printf(text, "{}");
		} else if (mc != NULL && i < mc->npairs) {
			mcp_edit_begin(text, name, strlen(name));
			mcp_edit_value(text, type, mc->pairs[i].value,
			    mc->pairs[i].is_json);
		} else if (*value != '\0') {
			mcp_edit_begin(text, name, strlen(name));
			mcp_edit_value(text, type, value, 0);
		} else if (*tmcp_table_get(table, row, "required") != '\0') {
			mcp_edit_begin(text, name, strlen(name));
			mcp_bytes_printf(text, "%s", mcp_edit_empty(type));
		}
	}
	mcp_bytes_printf(text, "%s}\n", text->size > 1 ? "\n" : "");
	return (text);
}

/* The arguments of the tool are known: open the editor. */
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
		text = mcp_edit_make(table, mc);
	}
	tmcp_table_free(table);
	if (!mcp_show_alive(me->client))
		mcp_edit_free(me);
	else if (mcp_dialog_busy(me->client) ||
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
		mcp_edit_tell(c, "the arguments of the tool are not known yet");
		return;
	}
	me = xcalloc(1, sizeof *me);
	me->client = c;
	me->client->references++;
	me->server = xstrdup(server);
	me->tool = xstrdup(tool);
	mcp_table_make(table, mcp_edit_made, me);
}
