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
 * Puts texts into paste buffers: those that are small at once, the others by
 * and by, one after the other, so that the last text is what a buffer has in
 * the end. Colours are left out, because a buffer is pasted into programs; only
 * the buffer of a popup or window has them.
 */

/* What is copied in one turn of the loop. */
#define MCP_PASTE_TURN_BYTES (256 * 1024)

/* How many results without another place are kept at most. */
#define MCP_PASTE_SPARE 9

/*
 * A text on its way; cb, if not NULL, is told when it is there. Size is that of
 * the copy so far.
 */
struct mcp_paste {
	char			*name;
	struct mcp_bytes	*bytes;
	int			 sgr;
	char			*copy;
	size_t			 off;
	size_t			 size;

	mcp_done_cb		 cb;
	void			*data;

	TAILQ_ENTRY(mcp_paste)	 entry;
};
static TAILQ_HEAD(, mcp_paste) mcp_pastes = TAILQ_HEAD_INITIALIZER(mcp_pastes);
static int	mcp_paste_working;

/*
 * The buffers that results were put into, oldest first, and which they were:
 * one that somebody has set since is not ours any more.
 */
struct mcp_paste_kept {
	char				*name;
	u_int				 order;

	TAILQ_ENTRY(mcp_paste_kept)	 entry;
};
static TAILQ_HEAD(, mcp_paste_kept) mcp_paste_kepts =
    TAILQ_HEAD_INITIALIZER(mcp_paste_kepts);

/* Forget a buffer. */
static void
mcp_paste_forget(struct mcp_paste_kept *kept)
{
	TAILQ_REMOVE(&mcp_paste_kepts, kept, entry);
	free(kept->name);
	free(kept);
}

/* A buffer has a result: note it, and remove the oldest if that is too many. */
static void
mcp_paste_keep(const char *name)
{
	struct mcp_paste_kept	*kept, *kept1;
	struct paste_buffer	*pb = paste_get_name(name), *other;
	u_int			 count = 0, limit;

	if (pb == NULL)
		return;
	/* Those that are gone or something else by now do not count. */
	TAILQ_FOREACH_SAFE(kept, &mcp_paste_kepts, entry, kept1) {
		other = paste_get_name(kept->name);
		if (other == NULL || other == pb ||
		    paste_buffer_order(other) != kept->order)
			mcp_paste_forget(kept);
		else
			count++;
	}
	kept = xcalloc(1, sizeof *kept);
	kept->name = xstrdup(name);
	kept->order = paste_buffer_order(pb);
	TAILQ_INSERT_TAIL(&mcp_paste_kepts, kept, entry);
	count++;
	limit = options_get_number(global_options, "mcp-buffer-limit");
	TAILQ_FOREACH_SAFE(kept, &mcp_paste_kepts, entry, kept1) {
		if (count-- <= limit)
			break;
		if ((pb = paste_get_name(kept->name)) != NULL)
			paste_free(pb);
		mcp_paste_forget(kept);
	}
}

/* It is copied: the buffer appears, whole, and the one before is freed. */
static void
mcp_paste_show(struct mcp_paste *paste)
{
	char	*cause;

	if (paste_set(paste->copy, paste->size, paste->name, &cause) != 0) {
		mcp_message_add("mcp: %s", cause);
		free(cause);
		free(paste->copy);
	} else
		mcp_paste_keep(paste->name);
	paste->copy = NULL;
}

/* Tell who waits for it. */
static void
mcp_paste_finish(struct mcp_paste *paste)
{
	mcp_bytes_unref(paste->bytes);
	free(paste->name);
	if (paste->cb != NULL)
		paste->cb(paste->data);
	free(paste);
}

/* Copy the next part of one. */
static void
mcp_paste_copy(struct mcp_paste *paste)
{
	const char	*text = paste->bytes->text + paste->off;
	size_t		 size = paste->bytes->size - paste->off;

	if (size > MCP_PASTE_TURN_BYTES)
		size = mcp_sgr_cut(text, size, MCP_PASTE_TURN_BYTES);
	paste->off += size;
	if (paste->sgr) {
		memcpy(paste->copy + paste->size, text, size);
		paste->size += size;
	} else {
		paste->size += mcp_sgr_strip(paste->copy + paste->size, text,
		    size);
	}
}

