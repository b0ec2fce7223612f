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

/* How many bytes of text, from its beginning, are the same escaped. */
static size_t
mcp_text_plain(const char *text, size_t size)
{
	size_t	i;
	u_char	byte;

	for (i = 0; i < size; i++) {
		byte = text[i];
		if (byte > '~' ||
		    (byte < ' ' && byte != '\n' && byte != '\t'))
			break;
	}
	return (i);
}

/*
 * Escape what is no text as vis(3) does, which takes a function call and more
 * for each byte: most are copied in runs. What is escaped goes with the byte
 * behind it, which decides how a NUL is written.
 */
static char *
mcp_text_escape_runs(const char *text, size_t size)
{
	struct mcp_bytes	*out;
	char			*s;
	size_t			 run, from = 0, at;

	if ((run = mcp_text_plain(text, size)) == size) {
		s = xmalloc(size + 1);
		memcpy(s, text, size);
		s[size] = '\0';
		return (s);
	}
	out = mcp_bytes_create();
	for (;;) {
		mcp_bytes_add(out, text + from, run);
		if ((at = from + run) == size)
			break;
		for (from = at + 1; from < size &&
		    mcp_text_plain(text + from, 1) == 0; from++)
			/* nothing */;
		if (from < size)
			from++;
		utf8_stravisx(&s, text + at, from - at,
		    VIS_OCTAL|VIS_CSTYLE|VIS_NOSLASH);
		mcp_text_undollar(s);
		mcp_bytes_add(out, s, strlen(s));
		free(s);
		run = mcp_text_plain(text + from, size - from);
	}
	s = out->own;
	out->own = NULL;
	out->size = 0;
	mcp_bytes_unref(out);
	return (s);
}

/* The same for two kinds of readers. */
static char *
mcp_text_escape(const char *text, size_t size, size_t *outsize, int controls)
{
	char	*s, *copy = NULL;
	size_t	 n, i;

	/* Colours are left out; see mcp-sgr.c for where they are drawn. */
	if (memchr(text, '\033', size) != NULL) {
		copy = xmalloc(size);
		size = mcp_sgr_strip(copy, text, size);
		text = copy;
	}

	/* Lines may end in a carriage return and newline. */
	if (memchr(text, '\r', size) != NULL) {
		if (copy == NULL)
			copy = xmalloc(size);
		for (n = i = 0; i < size; i++) {
			if (text[i] != '\r' || i == size - 1 ||
			    text[i + 1] != '\n')
				copy[n++] = text[i];
		}
		text = copy;
		size = n;
	}
	s = mcp_text_escape_runs(text, size);
	free(copy);
	s = mcp_hidden_escape(s, controls, 0);
	if (outsize != NULL)
		*outsize = strlen(s);
	return (s);
}

/*
 * Escape everything that is not text, but for tabs and newlines, and what is
 * not seen: for all that is shown. The C1 controls are valid UTF-8 and so pass
 * vis(3), but terminals act on them.
 */
char *
mcp_text_vis(const char *text, size_t size, size_t *outsize)
{
	return (mcp_text_escape(text, size, outsize, 0));
}

/*
 * Escape only what a terminal may act on: for a result that is printed as it
 * is, perhaps to a program.
 */
char *
mcp_text_raw(const char *text, size_t size, size_t *outsize)
{
	return (mcp_text_escape(text, size, outsize, 1));
}

/*
 * Escape the same in JSON: the characters are in strings, which have their own
 * escapes. With controls, only what a terminal may act on.
 */
char *
mcp_text_vis_json(const char *json, size_t size, int controls)
{
	char	*s;

	s = xmalloc(size + 1);
	memcpy(s, json, size);
	s[size] = '\0';
	return (mcp_hidden_escape(s, controls, 1));
}

/*
 * Where to cut text so that at most limit bytes remain: after a newline if
 * there is one, otherwise not inside a character or the end of a line.
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
	if (at > 1 && text[at - 1] == '\r' && text[at] == '\n')
		at--;
	return (mcp_sgr_cut(text, size, at));
}

/* Replace tabs, which mean nothing to a pane in a mode, by spaces. */
char *
mcp_text_untab(const char *line)
{
	const char	*cp;
	char		*out;
	size_t		 n = 0, column = 0, sgr, left = strlen(line);

	out = xmalloc(left * 8 + 1);
	for (cp = line; *cp != '\0'; cp++, left--) {
		if ((sgr = mcp_sgr_size(cp, left)) != 0) {
			memcpy(out + n, cp, sgr);
			n += sgr;
			cp += sgr - 1;
			left -= sgr - 1;
			continue;
		}
		if (*cp != '\t') {
			out[n++] = *cp;
			/* Not inside a character. */
			column += (((u_char)*cp & 0xc0) != 0x80);
			continue;
		}
		do
			out[n++] = ' ';
		while (++column % 8 != 0);
	}
	memcpy(out + n, cp, strlen(cp) + 1);
	return (out);
}

