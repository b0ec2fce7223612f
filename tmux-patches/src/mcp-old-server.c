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

#include <string.h>

#include "tmux.h"
#include "mcp.h"

/*
 * A server that runs does not change when tmux is installed anew, and does not
 * know the commands that came since. What it answers is only "unknown command";
 * the client knows better, because the command is in its own table.
 */

/* The descriptor of errors. */
#define MCP_OLD_SERVER_STREAM 2

#define MCP_OLD_SERVER_SAYS "unknown command: "
static const char	mcp_old_server_hint[] =
    "the tmux server that is running was started by a tmux without this "
    "command;\n"
    "'tmux kill-server' ends it and all its sessions, and the next tmux "
    "starts a new one\n";

/* Whether a command is ours: a whole name, an abbreviation or an alias. */
static int
mcp_old_server_ours(const char *name, size_t size)
{
	const struct cmd_entry	**entry;
	const char		 *alias;

	for (entry = cmd_table; size != 0 && *entry != NULL; entry++) {
		if (strstr((*entry)->name, "mcp") == NULL)
			continue;
		if (strncmp((*entry)->name, name, size) == 0)
			return (1);
		alias = (*entry)->alias;
		if (alias != NULL && strlen(alias) == size &&
		    strncmp(alias, name, size) == 0)
			return (1);
	}
	return (0);
}

/*
 * In the client: the server wrote this to a file. If it does not know one of
 * our commands, say why and what to do.
 */
void
mcp_old_server(struct client_file *cf, const void *data, size_t size)
{
	const char	*text = data, *end;
	size_t		 skip = (sizeof MCP_OLD_SERVER_SAYS) - 1;

	if (cf->event == NULL || cf->stream != MCP_OLD_SERVER_STREAM)
		return;
	if (size <= skip || memcmp(text, MCP_OLD_SERVER_SAYS, skip) != 0)
		return;
	text += skip;
	size -= skip;
	if ((end = memchr(text, '\n', size)) != NULL)
		size = end - text;
	if (!mcp_old_server_ours(text, size))
		return;
	bufferevent_write(cf->event, mcp_old_server_hint,
	    (sizeof mcp_old_server_hint) - 1);
}
