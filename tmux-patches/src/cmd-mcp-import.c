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
 * Takes servers of another client's file over into our own file.
 */

static enum cmd_retval	cmd_mcp_import_exec(struct cmd *, struct cmdq_item *);

static void	cmd_mcp_import_done(struct tmcp_event *, void *);
static void	cmd_mcp_import_free(void *);

const struct cmd_entry cmd_mcp_import_entry = {
	.name = "mcp-import",
	.alias = "mimport",

	.args = { "bno:rt:", 1, -1, NULL },
	.usage = "[-bnr] [-o output] " CMD_TARGET_PANE_USAGE
		 " file [name ...]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = 0,
	.exec = cmd_mcp_import_exec
};

static enum cmd_retval
cmd_mcp_import_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args		 *args = cmd_get_args(self);
	struct tmcp_client	 *core;
	struct tmcp_import	  import;
	struct mcp_output	 *out;
	struct mcp_request	 *mr;
	const char		**names;
	char			 *path, *cause;
	uint64_t		  id;
	u_int			  i, n = args_count(args) - 1;
	int32_t			  result;
	int			  wait;

	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	if ((out = mcp_ready_output(self, item)) == NULL)
		return (CMD_RETURN_ERROR);
	wait = (out->item != NULL);
	path = mcp_file_path(cmdq_get_client(item), args_string(args, 0));
	names = xcalloc(n + 1, sizeof *names);
	for (i = 0; i < n; i++)
		names[i] = args_string(args, i + 1);
	mr = mcp_request_add(out, cmd_mcp_import_done, cmd_mcp_import_free,
	    out);

	memset(&import, 0, sizeof import);
	import.size = sizeof import;
	import.path = path;
	import.names = names;
	import.nnames = n;
	if (args_has(args, 'n'))
		import.flags |= TMCP_IMPORT_FLAG_DRY;
	if (args_has(args, 'r'))
		import.flags |= TMCP_IMPORT_FLAG_REPLACE;
	import.user_data = mr;
	result = tmcp_client_import(core, &import, &id);
	free(names);
	free(path);
	if (result != TMCP_RESULT_OK) {
		cause = mcp_strerror(result);
		mcp_error(item, "%s", cause);
		free(cause);
		mcp_request_remove(mr);
		mcp_output_free(out);
		return (CMD_RETURN_ERROR);
	}
	mcp_request_started(mr, id);
	return (wait ? CMD_RETURN_WAIT : CMD_RETURN_NORMAL);
}

/* Show what became of each entry. It is an error if any was left out. */
static void
cmd_mcp_import_done(struct tmcp_event *event, void *data)
{
	struct mcp_output	*out = data;
	struct tmcp_table	*table;
	const char		*text;
	size_t			 size, row;
	int32_t			 result = mcp_event_result(event);
	int			 retval = 0;

	text = mcp_event_text(event, &size);
	if (result != TMCP_RESULT_OK) {
		mcp_output_finish(out, mcp_retval(result), NULL, 0, text);
		return;
	}
	table = tmcp_event_table(event);
	for (row = 0; row < tmcp_table_rows(table); row++) {
		if (strcmp(tmcp_table_get(table, row, "outcome"),
		    "left out") == 0)
			retval = MCP_EXIT_ERROR;
	}
	tmcp_table_free(table);
	mcp_output_finish(out, retval, text, size, NULL);
}

static void
cmd_mcp_import_free(void *data)
{
	mcp_output_free(data);
}
