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

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tmux.h"
#include "mcp-run.h"

/*
 * Images, audio and other binary parts of a result are saved in files of their
 * own, readable by the user only, and named in what is shown.
 */

/* What is written of one result. */
#define MCP_BLOB_BYTES (16 * 1024 * 1024)
#define MCP_BLOB_FILES 64

/* What is written in one turn of the loop; a new file counts as so much. */
#define MCP_BLOB_TURN_BYTES (256 * 1024)
#define MCP_BLOB_FILE_BYTES (32 * 1024)

/*
 * The files of one result, while they are written. Whole is the event they are
 * in; out is the text with a line for each.
 */
struct mcp_blob {
	struct mcp_bytes	*whole;
	struct tmcp_event	*event;
	struct mcp_bytes	*text;
	struct client		*client;
	struct mcp_bytes	*out;
	size_t			 off;

	size_t			 i;
	size_t			 n;
	size_t			 total;
	struct mcp_saved	*files[MCP_BLOB_FILES];
	u_int			 nfiles;

	int			 fd;
	const char		*mime;
	const uint8_t		*data;
	size_t			 size;
	size_t			 written;

	mcp_extract_cb		 cb;
	void			*cb_data;

	TAILQ_ENTRY(mcp_blob)	 entry;
};
static TAILQ_HEAD(, mcp_blob) mcp_blobs = TAILQ_HEAD_INITIALIZER(mcp_blobs);

static const struct {
	const char	*mime;
	const char	*suffix;
} mcp_blob_suffixes[] = {
	{ "application/gzip", ".gz" },
	{ "application/json", ".json" },
	{ "application/pdf", ".pdf" },
	{ "application/xml", ".xml" },
	{ "application/zip", ".zip" },
	{ "audio/aac", ".aac" },
	{ "audio/flac", ".flac" },
	{ "audio/mp3", ".mp3" },
	{ "audio/mp4", ".m4a" },
	{ "audio/mpeg", ".mp3" },
	{ "audio/ogg", ".ogg" },
	{ "audio/opus", ".opus" },
	{ "audio/wav", ".wav" },
	{ "audio/wave", ".wav" },
	{ "audio/webm", ".webm" },
	{ "audio/x-wav", ".wav" },
	{ "image/avif", ".avif" },
	{ "image/bmp", ".bmp" },
	{ "image/gif", ".gif" },
	{ "image/heic", ".heic" },
	{ "image/jpeg", ".jpg" },
	{ "image/jpg", ".jpg" },
	{ "image/png", ".png" },
	{ "image/svg+xml", ".svg" },
	{ "image/tiff", ".tiff" },
	{ "image/webp", ".webp" },
	{ "text/css", ".css" },
	{ "text/csv", ".csv" },
	{ "text/html", ".html" },
	{ "text/markdown", ".md" },
	{ "text/plain", ".txt" },
	{ "video/mp4", ".mp4" },
	{ "video/webm", ".webm" }
};

/* What the name of a file of some type ends with; parameters are left out. */
static const char *
mcp_blob_suffix(const char *mime)
{
	size_t	size = strcspn(mime, "; \t");
	u_int	i;

	for (i = 0; i < nitems(mcp_blob_suffixes); i++) {
		if (strlen(mcp_blob_suffixes[i].mime) == size &&
		    strncasecmp(mcp_blob_suffixes[i].mime, mime, size) == 0)
			return (mcp_blob_suffixes[i].suffix);
	}
	return (".bin");
}

/* Write some more of the file that is open. Returns an errno. */
static int
mcp_blob_write(struct mcp_blob *blob, size_t limit)
{
	size_t	left = blob->size - blob->written;
	ssize_t	n;

	if (left > limit)
		left = limit;
	while (left != 0) {
		n = write(blob->fd, blob->data + blob->written, left);
		if (n <= 0)
			return (n == 0 ? EIO : errno);
		blob->written += n;
		left -= n;
	}
	return (0);
}

/* Say what became of a part, and go on with the next. */
static void
mcp_blob_told(struct mcp_blob *blob, const char *fate, const char *more)
{
	char	*shown;

	shown = mcp_text_line(*blob->mime == '\0' ? "unknown type" :
	    blob->mime);
	mcp_bytes_printf(blob->out, "[%s, %zu bytes, %s%s]\n", shown,
	    blob->size, fate, more);
	free(shown);
	blob->i++;
}

/* The file that is open is written, or not. */
static void
mcp_blob_close(struct mcp_blob *blob, int error)
{
	struct mcp_saved	*ms = blob->files[blob->nfiles - 1];

	if (close(blob->fd) != 0 && error == 0)
		error = errno;
	blob->fd = -1;
	if (error == 0) {
		ms->size = blob->size;
		mcp_blob_told(blob, "saved in ", ms->path);
		return;
	}
	mcp_saved_remove(ms);
	blob->nfiles--;
	mcp_blob_told(blob, "not saved: ", strerror(error));
}

