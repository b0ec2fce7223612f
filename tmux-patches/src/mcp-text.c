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
#include "mcp.h"

/*
 * Text from an MCP server is made harmless to terminals before anybody sees
 * it.
 */

/*
 * tmux before 3.4 puts a backslash before each $ that a shell would look at,
 * for its own configuration: take it away, a result is not that.
 */
static void
mcp_text_undollar(char *s)
{
	static int	 escapes = -1;
	char		*probe, *dst;

	if (escapes == -1) {
		utf8_stravis(&probe, "$a", VIS_OCTAL|VIS_CSTYLE|VIS_NOSLASH);
		escapes = (*probe == '\\');
		free(probe);
	}
	if (!escapes)
		return;
	for (dst = s; *s != '\0'; s++) {
		if (s[0] != '\\' || s[1] != '$' ||
		    (!isalpha((u_char)s[2]) && s[2] != '_' && s[2] != '{'))
			*dst++ = *s;
	}
	*dst = '\0';
}

/*
 * Escape everything that is not text, but for tabs and newlines. The C1
 * controls are valid UTF-8 and so pass vis(3), but terminals act on them.
 */
char *
mcp_text_vis(const char *text, size_t size, size_t *outsize)
{
	char	*s, *out, *dst, *copy = NULL;
	u_char	*src;
	size_t	 n, i;

	/* Lines may end in a carriage return and newline. */
	if (memchr(text, '\r', size) != NULL) {
		copy = xmalloc(size);
		for (n = i = 0; i < size; i++) {
			if (text[i] != '\r' || i == size - 1 ||
			    text[i + 1] != '\n')
				copy[n++] = text[i];
		}
		text = copy;
		size = n;
	}
	utf8_stravisx(&s, text, size, VIS_OCTAL|VIS_CSTYLE|VIS_NOSLASH);
	free(copy);
	mcp_text_undollar(s);

	for (n = 0, src = (u_char *)s; *src != '\0'; src++) {
		if (src[0] == 0xc2 && src[1] >= 0x80 && src[1] < 0xa0)
			n++;
	}
	if (n != 0) {
		out = dst = xmalloc(strlen(s) + n * 6 + 1);
		for (src = (u_char *)s; *src != '\0'; src++) {
			if (src[0] == 0xc2 && src[1] >= 0x80 && src[1] < 0xa0) {
				dst += xsnprintf(dst, 9, "\\%03o\\%03o",
				    src[0], src[1]);
				src++;
			} else
				*dst++ = *src;
		}
		*dst = '\0';
		free(s);
		s = out;
	}
	if (outsize != NULL)
		*outsize = strlen(s);
	return (s);
}

/*
 * Where to cut text so that at most limit bytes remain: after a newline if
 * there is one, otherwise not inside a character.
 */
size_t
mcp_text_cut(const char *text, size_t size, size_t limit)
{
	size_t	at;

	if (size <= limit)
		return (size);
	for (at = limit; at > 0; at--) {
		if (text[at - 1] == '\n')
			return (at);
	}
	for (at = limit; at > limit - 4; at--) {
		if (((u_char)text[at] & 0xc0) != 0x80)
			break;
	}
	return (at);
}

/* Replace tabs, which mean nothing to a pane in a mode, by spaces. */
char *
mcp_text_untab(const char *line)
{
	const char	*cp;
	char		*out;
	size_t		 n = 0;

	out = xmalloc(strlen(line) * 8 + 1);
	for (cp = line; *cp != '\0'; cp++) {
		if (*cp != '\t') {
			out[n++] = *cp;
			continue;
		}
		do
			out[n++] = ' ';
		while (n % 8 != 0);
	}
	out[n] = '\0';
	return (out);
}
