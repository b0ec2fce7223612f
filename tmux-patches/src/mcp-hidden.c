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
 * Escapes characters that nobody sees, or that have others seen in a different
 * order: text that is shown to a person must not hold more, or something else,
 * than the person reads. What is meant for a program is left as it is.
 *
 * Three kinds have honest uses and are left there: a zero width joiner or
 * non-joiner between two characters beyond ASCII (emoji of several parts,
 * Persian, the scripts of India), one variation selector after such a character
 * (emoji, ideographs) and one after a digit, # or * (keycaps).
 */

/* Ranges of code points, in order; some are controls and separators. */
static const struct {
	u_int	first;
	u_int	last;
} mcp_hidden_table[] = {
	{ 0x80, 0x9f },		/* C1 controls */
	{ 0xad, 0xad },		/* soft hyphen */
	{ 0x34f, 0x34f },	/* combining grapheme joiner */
	{ 0x61c, 0x61c },	/* Arabic letter mark */
	{ 0x115f, 0x1160 },	/* Hangul fillers */
	{ 0x17b4, 0x17b5 },	/* Khmer inherent vowels */
	{ 0x180b, 0x180f },	/* Mongolian selectors, vowel separator */
	{ 0x200b, 0x200f },	/* zero width, marks of direction */
	{ 0x2028, 0x202e },	/* separators of lines, bidi controls */
	{ 0x2060, 0x206f },	/* word joiner, operators, bidi isolates */
	{ 0x3164, 0x3164 },	/* Hangul filler */
	{ 0xfe00, 0xfe0f },	/* variation selectors */
	{ 0xfeff, 0xfeff },	/* byte order mark */
	{ 0xffa0, 0xffa0 },	/* halfwidth Hangul filler */
	{ 0xfff0, 0xfffb },	/* specials: annotation */
	{ 0x1bca0, 0x1bca3 },	/* shorthand controls */
	{ 0x1d173, 0x1d17a },	/* musical controls */
	{ 0xe0000, 0xe0fff }	/* tags, more variation selectors */
};

/* If a code point is one of the table. */
static int
mcp_hidden_has(u_int code)
{
	u_int	i;

	if (code < mcp_hidden_table[0].first)
		return (0);
	for (i = 0; i < nitems(mcp_hidden_table); i++) {
		if (code <= mcp_hidden_table[i].last)
			return (code >= mcp_hidden_table[i].first);
	}
	return (0);
}

/* The code point at the start of text that is UTF-8, and its size. */
static u_int
mcp_hidden_code(const u_char *src, size_t *size)
{
	u_int	code;
	size_t	i;

	*size = 1;
	if (*src < 0xc2)
		return (*src);
	*size = (*src < 0xe0 ? 2 : *src < 0xf0 ? 3 : 4);
	code = *src & (0xff >> (*size + 1));
	for (i = 1; i < *size; i++) {
		if ((src[i] & 0xc0) != 0x80) {
			*size = 1;
			return (*src);
		}
		code = code << 6 | (src[i] & 0x3f);
	}
	return (code);
}

/* If a character is at home between those before and after it. */
static int
mcp_hidden_at_home(u_int code, u_int before, u_int after)
{
	int	is_before = (before >= 0x80 && !mcp_hidden_has(before));

	if (code == 0x200c || code == 0x200d) {
		/* An emoji may have its variation selector before a joiner. */
		if (before == 0xfe0e || before == 0xfe0f)
			is_before = 1;
		return (is_before && after >= 0x80 && !mcp_hidden_has(after));
	}
	if (code == 0xfe0e || code == 0xfe0f) {
		return (is_before || before == '#' || before == '*' ||
		    (before >= '0' && before <= '9'));
	}
	if ((code >= 0xfe00 && code <= 0xfe0d) ||
	    (code >= 0xe0100 && code <= 0xe01ef))
		return (is_before);
	return (0);
}

/* Escape a character byte by byte, as vis(3) does. */
static char *
mcp_hidden_bytes(char *dst, const u_char *src, size_t size)
{
	size_t	i;

	for (i = 0; i < size; i++) {
		*dst++ = '\\';
		*dst++ = '0' + (src[i] >> 6);
		*dst++ = '0' + ((src[i] >> 3) & 7);
		*dst++ = '0' + (src[i] & 7);
	}
	return (dst);
}

/* Escape a character as JSON does in strings. */
static char *
mcp_hidden_json(char *dst, u_int code)
{
	if (code > 0xffff) {
		code -= 0x10000;
		dst += xsnprintf(dst, 7, "\\u%04x", 0xd800 | code >> 10);
		code = 0xdc00 | (code & 0x3ff);
	}
	return (dst + xsnprintf(dst, 7, "\\u%04x", code));
}

/*
 * Escape hidden characters in text that is UTF-8, byte by byte or if it is JSON
 * so that it stays JSON. With controls, only those of C1, which terminals act
 * on. The text is ours and is freed if another is returned.
 */
char *
mcp_hidden_escape(char *s, int controls, int json)
{
	const u_char	*src;
	char		*out, *dst;
	size_t		 size, next, n = 0;
	u_int		 code, before = 0, after;

	/* All of them begin with one of these bytes. */
	for (src = (u_char *)s; *src != '\0'; src++) {
		if (*src == 0xc2 || (json && *src == 0x7f) || (!controls && (*src == 0xcd ||
		    *src == 0xd8 || (*src >= 0xe1 && *src <= 0xe3) ||
		    *src == 0xef || *src >= 0xf0)))
			n++;
	}
	if (n == 0)
		return (s);

	/* A byte takes four, and one that is a character of JSON six. */
	dst = out = xmalloc(strlen(s) * (json ? 6 : 4) + 1);
	for (src = (u_char *)s; *src != '\0'; src += size) {
		code = mcp_hidden_code(src, &size);
		if (json && code == 0x7f)
			/* nothing */;
		else if (code < 0x80 || !mcp_hidden_has(code) ||
		    (controls && code > 0x9f)) {
			memcpy(dst, src, size);
			dst += size;
			before = code;
			continue;
		}
		after = mcp_hidden_code(src + size, &next);
		if (mcp_hidden_at_home(code, before, after)) {
			memcpy(dst, src, size);
			dst += size;
		} else if (json)
			dst = mcp_hidden_json(dst, code);
		else
			dst = mcp_hidden_bytes(dst, src, size);
		before = code;
	}
	*dst = '\0';
	free(s);
	return (out);
}
