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
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp-run.h"

/*
 * The arguments of a tool or prompt as they are written in a command.
 */

/*
 * Expand a value for -E, or copy it. No #() may run: part of it can come from
 * anywhere, a pane title for example.
 */
char *
mcp_args_expand(struct args *args, struct cmdq_item *item, const char *s)
{
	struct cmd_find_state	*target = cmdq_get_target(item);
	struct format_tree	*ft;
	char			*value;

	if (!args_has(args, 'E'))
		return (xstrdup(s));
	ft = format_create(cmdq_get_client(item), item, FORMAT_NONE,
	    FORMAT_NOJOBS);
	format_defaults(ft, cmdq_get_target_client(item), target->s,
	    target->wl, target->wp);
	value = format_expand(ft, s);
	format_free(ft);
	return (value);
}

/*
 * Set a value from a source. It is text in UTF-8 to the server: other bytes are
 * replaced, and with a NUL in it it is given as JSON, where that is one more
 * character.
 */
static void
mcp_args_set(struct tmcp_pair *pair, const char *data, size_t size)
{
	free((void *)pair->value);
	pair->is_json = (memchr(data, '\0', size) != NULL);
	if (pair->is_json)
		pair->value = mcp_text_json(data, size);
	else
		pair->value = mcp_text_utf8(data, size);
}

/* Take the value of key@=source, of the last pair. */
static int
mcp_args_add_source(struct mcp_args *ma, struct args *args,
    struct cmdq_item *item, const char *s, char **cause)
{
	struct tmcp_pair	*pair = &ma->pairs[ma->npairs - 1];
	struct mcp_file		*later = NULL;
	char			*spec, *data;
	size_t			 size;

	ma->sourced[ma->npairs - 1] = 1;
	spec = mcp_args_expand(args, item, s);
	data = mcp_source_get(args, item, spec, &size,
	    ma->can_wait ? &later : NULL, cause);
	free(spec);
	if (data == NULL)
		return (-1);
	mcp_args_set(pair, data, size);
	free(data);
	if (later != NULL) {
		ma->files = xrecallocarray(ma->files, ma->nfiles,
		    ma->nfiles + 1, sizeof *ma->files);
		ma->files[ma->nfiles].file = later;
		ma->files[ma->nfiles++].pair = ma->npairs - 1;
	}
	return (0);
}

/* The next file that is still to be read, or NULL. */
struct mcp_file *
mcp_args_next_file(struct mcp_args *ma)
{
	struct mcp_file	*mf;

	if (ma->nfiles == 0)
		return (NULL);
	mf = ma->files[ma->nfiles - 1].file;
	ma->files[ma->nfiles - 1].file = NULL;
	return (mf);
}

/* It has been read. */
void
mcp_args_take_file(struct mcp_args *ma, struct mcp_bytes *bytes)
{
	ma->nfiles--;
	mcp_args_set(&ma->pairs[ma->files[ma->nfiles].pair], bytes->text,
	    bytes->size);
}

/* Take key=value, key:=json or key@=source. */
static int
mcp_args_add_pair(struct mcp_args *ma, struct args *args,
    struct cmdq_item *item, const char *s, char **cause)
{
	const char		*cp = strchr(s, '=');
	struct tmcp_pair	*pair;
	size_t			 size;

	if (cp == NULL) {
		xasprintf(cause, "argument is neither a JSON object nor "
		    "key=value: %s", s);
		return (-1);
	}
	size = cp - s;
	if (size != 0 && (s[size - 1] == ':' || s[size - 1] == '@'))
		size--;
	if (size == 0) {
		xasprintf(cause, "argument has no key: %s", s);
		return (-1);
	}
	ma->pairs = xrecallocarray(ma->pairs, ma->npairs,
	    ma->npairs + 1, sizeof *ma->pairs);
	ma->sourced = xrecallocarray(ma->sourced, ma->npairs,
	    ma->npairs + 1, sizeof *ma->sourced);
	pair = &ma->pairs[ma->npairs++];
	pair->key = xstrndup(s, size);
	if (s[size] == '@')
		return (mcp_args_add_source(ma, args, item, cp + 1, cause));
	pair->is_json = (s[size] == ':');
	/* What is expanded can come from anywhere, and would be JSON too. */
	if (pair->is_json)
		pair->value = xstrdup(cp + 1);
	else
		pair->value = mcp_args_expand(args, item, cp + 1);
	return (0);
}

