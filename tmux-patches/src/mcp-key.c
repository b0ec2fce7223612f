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
 * Where results of key bindings go by the option mcp-output: an array of
 * outputs, each for all keys (OUTPUT) or for those of a table (TABLE=OUTPUT).
 */

/* If a command is one of a binding. */
static int
mcp_key_has(struct key_binding *bd, struct cmd *self)
{
	struct cmd	*cmd;

	cmd = (bd->cmdlist == NULL ? NULL : cmd_list_first(bd->cmdlist));
	while (cmd != NULL && cmd != self)
		cmd = cmd_list_next(cmd);
	return (cmd != NULL);
}

/*
 * Name of the table whose binding a command is of, or NULL. What a binding runs
 * through another command (if-shell) is a copy: then it is the table that has
 * the key, if only one has it.
 */
static const char *
mcp_key_table(struct cmd *self, key_code key)
{
	struct key_table	*table;
	struct key_binding	*bd;
	const char		*name = NULL;
	u_int			 n = 0;

	key &= (KEYC_MASK_KEY|KEYC_MASK_MODIFIERS);
	for (table = key_bindings_first_table(); table != NULL;
	    table = key_bindings_next_table(table)) {
		for (bd = key_bindings_first(table); bd != NULL;
		    bd = key_bindings_next(table, bd)) {
			if (mcp_key_has(bd, self))
				return (table->name);
		}
		if (key_bindings_get(table, key) != NULL) {
			name = table->name;
			n++;
		}
	}
	return (n == 1 ? name : NULL);
}

/* The output of a command that a key runs, or NULL if the option has none. */
const char *
mcp_key_output(struct cmd *self, struct cmdq_item *item)
{
	struct client			*c = cmdq_get_client(item);
	struct key_event		*event = cmdq_get_event(item);
	struct options_entry		*o;
	struct options_array_item	*a;
	const char			*table, *value, *cp, *any = NULL;
	size_t				 size;

	if (c == NULL || cmdq_running(NULL) == item || event == NULL ||
	    event->key == KEYC_NONE || event->key == 0 ||
	    c->session == NULL || (c->flags & CLIENT_CONTROL))
		return (NULL);
	o = options_get(c->session->options, "mcp-output");
	if (o == NULL || (a = options_array_first(o)) == NULL)
		return (NULL);
	table = mcp_key_table(self, event->key);
	for (; a != NULL; a = options_array_next(a)) {
		value = options_array_item_value(a)->string;
		if ((cp = strchr(value, '=')) == NULL) {
			any = value;
			continue;
		}
		size = cp - value;
		if (table != NULL && strlen(table) == size &&
		    strncmp(table, value, size) == 0)
			return (cp + 1);
	}
	return (any);
}
