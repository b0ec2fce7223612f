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
 * Colours and other attributes (SGR sequences) in text from an MCP server. They
 * are drawn in view mode and by pagers and left out everywhere else; no other
 * sequence reaches a terminal.
 */

/* No longer sequence is one. */
#define MCP_SGR_BYTES 64

/* The length of the SGR sequence that text begins with, or 0. */
size_t
mcp_sgr_size(const char *text, size_t size)
{
	size_t	i;

	if (size < 3 || text[0] != '\033' || text[1] != '[')
		return (0);
	for (i = 2; i < size && i < MCP_SGR_BYTES; i++) {
		if (text[i] == 'm')
			return (i + 1);
		if (text[i] == '\0' || strchr("0123456789;:", text[i]) == NULL)
			break;
	}
	return (0);
}

/* Where to cut text if a sequence must not be cut at at. */
size_t
mcp_sgr_cut(const char *text, size_t size, size_t at)
{
	size_t	i;

	for (i = at; i > 0 && at - i < MCP_SGR_BYTES; i--) {
		if (text[i - 1] != '\033')
			continue;
		if (i > 1 && i - 1 + mcp_sgr_size(text + i - 1,
		    size - i + 1) > at)
			return (i - 1);
		break;
	}
	return (at);
}

/* Copy text without its sequences. Returns the size of the copy. */
size_t
mcp_sgr_strip(char *dst, const char *text, size_t size)
{
	const char	*esc;
	size_t		 n = 0, len, left;

	while ((esc = memchr(text, '\033', size)) != NULL) {
		len = esc - text;
		left = size - len;
		memmove(dst + n, text, len);
		n += len;
		if ((len = mcp_sgr_size(esc, left)) == 0) {
			dst[n++] = *esc;
			len = 1;
		}
		text = esc + len;
		size = left - len;
	}
	memmove(dst + n, text, size);
	return (n + size);
}

/* How much of a line, without tabs, fits into so many columns. */
size_t
mcp_sgr_row(const char *line, u_int columns)
{
	struct utf8_data	 ud;
	enum utf8_state		 more;
	size_t			 size = strlen(line), i = 0, n;
	u_int			 width, used = 0;

	while (i < size) {
		if ((n = mcp_sgr_size(line + i, size - i)) != 0) {
			i += n;
			continue;
		}
		n = width = 1;
		more = utf8_open(&ud, (u_char)line[i]);
		while (more == UTF8_MORE && i + n < size)
			more = utf8_append(&ud, (u_char)line[i + n++]);
		if (more == UTF8_DONE)
			width = ud.width;
		else
			n = 1;
		if (used + width > columns && i != 0)
			break;
		used += width;
		i += n;
	}
	return (i);
}
