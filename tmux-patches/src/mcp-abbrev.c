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
 * Names of servers and tools may be abbreviated as long as it is clear which
 * one is meant. Tools that say of themselves that they are destructive are not.
 */

/* How many names an error lists. */
#define MCP_ABBREV_NAMES 20

/*
 * The name in a column that is meant. Returns NULL with a cause that lists
 * what there is if more than one is meant, or none and one has to be. A name
 * that is not there is given back as it is if the core is asked next: it knows
 * more about why than the table.
 */
char *
mcp_abbrev_row(const struct tmcp_table *table, const char *what,
    const char *name, int strict, char **cause)
{
	size_t		 row, rows = tmcp_table_rows(table), size, n = 0;
	size_t		 at = 0;
	const char	*cell, *found = NULL;
	char		*list, *old;
	u_int		 listed = 0;

	size = strlen(name);
	for (row = 0; row < rows; row++) {
		cell = tmcp_table_get(table, row, "name");
		if (strcmp(cell, name) == 0)
			return (xstrdup(cell));
		if (strncmp(cell, name, size) == 0) {
			found = cell;
			at = row;
			n++;
		}
	}
	if (n == 1 && size != 0 &&
	    *tmcp_table_get(table, at, "destructive") != '\0') {
		xasprintf(cause, "%s %s is destructive: write its whole name",
		    what, found);
		return (NULL);
	}
	if (n == 1 && size != 0)
		return (xstrdup(found));
	if (n == 0 && !strict)
		return (xstrdup(name));

	list = xstrdup("");
	for (row = 0; row < rows; row++) {
		cell = tmcp_table_get(table, row, "name");
		if (n != 0 && strncmp(cell, name, size) != 0)
			continue;
		old = list;
		if (++listed > MCP_ABBREV_NAMES) {
			xasprintf(&list, "%s, ...", old);
			free(old);
			break;
		}
		xasprintf(&list, "%s%s%s", old, listed == 1 ? "" : ", ", cell);
		free(old);
	}
	if (n != 0)
		xasprintf(cause, "ambiguous %s: %s (%s)", what, name, list);
	else if (rows != 0)
		xasprintf(cause, "unknown %s: %s (there are %s)", what, name,
		    list);
	else
		xasprintf(cause, "unknown %s: %s (there are none)", what, name);
	free(list);
	return (NULL);
}

/*
 * The server that is meant at a directory or, with a server, its tool. Returns
 * NULL with the cause if there is none.
 */
static char *
mcp_abbrev_find(struct tmcp_client *core, const char *directory,
    const char *server, const char *name, char **cause)
{
	char	*found;
	size_t	 size = 128, needed;
	int32_t	 result;

	for (;;) {
		found = xmalloc(size);
		if (server == NULL)
			result = tmcp_client_find_server(core, directory, name,
			    found, size, &needed);
		else
			result = tmcp_client_find_tool(core, server, name,
			    found, size, &needed);
		if (result != TMCP_RESULT_OK) {
			*cause = mcp_strerror(result);
			free(found);
			return (NULL);
		}
		if (needed < size)
			return (found);
		free(found);
		size = needed + 1;
	}
}

/*
 * The server that is meant at a directory, by the name the core knows it by.
 * Returns NULL with the cause if there is none.
 */
char *
mcp_abbrev_server(struct tmcp_client *core, const char *directory,
    const char *name, char **cause)
{
	return (mcp_abbrev_find(core, directory, NULL, name, cause));
}

/*
 * The tool that is meant, once the server has listed its tools. Returns NULL
 * with the cause if there is none; near names are in it.
 */
char *
mcp_abbrev_tool(struct tmcp_client *core, const char *server,
    const char *name, char **cause)
{
	return (mcp_abbrev_find(core, NULL, server, name, cause));
}

/* If the tools of a server are known without asking it. */
int
mcp_abbrev_listed(struct tmcp_client *core, const char *server)
{
	int32_t	offers = tmcp_client_server_offers(core, server);

	return (offers > 0 && (offers & TMCP_OFFERS_TOOLS_LISTED) != 0);
}

/*
 * If a server says that it has something, a TMCP_OFFERS; -1 if it has not been
 * asked yet.
 */
int
mcp_abbrev_offers(struct tmcp_client *core, const char *server, int32_t what)
{
	int32_t	offers = tmcp_client_server_offers(core, server);

	if (offers <= 0 || (offers & TMCP_OFFERS_DECLARED) == 0)
		return (-1);
	return ((offers & what) != 0);
}
