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
 * Text that may be large, so that it is not copied but kept until all who show
 * or save it are done: text of an event, a string of the core, or our own,
 * which can grow.
 */

/*
 * The memory of what is larger is given back in a turn of its own, because that
 * takes longer than one would think.
 */
#define MCP_BYTES_FREE (1024 * 1024)

/* How much is given back in one go. */
#define MCP_BYTES_PIECE (1024 * 1024)

/* What is measured in one turn of the loop. */
#define MCP_BYTES_MEASURE (4 * 1024 * 1024)

/* A string of the core whose length is not known yet, and who gets it. */
struct mcp_bytes_measure {
	struct mcp_bytes	*bytes;
	mcp_extract_cb		 cb;
	void			*data;
};

/* Begin a text of our own. It always has a NUL behind it. */
struct mcp_bytes *
mcp_bytes_create(void)
{
	struct mcp_bytes	*b;

	b = xcalloc(1, sizeof *b);
	b->references = 1;
	b->space = 128;
	b->own = xcalloc(1, b->space);
	b->text = b->own;
	return (b);
}

/* Add to a text of our own. */
void
mcp_bytes_add(struct mcp_bytes *b, const char *text, size_t size)
{
	if (size >= b->space - b->size) {
		/* What is large is moved by its pages and not copied. */
		while (size >= b->space - b->size)
			b->space *= 2;
		b->own = xrealloc(b->own, b->space);
		b->text = b->own;
	}
	memcpy(b->own + b->size, text, size);
	b->size += size;
	b->own[b->size] = '\0';
}

/*
 * Add a text to one of our own from an offset on, as lines, and at most so many
 * bytes; both are moved on. Returns 1 if that was all of it.
 */
int
mcp_bytes_add_lines(struct mcp_bytes *b, struct mcp_bytes *text, size_t *off,
    size_t *left)
{
	size_t	size = text->size - *off;

	if (size > *left)
		size = *left;
	mcp_bytes_add(b, text->text + *off, size);
	*off += size;
	*left -= size;
	if (*off != text->size)
		return (0);
	if (text->size != 0 && text->text[text->size - 1] != '\n')
		mcp_bytes_add(b, "\n", 1);
	return (1);
}

/* Add to a text of our own as printf does. */
void
mcp_bytes_printf(struct mcp_bytes *b, const char *fmt, ...)
{
	va_list	 ap;
	char	*s;
	int	 n;

	va_start(ap, fmt);
	n = xvasprintf(&s, fmt, ap);
	va_end(ap);
	mcp_bytes_add(b, s, n);
	free(s);
}

/* A copy, for what is small. */
struct mcp_bytes *
mcp_bytes_copy(const char *text, size_t size)
{
	struct mcp_bytes	*b = mcp_bytes_create();

	mcp_bytes_add(b, text, size);
	return (b);
}

/* Take over an event, with its JSON, inside the callback that got it. */
struct mcp_bytes *
mcp_bytes_event(struct tmcp_event *event)
{
	struct mcp_bytes	*b;

	mcp_event_take(event);
	b = xcalloc(1, sizeof *b);
	b->references = 1;
	b->event = event;
	b->text = tmcp_event_json(event, &b->size);
	return (b);
}

/* Measure some more of a string. */
static int
mcp_bytes_measure(void *data)
{
	struct mcp_bytes_measure	*m = data;
	struct mcp_bytes		*b = m->bytes;
	size_t				 size;

	size = strnlen(b->text + b->size, MCP_BYTES_MEASURE);
	b->size += size;
	if (size == MCP_BYTES_MEASURE)
		return (1);
	m->cb(m->data, b);
	free(m);
	return (0);
}

/*
 * Take over a string that the core gave without its length. The callback gets
 * it once it is measured, before this returns if it is short.
 */
void
mcp_bytes_string(char *string, mcp_extract_cb cb, void *data)
{
	struct mcp_bytes_measure	*m;

	m = xcalloc(1, sizeof *m);
	m->bytes = xcalloc(1, sizeof *m->bytes);
	m->bytes->references = 1;
	m->bytes->string = string;
	m->bytes->text = string;
	m->cb = cb;
	m->data = data;
	mcp_work_start(mcp_bytes_measure, m);
}

/*
 * Text that lies in another, or in the event that was taken over, or if that is
 * NULL stays for ever.
 */
struct mcp_bytes *
mcp_bytes_part(struct mcp_bytes *of, const char *text, size_t size)
{
	struct mcp_bytes	*b;

	b = xcalloc(1, sizeof *b);
	b->references = 1;
	if (of != NULL)
		b->of = mcp_bytes_ref(of);
	b->text = text;
	b->size = size;
	return (b);
}

/* Keep a text. */
struct mcp_bytes *
mcp_bytes_ref(struct mcp_bytes *b)
{
	b->references++;
	return (b);
}

/*
 * Give back the memory, piece by piece if that is much, because the system
 * takes a tenth of a millisecond for each MiB. Returns 1 if there is more. The
 * core does the same with its own in its next turns.
 */
static int
mcp_bytes_free(void *data)
{
	struct mcp_bytes	*b = data;

	if (b->own != NULL && b->space > 2 * MCP_BYTES_PIECE) {
		b->space -= MCP_BYTES_PIECE;
		b->own = xrealloc(b->own, b->space);
		return (1);
	}
	tmcp_event_free(b->event);
	tmcp_string_free(b->string);
	if (b->size > MCP_BYTES_FREE)
		mcp_changed();
	free(b->own);
	free(b);
	return (0);
}

/* Let go of a text, which may be NULL. */
void
mcp_bytes_unref(struct mcp_bytes *b)
{
	if (b == NULL || --b->references != 0)
		return;
	mcp_bytes_unref(b->of);
	if (b->of == NULL && b->size > MCP_BYTES_FREE)
		mcp_work_add(mcp_bytes_free, b);
	else {
		while (mcp_bytes_free(b))
			/* nothing */;
	}
}