/* Begin with a part. Returns 0 if it was the last that is looked at. */
static int
mcp_blob_begin(struct mcp_blob *blob)
{
	struct mcp_saved	*ms;

	blob->data = tmcp_event_blob(blob->event, blob->i, &blob->mime,
	    &blob->size);
	blob->written = 0;
	if (blob->data == NULL) {
		blob->i++;
		return (1);
	}
	if (blob->i >= MCP_BLOB_FILES) {
		mcp_bytes_printf(blob->out, "[%zu more, too many to save]\n",
		    blob->n - blob->i);
		return (0);
	}
	if ((blob->total += blob->size) > MCP_BLOB_BYTES)
		mcp_blob_told(blob, "too large to save", "");
	else if ((blob->fd = mcp_saved_open(blob->event, blob->mime,
	    mcp_blob_suffix(blob->mime), &ms)) == -1)
		mcp_blob_told(blob, "not saved: ", strerror(errno));
	else
		blob->files[blob->nfiles++] = ms;
	return (1);
}

/* Forget it, and the files as well if nobody will be told where they are. */
static void
mcp_blob_free(struct mcp_blob *blob, int keep)
{
	u_int	i;

	TAILQ_REMOVE(&mcp_blobs, blob, entry);
	if (blob->fd != -1)
		close(blob->fd);
	for (i = 0; i < blob->nfiles; i++) {
		if (keep)
			blob->files[i]->done = 1;
		else
			mcp_saved_remove(blob->files[i]);
	}
	if (keep)
		mcp_saved_told();
	mcp_bytes_unref(blob->text);
	mcp_bytes_unref(blob->whole);
	mcp_bytes_unref(blob->out);
	free(blob);
}

/* Hand out the text. */
static int
mcp_blob_finish(struct mcp_blob *blob, int keep)
{
	struct mcp_bytes	*out = mcp_bytes_ref(blob->out);
	mcp_extract_cb		 cb = blob->cb;
	void			*data = blob->cb_data;

	mcp_blob_free(blob, keep);
	cb(data, out);
	return (0);
}

/* Copy some more of the text, then write some more of the files. */
static int
mcp_blob_step(void *data)
{
	struct mcp_blob	*blob = data;
	size_t		 left = MCP_BLOB_TURN_BYTES, size, before;
	int		 error;

	if (blob->client != NULL && (blob->client->flags & CLIENT_DEAD))
		return (mcp_blob_finish(blob, 0));

	if (blob->off != blob->text->size) {
		(void)mcp_bytes_add_lines(blob->out, blob->text, &blob->off,
		    &left);
	}
	while (left != 0) {
		if (blob->fd == -1) {
			if (blob->i == blob->n || !mcp_blob_begin(blob))
				return (mcp_blob_finish(blob, 1));
			size = MCP_BLOB_FILE_BYTES;
		} else {
			before = blob->written;
			error = mcp_blob_write(blob, left);
			size = blob->written - before;
			if (error != 0 || blob->written == blob->size)
				mcp_blob_close(blob, error);
		}
		left -= (size > left ? left : size);
	}
	return (1);
}

/*
 * Save what is binary in an event, which lies in whole. When it is done cb gets
 * the text with a line for each file, to keep: before this returns if there is
 * little. If the client that waits, which may be NULL, goes away meanwhile, so
 * do the files. Returns 0 if there is nothing to save.
 */
int
mcp_blob_save(struct tmcp_event *event, struct mcp_bytes *whole,
    struct mcp_bytes *text, struct client *c, mcp_extract_cb cb, void *data)
{
	struct mcp_blob	*blob;
	size_t		 n;

	if ((n = tmcp_event_blob_count(event)) == 0)
		return (0);
	blob = xcalloc(1, sizeof *blob);
	blob->event = event;
	blob->whole = mcp_bytes_ref(whole);
	blob->text = mcp_bytes_ref(text);
	blob->client = c;
	blob->out = mcp_bytes_create();
	blob->n = n;
	blob->fd = -1;
	blob->cb = cb;
	blob->cb_data = data;
	TAILQ_INSERT_TAIL(&mcp_blobs, blob, entry);
	mcp_work_start(mcp_blob_step, blob);
	return (1);
}

/* The server exits: nobody will be told of what is not yet whole. */
void
mcp_blob_stop(void)
{
	while (!TAILQ_EMPTY(&mcp_blobs))
		mcp_blob_free(TAILQ_FIRST(&mcp_blobs), 0);
}
