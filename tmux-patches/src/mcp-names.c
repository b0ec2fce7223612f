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
#include "mcp-run.h"

/*
 * The names in a format of mcp-stats: columns of its table and figures. One
 * that is neither is told with those that may be meant, because it would be
 * empty in each line.
 */

/* What is looked at of a name, and how many near ones are told. */
#define MCP_NAMES_BYTES 40
#define MCP_NAMES_NEAR 5

/* Names that are no figures and no columns. */
static const char *mcp_names_more[] = {
	"server", "who", "servers", "questions", "progress", "figures"
};

/* If a name, without mcp_, is a column or means a figure. */
static int
mcp_names_known(const struct tmcp_table *table, const char *name)
{
	char	*key, *value;
	size_t	 i, row = 0;
	int	 known;

	for (i = 0; i < tmcp_table_columns(table); i++) {
		if (strcmp(tmcp_table_column(table, i), name) == 0)
			return (1);
	}
	for (i = 0; i < nitems(mcp_names_more); i++) {
		if (strcmp(mcp_names_more[i], name) == 0)
			return (1);
	}
	/* Of all servers, of the one of the row, or of one that is named. */
	xasprintf(&key, "mcp_%s", name);
	value = mcp_figure(key);
	free(key);
	known = (value != NULL);
	free(value);
	while (row < tmcp_table_rows(table) &&
	    *tmcp_table_get(table, row, "id") == '\0')
		row++;
	if (row == tmcp_table_rows(table))
		return (1);	/* there is no server to ask about */
	if (!known) {
		xasprintf(&key, "mcp_%s:%s", name, tmcp_table_get(table, row,
		    "id"));
		value = mcp_figure(key);
		free(key);
		known = (value != NULL);
		free(value);
	}
	return (known);
}

/* How many letters are to be changed to make one name of another. */
static u_int
mcp_names_distance(const char *a, const char *b)
{
	u_int	row[MCP_NAMES_BYTES + 1], i, j, last, old, n = strlen(b);

	if (strlen(a) > MCP_NAMES_BYTES || n > MCP_NAMES_BYTES)
		return (MCP_NAMES_BYTES);
	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 0; a[i] != '\0'; i++) {
		last = row[0];
		row[0] = i + 1;
		for (j = 0; j < n; j++) {
			old = row[j + 1];
			row[j + 1] = last + (a[i] != b[j]);
			if (old + 1 < row[j + 1])
				row[j + 1] = old + 1;
			if (row[j] + 1 < row[j + 1])
				row[j + 1] = row[j] + 1;
			last = old;
		}
	}
	return (row[n]);
}

/* Add a name to those that may be meant, the nearest first. */
static void
mcp_names_near(const char *near[MCP_NAMES_NEAR], u_int *distances,
    const char *name, const char *other)
{
	u_int	i, j, distance = mcp_names_distance(name, other);

	/* One that it begins or contains is near too. */
	if (strlen(name) > 2 && strstr(other, name) != NULL)
		distance = 1;
	for (i = 0; i < MCP_NAMES_NEAR; i++) {
		if (near[i] != NULL && strcmp(near[i], other) == 0)
			return;
		if (near[i] == NULL || distance < distances[i])
			break;
	}
	if (i == MCP_NAMES_NEAR)
		return;
	for (j = MCP_NAMES_NEAR - 1; j > i; j--) {
		near[j] = near[j - 1];
		distances[j] = distances[j - 1];
	}
	near[i] = other;
	distances[i] = distance;
}

/* Say that a name is not known, and which are near. */
static char *
mcp_names_unknown(const struct tmcp_table *table, const char *name)
{
	struct tmcp_client	*core = mcp_core_get();
	const char		*near[MCP_NAMES_NEAR] = { NULL };
	u_int			 distances[MCP_NAMES_NEAR], i;
	char			*keys, *next, *key, *s, *more;
	size_t			 size = 0, n;

	(void)tmcp_client_format(core, "mcp_figures", NULL, 0, &size);
	next = keys = xcalloc(1, size + 1);
	(void)tmcp_client_format(core, "mcp_figures", keys, size + 1, &size);
	for (n = 0; n < tmcp_table_columns(table); n++) {
		mcp_names_near(near, distances, name, tmcp_table_column(table,
		    n));
	}
	while ((key = strsep(&next, " ")) != NULL) {
		if (strncmp(key, "mcp_", 4) == 0)
			mcp_names_near(near, distances, name, key + 4);
	}
	xasprintf(&s, "unknown format: mcp_%s; near are", name);
	for (i = 0; i < MCP_NAMES_NEAR && near[i] != NULL; i++) {
		xasprintf(&more, "%s%s mcp_%s", s, i == 0 ? "" : ",", near[i]);
		free(s);
		s = more;
	}
	free(keys);
	return (s);
}

/* If a format is only a name: letters, digits and _. */
static int
mcp_names_is_name(const char *format)
{
	const char	*cp;

	for (cp = format; *cp != '\0'; cp++) {
		if (!isalnum((u_char)*cp) && *cp != '_')
			return (0);
	}
	return (cp != format);
}

/*
 * Get the template for a format, which may be only a name. Returns NULL with a
 * cause if there is a name in it that is not known.
 */
char *
mcp_names_template(const struct tmcp_table *table, const char *format,
    char **cause)
{
	const char	*cp, *name;
	char		*out, *s;
	size_t		 size;

	if (!mcp_names_is_name(format))
		out = xstrdup(format);
	else {
		xasprintf(&out, "#{mcp_%s}", strncmp(format, "mcp_", 4) == 0 ?
		    format + 4 : format);
	}
	for (cp = out; (cp = strstr(cp, "mcp_")) != NULL; cp += 4) {
		/* Only #{mcp_x} and #{?mcp_x,: elsewhere it may be text. */
		if (cp == out)
			continue;
		name = cp + 4;
		size = strcspn(name, "},:;?=#");
		if ((cp[-1] != '{' || name[size] != '}') &&
		    (cp[-1] != '?' || name[size] != ','))
			continue;
		s = xstrndup(name, size);
		if (!mcp_names_known(table, s)) {
			*cause = mcp_names_unknown(table, s);
			free(s);
			free(out);
			return (NULL);
		}
		free(s);
	}
	return (out);
}
