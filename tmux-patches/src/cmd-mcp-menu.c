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
#include "mcp.h"

/*
 * Finds and calls a tool by menus: servers, their tools, and a form for the
 * arguments. Escape goes back one step.
 */

/* Choices that are no line of a list. */
#define CMD_MCP_MENU_AGAIN 100000
#define CMD_MCP_MENU_LEAVE 100001

static enum cmd_retval	cmd_mcp_menu_exec(struct cmd *, struct cmdq_item *);

static void	cmd_mcp_menu_free(void *);
static void	cmd_mcp_menu_ready(struct tmcp_event *, void *);
static void	cmd_mcp_menu_servers(void *);
static void	cmd_mcp_menu_tools(void *);

const struct cmd_entry cmd_mcp_menu_entry = {
	.name = "mcp-menu",
	.alias = NULL,

	.args = { "r:t:", 0, 2, NULL },
	.usage = CMD_TARGET_CLIENT_USAGE " [server [tool]]",

	.flags = CMD_CLIENT_TFLAG|CMD_CLIENT_CANFAIL,
	.exec = cmd_mcp_menu_exec
};

/* How far somebody has come. The lists are those that are on the screen. */
struct cmd_mcp_menu_data {
	struct client		*client;
	struct mcp_dialog	*dialog;
	struct mcp_request	*request;
	struct mcp_form		*form;

	struct tmcp_table	*servers;
	struct tmcp_table	*tools;
	char			*server;
	char			*tool;
	int			 fixed_server;
	int			 fixed_tool;
};

/* Free; what it was waiting for is not waited for any more. */
static void
cmd_mcp_menu_free(void *data)
{
	struct cmd_mcp_menu_data	*cdata = data;

	if (cdata->request != NULL)
		mcp_request_drop(cdata->request);
	mcp_dialog_free(cdata->dialog);
	mcp_form_free(cdata->form);
	tmcp_table_free(cdata->servers);
	tmcp_table_free(cdata->tools);
	free(cdata->server);
	free(cdata->tool);
	server_client_unref(cdata->client);
	free(cdata);
}

/* Leave with a message. */
static void
cmd_mcp_menu_leave(struct cmd_mcp_menu_data *cdata, const char *message)
{
	struct client	*c = cdata->client;
	char		*line;

	if (message != NULL && mcp_show_alive(c)) {
		line = mcp_text_line(message);
		mcp_message_set(c, line);
		free(line);
	}
	cmd_mcp_menu_free(cdata);
}

/* Go back from the tools. */
static void
cmd_mcp_menu_back(struct cmd_mcp_menu_data *cdata)
{
	tmcp_table_free(cdata->tools);
	cdata->tools = NULL;
	if (cdata->fixed_server)
		cmd_mcp_menu_leave(cdata, NULL);
	else
		cmd_mcp_menu_servers(cdata);
}

/* Escape or the only choice, while waiting for a server. */
static void
cmd_mcp_menu_waited(void *data, __unused int choice)
{
	struct cmd_mcp_menu_data	*cdata = data;

	if (cdata->request != NULL)
		mcp_request_drop(cdata->request);
	cdata->request = NULL;
	if (cdata->server == NULL)
		cmd_mcp_menu_leave(cdata, NULL);
	else
		cmd_mcp_menu_back(cdata);
}

/* Show that something is awaited. */
static void
cmd_mcp_menu_wait(struct cmd_mcp_menu_data *cdata, const char *what)
{
	mcp_dialog_clear(cdata->dialog, "MCP");
	mcp_dialog_wrap(cdata->dialog, what);
	mcp_dialog_action(cdata->dialog, CMD_MCP_MENU_LEAVE, 'c', "Cancel");
	mcp_dialog_menu(cdata->dialog, cmd_mcp_menu_waited, cdata);
}

/* Check the value of an argument. */
static int
cmd_mcp_menu_check(void *data, const char *key, const char *value, int is_json,
    char **cause)
{
	struct cmd_mcp_menu_data	*cdata = data;
	struct tmcp_client		*core = mcp_core_get();
	char				*s, *wants, *prefix;
	int32_t				 result;

	if (core == NULL)
		return (0);
	result = tmcp_client_check_argument(core, cdata->server, cdata->tool,
	    key, value, is_json);
	if (result == TMCP_RESULT_OK)
		return (0);
	/* Which argument it is is in front of it already. */
	s = mcp_strerror(result);
	xasprintf(&prefix, "argument '%s' ", key);
	if ((wants = strstr(s, " wants ")) != NULL)
		*cause = xstrdup(wants + 1);
	else if (strncmp(s, prefix, strlen(prefix)) == 0)
		*cause = xstrdup(s + strlen(prefix));
	else
		*cause = xstrdup(s);
	free(prefix);
	free(s);
	return (-1);
}

