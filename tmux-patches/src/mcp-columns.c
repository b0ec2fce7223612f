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
 * Aligns the columns of lines whose cells are separated by tabs, by the width
 * that a terminal gives them.
 */

/* More columns than this are left as they are. */
#define MCP_COLUMNS_MAX 16

/* A cell is cut to this width, so that one of them does not push all others. */
#define MCP_COLUMNS_WIDTH 64

/* The next cell of a line, as it is shown, or NULL after the last. */
static char *
mcp_columns_next(char **line)
{
	char	*cell;

	if ((cell = strsep(line, "\t")) == NULL)
		return (NULL);
	return (mcp_text_fit(cell, MCP_COLUMNS_WIDTH));
}

/* Add lines to a buffer, aligned. The text is changed. */
void
mcp_columns_print(struct evbuffer *evb, char *text)
{
	u_int	 widths[MCP_COLUMNS_MAX] = { 0 }, width, i;
	char	*lines, *line, *copy, *rest, *cell, *padded;

	copy = lines = xstrdup(text);
	while ((line = strsep(&lines, "\n")) != NULL) {
		for (i = 0; i < MCP_COLUMNS_MAX; i++) {
			if ((cell = mcp_columns_next(&line)) == NULL)
				break;
			width = utf8_cstrwidth(cell);
			if (width > widths[i])
				widths[i] = width;
			free(cell);
		}
	}
	free(copy);

	while ((rest = strsep(&text, "\n")) != NULL && *rest != '\0') {
		for (i = 0; rest != NULL; i++) {
			cell = mcp_columns_next(&rest);
			if (rest == NULL || i >= MCP_COLUMNS_MAX)
				padded = xstrdup(cell);
			else
				padded = utf8_padcstr(cell, widths[i] + 2);
			evbuffer_add(evb, padded, strlen(padded));
			free(padded);
			free(cell);
		}
		evbuffer_add(evb, "\n", 1);
	}
}
