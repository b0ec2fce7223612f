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
#include "mcp-complete.h"
#include "mcp-run.h"
#include "mcp-settings.h"

/*
 * Prints what a word on a command line may be, for the completion of shells.
 */

static enum cmd_retval	cmd_mcp_complete_exec(struct cmd *,
			    struct cmdq_item *);

const struct cmd_entry cmd_mcp_complete_entry = {
	.name = "mcp-complete",
	.alias = "mcomp",

	.args = { "bf:F:o:t:T:", 1, -1, NULL },
	.usage = "[-b] [-F format] [-f filter] [-o output] "
		 CMD_TARGET_PANE_USAGE " [-T timeout] servers | "
		 "tools server | prompts server | resources server | "
		 "arguments server tool | words command [word ...] | "
		 "server prompt-or-template argument [value]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = CMD_READONLY,
	.exec = cmd_mcp_complete_exec
};

static const struct {
	const char	*word;
	u_int		 count;
	uint32_t	 what;
	const char	*format;
} cmd_mcp_complete_words[] = {
	{ "servers", 1, 0, "#{mcp_name}" },
	{ "tools", 2, TMCP_LIST_TOOLS, "#{mcp_name}" },
	{ "prompts", 2, TMCP_LIST_PROMPTS, "#{mcp_name}" },
	{ "resources", 2, TMCP_LIST_RESOURCES, "#{mcp_uri}" },
	{ "arguments", 3, TMCP_LIST_TOOLS, "#{mcp_name}=" }
};

/* Which of the words above a run is for is kept in its value. */
static u_int
cmd_mcp_complete_word(struct mcp_run *run)
{
	return (atoi(run->value));
}

/* Servers are known, the rest is asked for. */
static int32_t
cmd_mcp_complete_start(struct mcp_run *run, void *user_data, uint64_t *id)
{
	uint32_t	what;

	what = cmd_mcp_complete_words[cmd_mcp_complete_word(run)].what;
	if (what == 0)
		return (tmcp_client_wait_ready(run->core, user_data, id));
	return (tmcp_client_list(run->core, run->server, what, run->timeout,
	    user_data, id));
}

/* Get the rows of what was asked for. */
static struct tmcp_table *
cmd_mcp_complete_table(struct mcp_run *run, struct tmcp_event *event)
{
	u_int	word = cmd_mcp_complete_word(run);

	if (cmd_mcp_complete_words[word].what == 0) {
		tmcp_client_refresh(run->core, run->directory);
		return (tmcp_client_servers(run->core));
	}
	if (cmd_mcp_complete_words[word].count == 3) {
		return (tmcp_client_tool_arguments(run->core, run->server,
		    run->name));
	}
	return (tmcp_event_table(event));
}

/* Ask the server for values of an argument. */
static int32_t
cmd_mcp_complete_ask(struct mcp_run *run, void *user_data, uint64_t *id)
{
	uint32_t	reference = TMCP_REFERENCE_PROMPT;

	if (strchr(run->name, '{') != NULL || strstr(run->name, "://") != NULL)
		reference = TMCP_REFERENCE_TEMPLATE;
	return (tmcp_client_complete(run->core, run->server, reference,
	    run->name, run->argument, run->value, NULL, 0, run->timeout,
	    user_data, id));
}

/* What is found for the words of a command, for an output. */
static void
cmd_mcp_complete_found(void *data, struct mcp_complete *mc)
{
	struct mcp_output	 *out = data;
	struct mcp_bytes	 *text;
	const char		 *word;
	char			**list;
	u_int			  i, size;

	list = mcp_complete_list(mc, &size, &word);
	text = mcp_bytes_create();
	for (i = 0; i < size; i++)
		mcp_bytes_printf(text, "%s\n", list[i]);
	mcp_complete_free(mc);
	if (out->client != NULL && (out->client->flags & CLIENT_DEAD)) {
		mcp_bytes_unref(text);
		mcp_output_free(out);
	} else if (text->size == 0) {
		mcp_bytes_unref(text);
		mcp_output_finish(out, 0, NULL, 0, NULL);
	} else
		mcp_output_give(out, 0, text, 0);
}

/* A completion that begins in a turn of its own. */
struct cmd_mcp_complete_data {
	struct mcp_complete	*mc;
	struct mcp_output	*out;
	char			*directory;
	int			 readonly;
	u_int			 timeout;
};

