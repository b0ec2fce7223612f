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
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tmux.h"
#include "mcp-run.h"

/*
 * Reads files that users name, in the server. A file is opened once, in a way
 * that waits for nobody, and only then looked at, so that it is the one that is
 * read: a regular file, and not longer than what may be sent. It is read to its
 * end in steps, one a turn of the loop.
 */

/* What is read in one turn. */
#define MCP_FILE_TURN_BYTES (256 * 1024)

struct mcp_file {
	int			 fd;
	char			*path;	/* as it was named */
	struct mcp_bytes	*bytes;

	mcp_file_cb		 cb;
	void			*data;
};

/* The whole of a path, which may begin with ~/, or with where the client is. */
char *
mcp_file_path(struct client *c, const char *path)
{
	const char	*home = find_home();
	char		*full;

	if (strncmp(path, "~/", 2) == 0 && home != NULL)
		xasprintf(&full, "%s/%s", home, path + 2);
	else if (*path == '/')
		full = xstrdup(path);
	else
		xasprintf(&full, "%s/%s", server_client_get_cwd(c, NULL), path);
	return (full);
}

/* Open a file. */
struct mcp_file *
mcp_file_open(struct client *c, const char *path, char **cause)
{
	struct mcp_file	*mf;
	struct stat	 sb;
	char		*full = mcp_file_path(c, path);
	int		 fd, error = 0;

	fd = open(full, O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_NOCTTY);
	free(full);
	if (fd == -1 || fstat(fd, &sb) != 0)
		error = errno;
	else if (!S_ISREG(sb.st_mode))
		error = EINVAL;
	else if (sb.st_size > MCP_ARGS_FILE_BYTES)
		error = EFBIG;
	if (error != 0) {
		if (fd != -1)
			close(fd);
		xasprintf(cause, "%s: %s", path, error == EINVAL ?
		    "not a regular file" : strerror(error));
		return (NULL);
	}
	mf = xcalloc(1, sizeof *mf);
	mf->fd = fd;
	mf->path = xstrdup(path);
	mf->bytes = mcp_bytes_create();
	return (mf);
}

/* Close, and forget what was read unless somebody else keeps it. */
void
mcp_file_free(struct mcp_file *mf)
{
	if (mf == NULL)
		return;
	close(mf->fd);
	free(mf->path);
	mcp_bytes_unref(mf->bytes);
	free(mf);
}

/* What has been read. */
struct mcp_bytes *
mcp_file_bytes(struct mcp_file *mf)
{
	return (mf->bytes);
}

/*
 * Read some more. Returns 1 if there may be more, 0 at the end, or -1 with a
 * cause.
 */
int
mcp_file_step(struct mcp_file *mf, char **cause)
{
	char	 buf[16384];
	size_t	 size = 0;
	ssize_t	 n;
	int	 error = 0;

	while (size < MCP_FILE_TURN_BYTES) {
		n = read(mf->fd, buf, sizeof buf);
		if (n == 0)
			return (0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			error = errno;
		else if (mf->bytes->size + n > MCP_ARGS_FILE_BYTES)
			error = EFBIG;
		if (error != 0) {
			xasprintf(cause, "%s: %s", mf->path, strerror(error));
			return (-1);
		}
		mcp_bytes_add(mf->bytes, buf, n);
		size += n;
	}
	return (1);
}

/* Read some more, and hand it out after the last. */
static int
mcp_file_turn(void *data)
{
	struct mcp_file	*mf = data;
	char		*cause = NULL;
	int		 more;

	if ((more = mcp_file_step(mf, &cause)) == 1)
		return (1);
	mf->cb(mf->data, mf->path, more == 0 ? mf->bytes : NULL, cause);
	free(cause);
	mcp_file_free(mf);
	return (0);
}

/*
 * Read all of it, from the next turn on. Cb gets the text, or NULL and a cause;
 * both go with the file, which is ours from now on.
 */
void
mcp_file_read(struct mcp_file *mf, mcp_file_cb cb, void *data)
{
	mf->cb = cb;
	mf->data = data;
	mcp_work_add(mcp_file_turn, mf);
}
