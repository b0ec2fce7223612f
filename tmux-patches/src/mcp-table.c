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
#include "mcp-run.h"

/*
 * Prints the rows of a table by a template, those that a filter lets pass. A
 * column is #{mcp_NAME} while its row is printed, whatever else has that name,
 * and a figure without the name of a server is that of the server of the row.
 */

/* What is printed in one turn of the loop, in microseconds. */
#define MCP_TABLE_TURN_US 750

static const struct tmcp_table	*mcp_table_now;
static size_t			 mcp_table_row;
static const char		*mcp_table_server;

/*
 * A figure of the core, or NULL if there is none of that name. It is a short
 * text or a number without anything that tmux or a terminal would look twice
 * at.
 */
char *
mcp_figure(const char *key)
{
	struct tmcp_client	*core = mcp_core_get();
	char			 value[1024], *s, *cp;
	size_t			 needed;

	if (core == NULL || tmcp_client_format(core, key, value, sizeof value,
	    &needed) != TMCP_RESULT_OK)
		return (NULL);
	s = mcp_text_line(value);
	for (cp = s; *cp != '\0'; cp++) {
		if (*cp == '#')
			*cp = '_';
	}
	return (s);
}

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

/* Who made the request of a row: an agent, or a command of tmux. */
const char *
mcp_table_who(const struct tmcp_table *table, size_t row)
{
	const char	*who = tmcp_table_get(table, row, "who");

	if (*who != '\0')
		return (who);
	return (mcp_request_who(strtoull(tmcp_table_get(table, row, "id"),
	    NULL, 10)));
}

/* Cell of the row that is being printed, or NULL. */
char *
mcp_table_format(const char *key)
{
	const struct tmcp_table	*table = mcp_table_now;
	char			*full, *s;
	size_t			 i;

	if (table == NULL || strncmp(key, "mcp_", 4) != 0)
		return (NULL);
	if (strcmp(key, "mcp_who") == 0)
		return (mcp_text_line(mcp_table_who(table, mcp_table_row)));
	for (i = 0; i < tmcp_table_columns(table); i++) {
		if (strcmp(tmcp_table_column(table, i), key + 4) != 0)
			continue;
		return (mcp_text_line(tmcp_table_cell(table, mcp_table_row,
		    i)));
	}
	if (strcmp(key, "mcp_server") == 0)
		return (mcp_text_line(mcp_table_row_server()));
	if (strcmp(key, "mcp_type") == 0)
		return (NULL);
	/* An entry that is not used has no figures, and not those of all. */
	if (*tmcp_table_get(table, mcp_table_row, "reason") != '\0')
		return (xstrdup("-"));
	xasprintf(&full, "%s:%s", key, mcp_table_row_server());
	s = mcp_figure(full);
	free(full);
	return (s);
}

/* A table that is printed, and who gets the text. */
struct mcp_table {
	struct tmcp_table	*table;
	char			*server;
	char			*template;
	char			*filter;
	size_t			 row;
	struct format_tree	*ft;
	struct mcp_bytes	*text;

	mcp_extract_cb		 cb;
	void			*data;
};

/* If what formats are of passes a filter, which may be NULL. */
int
mcp_table_passes(struct format_tree *ft, const char *filter)
{
	char	*flag;
	int	 passes;

	if (filter == NULL)
		return (1);
	flag = format_expand(ft, filter);
	passes = format_true(flag);
	free(flag);
	return (passes);
}

/* Print a row, if it passes the filter, which may be NULL. */
static void
mcp_table_print_row(struct mcp_bytes *text, struct format_tree *ft,
    const struct tmcp_table *table, size_t row, const char *server,
    const char *template, const char *filter)
{
	char	*line;

	mcp_table_now = table;
	mcp_table_row = row;
	mcp_table_server = server;
	if (mcp_table_passes(ft, filter)) {
		line = format_expand(ft, template);
		mcp_bytes_add(text, line, strlen(line));
		mcp_bytes_add(text, "\n", 1);
		free(line);
	}
	mcp_table_now = NULL;
}

/* Expand a format for a row of a table. */
char *
mcp_table_expand(struct format_tree *ft, const struct tmcp_table *table,
    size_t row, const char *server, const char *format)
{
	char	*s;

	mcp_table_now = table;
	mcp_table_row = row;
	mcp_table_server = server;
	s = format_expand(ft, format);
	mcp_table_now = NULL;
	return (s);
}

/* Print some rows of a table. */
static void
mcp_table_print_rows(struct evbuffer *evb, const struct tmcp_table *table,
    size_t row, size_t end, const char *server, const char *template,
    const char *filter)
{
	struct format_tree	*ft;
	struct mcp_bytes	*text = mcp_bytes_create();

	ft = format_create(NULL, NULL, FORMAT_NONE, FORMAT_NOJOBS);
	for (; row < end; row++) {
		mcp_table_print_row(text, ft, table, row, server, template,
		    filter);
	}
	format_free(ft);
	evbuffer_add(evb, text->text, text->size);
	mcp_bytes_unref(text);
}

/* Print a table, a line for each row. The filter may be NULL. */
void
mcp_table_print(struct evbuffer *evb, const struct tmcp_table *table,
    const char *server, const char *template, const char *filter)
{
	mcp_table_print_rows(evb, table, 0, tmcp_table_rows(table), server,
	    template, filter);
}

/* Print one row of a table, or nothing past the end. */
void
mcp_table_print_one(struct evbuffer *evb, const struct tmcp_table *table,
    size_t row, const char *template, const char *filter)
{
	if (row < tmcp_table_rows(table)) {
		mcp_table_print_rows(evb, table, row, row + 1, NULL, template,
		    filter);
	}
}

/* Print some more rows, and hand out the text after the last. */
static int
mcp_table_step(void *data)
{
	struct mcp_table	*mt = data;
	uint64_t		 start = mcp_now();
	size_t			 rows;

	if (tmcp_table_prepare(mt->table, MCP_TABLE_TURN_US) == 1)
		return (1);
	rows = tmcp_table_rows(mt->table);
	while (mt->row < rows) {
		mcp_table_print_row(mt->text, mt->ft, mt->table, mt->row++,
		    mt->server, mt->template, mt->filter);
		if (mt->row < rows && mcp_now() - start > MCP_TABLE_TURN_US)
			return (1);
	}
	format_free(mt->ft);
	tmcp_table_free(mt->table);
	mt->cb(mt->data, mt->text);
	free(mt->server);
	free(mt->template);
	free(mt->filter);
	free(mt);
	return (0);
}

/*
 * Print a table, which may be NULL and is ours from now on, as a text that cb
 * gets, to keep: before this returns if there are few rows.
 */
void
mcp_table_start(struct tmcp_table *table, const char *server,
    const char *template, const char *filter, mcp_extract_cb cb, void *data)
{
	struct mcp_table	*mt;

	mt = xcalloc(1, sizeof *mt);
	mt->table = table;
	if (server != NULL)
		mt->server = xstrdup(server);
	mt->template = xstrdup(template);
	if (filter != NULL)
		mt->filter = xstrdup(filter);
	mt->ft = format_create(NULL, NULL, FORMAT_NONE, FORMAT_NOJOBS);
	mt->text = mcp_bytes_create();
	mt->cb = cb;
	mt->data = data;
	mcp_work_start(mcp_table_step, mt);
}
