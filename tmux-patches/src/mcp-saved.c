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
#include <time.h>
#include <unistd.h>

#include "tmux.h"
#include "mcp-run.h"

/*
 * The files in which binary parts of results are saved. They are in a
 * directory that is made for this run of the server and closed to others. Their
 * number and size are limited by options, the oldest go first, and all are
 * removed when the server exits.
 */

static TAILQ_HEAD(, mcp_saved) mcp_saved_list =
    TAILQ_HEAD_INITIALIZER(mcp_saved_list);
static char		*mcp_saved_path;
static int		 mcp_saved_fd = -1;
static u_int		 mcp_saved_number;

/*
 * If what is open is our directory: a directory of this user, which nobody else
 * may enter, and still under its name. Somebody who clears /tmp may take it
 * away, and somebody else put another in its place.
 */
static int
mcp_saved_usable(void)
{
	struct stat	opened, named;

	return (mcp_saved_fd != -1 && fstat(mcp_saved_fd, &opened) == 0 &&
	    S_ISDIR(opened.st_mode) && opened.st_uid == geteuid() &&
	    (opened.st_mode & 077) == 0 &&
	    lstat(mcp_saved_path, &named) == 0 &&
	    named.st_dev == opened.st_dev && named.st_ino == opened.st_ino);
}

/* Let go of the directory. */
static void
mcp_saved_close(void)
{
	if (mcp_saved_fd != -1)
		close(mcp_saved_fd);
	mcp_saved_fd = -1;
	free(mcp_saved_path);
	mcp_saved_path = NULL;
}

/* Make the directory, if there is none. Returns an errno. */
static int
mcp_saved_make(void)
{
	struct environ_entry	*envent;
	const char		*dir = "/tmp";
	int			 error;

	if (mcp_saved_usable())
		return (0);
	mcp_saved_close();
	envent = environ_find(global_environ, "TMPDIR");
	if (envent != NULL && envent->value != NULL && *envent->value == '/')
		dir = envent->value;
	xasprintf(&mcp_saved_path, "%s/tmux-mcp-%ld-XXXXXX", dir,
	    (long)geteuid());
	if (mkdtemp(mcp_saved_path) == NULL)
		error = errno;
	else {
		mcp_saved_fd = open(mcp_saved_path, O_RDONLY|O_DIRECTORY|
		    O_NOFOLLOW|O_CLOEXEC);
		error = (mcp_saved_fd == -1 ? errno : 0);
	}
	if (error == 0 && !mcp_saved_usable())
		error = EPERM;
	if (error != 0)
		mcp_saved_close();
	return (error);
}

/* Remove a file and forget it. */
void
mcp_saved_remove(struct mcp_saved *ms)
{
	/* One in a directory that was taken away is not ours any more. */
	if (mcp_saved_usable() &&
	    strncmp(ms->path, mcp_saved_path, strlen(mcp_saved_path)) == 0)
		unlinkat(mcp_saved_fd, strrchr(ms->path, '/') + 1, 0);
	TAILQ_REMOVE(&mcp_saved_list, ms, entry);
	free(ms->path);
	free(ms->mime);
	free(ms->server);
	free(ms->tool);
	free(ms);
}

/*
 * Begin a new file, whose name ends with a suffix. Returns its descriptor, or
 * -1 with errno.
 */
int
mcp_saved_open(struct tmcp_event *event, const char *mime, const char *suffix,
    struct mcp_saved **msp)
{
	struct mcp_saved	*ms;
	const char		*s;
	char			 name[64];
	int			 fd, error;

	if ((error = mcp_saved_make()) != 0) {
		errno = error;
		return (-1);
	}
	do {
		xsnprintf(name, sizeof name, "mcp-%u%s", ++mcp_saved_number,
		    suffix);
		fd = openat(mcp_saved_fd, name, O_WRONLY|O_CREAT|O_EXCL|
		    O_NOFOLLOW|O_CLOEXEC, 0600);
	} while (fd == -1 && errno == EEXIST);
	if (fd == -1)
		return (-1);
	ms = xcalloc(1, sizeof *ms);
	xasprintf(&ms->path, "%s/%s", mcp_saved_path, name);
	ms->mime = xstrdup(mime);
	ms->server = xstrdup((s = tmcp_event_server(event)) == NULL ? "" : s);
	ms->tool = xstrdup((s = tmcp_event_tool(event)) == NULL ? "" : s);
	ms->time = time(NULL);
	TAILQ_INSERT_TAIL(&mcp_saved_list, ms, entry);
	*msp = ms;
	return (fd);
}

/*
 * The files of a result are all written: remove the oldest, as many as are too
 * many. One result has no more than the options allow at least.
 */
void
mcp_saved_told(void)
{
	struct mcp_saved	*ms, *ms1;
	uint64_t		 most, bytes = 0;
	u_int			 count = 0, limit;

	limit = options_get_number(global_options, "mcp-file-limit");
	most = options_get_number(global_options, "mcp-file-size");
	TAILQ_FOREACH(ms, &mcp_saved_list, entry) {
		count++;
		bytes += ms->size;
	}
	TAILQ_FOREACH_SAFE(ms, &mcp_saved_list, entry, ms1) {
		if (count <= limit && bytes <= most * 1024 * 1024)
			return;
		if (!ms->done)
			continue;
		count--;
		bytes -= ms->size;
		mcp_saved_remove(ms);
	}
}

/* The file after another, or the first, but none that is being written. */
struct mcp_saved *
mcp_saved_next(struct mcp_saved *ms)
{
	ms = (ms == NULL ? TAILQ_FIRST(&mcp_saved_list) :
	    TAILQ_NEXT(ms, entry));
	while (ms != NULL && !ms->done)
		ms = TAILQ_NEXT(ms, entry);
	return (ms);
}

/* The server exits: remove the files and the directory. */
void
mcp_saved_stop(void)
{
	while (!TAILQ_EMPTY(&mcp_saved_list))
		mcp_saved_remove(TAILQ_FIRST(&mcp_saved_list));
	if (mcp_saved_usable())
		rmdir(mcp_saved_path);
	mcp_saved_close();
}
