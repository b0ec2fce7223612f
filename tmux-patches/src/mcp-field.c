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
 * The fields of a form, made from a table of arguments or of what a server
 * wants to know.
 */

/* The most items of one list that a form asks for. */
#define MCP_FIELD_ITEMS 64

/* Make room for one choice more, of which there may be thousands. */
static char **
mcp_field_grow(char **list, u_int n)
{
	if ((n & (n - 1)) != 0)
		return (list);
	return (xreallocarray(list, n == 0 ? 1 : n * 2, sizeof *list));
}

/* Add a choice to a field, with its title and its JSON. */
static void
mcp_field_add_choice(struct mcp_field *ff, const char *choice,
    char **titles, char **values)
{
	const char	*title = strsep(titles, "\n");
	const char	*value = strsep(values, "\n");
	u_int		 n = ff->nchoices;

	ff->choices = mcp_field_grow(ff->choices, n);
	ff->titles = mcp_field_grow(ff->titles, n);
	ff->values = mcp_field_grow(ff->values, n);
	if (title == NULL || *title == '\0')
		title = choice;
	ff->titles[n] = xstrdup(title);
	if (value == NULL || *value == '\0')
		ff->values[n] = mcp_text_json(choice, strlen(choice));
	else
		ff->values[n] = xstrdup(value);
	ff->choices[n] = xstrdup(choice);
	ff->nchoices++;
}

/* If a field takes a list of values that are typed one by one. */
int
mcp_field_is_list(struct mcp_field *ff)
{
	return (!ff->multiple && strncmp(ff->type, "array", 5) == 0);
}

/* Forget the value of a field. */
static void
mcp_field_clear(struct mcp_field *ff)
{
	while (ff->nitems != 0)
		free(ff->items[--ff->nitems]);
	free(ff->items);
	ff->items = NULL;
	if (ff->value != NULL && ff->secret)
		memset(ff->value, 0, strlen(ff->value));
	free(ff->value);
	ff->value = NULL;
	ff->is_json = 0;
}

/* Give a field a value, or NULL to leave it out. */
void
mcp_field_take(struct mcp_field *ff, const char *value, int is_json)
{
	char	*copy = (value == NULL ? NULL : xstrdup(value));

	mcp_field_clear(ff);
	ff->value = copy;
	ff->is_json = is_json;
}

/* Add an item to a list. */
void
mcp_field_append(struct mcp_field *ff, const char *value)
{
	if (ff->value == NULL) {
		mcp_field_take(ff, value, 0);
		return;
	}
	ff->items = xrecallocarray(ff->items, ff->nitems, ff->nitems + 1,
	    sizeof *ff->items);
	ff->items[ff->nitems++] = xstrdup(value);
}

/* The value as it is shown, to be freed. */
char *
mcp_field_show(struct mcp_field *ff)
{
	char	*s, *more;
	u_int	 i;

	if (ff->value == NULL)
		return (xstrdup(""));
	if (ff->secret)
		return (xstrdup("********"));
	for (i = 0; i < ff->nchoices; i++) {
		if (!ff->multiple && ff->is_json &&
		    strcmp(ff->values[i], ff->value) == 0)
			return (xstrdup(ff->titles[i]));
	}
	if (*ff->value == '\0')
		return (xstrdup("\"\""));
	s = xstrdup(ff->value);
	for (i = 0; i < ff->nitems && strlen(s) < 1024; i++) {
		xasprintf(&more, "%s, %s", s, ff->items[i]);
		free(s);
		s = more;
	}
	return (s);
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
	const char	*type = ff->type, *item;
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
	item = tmcp_table_get(table, row, "item");
	if (mcp_field_is_list(ff) && *item != '\0')
		of = " or JSON ";
	else if (strncmp(type, "object", 6) == 0)
		of = "JSON ";
	else
		of = "";
	xasprintf(&s, "%s%s%s%s%s%s%s", mcp_field_is_list(ff) ? item : "", of,
	    shape, limits,
	    *format == '\0' ? "" : ", ", format,
	    ff->required ? ", required" : "");
	free(limits);
	return (s);
}

/* If the values of a field of this type are any text. */
static int
mcp_field_is_text(const char *type)
{
	return (*type == '\0' || strstr(type, "string") != NULL);
}

/*
 * If a value of this name is not to be seen, where no schema says so: the core
 * knows it of the arguments of tools.
 */
