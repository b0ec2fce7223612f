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
#include "mcp-settings.h"

/*
 * Gives the core what has changed of tmux: the environment, the options, what
 * it may do for servers.
 */

/* Give the core the environment and the options that have changed. */
static void
mcp_sync(struct tmcp_client *core)
{
	if (mcp_environ_sync(core))
		mcp_options_environ_changed();
	if (mcp_options_is_stale())
		mcp_options_sync(core);
}

/*
 * Give them if an option has changed, between commands. Servers may be started
 * because of it, in the environment of now.
 */
void
mcp_settings_sync(struct tmcp_client *core)
{
	if (mcp_options_is_stale())
		mcp_sync(core);
}

/*
 * The core for a command, or NULL after an error. Configuration files that have
 * changed are read before anything that the command asks for.
 */
struct tmcp_client *
mcp_get(struct cmdq_item *item)
{
	struct tmcp_client	*core = mcp_core_get();
	char			*directory;

	if (core == NULL) {
		mcp_error(item, "mcp is not available, see show-messages");
		return (NULL);
	}
	mcp_sync(core);
	mcp_roots_update(core);
	directory = mcp_client_directory(item);
	tmcp_client_refresh(core, directory);
	free(directory);
	if (!tmcp_client_ready(core))
		mcp_changed();
	return (core);
}
