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
 * Lists and cancels what is under way, and lists what may have run.
 */

#define CMD_MCP_JOBS_TEMPLATE \
	"#{mcp_id}: #{mcp_server} #{mcp_tool} #{mcp_state} " \
	"#{e|/|f|1:#{mcp_age_us},1000000}s" \
	"#{?mcp_progress, #{mcp_progress}%,} (#{mcp_who}) #{mcp_message}"

/* With -u. */
#define CMD_MCP_JOBS_UNKNOWN_TEMPLATE \
	"#{mcp_id}: #{mcp_server} #{mcp_tool} " \
	"#{e|/|f|1:#{mcp_ago_us},1000000}s ago, after " \
	"#{e|/|f|1:#{mcp_elapsed_us},1000000}s: #{mcp_message}"

/* A member of an object with -j. */
struct cmd_mcp_jobs_member {
	const char	*column;
	int		 is_number;
};

static const struct cmd_mcp_jobs_member cmd_mcp_jobs_members[] = {
	{ "id", 1 }, { "server", 0 }, { "tool", 0 }, { "state", 0 },
	{ "age_us", 1 }, { "progress", 1 }, { "message", 0 }, { "who", 0 }
};

static const struct cmd_mcp_jobs_member cmd_mcp_jobs_unknown_members[] = {
	{ "id", 1 }, { "server", 0 }, { "tool", 0 }, { "ago_us", 1 },
	{ "elapsed_us", 1 }, { "message", 0 }
};

static enum cmd_retval	cmd_mcp_jobs_exec(struct cmd *, struct cmdq_item *);
static enum cmd_retval	cmd_mcp_cancel_exec(struct cmd *, struct cmdq_item *);

const struct cmd_entry cmd_mcp_jobs_entry = {
	.name = "mcp-jobs",
	.alias = "mjobs",

	.args = { "bF:f:jo:t:u", 0, 0, NULL },
	.usage = "[-bju] [-F format] [-f filter] [-o output] "
		 CMD_TARGET_PANE_USAGE,

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = CMD_READONLY,
	.exec = cmd_mcp_jobs_exec
};

const struct cmd_entry cmd_mcp_cancel_entry = {
	.name = "mcp-cancel",
	.alias = "mcancel",

	.args = { "as:", 0, 1, NULL },
	.usage = "[-a] [-s server] [id]",

	.flags = 0,
	.exec = cmd_mcp_cancel_exec
};

/* Print a list as a JSON array. */
static void
cmd_mcp_jobs_json(struct evbuffer *evb, const struct tmcp_table *table,
    const struct cmd_mcp_jobs_member *members, u_int nmembers)
{
	const char	*value;
	char		*s;
	size_t		 row;
	u_int		 i;

	evbuffer_add_printf(evb, "[");
	for (row = 0; row < tmcp_table_rows(table); row++) {
		for (i = 0; i < nmembers; i++) {
			if (strcmp(members[i].column, "who") == 0) {
				value = mcp_table_who(table, row);
			} else {
				value = tmcp_table_get(table, row,
				    members[i].column);
			}
			if (members[i].is_number) {
				s = xstrdup(*value == '\0' ? "null" : value);
			} else
				s = mcp_text_json(value, strlen(value));
			evbuffer_add_printf(evb, "%s\"%s\":%s", i != 0 ? "," :
			    row == 0 ? "{" : ",{", members[i].column, s);
			free(s);
		}
		evbuffer_add_printf(evb, "}");
	}
	evbuffer_add_printf(evb, "]\n");
}

static enum cmd_retval
cmd_mcp_jobs_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args		*args = cmd_get_args(self);
	struct tmcp_client	*core;
	struct tmcp_table	*table;
	struct evbuffer		*evb;
	const char		*template;
	enum cmd_retval		 retval = CMD_RETURN_NORMAL;
	int			 unknown = args_has(args, 'u');

	if (args_has(args, 'j') && (args_has(args, 'F') ||
	    args_has(args, 'f'))) {
		mcp_error(item, "-j can't be used with -F or -f");
		return (CMD_RETURN_ERROR);
	}
	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	if (unknown)
		table = tmcp_client_unknown(core);
	else
		table = tmcp_client_jobs(core);
	if (table == NULL)
		return (CMD_RETURN_NORMAL);
	template = args_get(args, 'F');
	if (template == NULL && unknown)
		template = CMD_MCP_JOBS_UNKNOWN_TEMPLATE;
	else if (template == NULL)
		template = CMD_MCP_JOBS_TEMPLATE;
	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	if (args_has(args, 'j') && unknown) {
		cmd_mcp_jobs_json(evb, table, cmd_mcp_jobs_unknown_members,
		    nitems(cmd_mcp_jobs_unknown_members));
	} else if (args_has(args, 'j')) {
		cmd_mcp_jobs_json(evb, table, cmd_mcp_jobs_members,
		    nitems(cmd_mcp_jobs_members));
	} else {
		mcp_table_print(evb, table, NULL, template,
		    args_get(args, 'f'));
	}
	tmcp_table_free(table);
	if (EVBUFFER_LENGTH(evb) != 0) {
		retval = mcp_print_list(self, item,
		    (char *)EVBUFFER_DATA(evb), EVBUFFER_LENGTH(evb),
		    args_has(args, 'j'));
	}
	evbuffer_free(evb);
	return (retval);
}

/* Cancel all requests, or those to one server. */
static enum cmd_retval
cmd_mcp_cancel_many(struct cmdq_item *item, struct tmcp_client *core,
    const char *server)
{
	struct tmcp_table	*table;
	char			*name = NULL, *cause, *directory;
	size_t			 row;

	if (server != NULL) {
		directory = mcp_client_directory(item);
		name = mcp_abbrev_server(core, directory, server, &cause);
		free(directory);
	}
	if (server != NULL && name == NULL) {
		mcp_error(item, "%s", cause);
		free(cause);
		return (CMD_RETURN_ERROR);
	}
	if ((table = tmcp_client_jobs(core)) != NULL) {
		for (row = 0; row < tmcp_table_rows(table); row++) {
			if (name != NULL && strcmp(name, tmcp_table_get(table,
			    row, "server")) != 0)
				continue;
			mcp_request_stop(strtoull(tmcp_table_get(table, row,
			    "id"), NULL, 10));
		}
		tmcp_table_free(table);
	}
	free(name);
	return (CMD_RETURN_NORMAL);
}

static enum cmd_retval
cmd_mcp_cancel_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args		*args = cmd_get_args(self);
	struct tmcp_client	*core;
	const char		*s = args_string(args, 0), *errstr;
	uint64_t		 id;

	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	if (args_has(args, 'a') || args_has(args, 's')) {
		if (s != NULL) {
			mcp_error(item, "an id can't be given with -a or -s");
			return (CMD_RETURN_ERROR);
		}
		return (cmd_mcp_cancel_many(item, core, args_get(args, 's')));
	}
	if (s == NULL) {
		mcp_error(item, "an id, -a or -s is needed (see mcp-jobs)");
		return (CMD_RETURN_ERROR);
	}
	id = strtonum(s, 1, LLONG_MAX, &errstr);
	if (errstr != NULL || !mcp_request_stop(id)) {
		mcp_error(item, "no such job: %s", s);
		return (CMD_RETURN_ERROR);
	}
	return (CMD_RETURN_NORMAL);
}
