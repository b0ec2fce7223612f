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

#include "tmux.h"
#include "mcp-request.h"

/*
 * Starts the commands that need the configuration and no more: mcp-reload,
 * mcp-stats and the lists. They go on when it has been read.
 */

/* The output of a command, or NULL after the error was reported. */
struct mcp_output *
mcp_ready_output(struct cmd *self, struct cmdq_item *item)
{
	struct mcp_output	*out;
	char			*cause;

	out = mcp_output_create(self, item, cmd_get_entry(self)->name, &cause);
	if (out == NULL) {
		mcp_error(item, "%s", cause);
		free(cause);
	}
	return (out);
}

/*
 * Have cb called once the configuration has been read. If the client that waits
 * goes away before, or if the core refuses, free is called instead, which frees
 * the output too.
 */
enum cmd_retval
mcp_ready_start(struct cmdq_item *item, struct mcp_output *out,
    mcp_request_cb cb, mcp_free_cb freecb, void *data)
{
	struct mcp_request	*mr;
	char			*cause;
	uint64_t		 id;
	int32_t			 result;
	int			 wait = (out->item != NULL);

	mr = mcp_request_add(out, cb, freecb, data);
	result = tmcp_client_wait_ready(mcp_core_get(), mr, &id);
	if (result != TMCP_RESULT_OK) {
		cause = mcp_strerror(result);
		mcp_error(item, "%s", cause);
		free(cause);
		mcp_request_remove(mr);
		freecb(data);
		return (CMD_RETURN_ERROR);
	}
	mcp_request_started(mr, id);
	return (wait ? CMD_RETURN_WAIT : CMD_RETURN_NORMAL);
}
