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
#include "mcp-run.h"
#include "mcp-settings.h"

/*
 * Lists the last calls, and makes one of them again.
 */

#define CMD_MCP_HISTORY_TEMPLATE \
	"#{mcp_id}: #{t/p:mcp_time} #{mcp_server} #{mcp_tool} " \
	"#{mcp_outcome}#{?#{!=:#{mcp_outcome},running}, #{mcp_elapsed} ms " \
	"#{mcp_size} bytes,} #{mcp_arguments}#{?mcp_error,  #{mcp_error},}"

static enum cmd_retval	cmd_mcp_history_exec(struct cmd *, struct cmdq_item *);
static enum cmd_retval	cmd_mcp_again_exec(struct cmd *, struct cmdq_item *);

const struct cmd_entry cmd_mcp_history_entry = {
	.name = "mcp-history",
	.alias = "mhist",

	.args = { "bF:f:jo:t:", 0, 0, NULL },
	.usage = "[-bj] [-F format] [-f filter] [-o output] "
		 CMD_TARGET_PANE_USAGE,

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = CMD_READONLY,
	.exec = cmd_mcp_history_exec
};

const struct cmd_entry cmd_mcp_again_entry = {
	.name = "mcp-again",
	.alias = "magain",

	.args = { "bjo:pq:t:T:y", 0, 1, NULL },
	.usage = "[-bjpy] [-o output] [-q pointer] " CMD_TARGET_PANE_USAGE
		 " [-T timeout] [id]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = 0,
	.exec = cmd_mcp_again_exec
};

/* Add a call to the list, if the filter lets it pass. */
static void
cmd_mcp_history_add(struct mcp_bytes *text, struct mcp_call *mc, int json,
    const char *template, const char *filter)
{
	struct format_tree	*ft;
	char			*s;
	int			 show;

	ft = format_create(NULL, NULL, FORMAT_NONE, FORMAT_NOJOBS);
	mcp_history_formats(mc, ft);
	show = mcp_table_passes(ft, filter);
	if (show && json) {
		if (text->size > 1)
			mcp_bytes_add(text, ",\n", 2);
		mcp_history_json(mc, text);
	} else if (show) {
		s = format_expand(ft, template);
		mcp_bytes_printf(text, "%s\n", s);
		free(s);
	}
	format_free(ft);
}

static enum cmd_retval
cmd_mcp_history_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args		*args = cmd_get_args(self);
	struct mcp_bytes	*text;
	struct mcp_call		*mc = NULL;
	const char		*template = args_get(args, 'F');
	enum cmd_retval		 retval = CMD_RETURN_NORMAL;
	int			 json = args_has(args, 'j');

	if (json && template != NULL) {
		mcp_error(item, "-j can't be used with -F");
		return (CMD_RETURN_ERROR);
	}
	if (mcp_get(item) == NULL)
		return (CMD_RETURN_ERROR);
	if (template == NULL)
		template = CMD_MCP_HISTORY_TEMPLATE;
	text = mcp_bytes_create();
	if (json)
		mcp_bytes_add(text, "[", 1);
	while ((mc = mcp_history_next(mc)) != NULL) {
		cmd_mcp_history_add(text, mc, json, template,
		    args_get(args, 'f'));
	}
	if (json)
		mcp_bytes_add(text, "]\n", 2);
	if (text->size != 0)
		retval = mcp_print_list(self, item, text->text, text->size, json);
	mcp_bytes_unref(text);
	return (retval);
}

/* The call that is meant, or NULL after an error. */
static struct mcp_call *
cmd_mcp_again_call(struct cmdq_item *item, const char *s)
{
	struct mcp_call	*mc;
	const char	*errstr;
	uint64_t	 id;

	if (s == NULL) {
		if ((mc = mcp_history_last(NULL, NULL)) == NULL) {
			if (mcp_history_limit() == 0) {
				mcp_error(item, "no calls are kept: "
				    "mcp-history-size is 0");
			} else
				mcp_error(item, "no tool was called yet");
		}
		return (mc);
	}
	id = strtonum(s, 1, LLONG_MAX, &errstr);
	if (errstr != NULL || (mc = mcp_history_find(id)) == NULL) {
		mcp_error(item, "no such call: %s (see mcp-history)", s);
		return (NULL);
	}
	return (mc);
}

static enum cmd_retval
cmd_mcp_again_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args	*args = cmd_get_args(self);
	struct mcp_call	*mc;
	struct mcp_run	*run;
	char		*cause = NULL;

	if (mcp_get(item) == NULL)
		return (CMD_RETURN_ERROR);
	if ((mc = cmd_mcp_again_call(item, args_string(args, 0))) == NULL)
		return (CMD_RETURN_ERROR);
	run = mcp_run_create(self, item, mc->server, mc->tool, &cause);
	if (run == NULL || mcp_run_repeat(run, mc, &cause) != 0)
		return (mcp_run_refuse(run, item, MCP_EXIT_ERROR, cause));
	run->start = mcp_run_call;
	run->is_exact = 1;
	if (!args_has(args, 'y'))
		mcp_confirm_set(run, mc);
	return (mcp_run_go(run, item));
}
