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
 * Tables of the core that take long to be made: some of one in each turn of the
 * loop.
 */

/* What the core does of one in a turn, in microseconds. */
#define MCP_MAKING_US 750

/* A table that is being made; cb is NULL once nobody waits for it. */
struct mcp_table_making {
	struct tmcp_table	*table;
	mcp_table_making_cb	 cb;
	void			*data;
};

/* Have the core do some more of a table, and give it out when it is whole. */
static int
mcp_table_making_step(void *data)
{
	struct mcp_table_making	*making = data;

	if (making->cb != NULL &&
	    tmcp_table_prepare(making->table, MCP_MAKING_US) == 1)
		return (1);
	if (making->cb != NULL)
		making->cb(making->data, making->table);
	else
		tmcp_table_free(making->table);
	free(making);
	return (0);
}

/*
 * Have a table made that takes long, and give it to cb, to keep, from a later
 * turn of the loop unless it is left before.
 */
struct mcp_table_making *
mcp_table_make(struct tmcp_table *table, mcp_table_making_cb cb, void *data)
{
	struct mcp_table_making	*making;

	making = xcalloc(1, sizeof *making);
	making->table = table;
	making->cb = cb;
	making->data = data;
	mcp_work_add(mcp_table_making_step, making);
	return (making);
}

/* Nobody waits for a table any more. It may be NULL. */
void
mcp_table_leave(struct mcp_table_making *making)
{
	if (making != NULL)
		making->cb = NULL;
}