static int
mcp_field_is_secret(const char *name)
{
	static const char	*parts[] = {
		"token", "secret", "passw", "passphrase", "credential",
		"api_key", "apikey", "api-key"
	};
	u_int			 i;

	if (strcasestr(name, "tokens") != NULL)
		return (0);
	for (i = 0; i < nitems(parts); i++) {
		if (strcasestr(name, parts[i]) != NULL)
			return (1);
	}
	return (strcasecmp(name, "key") == 0 || strcasecmp(name, "pin") == 0);
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
	ff->text = 1;
	ff->secret = mcp_field_is_secret(name);
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
			if (strcmp(fields[j].name, pairs[i].key) == 0) {
				mcp_field_take(&fields[j], pairs[i].value,
				    pairs[i].is_json);
			}
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

/* Create the choices of a field from the cells of a row. */
static void
mcp_field_choices(struct mcp_field *ff, const struct tmcp_table *table,
    size_t row)
{
	char	*copy, *next, *line, *titles, *title, *values, *value;
	u_int	 i;

	next = copy = xstrdup(tmcp_table_get(table, row, "choices"));
	title = titles = xstrdup(tmcp_table_get(table, row, "choice_titles"));
	value = values = xstrdup(tmcp_table_get(table, row, "choice_values"));
	while (*values != '\0' && (line = strsep(&next, "\n")) != NULL)
		mcp_field_add_choice(ff, line, &title, &value);
	free(values);
	free(titles);
	free(copy);
	if (ff->nchoices == 0 && strncmp(ff->type, "boolean", 7) == 0 &&
	    !ff->text) {
		value = values = xstrdup("true\nfalse");
		title = NULL;
		mcp_field_add_choice(ff, "true", &title, &value);
		mcp_field_add_choice(ff, "false", &title, &value);
		free(values);
		ff->open = 0;
	}
	ff->on = xcalloc(ff->nchoices + 1, 1);
	for (i = 0; ff->multiple && i < ff->nchoices; i++)
		ff->on[i] = (strstr(ff->initial, ff->values[i]) != NULL);
}

/* Create the fields for the rows of a table; NULL is none. */
struct mcp_field *
mcp_field_create(const struct tmcp_table *table, u_int *n)
{
	struct mcp_field	*fields, *ff;
	const char		*cell;
	size_t			 row, rows;

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
		ff->open = (strcmp(tmcp_table_get(table, row, "open"),
		    "1") == 0);
		ff->secret = (strcmp(tmcp_table_get(table, row, "secret"),
		    "1") == 0 || (*ff->type == '\0' &&
		    mcp_field_is_secret(ff->name)));
		ff->text = mcp_field_is_text(ff->type);
		mcp_field_choices(ff, table, row);
		ff->wants = mcp_field_wants(ff, table, row);
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
			free(ff->values[j]);
		}
		free(ff->choices);
		free(ff->titles);
		free(ff->values);
		free(ff->on);
		free(ff->name);
		free(ff->type);
		free(ff->wants);
		free(ff->help);
		free(ff->initial);
		mcp_field_clear(ff);
	}
	free(fields);
}

/* How long the part of a name is that a list and the number of an item make. */
static size_t
mcp_field_item(const char *name, u_int *number)
{
	const char	*cp = name;
	char		*end;

	while ((cp = strchr(cp, '.')) != NULL) {
		cp++;
		if (!isdigit((u_char)*cp))
			continue;
		*number = strtoul(cp, &end, 10);
		if (*end == '.')
			return (cp - name);
	}
	return (0);
}

/*
 * If a field is the last of an item of a list, and the last item: another may
 * follow it.
 */
int
mcp_field_has_more(struct mcp_field *fields, u_int n, u_int idx)
{
	size_t	 size, other;
	u_int	 number, next, i;

	if ((size = mcp_field_item(fields[idx].name, &number)) == 0 ||
	    number >= MCP_FIELD_ITEMS)
		return (0);
	for (i = idx + 1; i < n; i++) {
		other = mcp_field_item(fields[i].name, &next);
		if (other == size &&
		    strncmp(fields[i].name, fields[idx].name, size) == 0)
			return (0);
	}
	return (1);
}

/* Copy a list of words. */
static char **
mcp_field_copy(char **list, u_int n)
{
	char	**copy = xcalloc(n + 1, sizeof *copy);
	u_int	  i;

	for (i = 0; i < n; i++)
		copy[i] = xstrdup(list[i]);
	return (copy);
}

/* Add the fields of one more item behind those of the last. */
u_int
mcp_field_more(struct mcp_field **fields, u_int *n, u_int idx)
{
	struct mcp_field	*ff, *from;
	size_t			 size, other;
	u_int			 number, next, i, count = 0, end = *n;
	const char		*rest;

	size = mcp_field_item((*fields)[idx].name, &number);
	for (i = 0; i < end; i++) {
		other = mcp_field_item((*fields)[i].name, &next);
		if (other != size || next != number ||
		    strncmp((*fields)[i].name, (*fields)[idx].name, size) != 0)
			continue;
		*fields = xrecallocarray(*fields, *n, *n + 1,
		    sizeof **fields);
		from = &(*fields)[i];
		ff = &(*fields)[(*n)++];
		rest = strchr(from->name + size, '.');
		xasprintf(&ff->name, "%.*s%u%s", (int)size, from->name,
		    number + 1, rest);
		ff->type = xstrdup(from->type);
		ff->wants = xstrdup(from->wants);
		ff->help = xstrdup(from->help);
		ff->initial = xstrdup(from->initial);
		ff->choices = mcp_field_copy(from->choices, from->nchoices);
		ff->titles = mcp_field_copy(from->titles, from->nchoices);
		ff->values = mcp_field_copy(from->values, from->nchoices);
		ff->on = xcalloc(from->nchoices + 1, 1);
		ff->nchoices = from->nchoices;
		ff->required = from->required;
		ff->multiple = from->multiple;
		ff->open = from->open;
		ff->secret = from->secret;
		ff->text = from->text;
		count++;
	}
	return (count);
}

/* The values, for the core. */
struct tmcp_pair *
mcp_field_pairs(struct mcp_field *fields, u_int nfields, size_t *n)
{
	struct tmcp_pair	*pairs;
	struct mcp_field	*ff;
	u_int			 i, j;
	size_t			 size = 1;

	*n = 0;
	for (i = 0; i < nfields; i++)
		size += 1 + fields[i].nitems;
	pairs = xcalloc(size, sizeof *pairs);
	for (i = 0; i < nfields; i++) {
		ff = &fields[i];
		if (ff->value == NULL)
			continue;
		pairs[*n].key = xstrdup(ff->name);
		pairs[*n].value = xstrdup(ff->value);
		pairs[(*n)++].is_json = ff->is_json;
		for (j = 0; j < ff->nitems; j++) {
			pairs[*n].key = xstrdup(ff->name);
			pairs[(*n)++].value = xstrdup(ff->items[j]);
		}
	}
	return (pairs);
}