/* The form is done. */
static void
cmd_mcp_menu_form_end(void *data, enum mcp_form_end end)
{
	struct cmd_mcp_menu_data	*cdata = data;
	struct tmcp_client		*core = mcp_core_get();
	struct tmcp_pair		*pairs;
	size_t				 n;

	if (end == MCP_FORM_BACK && !cdata->fixed_tool) {
		cmd_mcp_menu_tools(cdata);
		return;
	}
	if (end == MCP_FORM_SEND && core != NULL) {
		pairs = mcp_form_pairs(cdata->form, &n);
		mcp_run_call_client(cdata->client, core, cdata->server,
		    cdata->tool, pairs, n);
	}
	cmd_mcp_menu_leave(cdata, NULL);
}

/* Ask for the arguments of the tool. */
static void
cmd_mcp_menu_form(struct cmd_mcp_menu_data *cdata)
{
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_table	*table = NULL;
	char			*title;

	if (core != NULL) {
		table = tmcp_client_tool_arguments(core, cdata->server,
		    cdata->tool);
	}
	if (table == NULL) {
		cmd_mcp_menu_leave(cdata, "the tool is not there any more");
		return;
	}
	mcp_form_free(cdata->form);
	xasprintf(&title, "%s: %s", cdata->server, cdata->tool);
	cdata->form = mcp_form_create(cdata->dialog, title, table, 0,
	    cmd_mcp_menu_check, cmd_mcp_menu_form_end, cdata);
	free(title);
	tmcp_table_free(table);
	mcp_form_start(cdata->form);
}

/* A tool was chosen. */
static void
cmd_mcp_menu_tool(void *data, int choice)
{
	struct cmd_mcp_menu_data	*cdata = data;

	if (choice < 0 || choice == CMD_MCP_MENU_LEAVE) {
		cmd_mcp_menu_back(cdata);
		return;
	}
	if (choice == CMD_MCP_MENU_AGAIN) {
		cmd_mcp_menu_tools(cdata);
		return;
	}
	free(cdata->tool);
	cdata->tool = xstrdup(tmcp_table_get(cdata->tools, choice, "name"));
	cmd_mcp_menu_form(cdata);
}

/* Show the tools of the server. */
static void
cmd_mcp_menu_show_tools(struct cmd_mcp_menu_data *cdata)
{
	mcp_lines_tools(cdata->dialog, cdata->server, cdata->tools);
	mcp_dialog_action(cdata->dialog, CMD_MCP_MENU_LEAVE, 'b', "Back");
	mcp_dialog_menu(cdata->dialog, cmd_mcp_menu_tool, cdata);
}

/* The server has told its tools. */
static void
cmd_mcp_menu_listed(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_menu_data	*cdata = data;
	struct mcp_dialog		*d = cdata->dialog;
	char				*name, *cause;

	cdata->request = NULL;
	if (mcp_event_result(event) != TMCP_RESULT_OK ||
	    (cdata->tools = tmcp_event_table(event)) == NULL) {
		mcp_dialog_clear(d, cdata->server);
		mcp_dialog_wrap(d, mcp_event_text(event, NULL));
		mcp_dialog_action(d, CMD_MCP_MENU_AGAIN, 'r', "Try again");
		mcp_dialog_action(d, CMD_MCP_MENU_LEAVE, 'b', "Back");
		mcp_dialog_menu(d, cmd_mcp_menu_tool, cdata);
		return;
	}
	if (!cdata->fixed_tool) {
		cmd_mcp_menu_show_tools(cdata);
		return;
	}
	name = mcp_abbrev_row(cdata->tools, "tool", cdata->tool, 1, &cause);
	if (name == NULL) {
		cmd_mcp_menu_leave(cdata, cause);
		free(cause);
		return;
	}
	free(cdata->tool);
	cdata->tool = name;
	cmd_mcp_menu_form(cdata);
}

/* Get the tools of the server and show them. */
static void
cmd_mcp_menu_tools(void *data)
{
	struct cmd_mcp_menu_data	*cdata = data;
	struct tmcp_client		*core = mcp_core_get();
	char				*s;
	uint64_t			 id;
	int32_t				 result;

	if (cdata->tools != NULL) {
		cmd_mcp_menu_show_tools(cdata);
		return;
	}
	if (core == NULL) {
		cmd_mcp_menu_leave(cdata, "mcp is not available");
		return;
	}
	cdata->request = mcp_request_add(NULL, cmd_mcp_menu_listed, NULL,
	    cdata);
	result = tmcp_client_list(core, cdata->server, TMCP_LIST_TOOLS, 0,
	    cdata->request, &id);
	if (result != TMCP_RESULT_OK) {
		mcp_request_remove(cdata->request);
		cdata->request = NULL;
		s = mcp_strerror(result);
		cmd_mcp_menu_leave(cdata, s);
		free(s);
		return;
	}
	mcp_request_started(cdata->request, id);
	xasprintf(&s, "waiting for the tools of %s", cdata->server);
	cmd_mcp_menu_wait(cdata, s);
	free(s);
}

