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
 * Lists the files in which parts of results are saved.
 */

#define CMD_MCP_FILES_TEMPLATE \
	"#{mcp_path}  #{mcp_mime}  #{mcp_size} bytes  #{mcp_server} #{mcp_tool}"

static enum cmd_retval	cmd_mcp_files_exec(struct cmd *, struct cmdq_item *);

const struct cmd_entry cmd_mcp_files_entry = {
	.name = "mcp-files",
	.alias = "mfiles",

	.args = { "bF:f:o:t:", 0, 0, NULL },
	.usage = "[-b] [-F format] [-f filter] [-o output] "
		 CMD_TARGET_PANE_USAGE,

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = CMD_READONLY,
	.exec = cmd_mcp_files_exec
};

/* Add a text that comes from outside. */
static void
cmd_mcp_files_format(struct format_tree *ft, const char *key, const char *value)
{
	char	*line = mcp_text_line(value);

	format_add(ft, key, "%s", line);
	free(line);
}

static enum cmd_retval
cmd_mcp_files_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args		*args = cmd_get_args(self);
	struct mcp_saved	*ms = NULL;
	struct mcp_bytes	*text;
	struct format_tree	*ft;
	const char		*template = args_get(args, 'F');
	enum cmd_retval		 retval = CMD_RETURN_NORMAL;
	char			*s;

	if (mcp_get(item) == NULL)
		return (CMD_RETURN_ERROR);
	if (template == NULL)
		template = CMD_MCP_FILES_TEMPLATE;
	text = mcp_bytes_create();
	while ((ms = mcp_saved_next(ms)) != NULL) {
		ft = format_create(NULL, NULL, FORMAT_NONE, FORMAT_NOJOBS);
		cmd_mcp_files_format(ft, "mcp_path", ms->path);
		cmd_mcp_files_format(ft, "mcp_mime", ms->mime);
		cmd_mcp_files_format(ft, "mcp_server", ms->server);
		cmd_mcp_files_format(ft, "mcp_tool", ms->tool);
		format_add(ft, "mcp_size", "%zu", ms->size);
		format_add(ft, "mcp_time", "%lld", (long long)ms->time);
		if (mcp_table_passes(ft, args_get(args, 'f'))) {
			s = format_expand(ft, template);
			mcp_bytes_printf(text, "%s\n", s);
			free(s);
		}
		format_free(ft);
	}
	if (text->size != 0)
		retval = mcp_print_list(self, item, text->text, text->size, 0);
	mcp_bytes_unref(text);
	return (retval);
}
