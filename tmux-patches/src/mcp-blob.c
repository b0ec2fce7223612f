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
#include "mcp.h"

/*
 * Images, audio and other binary parts of a result are saved in files of their
 * own, readable by the user only, and named in what is shown.
 */

/* What is written in one turn of the loop, of one result. */
#define MCP_BLOB_BYTES (16 * 1024 * 1024)
#define MCP_BLOB_FILES 64

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

/* Write a new file. Returns its path, or NULL with errno. */
static char *
mcp_blob_write(const char *suffix, const uint8_t *data, size_t size)
{
	struct environ_entry	*envent;
	const char		*dir = "/tmp";
	char			*path;
	ssize_t			 n;
	int			 fd, error = 0;

	envent = environ_find(global_environ, "TMPDIR");
	if (envent != NULL && envent->value != NULL && *envent->value == '/')
		dir = envent->value;
	xasprintf(&path, "%s/mcp-XXXXXX%s", dir, suffix);
	if ((fd = mkstemps(path, strlen(suffix))) == -1) {
		error = errno;
		free(path);
		errno = error;
		return (NULL);
	}
	while (size != 0) {
		if ((n = write(fd, data, size)) <= 0) {
			error = (n == 0 ? EIO : errno);
			break;
		}
		data += n;
		size -= n;
	}
	if (close(fd) != 0 && error == 0)
		error = errno;
	if (error != 0) {
		unlink(path);
		free(path);
		errno = error;
		return (NULL);
	}
	return (path);
}

/*
 * Save what is binary in a result. Returns a copy of the text with a line for
 * each file, to be freed, or NULL if there is nothing to save.
 */
char *
mcp_blob_save(struct tmcp_event *event, const char *text, size_t size,
    size_t *outsize)
{
	struct evbuffer	*evb;
	const uint8_t	*data;
	const char	*mime;
	char		*path, *out, *shown;
	size_t		 i, n, len, total = 0;

	if (event == NULL || (n = tmcp_event_blob_count(event)) == 0)
		return (NULL);
	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	evbuffer_add(evb, text, size);
	if (size != 0 && text[size - 1] != '\n')
		evbuffer_add(evb, "\n", 1);

	for (i = 0; i < n; i++) {
		data = tmcp_event_blob(event, i, &mime, &len);
		if (data == NULL)
			continue;
		shown = mcp_text_line(*mime == '\0' ? "unknown type" : mime);
		if (i >= MCP_BLOB_FILES) {
			evbuffer_add_printf(evb, "[%zu more, too many to "
			    "save]\n", n - i);
			free(shown);
			break;
		}
		if ((total += len) > MCP_BLOB_BYTES) {
			evbuffer_add_printf(evb, "[%s, %zu bytes, too large "
			    "to save]\n", shown, len);
		} else if ((path = mcp_blob_write(mcp_blob_suffix(mime), data,
		    len)) == NULL) {
			evbuffer_add_printf(evb, "[%s, %zu bytes, not saved: "
			    "%s]\n", shown, len, strerror(errno));
		} else {
			evbuffer_add_printf(evb, "[%s, %zu bytes, saved in "
			    "%s]\n", shown, len, path);
			free(path);
		}
		free(shown);
	}

	*outsize = EVBUFFER_LENGTH(evb);
	out = xmalloc(*outsize + 1);
	memcpy(out, EVBUFFER_DATA(evb), *outsize);
	out[*outsize] = '\0';
	evbuffer_free(evb);
	return (out);
}
