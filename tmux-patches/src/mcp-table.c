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

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp.h"

/*
 * Prints the rows of a table by a template, those that a filter lets pass. A
 * column is #{mcp_NAME} while its row is printed, whatever else has that name,
 * and a figure without the name of a server is that of the server of the row.
 */

static const struct tmcp_table	*mcp_table_now;
static size_t			 mcp_table_row;
static const char		*mcp_table_server;

/* Server of the row that is being printed. */
static const char *
mcp_table_row_server(void)
{
	const char	*server;

	if (mcp_table_server != NULL)
		return (mcp_table_server);
	server = tmcp_table_get(mcp_table_now, mcp_table_row, "server");
	if (*server != '\0')
		return (server);
	return (tmcp_table_get(mcp_table_now, mcp_table_row, "name"));
}

/* Cell of the row that is being printed, or NULL. */
char *
mcp_table_format(const char *key)
{
	const struct tmcp_table	*table = mcp_table_now;
	const char		*who;
	char			*full, *s;
	size_t			 i;

	if (table == NULL || strncmp(key, "mcp_", 4) != 0)
		return (NULL);
	for (i = 0; i < tmcp_table_columns(table); i++) {
		if (strcmp(tmcp_table_column(table, i), key + 4) != 0)
			continue;
		return (mcp_text_line(tmcp_table_cell(table, mcp_table_row,
		    i)));
	}
	if (strcmp(key, "mcp_server") == 0)
		return (mcp_text_line(mcp_table_row_server()));
	if (strcmp(key, "mcp_who") == 0) {
		who = mcp_request_who(strtoull(tmcp_table_get(table,
		    mcp_table_row, "id"), NULL, 10));
		return (mcp_text_line(who));
	}
	xasprintf(&full, "%s:%s", key, mcp_table_row_server());
	s = mcp_figure(full);
	free(full);
	return (s);
}

/* Print a table, a line for each row. The filter may be NULL. */
void
mcp_table_print(struct evbuffer *evb, const struct tmcp_table *table,
    const char *server, const char *template, const char *filter)
{
	struct format_tree	*ft;
	char			*line, *flag;
	size_t			 row;
	int			 show;

	ft = format_create(NULL, NULL, FORMAT_NONE, FORMAT_NOJOBS);
	mcp_table_server = server;
	for (row = 0; row < tmcp_table_rows(table); row++) {
		mcp_table_now = table;
		mcp_table_row = row;
		show = 1;
		if (filter != NULL) {
			flag = format_expand(ft, filter);
			show = format_true(flag);
			free(flag);
		}
		if (show) {
			line = format_expand(ft, template);
			evbuffer_add_printf(evb, "%s\n", line);
			free(line);
		}
	}
	mcp_table_now = NULL;
	format_free(ft);
}

/* The same as text, to be freed. */
char *
mcp_table_text(const struct tmcp_table *table, const char *server,
    const char *template, const char *filter)
{
	struct evbuffer	*evb;
	char		*text;

	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	mcp_table_print(evb, table, server, template, filter);
	evbuffer_add(evb, "", 1);
	text = xstrdup((char *)EVBUFFER_DATA(evb));
	evbuffer_free(evb);
	return (text);
}
