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

#include "tmux.h"
#include "mcp-browse.h"
#include "mcp-settings.h"

/*
 * Enter the mode that shows servers, what they have and what they do.
 */

static enum cmd_retval	cmd_choose_mcp_exec(struct cmd *, struct cmdq_item *);

const struct cmd_entry cmd_choose_mcp_entry = {
	.name = "choose-mcp",
	.alias = NULL,

	.args = { "F:f:K:NO:rt:Z", 0, 0, NULL },
	.usage = "[-NrZ] [-F format] [-f filter] [-K key-format] "
		 "[-O sort-order] " CMD_TARGET_PANE_USAGE,

	.target = { 't', CMD_FIND_PANE, 0 },

	.flags = 0,
	.exec = cmd_choose_mcp_exec
};

static enum cmd_retval
cmd_choose_mcp_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args		*args = cmd_get_args(self);
	struct cmd_find_state	*target = cmdq_get_target(item);

	if (mcp_get(item) == NULL)
		return (CMD_RETURN_ERROR);
	mcp_compat_set_mode(target->wp, item, &window_mcp_mode, target, args);
	mcp_view_fit(target->wp);
	return (CMD_RETURN_NORMAL);
}