/*
 * Take the arguments of a command from the given index: one JSON object, or
 * pairs, and then commands to follow. Returns -1 with a cause if they are no
 * good, and what was taken is then still to be freed.
 */
int
mcp_args_parse(struct mcp_args *ma, struct args *args, u_int idx,
    struct cmdq_item *item, char **cause)
{
	u_int			 i, count = args_count(args);
	struct args_value	*value;
	const char		*s;

	/* Up to 0.1 -F expanded where there is no -F format. */
	if (args_has(args, 'F') && args_get(args, 'F') == NULL) {
		*cause = xstrdup("formats in values are expanded with -E, "
		    "not -F");
		return (-1);
	}
	if (args_has(args, 'J')) {
		if (args_has(args, 'i')) {
			*cause = xstrdup("-J can't be used with -i");
			return (-1);
		}
		ma->json = xstrdup(args_get(args, 'J'));
		ma->json_size = strlen(ma->json);
	}
	for (i = idx; i < count; i++) {
		value = args_value(args, i);
		if (value->type == ARGS_COMMANDS) {
			if (i != count - 1) {
				*cause = xstrdup("commands must be last");
				return (-1);
			}
			ma->cmdlist = value->cmdlist;
			ma->cmdlist->references++;
			break;
		}
		s = args_string(args, i);
		if (args_has(args, 'i')) {
			xasprintf(cause, "argument not allowed with -i: %s", s);
			return (-1);
		}
		if (ma->json != NULL || (*s == '{' && ma->npairs != 0)) {
			*cause = xstrdup("a JSON object must be the only "
			    "argument, it can't be mixed with key=value");
			return (-1);
		}
		if (*s != '{') {
			if (mcp_args_add_pair(ma, args, item, s,
			    cause) != 0)
				return (-1);
			continue;
		}
		if (args_has(args, 'E')) {
			*cause = xstrdup("-E does not expand inside JSON, use "
			    "key=value");
			return (-1);
		}
		ma->json = xstrdup(s);
		ma->json_size = strlen(s);
	}
	return (0);
}

/*
 * Take the arguments from a file that has been read. The core looks at the
 * JSON more closely.
 */
int
mcp_args_from_text(struct mcp_args *ma, const char *path, const char *text,
    size_t size, char **cause)
{
	size_t	i = 0;

	if (size > MCP_ARGS_FILE_BYTES) {
		xasprintf(cause, "%s: %s", path, strerror(EFBIG));
		return (-1);
	}
	ma->json = xmalloc(size + 1);
	if (size != 0)
		memcpy(ma->json, text, size);
	ma->json[size] = '\0';
	ma->json_size = size;
	while (i < size && isspace((u_char)ma->json[i]))
		i++;
	if (ma->json[i] != '{') {
		xasprintf(cause, "%s: not a JSON object", path);
		return (-1);
	}
	return (0);
}

/* Free what was taken. */
void
mcp_args_free(struct mcp_args *ma)
{
	u_int	i;

	if (ma->cmdlist != NULL)
		cmd_list_free(ma->cmdlist);
	for (i = 0; i < ma->npairs; i++) {
		free((void *)ma->pairs[i].key);
		free((void *)ma->pairs[i].value);
	}
	free(ma->pairs);
	free(ma->sourced);
	for (i = 0; i < ma->nfiles; i++)
		mcp_file_free(ma->files[i].file);
	free(ma->files);
	free(ma->json);
}
