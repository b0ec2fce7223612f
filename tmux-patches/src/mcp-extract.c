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
#include "mcp-output.h"

/*
 * Makes the lines that are shown of a text, in steps if they are many. If they
 * are not all of it, the whole is put into a buffer, and the last line says so.
 */

/* What is made ready at first, and then in each turn of the loop. */
#define MCP_EXTRACT_FIRST_BYTES 65536
#define MCP_EXTRACT_TURN_BYTES 32768

struct mcp_extract {
	struct mcp_bytes	*bytes;
	size_t			 cut;
	size_t			 off;
	int			 sgr;
	int			 json;
	char			 buffer[MCP_BUFFER_NAME_BYTES];
	struct mcp_bytes	*lines;

	mcp_extract_cb		 cb;
	void			*data;
};

/* Escape everything that is not text, but for sequences, tabs and newlines. */
static void
mcp_extract_vis(struct mcp_bytes *out, const char *text, size_t size)
{
	const char	*esc;
	char		*s;
	size_t		 len, sgr, off, n;

	while (size != 0) {
		for (off = 0; (esc = memchr(text + off, '\033',
		    size - off)) != NULL; off = esc - text + 1) {
			if (mcp_sgr_size(esc, size - (esc - text)) != 0)
				break;
		}
		len = (esc == NULL ? size : (size_t)(esc - text));
		if (len != 0) {
			s = mcp_text_vis(text, len, &n);
			mcp_bytes_add(out, s, n);
			free(s);
		}
		sgr = (esc == NULL ? 0 : mcp_sgr_size(esc, size - len));
		mcp_bytes_add(out, text + len, sgr);
		text += len + sgr;
		size -= len + sgr;
	}
}

/* Where the lines end: after so many bytes or lines at most. */
static size_t
mcp_extract_cut(struct mcp_bytes *bytes, size_t limit, u_int lines)
{
	const char	*cp = bytes->text, *end;
	size_t		 cut;
	u_int		 n;

	cut = mcp_text_cut(bytes->text, bytes->size, limit);
	end = cp + cut;
	if (lines == UINT_MAX)
		return (cut);
	for (n = 0; n < lines; n++) {
		if ((cp = memchr(cp, '\n', end - cp)) == NULL)
			return (cut);
		cp++;
	}
	return (cp - bytes->text);
}

/* All is there: hand it out, without newlines at its end. */
static void
mcp_extract_finish(void *data)
{
	struct mcp_extract	*extract = data;
	struct mcp_bytes	*lines = extract->lines;
	char			*s = lines->own;

	if (extract->cut != extract->bytes->size) {
		mcp_bytes_printf(lines, "%s[cut: all %zu bytes are in buffer "
		    "%s]", lines->size != 0 && s[lines->size - 1] == '\n' ?
		    "" : "\n", mcp_paste_size(extract->buffer),
		    extract->buffer);
	}
	while (lines->size != 0 && lines->own[lines->size - 1] == '\n')
		lines->own[--lines->size] = '\0';
	mcp_bytes_unref(extract->bytes);
	extract->cb(extract->data, lines);
	free(extract);
}

/* Make some more ready. */
static int
mcp_extract_step(void *data)
{
	struct mcp_extract	*extract = data;
	const char		*text = extract->bytes->text + extract->off;
	size_t			 size = extract->cut - extract->off, len;
	char			*s, *json = NULL;

	size = mcp_text_cut(text, size, extract->off == 0 ?
	    MCP_EXTRACT_FIRST_BYTES : MCP_EXTRACT_TURN_BYTES);
	extract->off += size;
	if (extract->json) {
		text = json = mcp_text_vis_json(text, size, 0);
		size = strlen(json);
	}
	if (extract->sgr)
		mcp_extract_vis(extract->lines, text, size);
	else {
		s = mcp_text_vis(text, size, &len);
		mcp_bytes_add(extract->lines, s, len);
		free(s);
	}
	free(json);
	if (extract->off != extract->cut)
		return (1);

	if (extract->cut == extract->bytes->size)
		mcp_extract_finish(extract);
	else {
		mcp_paste_spare(extract->buffer, sizeof extract->buffer);
		mcp_paste_set(extract->buffer, extract->bytes,
		    mcp_extract_finish, extract);
	}
	return (0);
}

/*
 * Make the lines of a text, with its colours or without; cb gets them, as its
 * own, before this returns if the text is small.
 */
void
mcp_extract_start(struct mcp_bytes *bytes, size_t limit, u_int lines, int sgr,
    int json, mcp_extract_cb cb, void *data)
{
	struct mcp_extract	*extract;

	extract = xcalloc(1, sizeof *extract);
	extract->bytes = mcp_bytes_ref(bytes);
	extract->cut = mcp_extract_cut(bytes, limit, lines);
	extract->sgr = sgr;
	extract->json = json;
	extract->lines = mcp_bytes_create();
	extract->cb = cb;
	extract->data = data;
	mcp_work_start(mcp_extract_step, extract);
}
