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
#include "mcp.h"

/*
 * The fields of a form, made from a table of arguments or of what a server
 * wants to know.
 */

/* Add a choice to a field, with the title of the next line. */
static void
mcp_field_add_choice(struct mcp_field *ff, const char *choice,
    char **titles)
{
	const char	*title = strsep(titles, "\n");

	ff->choices = xrecallocarray(ff->choices, ff->nchoices,
	    ff->nchoices + 1, sizeof *ff->choices);
	ff->titles = xrecallocarray(ff->titles, ff->nchoices,
	    ff->nchoices + 1, sizeof *ff->titles);
	if (title == NULL || *title == '\0')
		title = choice;
	ff->titles[ff->nchoices] = xstrdup(title);
	ff->choices[ff->nchoices++] = xstrdup(choice);
}

/* If the value of a field is written as JSON. */
int
mcp_field_is_json(struct mcp_field *ff)
{
	if (ff->multiple)
		return (1);
	return (ff->nchoices == 0 && (strncmp(ff->type, "array", 5) == 0 ||
	    strncmp(ff->type, "object", 6) == 0));
}

/* Free what mcp_form_pairs has made. */
void
mcp_field_free_pairs(struct tmcp_pair *pairs, size_t n)
{
	while (n != 0) {
		free((void *)pairs[--n].key);
		free((void *)pairs[n].value);
	}
	free(pairs);
}

/* What is said of a field: its title and its description, if they differ. */
static char *
mcp_field_help(const struct tmcp_table *table, size_t row)
{
	const char	*title, *more;
	char		*s;

	title = tmcp_table_get(table, row, "title");
	more = tmcp_table_get(table, row, "description");
	if (strcasecmp(title, tmcp_table_get(table, row, "name")) == 0 ||
	    strcasecmp(title, more) == 0)
		title = "";
	xasprintf(&s, "%s%s%s", title,
	    *title == '\0' || *more == '\0' ? "" : ": ", more);
	return (s);
}

/* What a field wants, in words. */
static char *
mcp_field_wants(struct mcp_field *ff, const struct tmcp_table *table,
    size_t row)
{
	const char	*least, *most, *format, *shape, *of = "";
	const char	*type = ff->type;
	char		*limits, *s;

	least = tmcp_table_get(table, row, "minimum");
	most = tmcp_table_get(table, row, "maximum");
	format = tmcp_table_get(table, row, "format");
	shape = tmcp_table_get(table, row, "shape");
	if (*shape == '\0' || ff->multiple)
		shape = (*type == '\0' ? "string" : type);
	if (strcmp(type, "string") == 0)
		of = " characters";
	if (*least != '\0' && *most != '\0')
		xasprintf(&limits, ", %s to %s%s", least, most, of);
	else if (*least != '\0')
		xasprintf(&limits, ", at least %s%s", least, of);
	else if (*most != '\0')
		xasprintf(&limits, ", at most %s%s", most, of);
	else
		limits = xstrdup("");
	xasprintf(&s, "%s%s%s%s%s%s", mcp_field_is_json(ff) ? "JSON " : "",
	    shape, limits,
	    *format == '\0' ? "" : ", ", format,
	    ff->required ? ", required" : "");
	free(limits);
	return (s);
}

/* Add a field of which nothing but its name is known. */
void
mcp_field_add(struct mcp_field **fields, u_int *n, const char *name,
    int required)
{
	struct mcp_field	*ff;

	*fields = xrecallocarray(*fields, *n, *n + 1, sizeof **fields);
	ff = &(*fields)[(*n)++];
	ff->name = xstrdup(name);
	ff->type = xstrdup("string");
	ff->wants = xstrdup(required ? "string, required" : "string");
	ff->help = xstrdup("");
	ff->initial = xstrdup("");
	ff->on = xcalloc(1, 1);
	ff->required = required;
}

