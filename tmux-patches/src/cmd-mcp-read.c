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

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp-form.h"
#include "mcp-settings.h"

/*
 * Reads and watches resources.
 */

/* What is printed of each part for -f without -F. */
#define CMD_MCP_READ_TEMPLATE \
	"#{mcp_uri}  #{mcp_mime}  #{mcp_size}"

static enum cmd_retval	cmd_mcp_read_exec(struct cmd *, struct cmdq_item *);
static enum cmd_retval	cmd_mcp_subscribe_exec(struct cmd *,
			    struct cmdq_item *);

const struct cmd_entry cmd_mcp_read_entry = {
	.name = "mcp-read",
	.alias = "mread",

	.args = { "bEf:F:jo:pq:t:T:", 2, -1, NULL },
	.usage = "[-bEjp] [-f filter] [-F format] [-o output] [-q pointer] "
		 CMD_TARGET_PANE_USAGE " [-T timeout] server uri "
		 "[key=value ...]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = 0,
	.exec = cmd_mcp_read_exec
};

const struct cmd_entry cmd_mcp_subscribe_entry = {
	.name = "mcp-subscribe",
	.alias = "msub",

	.args = { "T:u", 2, 2, NULL },
	.usage = "[-u] [-T timeout] server uri",

	.flags = 0,
	.exec = cmd_mcp_subscribe_exec
};

/* Wait until the servers are known. */
static int32_t
cmd_mcp_read_wait(struct mcp_run *run, void *user_data, uint64_t *id)
{
	return (tmcp_client_wait_ready(run->core, user_data, id));
}

/* Ask the person for the values of the template. */
static void
cmd_mcp_read_ready(__unused struct tmcp_event *event, void *data)
{
	struct mcp_run		*run = data;
	struct mcp_field	*fields;
	u_int			 n;

	run->start = mcp_run_read;
	run->done = NULL;
	fields = mcp_template_fields(run->name, &n);
	mcp_field_set(fields, n, run->args.pairs, run->args.npairs);
	mcp_offer_run(run, TMCP_REFERENCE_TEMPLATE, fields, n);
}

/* If the template needs more values than the command has. */
static int
cmd_mcp_read_lacks(struct mcp_run *run)
{
	struct mcp_field	*fields;
	u_int			 n;
	int			 lacks;

	fields = mcp_template_fields(run->name, &n);
	mcp_field_set(fields, n, run->args.pairs, run->args.npairs);
	lacks = !mcp_field_complete(fields, n);
	mcp_field_free(fields, n);
	return (lacks);
}

static enum cmd_retval
cmd_mcp_read_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args	*args = cmd_get_args(self);
	struct mcp_run	*run;
	char		*cause = NULL, *uri;

	if (mcp_get(item) == NULL)
		return (CMD_RETURN_ERROR);
	run = mcp_run_create(self, item, args_string(args, 0),
	    args_string(args, 1), &cause);
	if (run == NULL ||
	    mcp_args_parse(&run->args, args, 2, item, &cause) != 0 ||
	    mcp_run_has_rows(run, CMD_MCP_READ_TEMPLATE, &cause) != 0)
		goto fail;
	if (run->args.json != NULL) {
		cause = xstrdup("a template is filled with key=value");
		goto fail;
	}
	run->start = mcp_run_read;
	if (mcp_offer_asks(run, args) && cmd_mcp_read_lacks(run)) {
		run->start = cmd_mcp_read_wait;
		run->done = cmd_mcp_read_ready;
	} else if (run->args.npairs != 0) {
		if ((uri = mcp_template_fill(run->name, run->args.pairs,
		    run->args.npairs, &cause)) == NULL)
			goto fail;
		free(run->name);
		run->name = uri;
	}
	return (mcp_run_go(run, item));

fail:
	return (mcp_run_refuse(run, item, MCP_EXIT_ERROR, cause));
}

/* Watch a resource. */
static int32_t
cmd_mcp_subscribe_start(struct mcp_run *run, void *user_data, uint64_t *id)
{
	return (tmcp_client_subscribe(run->core, run->server, run->name,
	    run->timeout, user_data, id));
}

static enum cmd_retval
cmd_mcp_subscribe_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args		*args = cmd_get_args(self);
	struct tmcp_client	*core;
	struct mcp_run		*run;
	char			*cause = NULL, *server, *directory;
	int32_t			 result;

	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	if (args_has(args, 'u')) {
		directory = mcp_client_directory(item);
		server = mcp_abbrev_server(core, directory,
		    args_string(args, 0), &cause);
		free(directory);
		if (server == NULL)
			return (mcp_run_refuse(NULL, item, MCP_EXIT_ERROR,
			    cause));
		result = tmcp_client_unsubscribe(core, server,
		    args_string(args, 1));
		free(server);
		mcp_changed();
		if (result == TMCP_RESULT_OK)
			return (CMD_RETURN_NORMAL);
		cause = mcp_strerror(result);
		return (mcp_run_refuse(NULL, item, mcp_retval(result), cause));
	}
	run = mcp_run_create(self, item, args_string(args, 0),
	    args_string(args, 1), &cause);
	if (run == NULL)
		return (mcp_run_refuse(run, item, MCP_EXIT_ERROR, cause));
	run->out->sink = run->out->item != NULL ? MCP_SINK_STDOUT :
	    MCP_SINK_NONE;
	run->start = cmd_mcp_subscribe_start;
	return (mcp_run_go(run, item));
}
