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
 * URI templates (RFC 6570) of resources: their variables as fields of a form,
 * and what they are with values.
 */

/* How the values of an expression are written, by its first character. */
static const struct mcp_template_op {
	char		 op;
	const char	*first;
	const char	*next;
	int		 named;
	int		 reserved;
	int		 optional;
} mcp_template_ops[] = {
	{ '+', "", ",", 0, 1, 0 },
	{ '#', "#", ",", 0, 1, 1 },
	{ '.', ".", ".", 0, 0, 1 },
	{ '/', "/", "/", 0, 0, 0 },
	{ ';', ";", ";", 1, 0, 1 },
	{ '?', "?", "&", 1, 0, 1 },
	{ '&', "&", "&", 1, 0, 1 },
	{ '\0', "", ",", 0, 0, 0 }
};

/* The longest prefix that RFC 6570 has. */
#define MCP_TEMPLATE_LIMIT 9999

/* A variable of an expression; at most limit characters of it, 0 is all. */
struct mcp_template_variable {
	char	*name;
	u_int	 limit;
};

/*
 * The next expression: at is moved behind it, from and to are what is between
 * the braces and the operator. Returns NULL if there is none.
 */
static const struct mcp_template_op *
mcp_template_next(const char **at, const char **before, const char **from,
    const char **to)
{
	const struct mcp_template_op	*op = mcp_template_ops;

	if ((*before = strchr(*at, '{')) == NULL ||
	    (*to = strchr(*before, '}')) == NULL)
		return (NULL);
	*from = *before + 1;
	while (op->op != '\0' && op->op != **from)
		op++;
	if (op->op != '\0')
		(*from)++;
	*at = *to + 1;
	return (op);
}

/* The next variable between from and to. Returns 0 if there is none. */
static int
mcp_template_variable(const char **from, const char *to,
    struct mcp_template_variable *tv)
{
	const char	*errstr;
	char		*cp;
	size_t		 size;

	if (*from >= to)
		return (0);
	size = strcspn(*from, ",}");
	tv->name = xmalloc(size + 1);
	memcpy(tv->name, *from, size);
	tv->name[size] = '\0';
	*from += size + 1;

	tv->limit = 0;
	if (size != 0 && tv->name[size - 1] == '*')
		tv->name[size - 1] = '\0';
	if ((cp = strchr(tv->name, ':')) != NULL) {
		*cp++ = '\0';
		tv->limit = strtonum(cp, 1, MCP_TEMPLATE_LIMIT, &errstr);
	}
	return (1);
}

/* If a URI is a template. */
int
mcp_template_is(const char *uri)
{
	const char	*at = uri, *before, *from, *to;

	return (mcp_template_next(&at, &before, &from, &to) != NULL);
}

/* The variables as fields, each once. */
struct mcp_field *
mcp_template_fields(const char *uri, u_int *n)
{
	const struct mcp_template_op	*op;
	struct mcp_template_variable	 tv;
	struct mcp_field		*fields = NULL;
	const char			*at = uri, *before, *from, *to;
	u_int				 i;

	*n = 0;
	while ((op = mcp_template_next(&at, &before, &from, &to)) != NULL) {
		while (mcp_template_variable(&from, to, &tv)) {
			for (i = 0; i < *n; i++) {
				if (strcmp(fields[i].name, tv.name) == 0)
					break;
			}
			if (i == *n && *tv.name != '\0') {
				mcp_field_add(&fields, n, tv.name,
				    !op->optional);
			}
			free(tv.name);
		}
	}
	return (fields);
}

/* Add a value to a URI, with what has a meaning in one escaped. */
static void
mcp_template_add(struct evbuffer *evb, const char *value, u_int limit,
    int reserved)
{
	const u_char	*cp;
	u_int		 n = 0;

	for (cp = (const u_char *)value; *cp != '\0'; cp++) {
		if ((*cp & 0xc0) != 0x80 && limit != 0 && n++ == limit)
			break;
		if (*cp < 0x80 && (isalnum(*cp) ||
		    strchr("-._~", *cp) != NULL ||
		    (reserved && strchr(":/?#[]@!$&'()*+,;=", *cp) != NULL)))
			evbuffer_add(evb, cp, 1);
		else
			evbuffer_add_printf(evb, "%%%02X", *cp);
	}
}

/* Add an expression. Variables without a value are left out, if they may be. */
static int
mcp_template_expand(struct evbuffer *evb, const struct mcp_template_op *op,
    const char *from, const char *to, struct tmcp_pair *pairs, size_t npairs,
    char **cause)
{
	struct mcp_template_variable	 tv;
	const char			*value;
	size_t				 i;
	int				 used = 0;

	while (mcp_template_variable(&from, to, &tv)) {
		value = NULL;
		for (i = 0; i < npairs; i++) {
			if (strcmp(pairs[i].key, tv.name) == 0)
				value = pairs[i].value;
		}
		if (value == NULL && !op->optional) {
			xasprintf(cause, "the template needs %s=value",
			    tv.name);
			free(tv.name);
			return (-1);
		}
		if (value != NULL) {
			evbuffer_add_printf(evb, "%s",
			    used++ == 0 ? op->first : op->next);
			if (op->named) {
				evbuffer_add_printf(evb, "%s%s", tv.name,
				    *value == '\0' && op->op == ';' ? "" : "=");
			}
			mcp_template_add(evb, value, tv.limit, op->reserved);
		}
		free(tv.name);
	}
	return (0);
}

/* Look if all values are of variables of the template. */
static int
mcp_template_check(const char *uri, struct tmcp_pair *pairs, size_t npairs,
    char **cause)
{
	struct mcp_field	*fields;
	size_t			 i;
	u_int			 j, n;

	fields = mcp_template_fields(uri, &n);
	*cause = NULL;
	for (i = 0; i < npairs && *cause == NULL; i++) {
		for (j = 0; j < n; j++) {
			if (strcmp(fields[j].name, pairs[i].key) == 0)
				break;
		}
		if (j == n) {
			xasprintf(cause, "the uri is no template for %s",
			    pairs[i].key);
		}
	}
	mcp_field_free(fields, n);
	return (*cause == NULL ? 0 : -1);
}

/* Fill a template. Returns NULL with a cause if that can't be done. */
char *
mcp_template_fill(const char *uri, struct tmcp_pair *pairs, size_t npairs,
    char **cause)
{
	const struct mcp_template_op	*op;
	struct evbuffer			*evb;
	const char			*at = uri, *before, *from, *to;
	const char			*begin = uri;
	char				*out = NULL;

	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	while ((op = mcp_template_next(&at, &before, &from, &to)) != NULL) {
		evbuffer_add(evb, begin, before - begin);
		if (mcp_template_expand(evb, op, from, to, pairs, npairs,
		    cause) != 0)
			goto out;
		begin = at;
	}
	if (mcp_template_check(uri, pairs, npairs, cause) != 0)
		goto out;
	evbuffer_add(evb, begin, strlen(begin) + 1);
	out = xstrdup((char *)EVBUFFER_DATA(evb));
out:
	evbuffer_free(evb);
	return (out);
}
