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
#include "mcp-form.h"
#include "mcp-settings.h"

/*
 * Opens a question of a server, or answers it from a script or a hook.
 */

static enum cmd_retval	cmd_mcp_answer_exec(struct cmd *, struct cmdq_item *);

const struct cmd_entry cmd_mcp_answer_entry = {
	.name = "mcp-answer",
	.alias = "mans",

	.args = { "c:dEFj:J:t:x", 0, -1, NULL },
	.usage = "[-dEx] [-c target-client] [-J json] "
		 CMD_TARGET_PANE_USAGE " [id "
		 "[key=value | key:=json | key@=source ...]]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = CMD_CLIENT_CFLAG|CMD_CLIENT_CANFAIL,
	.exec = cmd_mcp_answer_exec
};

/* If a flag is spelled as it was up to 0.1: the cause, or NULL. */
static char *
cmd_mcp_answer_old(struct args *args, struct cmdq_item *item)
{
	char	*cause = NULL;

	if (args_has(args, 'j')) {
		return (xstrdup("an answer in JSON is given with -J, not -j"));
	}
	if (args_has(args, 'c') && cmdq_get_target_client(item) == NULL) {
		xasprintf(&cause, "can't find client: %s (a question is "
		    "cancelled with -x)", args_get(args, 'c'));
	}
	return (cause);
}

/* Without an id: show the next question to who runs it, or to -c. */
static enum cmd_retval
cmd_mcp_answer_open(struct args *args, struct cmdq_item *item)
{
	struct client	*c = cmdq_get_client(item);
	char		*cause = NULL;
	int		 by_hand = (c != NULL && cmdq_running(NULL) != item);

	if (args_has(args, 'd') || args_has(args, 'J') || args_has(args, 'x')) {
		cause = xstrdup("an id is needed with -d, -J and -x");
		return (mcp_run_refuse(NULL, item, MCP_EXIT_ERROR, cause));
	}
	if (args_has(args, 'c'))
		c = cmdq_get_target_client(item);
	else if (!by_hand || !mcp_client_shows(c))
		c = NULL;
	if (args_has(args, 'c') && !mcp_client_shows(c)) {
		cause = xstrdup("no client to ask the question in");
		return (mcp_run_refuse(NULL, item, MCP_EXIT_ERROR, cause));
	}
	if (mcp_question_answer(c, by_hand, &cause) != 0)
		return (mcp_run_refuse(NULL, item, MCP_EXIT_ERROR, cause));
	return (CMD_RETURN_NORMAL);
}

static enum cmd_retval
cmd_mcp_answer_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args		*args = cmd_get_args(self);
	struct tmcp_client	*core;
	struct mcp_args		 ma;
	const char		*errstr;
	char			*cause = NULL, *s;
	uint32_t		 answer = TMCP_ANSWER_ACCEPT;
	uint64_t		 id;
	int32_t			 result;

	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	if ((cause = cmd_mcp_answer_old(args, item)) != NULL)
		return (mcp_run_refuse(NULL, item, MCP_EXIT_ERROR, cause));
	if (args_count(args) == 0)
		return (cmd_mcp_answer_open(args, item));
	memset(&ma, 0, sizeof ma);
	/* In a hook it is a format. */
	s = format_single_from_target(item, args_string(args, 0));
	id = strtonum(s, 1, LLONG_MAX, &errstr);
	if (errstr != NULL)
		xasprintf(&cause, "no such question: %s", s);
	free(s);
	if (cause != NULL)
		goto fail;
	if (args_has(args, 'x'))
		answer = TMCP_ANSWER_CANCEL;
	else if (args_has(args, 'd'))
		answer = TMCP_ANSWER_DECLINE;
	if (mcp_args_parse(&ma, args, 1, item, &cause) != 0)
		goto fail;
	result = tmcp_client_answer(core, id, answer, ma.pairs, ma.npairs,
	    ma.json);
	if (result != TMCP_RESULT_OK) {
		cause = mcp_strerror(result);
		goto fail;
	}
	mcp_args_free(&ma);
	mcp_question_gone(id);
	mcp_changed();
	return (CMD_RETURN_NORMAL);

fail:
	mcp_args_free(&ma);
	return (mcp_run_refuse(NULL, item, MCP_EXIT_ERROR, cause));
}