/* Begin it, now that the command waits. */
static int
cmd_mcp_complete_begin(void *data)
{
	struct cmd_mcp_complete_data	*cdata = data;

	mcp_complete_start(cdata->mc, cdata->out, cdata->directory,
	    cdata->readonly, cdata->timeout, cmd_mcp_complete_found,
	    cdata->out);
	free(cdata);
	return (0);
}

/* Complete the last of the words of a command. */
static enum cmd_retval
cmd_mcp_complete_line(struct cmd *self, struct cmdq_item *item)
{
	struct args			 *args = cmd_get_args(self);
	struct cmd_mcp_complete_data	 *cdata;
	struct mcp_complete		 *mc;
	struct mcp_output		 *out;
	char				**words;
	u_int				  i, n = args_count(args) - 1;
	u_int				  timeout;

	if (args_has(args, 'F') || args_has(args, 'f')) {
		mcp_error(item, "-F and -f can't be used with words");
		return (CMD_RETURN_ERROR);
	}
	if (mcp_print_timeout(args, item, &timeout) != 0)
		return (CMD_RETURN_ERROR);
	words = xcalloc(n + 1, sizeof *words);
	for (i = 0; i < n; i++)
		words[i] = (char *)args_string(args, i + 1);
	mc = mcp_complete_create(words, n);
	free(words);
	if (mc == NULL)
		return (CMD_RETURN_NORMAL);
	if ((out = mcp_ready_output(self, item)) == NULL) {
		mcp_complete_free(mc);
		return (CMD_RETURN_ERROR);
	}
	cdata = xcalloc(1, sizeof *cdata);
	cdata->mc = mc;
	cdata->out = out;
	cdata->directory = mcp_client_directory(item);
	cdata->readonly = mcp_client_readonly(item);
	cdata->timeout = timeout;
	mcp_work_add(cmd_mcp_complete_begin, cdata);
	return (out->item != NULL ? CMD_RETURN_WAIT : CMD_RETURN_NORMAL);
}

static enum cmd_retval
cmd_mcp_complete_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args	*args = cmd_get_args(self);
	struct mcp_run	*run;
	const char	*first = args_string(args, 0);
	char		*cause = NULL;
	u_int		 i, count = args_count(args);
	int		 plain;

	if (mcp_get(item) == NULL)
		return (CMD_RETURN_ERROR);
	for (i = 0; i < nitems(cmd_mcp_complete_words); i++) {
		if (strcmp(cmd_mcp_complete_words[i].word, first) == 0 &&
		    cmd_mcp_complete_words[i].count == count)
			break;
	}
	plain = (i == nitems(cmd_mcp_complete_words));
	if (strcmp(first, "words") == 0)
		return (cmd_mcp_complete_line(self, item));
	if (plain && (count < 3 || count > 4)) {
		cause = xstrdup(count < 3 ? "too few arguments" :
		    "too many arguments");
		return (mcp_run_refuse(NULL, item, MCP_EXIT_ERROR, cause));
	}
	if (mcp_client_readonly(item) && (plain ||
	    cmd_mcp_complete_words[i].what != 0)) {
		cause = xstrdup("client is read-only");
		return (mcp_run_refuse(NULL, item, MCP_EXIT_ERROR, cause));
	}

	run = mcp_run_create(self, item,
	    plain ? first : args_string(args, 1),
	    plain ? args_string(args, 1) : args_string(args, 2), &cause);
	if (run == NULL)
		return (mcp_run_refuse(run, item, MCP_EXIT_ERROR, cause));
	if (plain) {
		run->argument = xstrdup(args_string(args, 2));
		run->value = xstrdup(count == 4 ? args_string(args, 3) : "");
		run->start = cmd_mcp_complete_ask;
		if (mcp_run_has_rows(run, "#{mcp_value}", &cause) != 0) {
			return (mcp_run_refuse(run, item, MCP_EXIT_ERROR,
			    cause));
		}
	} else {
		if (run->format == NULL)
			run->format = xstrdup(cmd_mcp_complete_words[i].format);
		xasprintf(&run->value, "%u", i);
		run->start = cmd_mcp_complete_start;
		run->table = cmd_mcp_complete_table;
	}
	return (mcp_run_go(run, item));
}
