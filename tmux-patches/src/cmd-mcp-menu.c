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
#include "mcp-browse.h"
#include "mcp-form.h"
#include "mcp-settings.h"

/*
 * Finds and runs what servers have by menus: servers, their tools, prompts and
 * resources, and a form for the arguments. Escape goes back one step.
 */

/* Choices that are no line of a list. */
#define CMD_MCP_MENU_AGAIN 100000
#define CMD_MCP_MENU_LEAVE 100001
#define CMD_MCP_MENU_PAGE 100100	/* and an enum cmd_mcp_menu_page */

/* How often it is looked whether a server that starts has said something. */
#define CMD_MCP_MENU_WAIT_MS 500

static enum cmd_retval	cmd_mcp_menu_exec(struct cmd *, struct cmdq_item *);

const struct cmd_entry cmd_mcp_menu_entry = {
	.name = "mcp-menu",
	.alias = "mmenu",
	.args = { "c:t:", 0, 2, NULL },
	.usage = "[-c target-client] [server [tool]]",

	.flags = CMD_CLIENT_CFLAG|CMD_CLIENT_CANFAIL,
	.exec = cmd_mcp_menu_exec
};

/* The pages of a server; the first leads to the others. */
enum cmd_mcp_menu_page {
	CMD_MCP_MENU_TOOLS,
	CMD_MCP_MENU_PROMPTS,
	CMD_MCP_MENU_RESOURCES
};
static const struct {
	uint32_t	 what;
	char		 key;
	const char	*action, *word;
	int32_t		 offer;
} cmd_mcp_menu_pages[] = {
	{ TMCP_LIST_TOOLS, 'T', "Tools", "tools", TMCP_OFFERS_TOOLS },
	{ TMCP_LIST_PROMPTS, 'P', "Prompts", "prompts", TMCP_OFFERS_PROMPTS },
	{ TMCP_LIST_RESOURCES, 'R', "Resources", "resources",
	    TMCP_OFFERS_RESOURCES }
};

/* How far somebody has come. The lists are those of the server. */
struct cmd_mcp_menu_data {
	struct client		*client;
	struct mcp_dialog	*dialog;
	struct mcp_request	*request;
	struct mcp_table_making	*arguments;
	struct mcp_form		*form;
	struct mcp_offer	*offer;
	struct tmcp_table	*servers;
	enum cmd_mcp_menu_page	 page;
	struct tmcp_table	*lists[nitems(cmd_mcp_menu_pages)];
	struct tmcp_table	*templates;
	char			*directory;
	char			*server;
	char			*name;
	char			*about;
	struct mcp_await	*await;
	char			*wait;		/* what is waited for */
	char			*wait_message;	/* what the server says */
	struct event		 wait_timer;
	int			 fixed_server;
	int			 fixed_tool;
};

static void	cmd_mcp_menu_servers(struct cmd_mcp_menu_data *);
static void	cmd_mcp_menu_open(struct cmd_mcp_menu_data *);
static void	cmd_mcp_menu_end(struct cmd_mcp_menu_data *, int);

/* Forget what a server has. */
static void
cmd_mcp_menu_forget(struct cmd_mcp_menu_data *cdata)
{
	u_int	i;

	for (i = 0; i < nitems(cdata->lists); i++) {
		tmcp_table_free(cdata->lists[i]);
		cdata->lists[i] = NULL;
	}
	tmcp_table_free(cdata->templates);
	cdata->templates = NULL;
	cdata->page = CMD_MCP_MENU_TOOLS;
}

/* Free; what it was waiting for is not waited for any more. */
static void
cmd_mcp_menu_free(void *data)
{
	struct cmd_mcp_menu_data	*cdata = data;

	if (cdata->request != NULL)
		mcp_request_drop(cdata->request);
	mcp_table_leave(cdata->arguments);
	evtimer_del(&cdata->wait_timer);
	mcp_await_free(cdata->await);
	mcp_dialog_free(cdata->dialog);
	mcp_form_free(cdata->form);
	mcp_offer_free(cdata->offer);
	cmd_mcp_menu_forget(cdata);
	tmcp_table_free(cdata->servers);
	free(cdata->directory);
	free(cdata->server);
	free(cdata->name);
	free(cdata->about);
	free(cdata->wait);
	free(cdata->wait_message);
	server_client_unref(cdata->client);
	free(cdata);
}