/* Give fields values, those that are not theirs aside. */
void
mcp_field_set(struct mcp_field *fields, u_int nfields,
    const struct tmcp_pair *pairs, size_t npairs)
{
	size_t	i;
	u_int	j;

	for (i = 0; i < npairs; i++) {
		for (j = 0; j < nfields; j++) {
			if (strcmp(fields[j].name, pairs[i].key) != 0)
				continue;
			free(fields[j].value);
			fields[j].value = xstrdup(pairs[i].value);
		}
	}
}

/* If all fields that need a value have one. */
int
mcp_field_complete(struct mcp_field *fields, u_int n)
{
	while (n != 0) {
		if (fields[--n].required && fields[n].value == NULL)
			return (0);
	}
	return (1);
}

/* Create the fields for the rows of a table; NULL is none. */
struct mcp_field *
mcp_field_create(const struct tmcp_table *table, u_int *n)
{
	struct mcp_field	*fields, *ff;
	char			*copy, *next, *line, *titles, *next_title;
	const char		*cell;
	size_t			 row, rows;
	u_int			 i;

	*n = 0;
	rows = (table == NULL ? 0 : tmcp_table_rows(table));
	fields = xcalloc(rows + 1, sizeof *fields);
	for (row = 0; row < rows; row++) {
		ff = &fields[(*n)++];
		ff->name = xstrdup(tmcp_table_get(table, row, "name"));
		ff->type = xstrdup(tmcp_table_get(table, row, "type"));
		ff->help = mcp_field_help(table, row);
		ff->initial = xstrdup(tmcp_table_get(table, row, "default"));
		cell = tmcp_table_get(table, row, "required");
		ff->required = (strcmp(cell, "1") == 0 ||
		    strcmp(cell, "true") == 0);
		ff->multiple = (strcmp(tmcp_table_get(table, row, "multiple"),
		    "1") == 0);
		next = copy = xstrdup(tmcp_table_get(table, row, "choices"));
		next_title = titles = xstrdup(tmcp_table_get(table, row,
		    "choice_titles"));
		while (*copy != '\0' && (line = strsep(&next, "\n")) != NULL)
			mcp_field_add_choice(ff, line, &next_title);
		free(titles);
		free(copy);
		next = NULL;
		if (ff->nchoices == 0 && strcmp(ff->type, "boolean") == 0) {
			mcp_field_add_choice(ff, "true", &next);
			mcp_field_add_choice(ff, "false", &next);
		}
		ff->on = xcalloc(ff->nchoices + 1, 1);
		ff->wants = mcp_field_wants(ff, table, row);
		for (i = 0; i < ff->nchoices; i++) {
			copy = mcp_text_json(ff->choices[i],
			    strlen(ff->choices[i]));
			ff->on[i] = (strstr(ff->initial, copy) != NULL);
			free(copy);
		}
	}
	return (fields);
}

/* Free fields. */
void
mcp_field_free(struct mcp_field *fields, u_int n)
{
	struct mcp_field	*ff;
	u_int			 i, j;

	for (i = 0; i < n; i++) {
		ff = &fields[i];
		for (j = 0; j < ff->nchoices; j++) {
			free(ff->choices[j]);
			free(ff->titles[j]);
		}
		free(ff->choices);
		free(ff->titles);
		free(ff->on);
		free(ff->name);
		free(ff->type);
		free(ff->wants);
		free(ff->help);
		free(ff->initial);
		free(ff->value);
	}
	free(fields);
}

/* The values, for the core. */
struct tmcp_pair *
mcp_field_pairs(struct mcp_field *fields, u_int nfields, size_t *n)
{
	struct tmcp_pair	*pairs;
	struct mcp_field	*ff;
	u_int			 i;

	*n = 0;
	pairs = xcalloc(nfields + 1, sizeof *pairs);
	for (i = 0; i < nfields; i++) {
		ff = &fields[i];
		if (ff->value == NULL)
			continue;
		pairs[*n].key = xstrdup(ff->name);
		pairs[*n].value = xstrdup(ff->value);
		pairs[(*n)++].is_json = mcp_field_is_json(ff);
	}
	return (pairs);
}
