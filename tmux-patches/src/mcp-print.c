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
#include "mcp-request.h"

/*
 * Shows lists that are made at once: inside the block of the command, or where
 * -b, -o or the option mcp-output say.
 */

/* A list for some output, in a later turn: what waits does so by then. */
struct mcp_print_data {
	struct mcp_output	*out;
	struct mcp_bytes	*text;
};

/* Hand the list to its output. */
static int
mcp_print_step(void *data)
{
	struct mcp_print_data	*pd = data;

	mcp_output_give(pd->out, 0, pd->text, 0);
	free(pd);
	return (0);
}

/* Get the timeout of -T, 0 if there is none. Returns -1 after an error. */
int
mcp_print_timeout(struct args *args, struct cmdq_item *item, u_int *timeout)
{
	char	*cause;

	*timeout = 0;
	if (!args_has(args, 'T'))
		return (0);
	*timeout = args_strtonum(args, 'T', 1, INT_MAX, &cause);
	if (cause == NULL)
		return (0);
	mcp_error(item, "timeout %s", cause);
	free(cause);
	return (-1);
}

/* Show a list, which is copied, from the exec of a command. */
enum cmd_retval
mcp_print_list(struct cmd *self, struct cmdq_item *item, const char *text,
    size_t size, int json)
{
	struct args		*args = cmd_get_args(self);
	struct mcp_print_data	*pd;
	struct mcp_output	*out;
	enum cmd_retval		 retval;
	char			*s;

	if (!args_has(args, 'b') && !args_has(args, 'o') &&
	    mcp_key_output(self, item) == NULL) {
		if (!json)
			return (mcp_output_now(item, 0, text, size));
		s = mcp_text_vis_json(text, size, 0);
		retval = mcp_output_now(item, 0, s, strlen(s));
		free(s);
		return (retval);
	}
	if ((out = mcp_ready_output(self, item)) == NULL)
		return (CMD_RETURN_ERROR);
	out->json = json;
	pd = xcalloc(1, sizeof *pd);
	pd->out = out;
	pd->text = mcp_bytes_copy(text, size);
	mcp_work_add(mcp_print_step, pd);
	return (out->item != NULL ? CMD_RETURN_WAIT : CMD_RETURN_NORMAL);
}

/*
 * Begin the object of a server in JSON, with the key of a list; or if there is
 * no list but a reason, make all of it.
 */
void
mcp_print_server(struct mcp_bytes *out, const char *name, uint32_t list,
    const char *key, struct mcp_bytes *why)
{
	char	*s;

	if (list == TMCP_LIST_TOOLS)
		key = "tools";
	else if (list == TMCP_LIST_PROMPTS)
		key = "prompts";
	else if (list == TMCP_LIST_RESOURCES)
		key = "resources";
	else if (list == TMCP_LIST_RESOURCE_TEMPLATES)
		key = "resourceTemplates";
	s = mcp_text_json(name, strlen(name));
	mcp_bytes_printf(out, "{\"server\":%s,\"%s\":", s, key);
	free(s);
	if (list != 0)
		return;
	s = mcp_text_json(why == NULL ? "" : why->text,
	    why == NULL ? 0 : why->size);
	mcp_bytes_printf(out, "%s}\n", s);
	free(s);
}