/* Leave with a message. */
static void
cmd_mcp_menu_leave(struct cmd_mcp_menu_data *cdata, const char *message)
{
	struct client	*c = cdata->client;
	char		*line;

	if (message != NULL && mcp_client_shows(c)) {
		line = mcp_text_line(message);
		mcp_client_message(c, line);
		free(line);
	}
	cmd_mcp_menu_free(cdata);
}

/* Remember which row of a list was chosen, and what it is about. */
static void
cmd_mcp_menu_take(struct cmd_mcp_menu_data *cdata,
    const struct tmcp_table *table, size_t row, const char *column)
{
	free(cdata->name);
	cdata->name = xstrdup(tmcp_table_get(table, row, column));
	free(cdata->about);
	cdata->about = xstrdup(tmcp_table_get(table, row, "description"));
	if (*cdata->about == '\0') {
		free(cdata->about);
		cdata->about = xstrdup(tmcp_table_get(table, row, "title"));
	}
}

/* Go back from a page of a server. */
static void
cmd_mcp_menu_back(struct cmd_mcp_menu_data *cdata)
{
	if (cdata->page != CMD_MCP_MENU_TOOLS) {
		cdata->page = CMD_MCP_MENU_TOOLS;
		cmd_mcp_menu_open(cdata);
	} else if (cdata->fixed_server)
		cmd_mcp_menu_leave(cdata, NULL);
	else {
		cmd_mcp_menu_forget(cdata);
		cmd_mcp_menu_servers(cdata);
	}
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

/* Show what is waited for, and what the server says meanwhile. */
static void
cmd_mcp_menu_wait_show(struct cmd_mcp_menu_data *cdata)
{
	mcp_dialog_clear(cdata->dialog, "MCP");
	mcp_dialog_wrap(cdata->dialog, cdata->wait);
	if (cdata->wait_message != NULL)
		mcp_dialog_wrap(cdata->dialog, cdata->wait_message);
	mcp_dialog_action(cdata->dialog, CMD_MCP_MENU_LEAVE, 'c', "Cancel");
	mcp_dialog_menu(cdata->dialog, cmd_mcp_menu_waited, cdata);
}

/* Show it anew if the server has said something else. */
static void
cmd_mcp_menu_wait_timer(__unused int fd, __unused short events, void *data)
{
	struct cmd_mcp_menu_data	*cdata = data;
	const char			*old = cdata->wait_message;
	char				*s;

	if (cdata->request == NULL)
		return;
	s = mcp_running_message(mcp_request_id(cdata->request));
	if (s != NULL && (old == NULL || strcmp(s, old) != 0)) {
		free(cdata->wait_message);
		cdata->wait_message = s;
		cmd_mcp_menu_wait_show(cdata);
	} else
		free(s);
	mcp_timer_add(&cdata->wait_timer, CMD_MCP_MENU_WAIT_MS);
}

/* Show that something is awaited. */
static void
cmd_mcp_menu_wait(struct cmd_mcp_menu_data *cdata, const char *what)
{
	free(cdata->wait);
	cdata->wait = xstrdup(what);
	free(cdata->wait_message);
	cdata->wait_message = NULL;
	cmd_mcp_menu_wait_show(cdata);
	mcp_timer_add(&cdata->wait_timer, CMD_MCP_MENU_WAIT_MS);
}

/* Check the value of an argument of a tool. */
static int
cmd_mcp_menu_check(void *data, const char *key, const char *value, int is_json,
    char **cause)
{
	struct cmd_mcp_menu_data	*cdata = data;
	struct tmcp_client		*core = mcp_core_get();

	if (core == NULL)
		return (0);
	return (mcp_form_checked(tmcp_client_check_argument(core,
	    cdata->server, cdata->name, key, value, is_json), key, cause));
}

/* A run for what was chosen. */
static struct mcp_run *
cmd_mcp_menu_run(struct cmd_mcp_menu_data *cdata)
{
	struct mcp_run	*run;

	run = mcp_run_create_client(cdata->client, mcp_core_get(),
	    cdata->server, cdata->name);
	if (cdata->page == CMD_MCP_MENU_RESOURCES)
		run->start = mcp_run_read;
	else if (cdata->page == CMD_MCP_MENU_PROMPTS) {
		run->start = mcp_run_prompt;
		run->out->sink = MCP_SINK_PANE;
	}
	return (run);
}

/* Back in the form with the error, or where the choice was made. */
static void
cmd_mcp_menu_failed(struct cmd_mcp_menu_data *cdata, const char *cause)
{
	if (mcp_core_get() == NULL)
		cmd_mcp_menu_leave(cdata, cause);
	else if (cdata->offer != NULL) {
		mcp_offer_again(cdata->offer, cmd_mcp_menu_run(cdata), cause);
	} else if (cdata->form != NULL)
		mcp_form_review(cdata->form, cause);
	else {
		mcp_dialog_clear(cdata->dialog, cdata->server);
		mcp_dialog_wrap(cdata->dialog, cause);
		mcp_dialog_action(cdata->dialog, CMD_MCP_MENU_AGAIN, 'r',
		    "Return to the list");
		cmd_mcp_menu_end(cdata, 1);
	}
}

/* What was chosen has run. */
static void
cmd_mcp_menu_ran(void *data, enum mcp_await_end end, const char *cause)
{
	struct cmd_mcp_menu_data	*cdata = data;

	if (end != MCP_AWAIT_LEFT)
		cdata->await = NULL;
	if (end == MCP_AWAIT_FAILED)
		cmd_mcp_menu_failed(cdata, cause);
	else
		cmd_mcp_menu_leave(cdata, NULL);
}

/* Run what was chosen, and wait for it here. */
static void
cmd_mcp_menu_send(struct cmd_mcp_menu_data *cdata, struct mcp_run *run)
{
	char	*cause = NULL;

	cdata->await = mcp_await_start(cdata->dialog, cdata->client, run,
	    cmd_mcp_menu_ran, cdata, &cause);
	if (cdata->await == NULL) {
		cmd_mcp_menu_failed(cdata, cause);
		free(cause);
	}
}

/* The form of a tool is done. */
static void
cmd_mcp_menu_form_end(void *data, enum mcp_form_end end)
{
	struct cmd_mcp_menu_data	*cdata = data;
	struct mcp_run			*run;
	struct tmcp_pair		*pairs;
	size_t				 n;

	if (end == MCP_FORM_BACK && !cdata->fixed_tool)
		cmd_mcp_menu_open(cdata);
	else if (end == MCP_FORM_SEND && mcp_core_get() != NULL) {
		run = cmd_mcp_menu_run(cdata);
		pairs = mcp_form_pairs(cdata->form, &n);
		mcp_run_give(run, pairs, n);
		cmd_mcp_menu_send(cdata, run);
	} else
		cmd_mcp_menu_leave(cdata, NULL);
}

/* The arguments of the tool are known: show the form. */
static void
cmd_mcp_menu_made(void *data, struct tmcp_table *table)
{
	struct cmd_mcp_menu_data	*cdata = data;
	struct mcp_field		*fields;
	char				*title;
	u_int				 n;

	cdata->arguments = NULL;
	fields = mcp_field_create(table, &n);
	tmcp_table_free(table);
	mcp_form_free(cdata->form);
	xasprintf(&title, "%s: %s", cdata->server, cdata->name);
	cdata->form = mcp_form_create(cdata->dialog, title, fields, n, 0,
	    cmd_mcp_menu_check, cmd_mcp_menu_form_end, cdata);
	free(title);
	mcp_form_about(cdata->form, cdata->about);
	mcp_form_confirm(cdata->form, cdata->server, cdata->name);
	mcp_form_start(cdata->form);
}

/* Ask for the arguments of the tool. */
static void
cmd_mcp_menu_form(struct cmd_mcp_menu_data *cdata)
{
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_table	*table = NULL;

	if (core != NULL) {
		table = tmcp_client_tool_arguments(core, cdata->server,
		    cdata->name);
	}
	if (table == NULL) {
		cmd_mcp_menu_leave(cdata, "the tool is not there any more");
		return;
	}
	mcp_table_leave(cdata->arguments);
	cdata->arguments = mcp_table_make(table, cmd_mcp_menu_made, cdata);
}

/* The form of a prompt or a template is done. */
static void
cmd_mcp_menu_offer_end(void *data, enum mcp_form_end end)
{
	struct cmd_mcp_menu_data	*cdata = data;

	if (end == MCP_FORM_SEND && mcp_core_get() != NULL) {
		cmd_mcp_menu_send(cdata, mcp_offer_take(cdata->offer));
		return;
	}
	if (end != MCP_FORM_BACK || cdata->fixed_tool) {
		cmd_mcp_menu_leave(cdata, NULL);
		return;
	}
	mcp_offer_free(cdata->offer);
	cdata->offer = NULL;
	cmd_mcp_menu_open(cdata);
}

/* Ask for the arguments of a prompt, or for the values of a template. */
static void
cmd_mcp_menu_offer(struct cmd_mcp_menu_data *cdata, struct mcp_field *fields,
    u_int n)
{
	uint32_t	 reference = TMCP_REFERENCE_TEMPLATE;

	if (cdata->page == CMD_MCP_MENU_PROMPTS)
		reference = TMCP_REFERENCE_PROMPT;
	mcp_offer_free(cdata->offer);
	cdata->offer = mcp_offer_create(cdata->dialog, cmd_mcp_menu_run(cdata),
	    reference, cdata->about, fields, n, cmd_mcp_menu_offer_end, cdata);
}

/* The server has told which arguments its prompts have. */
static void
cmd_mcp_menu_prompt_listed(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_menu_data	*cdata = data;
	struct tmcp_table		*table = NULL;
	struct mcp_field		*fields;
	u_int				 n;

	cdata->request = NULL;
	if (mcp_event_result(event) == TMCP_RESULT_OK)
		table = tmcp_client_prompt_arguments(event, cdata->name);
	if (table == NULL || !mcp_client_runs(cdata->client)) {
		cmd_mcp_menu_leave(cdata, "the prompt is not there any more");
		return;
	}
	fields = mcp_field_create(table, &n);
	tmcp_table_free(table);
	cmd_mcp_menu_offer(cdata, fields, n);
}

/* Ask the server for something; cb is told. Returns 0 if it was left. */
static int
cmd_mcp_menu_request(struct cmd_mcp_menu_data *cdata, uint32_t what,
    mcp_request_cb cb)
{
	struct tmcp_client	*core = mcp_core_get();
	char			*s;
	uint64_t		 id;
	int32_t			 result;

	if (core == NULL) {
		cmd_mcp_menu_leave(cdata, "mcp is not available");
		return (0);
	}
	cdata->request = mcp_request_add(NULL, cb, NULL, cdata);
	mcp_request_want(cdata->request, MCP_WANT(TMCP_WANT_TABLE),
	    MCP_WANT(TMCP_WANT_TEXT), NULL);
	result = tmcp_client_list(core, cdata->server, what, 0, cdata->request,
	    &id);
	if (result != TMCP_RESULT_OK) {
		mcp_request_remove(cdata->request);
		cdata->request = NULL;
		s = mcp_strerror(result);
		cmd_mcp_menu_leave(cdata, s);
		free(s);
		return (0);
	}
	mcp_request_started(cdata->request, id);
	xasprintf(&s, "waiting for the %s of %s",
	    cmd_mcp_menu_pages[cdata->page].word, cdata->server);
	cmd_mcp_menu_wait(cdata, s);
	free(s);
	return (1);
}

/* A resource or a template was chosen. */
static void
cmd_mcp_menu_resource(struct cmd_mcp_menu_data *cdata, u_int choice)
{
	struct tmcp_table	*table = cdata->lists[CMD_MCP_MENU_RESOURCES];
	struct mcp_field	*fields;
	size_t			 rows = tmcp_table_rows(table);
	u_int			 n;

	if (choice >= rows) {
		cmd_mcp_menu_take(cdata, cdata->templates, choice - rows,
		    "uri_template");
		fields = mcp_template_fields(cdata->name, &n);
		cmd_mcp_menu_offer(cdata, fields, n);
		return;
	}
	cmd_mcp_menu_take(cdata, table, choice, "uri");
	mcp_form_free(cdata->form);
	cdata->form = NULL;
	cmd_mcp_menu_send(cdata, cmd_mcp_menu_run(cdata));
}

/* A line of a page was chosen. */
static void
cmd_mcp_menu_chosen(void *data, int choice)
{
	struct cmd_mcp_menu_data	*cdata = data;

	if (choice < 0 || choice == CMD_MCP_MENU_LEAVE)
		cmd_mcp_menu_back(cdata);
	else if (choice >= CMD_MCP_MENU_PAGE) {
		cdata->page = choice - CMD_MCP_MENU_PAGE;
		cmd_mcp_menu_open(cdata);
	} else if (choice == CMD_MCP_MENU_AGAIN)
		cmd_mcp_menu_open(cdata);
	else if (mcp_core_get() == NULL)
		cmd_mcp_menu_leave(cdata, "mcp is not available");
	else if (cdata->page == CMD_MCP_MENU_RESOURCES)
		cmd_mcp_menu_resource(cdata, choice);
	else {
		cmd_mcp_menu_take(cdata, cdata->lists[cdata->page], choice,
		    "name");
		if (cdata->page == CMD_MCP_MENU_TOOLS)
			cmd_mcp_menu_form(cdata);
		else {
			cmd_mcp_menu_request(cdata, TMCP_LIST_PROMPTS,
			    cmd_mcp_menu_prompt_listed);
		}
	}
}

/*
 * End a page with what else the server has, and the way back. If it has not
 * been heard of, its tools may be those of another day and it may have more,
 * unless it has just failed.
 */
static void
cmd_mcp_menu_end(struct cmd_mcp_menu_data *cdata, int failed)
{
	struct tmcp_client	*core = mcp_core_get();
	u_int			 i;
	int			 offers;

	for (i = 0; core != NULL && i < nitems(cmd_mcp_menu_pages); i++) {
		if (i == cdata->page)
			continue;
		offers = mcp_abbrev_offers(core, cdata->server,
		    cmd_mcp_menu_pages[i].offer);
		if (offers == 0 || (offers == -1 && failed))
			continue;
		mcp_dialog_action(cdata->dialog, CMD_MCP_MENU_PAGE + i,
		    cmd_mcp_menu_pages[i].key, cmd_mcp_menu_pages[i].action);
	}
	mcp_dialog_action(cdata->dialog, CMD_MCP_MENU_LEAVE, 'b', "Back");
	mcp_dialog_menu(cdata->dialog, cmd_mcp_menu_chosen, cdata);
}

/* Show what the server has. */
static void
cmd_mcp_menu_show(struct cmd_mcp_menu_data *cdata)
{
	struct tmcp_table	*table = cdata->lists[cdata->page];

	if (cdata->page == CMD_MCP_MENU_RESOURCES) {
		mcp_lines_resources(cdata->dialog, cdata->server, table,
		    cdata->templates);
	} else {
		mcp_lines_list(cdata->dialog, cdata->server,
		    cdata->page == CMD_MCP_MENU_TOOLS ? "tool" : "prompt",
		    table);
	}
	cmd_mcp_menu_end(cdata, 0);
}

/* The server has told its templates, which it need not have. */
static void
cmd_mcp_menu_templates(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_menu_data	*cdata = data;

	cdata->request = NULL;
	if (mcp_event_result(event) == TMCP_RESULT_OK)
		cdata->templates = tmcp_event_table(event);
	cmd_mcp_menu_show(cdata);
}

/* The server has told what it has. */
static void
cmd_mcp_menu_listed(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_menu_data	*cdata = data;
	struct mcp_dialog		*d = cdata->dialog;
	struct tmcp_table		*table;
	char				*name, *cause;
	size_t				 row;

	cdata->request = NULL;
	if (mcp_event_result(event) != TMCP_RESULT_OK ||
	    (table = tmcp_event_table(event)) == NULL) {
		mcp_dialog_clear(d, cdata->server);
		mcp_dialog_wrap(d, mcp_event_text(event, NULL));
		mcp_dialog_action(d, CMD_MCP_MENU_AGAIN, 'r', "Try again");
		cmd_mcp_menu_end(cdata, 1);
		return;
	}
	cdata->lists[cdata->page] = table;
	if (cdata->page == CMD_MCP_MENU_RESOURCES) {
		cmd_mcp_menu_request(cdata, TMCP_LIST_RESOURCE_TEMPLATES,
		    cmd_mcp_menu_templates);
		return;
	}
	if (!cdata->fixed_tool || cdata->page != CMD_MCP_MENU_TOOLS) {
		cmd_mcp_menu_show(cdata);
		return;
	}
	name = mcp_confirm_find(table, cdata->server, cdata->name, &cause);
	for (row = 0; name != NULL && row < tmcp_table_rows(table); row++) {
		if (strcmp(tmcp_table_get(table, row, "name"), name) == 0)
			cmd_mcp_menu_take(cdata, table, row, "name");
	}
	if (name == NULL)
		cmd_mcp_menu_leave(cdata, cause);
	else
		cmd_mcp_menu_form(cdata);
	free(name);
	free(cause);
}

/* Show a page of the server, once it has told what is in it. */
static void
cmd_mcp_menu_open(struct cmd_mcp_menu_data *cdata)
{
	if (cdata->lists[cdata->page] != NULL)
		cmd_mcp_menu_show(cdata);
	else
		cmd_mcp_menu_request(cdata, cmd_mcp_menu_pages[cdata->page].what,
		    cmd_mcp_menu_listed);
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
	cdata->server = xstrdup(tmcp_table_get(cdata->servers, choice, "id"));
	cmd_mcp_menu_open(cdata);
}

/* Show the servers and how they are. */
static void
cmd_mcp_menu_servers(struct cmd_mcp_menu_data *cdata)
{
	struct tmcp_client	*core = mcp_core_get();

	tmcp_table_free(cdata->servers);
	if (core != NULL)
		tmcp_client_refresh(core, cdata->directory);
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
	name = mcp_abbrev_server(core, cdata->directory, cdata->server,
	    &cause);
	if (name == NULL) {
		cmd_mcp_menu_leave(cdata, cause);
		free(cause);
		return;
	}
	free(cdata->server);
	cdata->server = name;
	cmd_mcp_menu_open(cdata);
}

/* A dialog in a client. */
static struct cmd_mcp_menu_data *
cmd_mcp_menu_create(struct client *c)
{
	struct cmd_mcp_menu_data	*cdata;

	cdata = xcalloc(1, sizeof *cdata);
	evtimer_set(&cdata->wait_timer, cmd_mcp_menu_wait_timer, cdata);
	cdata->client = c;
	cdata->client->references++;
	cdata->dialog = mcp_dialog_create(c, cmd_mcp_menu_free, cdata);
	return (cdata);
}

/* Run what was chosen elsewhere, with a form for its arguments. */
void
mcp_menu_open(struct client *c, const char *server, uint32_t what,
    const char *name, const char *about)
{
	struct cmd_mcp_menu_data	*cdata;
	struct tmcp_client		*core = mcp_core_get();
	struct tmcp_table		*table;
	struct mcp_field		*fields;
	u_int				 n;

	if (core == NULL || !mcp_client_shows(c) || mcp_dialog_busy(c))
		return;
	cdata = cmd_mcp_menu_create(c);
	cdata->fixed_server = cdata->fixed_tool = 1;
	cdata->server = xstrdup(server);
	cdata->name = xstrdup(name);
	cdata->about = xstrdup(about);
	switch (what) {
	case TMCP_LIST_PROMPTS:
		cdata->page = CMD_MCP_MENU_PROMPTS;
		cmd_mcp_menu_request(cdata, what, cmd_mcp_menu_prompt_listed);
		break;
	case TMCP_LIST_RESOURCES:
		cdata->page = CMD_MCP_MENU_RESOURCES;
		cmd_mcp_menu_send(cdata, cmd_mcp_menu_run(cdata));
		break;
	case TMCP_LIST_RESOURCE_TEMPLATES:
		cdata->page = CMD_MCP_MENU_RESOURCES;
		fields = mcp_template_fields(name, &n);
		cmd_mcp_menu_offer(cdata, fields, n);
		break;
	default:
		table = tmcp_client_tool_arguments(core, server, name);
		if (table == NULL)
			cmd_mcp_menu_open(cdata);
		else {
			cdata->arguments = mcp_table_make(table,
			    cmd_mcp_menu_made, cdata);
		}
	}
}

static enum cmd_retval
cmd_mcp_menu_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args			*args = cmd_get_args(self);
	struct client			*tc = cmdq_get_target_client(item);
	struct cmd_mcp_menu_data	*cdata;
	struct tmcp_client		*core;
	const char			*why = NULL;
	uint64_t			 id;

	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	if (args_has(args, 't'))
		why = "the client is given with -c, not -t";
	else if (!mcp_client_shows(tc))
		why = "no client to show a menu in";
	else if (tc->flags & CLIENT_READONLY)
		why = "client is read-only";
	else if (mcp_dialog_busy(tc))
		why = "client is busy with a menu or prompt";
	if (why != NULL) {
		mcp_error(item, "%s", why);
		return (CMD_RETURN_ERROR);
	}

	cdata = cmd_mcp_menu_create(tc);
	cdata->directory = mcp_client_directory(item);
	cdata->fixed_server = (args_count(args) > 0);
	cdata->fixed_tool = (args_count(args) > 1);
	if (cdata->fixed_server)
		cdata->server = xstrdup(args_string(args, 0));
	if (cdata->fixed_tool)
		cdata->name = xstrdup(args_string(args, 1));
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