/* Make text one line of ordinary characters. */
char *
mcp_text_line(const char *text)
{
	char	*s, *cp;

	s = mcp_text_vis(text, strlen(text), NULL);
	for (cp = s; *cp != '\0'; cp++) {
		if (*cp == '\n' || *cp == '\t')
			*cp = ' ';
	}
	return (s);
}

/* Cut a line to a width in columns, with dots if something is missing. */
char *
mcp_text_fit(const char *line, u_int width)
{
	struct utf8_data	*ud;
	char			*s, *cut;
	u_int			 i, n = 0;

	ud = utf8_fromcstr(line);
	if (utf8_strwidth(ud, -1) <= width) {
		free(ud);
		return (xstrdup(line));
	}
	for (i = 0; ud[i].size != 0; i++) {
		if (n + ud[i].width + 2 > width)
			break;
		n += ud[i].width;
	}
	ud[i].size = 0;
	s = utf8_tocstr(ud);
	free(ud);
	xasprintf(&cut, "%s..", s);
	free(s);
	return (cut);
}

/*
 * Make text a label that tmux expands and draws: one line, not too wide, with
 * # doubled so that it begins neither a command nor a style, and % if the time
 * is expanded as well.
 */
char *
mcp_text_label(const char *text, u_int width, int is_time)
{
	char	*line, *fit, *out, *dst, *cp;

	line = mcp_text_line(text);
	fit = mcp_text_fit(line, width);
	free(line);
	dst = out = xmalloc(strlen(fit) * 2 + 1);
	for (cp = fit; *cp != '\0'; cp++) {
		if (*cp == '#' || (is_time && *cp == '%'))
			*dst++ = *cp;
		*dst++ = *cp;
	}
	*dst = '\0';
	free(fit);
	return (out);
}

/* The size of the character that text begins with, or 0 if it is none. */
static size_t
mcp_text_character(const u_char *src, size_t size)
{
	struct utf8_data	ud;
	enum utf8_state		more;
	size_t			n = 1;

	if (*src < 0x80)
		return (1);
	more = utf8_open(&ud, *src);
	while (more == UTF8_MORE && n < size)
		more = utf8_append(&ud, src[n++]);
	return (more == UTF8_DONE ? n : 0);
}

/* Copy text, with bytes that are not UTF-8 replaced by U+FFFD. */
char *
mcp_text_utf8(const char *text, size_t size)
{
	const u_char	*src = (const u_char *)text;
	char		*out, *dst;
	size_t		 i, n, bad = 0;

	for (i = 0; i < size; i += n) {
		if ((n = mcp_text_character(src + i, size - i)) == 0) {
			bad++;
			n = 1;
		}
	}
	dst = out = xmalloc(size + bad * 2 + 1);
	for (i = 0; i < size; i += n) {
		n = mcp_text_character(src + i, size - i);
		if (n == 0) {
			memcpy(dst, "\357\277\275", 3);
			dst += 3;
			n = 1;
		} else {
			memcpy(dst, src + i, n);
			dst += n;
		}
	}
	*dst = '\0';
	return (out);
}

/* Write text as a JSON string. */
char *
mcp_text_json(const char *text, size_t size)
{
	char	*valid, *out, *dst;
	size_t	 i, more = 0;

	/* A NUL would end it, and it is valid UTF-8 by itself. */
	for (i = 0; i < size; i++) {
		if ((u_char)text[i] < 0x20 || text[i] == 0x7f)
			more += 5;
		else if (text[i] == '"' || text[i] == '\\')
			more++;
	}
	dst = out = xmalloc(size + more + 3);
	*dst++ = '"';
	for (i = 0; i < size; i++) {
		if (text[i] == '"' || text[i] == '\\') {
			*dst++ = '\\';
			*dst++ = text[i];
		} else if ((u_char)text[i] < 0x20 || text[i] == 0x7f)
			dst += xsnprintf(dst, 7, "\\u%04x", (u_char)text[i]);
		else
			*dst++ = text[i];
	}
	*dst++ = '"';
	valid = mcp_text_utf8(out, dst - out);
	free(out);
	return (valid);
}