/* Go on with the first: copy, and each in a turn of its own, show and tell. */
static int
mcp_paste_step(__unused void *data)
{
	struct mcp_paste	*paste = TAILQ_FIRST(&mcp_pastes);

	if (paste->copy != NULL && paste->off == paste->bytes->size)
		mcp_paste_show(paste);
	else if (paste->copy != NULL)
		mcp_paste_copy(paste);
	else {
		TAILQ_REMOVE(&mcp_pastes, paste, entry);
		mcp_paste_finish(paste);
	}
	mcp_paste_working = !TAILQ_EMPTY(&mcp_pastes);
	return (mcp_paste_working);
}

/* If a text is on its way to a buffer. */
static int
mcp_paste_pending(const char *name)
{
	struct mcp_paste	*paste;

	TAILQ_FOREACH(paste, &mcp_pastes, entry) {
		if (strcmp(paste->name, name) == 0)
			return (1);
	}
	return (0);
}

/*
 * The name of a buffer for a result that has no other place: the first of a few
 * that is free, so that results do not take each other's place, or else the
 * oldest.
 */
void
mcp_paste_spare(char *name, size_t size)
{
	struct paste_buffer	*pb;
	char			 oldest[sizeof MCP_BUFFER + 16] = MCP_BUFFER;
	u_int			 order = UINT_MAX;
	u_int			 i;

	for (i = 1; i <= MCP_PASTE_SPARE; i++) {
		if (i == 1)
			strlcpy(name, MCP_BUFFER, size);
		else
			xsnprintf(name, size, "%s-%u", MCP_BUFFER, i);
		if (mcp_paste_pending(name) || mcp_sink_is_taken(i))
			continue;
		if ((pb = paste_get_name(name)) == NULL)
			return;
		if (paste_buffer_order(pb) < order) {
			order = paste_buffer_order(pb);
			strlcpy(oldest, name, sizeof oldest);
		}
	}
	strlcpy(name, oldest, size);
}

/* How many bytes a paste buffer has, which are fewer than those of the text. */
size_t
mcp_paste_size(const char *name)
{
	struct paste_buffer	*pb = paste_get_name(name);
	size_t			 size = 0;

	if (pb != NULL)
		(void)paste_buffer_data(pb, &size);
	return (size);
}

/* Put text into a paste buffer, with its colours or without. */
static void
mcp_paste_start(const char *name, struct mcp_bytes *bytes, int sgr,
    mcp_done_cb cb, void *data)
{
	struct mcp_paste	*paste;

	paste = xcalloc(1, sizeof *paste);
	paste->name = xstrdup(name);
	paste->bytes = mcp_bytes_ref(bytes);
	paste->sgr = sgr;
	paste->copy = xmalloc(bytes->size == 0 ? 1 : bytes->size);
	paste->cb = cb;
	paste->data = data;
	if (bytes->size <= MCP_PASTE_TURN_BYTES && !mcp_paste_pending(name)) {
		mcp_paste_copy(paste);
		mcp_paste_show(paste);
		mcp_paste_finish(paste);
		return;
	}
	TAILQ_INSERT_TAIL(&mcp_pastes, paste, entry);
	if (!mcp_paste_working)
		mcp_work_add(mcp_paste_step, NULL);
	mcp_paste_working = 1;
}

/*
 * Put text into a paste buffer, without its colours, and tell cb, which may be
 * NULL, when it is there: before this returns if the text is small.
 */
void
mcp_paste_set(const char *name, struct mcp_bytes *bytes, mcp_done_cb cb,
    void *data)
{
	mcp_paste_start(name, bytes, 0, cb, data);
}

/* The same with its colours, for a pager. */
void
mcp_paste_set_coloured(const char *name, struct mcp_bytes *bytes,
    mcp_done_cb cb, void *data)
{
	mcp_paste_start(name, bytes, 1, cb, data);
}