/* A server was chosen. */
static void
cmd_mcp_menu_server(void *data, int choice)
{
	struct cmd_mcp_menu_data	*cdata = data;

	if (choice < 0 || choice == CMD_MCP_MENU_LEAVE) {
		cmd_mcp_menu_leave(cdata, NULL);
		return;
	}
	free(cdata->server);
	cdata->server = xstrdup(tmcp_table_get(cdata->servers, choice, "name"));
	cmd_mcp_menu_tools(cdata);
}

/* Show the servers and how they are. */
static void
cmd_mcp_menu_servers(void *data)
{
	struct cmd_mcp_menu_data	*cdata = data;
	struct tmcp_client		*core = mcp_core_get();

	tmcp_table_free(cdata->servers);
	cdata->servers = (core == NULL ? NULL : tmcp_client_servers(core));
	if (tmcp_table_rows(cdata->servers) == 0) {
		cmd_mcp_menu_leave(cdata, "no MCP servers are configured, see "
		    "mcp-stats and ~/.claude.json");
		return;
	}
	mcp_lines_servers(cdata->dialog, cdata->servers);
	mcp_dialog_action(cdata->dialog, CMD_MCP_MENU_LEAVE, 'x', "Leave");
	mcp_dialog_menu(cdata->dialog, cmd_mcp_menu_server, cdata);
}

/* The configuration is loaded. */
static void
cmd_mcp_menu_ready(__unused struct tmcp_event *event, void *data)
{
	struct cmd_mcp_menu_data	*cdata = data;
	struct tmcp_client		*core = mcp_core_get();
	char				*name, *cause;

	cdata->request = NULL;
	if (!cdata->fixed_server || core == NULL) {
		cmd_mcp_menu_servers(cdata);
		return;
	}
	name = mcp_abbrev_server(core, cdata->server, 1, &cause);
	if (name == NULL) {
		cmd_mcp_menu_leave(cdata, cause);
		free(cause);
		return;
	}
	free(cdata->server);
	cdata->server = name;
	cmd_mcp_menu_tools(cdata);
}

static enum cmd_retval
cmd_mcp_menu_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args			*args = cmd_get_args(self);
	struct client			*tc = cmdq_get_target_client(item);
	struct cmd_mcp_menu_data	*cdata;
	struct tmcp_client		*core;
	uint64_t			 id;

	if (args_has(args, 'r'))
		return (mcp_dialog_run(item, args_get(args, 'r')));
	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	if (!mcp_show_alive(tc)) {
		cmdq_error(item, "no client to show a menu in");
		return (CMD_RETURN_ERROR);
	}
	if (tc->flags & CLIENT_READONLY) {
		cmdq_error(item, "client is read-only");
		return (CMD_RETURN_ERROR);
	}
	if (mcp_dialog_busy(tc)) {
		cmdq_error(item, "client is busy with a menu or prompt");
		return (CMD_RETURN_ERROR);
	}

	cdata = xcalloc(1, sizeof *cdata);
	cdata->client = tc;
	cdata->client->references++;
	cdata->dialog = mcp_dialog_create(tc, cmd_mcp_menu_free, cdata);
	cdata->fixed_server = (args_count(args) > 0);
	cdata->fixed_tool = (args_count(args) > 1);
	if (cdata->fixed_server)
		cdata->server = xstrdup(args_string(args, 0));
	if (cdata->fixed_tool)
		cdata->tool = xstrdup(args_string(args, 1));
	if (tmcp_client_ready(core)) {
		cmd_mcp_menu_ready(NULL, cdata);
		return (CMD_RETURN_NORMAL);
	}

	cdata->request = mcp_request_add(NULL, cmd_mcp_menu_ready, NULL, cdata);
	if (tmcp_client_wait_ready(core, cdata->request,
	    &id) != TMCP_RESULT_OK) {
		mcp_request_remove(cdata->request);
		cdata->request = NULL;
		cmd_mcp_menu_leave(cdata, "mcp is not available");
		return (CMD_RETURN_NORMAL);
	}
	mcp_request_started(cdata->request, id);
	cmd_mcp_menu_wait(cdata, "reading the configuration");
	return (CMD_RETURN_NORMAL);
}
