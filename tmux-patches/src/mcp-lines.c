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
#include "mcp-form.h"

/*
 * The lines of the menus of servers and of what they have.
 */

/* How wide the column of names is, at most half of the line. */
static u_int
mcp_lines_width(struct mcp_dialog *d, const struct tmcp_table *table)
{
	size_t	 row;
	u_int	 size, width = 0, most = mcp_dialog_width(d) / 2;
	char	*name;

	for (row = 0; row < tmcp_table_rows(table); row++) {
		name = mcp_text_line(tmcp_table_get(table, row, "name"));
		size = utf8_cstrwidth(name);
		free(name);
		if (size > most)
			return (most);
		if (size > width)
			width = size;
	}
	return (width);
}

/* The name of a row, as wide as the column if it is not wider. */
static char *
mcp_lines_name(const struct tmcp_table *table, size_t row, u_int width)
{
	char	*name, *padded;

	name = mcp_text_line(tmcp_table_get(table, row, "name"));
	padded = utf8_padcstr(name, width);
	free(name);
	return (padded);
}

/* A menu of servers and how they are. */
void
mcp_lines_servers(struct mcp_dialog *d, const struct tmcp_table *table)
{
	const char	*tools, *busy, *scope, *reason;
	char		*s, *name;
	size_t		 row, rows = tmcp_table_rows(table);
	u_int		 width = mcp_lines_width(d, table);

	xasprintf(&s, "MCP: %zu server%s", rows, rows == 1 ? "" : "s");
	mcp_dialog_clear(d, s);
	free(s);
	for (row = 0; row < rows; row++) {
		tools = tmcp_table_get(table, row, "tools");
		busy = tmcp_table_get(table, row, "inflight");
		scope = tmcp_table_get(table, row, "scope");
		reason = tmcp_table_get(table, row, "reason");
		if (atoi(busy) == 0)
			busy = "";
		name = mcp_lines_name(table, row, width);
		if (strcmp(scope, "user") == 0)
			scope = "";
		if (*reason != '\0') {
			xasprintf(&s, "%s  %s, %s", name,
			    tmcp_table_get(table, row, "state"), reason);
			mcp_dialog_line(d, MCP_DIALOG_TEXT, s);
			free(name);
			free(s);
			continue;
		}
		xasprintf(&s, "%s  %s%s%s%s%s%s%s%s", name,
		    tmcp_table_get(table, row, "state"),
		    *tools == '\0' ? "" : ", ", tools,
		    *tools == '\0' ? "" : strcmp(tools, "1") == 0 ? " tool" :
		    " tools",
		    *busy == '\0' ? "" : ", running ", busy,
		    *scope == '\0' ? "" : ", ", scope);
		mcp_dialog_line(d, row, s);
		free(name);
		free(s);
	}
}

/* Begin a menu of what a server has. */
static void
mcp_lines_begin(struct mcp_dialog *d, const char *server, const char *noun,
    size_t rows)
{
	char	*s;

	xasprintf(&s, "%s: %zu %s%s", server, rows, noun, rows == 1 ? "" : "s");
	mcp_dialog_clear(d, s);
	free(s);
	if (rows == 0) {
		xasprintf(&s, "the server has no %ss", noun);
		mcp_dialog_wrap(d, s);
		free(s);
	}
}

/* If a title says a name again, but for blanks, punctuation and case. */
static int
mcp_lines_repeats(const char *title, const char *name)
{
	for (;;) {
		while (*title != '\0' && strchr(" _-./", *title) != NULL)
			title++;
		while (*name != '\0' && strchr(" _-./", *name) != NULL)
			name++;
		if (*title == '\0' || *name == '\0')
			return (*title == *name);
		if (tolower((u_char)*title++) != tolower((u_char)*name++))
			return (0);
	}
}

/* Add a line for each row; last is shown if the row says nothing else. */
static void
mcp_lines_add(struct mcp_dialog *d, const struct tmcp_table *table,
    int first, u_int width, const char *last)
{
	const char	*name, *title, *more;
	char		*s, *padded;
	size_t		 row, rows = tmcp_table_rows(table);

	for (row = 0; row < rows; row++) {
		name = tmcp_table_get(table, row, "name");
		title = tmcp_table_get(table, row, "title");
		more = tmcp_table_get(table, row, "description");
		if (mcp_lines_repeats(title, name))
			title = "";
		if (*title == '\0' && *more == '\0')
			more = tmcp_table_get(table, row, last);
		padded = mcp_lines_name(table, row, width);
		xasprintf(&s, "%s  %s%s%s", padded, title,
		    *title == '\0' || *more == '\0' ? "" : ": ", more);
		mcp_dialog_line(d, first + row, s);
		free(padded);
		free(s);
	}
}

/* A menu of tools or prompts and what they do. */
void
mcp_lines_list(struct mcp_dialog *d, const char *server, const char *noun,
    const struct tmcp_table *table)
{
	mcp_lines_begin(d, server, noun, tmcp_table_rows(table));
	mcp_lines_add(d, table, 0, mcp_lines_width(d, table), "description");
}

/* A menu of resources, and the templates after them. */
void
mcp_lines_resources(struct mcp_dialog *d, const char *server,
    const struct tmcp_table *table, const struct tmcp_table *templates)
{
	size_t	rows = tmcp_table_rows(table);
	u_int	width = mcp_lines_width(d, table);

	if (width < mcp_lines_width(d, templates))
		width = mcp_lines_width(d, templates);
	mcp_lines_begin(d, server, "resource",
	    rows + tmcp_table_rows(templates));
	mcp_lines_add(d, table, 0, width, "uri");
	mcp_lines_add(d, templates, rows, width, "uri_template");
}
