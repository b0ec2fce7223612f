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
 * Makes the text about one tool of a list, or its definition as JSON, in steps:
 * a list may have 16 MiB.
 */

/* What the core may take of one turn of the loop, in microseconds. */
#define MCP_TOOL_US 750

struct mcp_tool {
	struct mcp_bytes	*list;	/* the event of the list */
	char			*name;
	uint32_t		 want;

	mcp_extract_cb		 cb;
	void			*data;
};

/* Have the core do some more, and hand out the text when it is made. */
static int
mcp_tool_step(void *data)
{
	struct mcp_tool		*mt = data;
	struct tmcp_event	*event = mt->list->event;
	char			*s = NULL;
	int32_t			 result;

	result = tmcp_event_prepare(event, mt->want, mt->name, MCP_TOOL_US);
	if (result == 1)
		return (1);
	if (mt->want == TMCP_WANT_TOOL_JSON)
		result = tmcp_event_tool_json(event, mt->name, &s);
	else
		result = tmcp_event_tool_text(event, mt->name, &s);
	if (result == TMCP_RESULT_OK)
		mcp_bytes_string(s, mt->cb, mt->data);
	else
		mt->cb(mt->data, NULL);
	mcp_bytes_unref(mt->list);
	free(mt->name);
	free(mt);
	return (0);
}

/*
 * Make the text about a tool of the list in an event that was taken over, or
 * its JSON. The callback gets it, or NULL if the list does not have the tool.
 */
void
mcp_tool_start(struct mcp_bytes *list, const char *name, int is_json,
    mcp_extract_cb cb, void *data)
{
	struct mcp_tool	*mt;

	mt = xcalloc(1, sizeof *mt);
	mt->list = mcp_bytes_ref(list);
	mt->name = xstrdup(name);
	mt->want = is_json ? TMCP_WANT_TOOL_JSON : TMCP_WANT_TOOL_TEXT;
	mt->cb = cb;
	mt->data = data;
	mcp_work_start(mcp_tool_step, mt);
}
