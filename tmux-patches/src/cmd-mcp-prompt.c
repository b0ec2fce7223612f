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
 * Gets a prompt from an MCP server and pastes it into a pane, unless it is to
 * go elsewhere.
 */

static enum cmd_retval	cmd_mcp_prompt_exec(struct cmd *, struct cmdq_item *);

const struct cmd_entry cmd_mcp_prompt_entry = {
	.name = "mcp-prompt",
	.alias = "mprompt",

	.args = { "bEFjo:pq:t:T:", 2, -1, NULL },
	.usage = "[-bEjp] [-o output] [-q pointer] " CMD_TARGET_PANE_USAGE
		 " [-T timeout] server name [key=value | key@=source ...]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = 0,
	.exec = cmd_mcp_prompt_exec
};

/* Ask which arguments the prompt has. */
static int32_t
cmd_mcp_prompt_list(struct mcp_run *run, void *user_data, uint64_t *id)
{
	return (tmcp_client_list(run->core, run->server, TMCP_LIST_PROMPTS,
	    run->timeout, user_data, id));
}

/* Say what is missing and what there is, to be freed. */
static char *
cmd_mcp_prompt_lacks(struct mcp_run *run, struct mcp_field *fields, u_int n)
{
	char	*s, *more;
	u_int	 i, count = 0;

	xasprintf(&s, "prompt '%s' needs", run->name);
	for (i = 0; i < n; i++) {
		if (!fields[i].required || fields[i].value != NULL)
			continue;
		xasprintf(&more, "%s%s '%s'", s, count++ == 0 ? "" : ",",
		    fields[i].name);
		free(s);
		s = more;
	}
	for (i = 0; i < n && strlen(s) < 4096; i++) {
		xasprintf(&more, "%s%s %s%s", s, i == 0 ? "; it takes" : ",",
		    fields[i].name, fields[i].required ? " (required)" : "");
		free(s);
		s = more;
	}
	return (s);
}

/*
 * They are known: ask the person for what is missing, if anything is and
 * somebody can be asked.
 */
static void
cmd_mcp_prompt_listed(struct tmcp_event *event, void *data)
{
	struct mcp_run		*run = data;
	struct tmcp_table	*table = NULL;
	struct mcp_field	*fields;
	char			*cause;
	u_int			 n;

	run->start = mcp_run_prompt;
	run->done = NULL;
	if (mcp_event_result(event) == TMCP_RESULT_OK)
		table = tmcp_client_prompt_arguments(event, run->name);
	fields = mcp_field_create(table, &n);
	tmcp_table_free(table);
	mcp_field_set(fields, n, run->args.pairs, run->args.npairs);
	if (mcp_field_complete(fields, n)) {
		mcp_field_free(fields, n);
		mcp_run_next(run);
	} else if (run->argument != NULL)
		mcp_offer_run(run, TMCP_REFERENCE_PROMPT, fields, n);
	else {
		cause = cmd_mcp_prompt_lacks(run, fields, n);
		mcp_field_free(fields, n);
		mcp_run_fail(run, MCP_EXIT_ERROR, cause);
		free(cause);
	}
}

static enum cmd_retval
cmd_mcp_prompt_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args		*args = cmd_get_args(self);
	struct window_pane	*wp = cmdq_get_target(item)->wp;
	struct mcp_run		*run;
	char			*cause = NULL;

	if (mcp_get(item) == NULL)
		return (CMD_RETURN_ERROR);
	run = mcp_run_create(self, item, args_string(args, 0),
	    args_string(args, 1), &cause);
	if (run == NULL ||
	    mcp_args_parse(&run->args, args, 2, item, &cause) != 0)
		goto fail;
	if (run->args.json != NULL) {
		cause = xstrdup("the arguments of a prompt are key=value");
		goto fail;
	}
	if (!args_has(args, 'o') && !args_has(args, 'b')) {
		if (wp == NULL) {
			cause = xstrdup("no pane to paste into, use -t or -o");
			goto fail;
		}
		run->out->sink = MCP_SINK_PANE;
		run->out->wp_id = wp->id;
	}
	/* That somebody can be asked is kept in the argument. */
	if (mcp_offer_asks(run, args))
		run->argument = xstrdup("");
	run->start = cmd_mcp_prompt_list;
	run->done = cmd_mcp_prompt_listed;
	return (mcp_run_go(run, item));

fail:
	return (mcp_run_refuse(run, item, MCP_EXIT_ERROR, cause));
}
