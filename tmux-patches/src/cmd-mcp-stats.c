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
 * Shows statistics of MCP servers.
 */

static enum cmd_retval	cmd_mcp_stats_exec(struct cmd *, struct cmdq_item *);

static int	cmd_mcp_stats_exported(struct args *, const char *,
		    const char **);
static void	cmd_mcp_stats_ready(struct tmcp_event *, void *);
static void	cmd_mcp_stats_free(void *);

const struct cmd_entry cmd_mcp_stats_entry = {
	.name = "mcp-stats",
	.alias = "mstats",

	.args = { "bF:f:HjLOo:Pp:st:vw:", 0, 1, NULL },
	.usage = "[-bHjLOPsv] [-F format] [-f filter] [-o output] "
		 "[-p percentiles] " CMD_TARGET_PANE_USAGE " [-w window] "
		 "[server]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = CMD_READONLY,
	.exec = cmd_mcp_stats_exec
};

struct cmd_mcp_stats_data {
	struct mcp_output	*out;
	struct tmcp_client	*core;
	char			*directory;
	char			*server;
	char			*format;
	char			*filter;
	char			*percentiles;
	char			*window;
	struct tmcp_look	 look;
	enum tmcp_form		 form;
	int			 exported;	/* a format, or -1 */
	int			 line;
};

/* What is shown for -f without -F. */
#define CMD_MCP_STATS_TEMPLATE \
	"#{mcp_name}: #{mcp_status}, #{mcp_calls} calls, #{mcp_errors} errors"

/* The cells of a line with -s. */
#define CMD_MCP_STATS_HEAD \
	"#{mcp_name}\t#{mcp_transport}\t#{mcp_status}\t#{mcp_health}\t"
#define CMD_MCP_STATS_CELLS \
	CMD_MCP_STATS_HEAD "calls #{mcp_calls}\terrors #{mcp_errors}\t" \
	"success #{mcp_success_rate}\tp95 #{mcp_p95}\thits #{mcp_hit_rate}"

/* The same of a window, which the pool has no figures of. */
#define CMD_MCP_STATS_WINDOW \
	CMD_MCP_STATS_HEAD "in %s\tcalls #{mcp_%s_calls}\t" \
	"errors #{mcp_%s_errors}\tsuccess #{mcp_%s_success_rate}\t" \
	"p95 #{mcp_%s_p95}"

/* The width of a chart if nothing tells how much room there is. */
#define CMD_MCP_STATS_WIDTH 80

/* Whether a window was asked for that is not everything since the start. */
static int
cmd_mcp_stats_windowed(struct cmd_mcp_stats_data *cdata)
{
	return (cdata->window != NULL && strcmp(cdata->window, "all") != 0);
}

/*
 * Print rows by a template, aligned if they are lines of cells. Returns the
 * exit status.
 */
static int
cmd_mcp_stats_rows(struct cmd_mcp_stats_data *cdata, const char *server,
    struct evbuffer *evb)
{
	struct tmcp_table	*table;
	struct evbuffer		*rows = evb;
	const char		*template = CMD_MCP_STATS_TEMPLATE;
	char			*format = NULL, *cause;
	size_t			 row;

	if ((table = tmcp_client_servers(cdata->core)) == NULL)
		return (0);
	if (cdata->line && cmd_mcp_stats_windowed(cdata)) {
		xasprintf(&format, CMD_MCP_STATS_WINDOW, cdata->window,
		    cdata->window, cdata->window, cdata->window,
		    cdata->window);
		template = format;
	} else if (cdata->line)
		template = CMD_MCP_STATS_CELLS;
	else if (cdata->format != NULL) {
		template = format = mcp_names_template(table, cdata->format,
		    &cause);
		if (format == NULL) {
			tmcp_table_free(table);
			evbuffer_add_printf(evb, "%s", cause);
			free(cause);
			return (MCP_EXIT_ERROR);
		}
	}
	if (cdata->line && (rows = evbuffer_new()) == NULL)
		fatalx("out of memory");
	for (row = 0; server != NULL && row < tmcp_table_rows(table); row++) {
		if (strcmp(tmcp_table_get(table, row, "id"), server) == 0)
			break;
	}
	if (server == NULL)
		mcp_table_print(rows, table, NULL, template, cdata->filter);
	else {
		mcp_table_print_one(rows, table, row, template,
		    cdata->filter);
	}
	if (cdata->line) {
		evbuffer_add(rows, "", 1);
		mcp_columns_print(evb, (char *)EVBUFFER_DATA(rows));
		evbuffer_free(rows);
		if (tmcp_table_rows(table) == 0)
			evbuffer_add_printf(evb, "no servers are configured\n");
	}
	tmcp_table_free(table);
	free(format);
	return (0);
}

/* Print the text of the core, in columns if it is lines of cells. */
static void
cmd_mcp_stats_text(struct cmd_mcp_stats_data *cdata, struct evbuffer *evb,
    char *text)
{
	if (cdata->form == TMCP_FORM_PERCENTILES)
		mcp_columns_print(evb, text);
	else
		evbuffer_add(evb, text, strlen(text));
	if (cdata->server == NULL && cdata->form == TMCP_FORM_FULL)
		mcp_options_unknown(evb);
}

/* Have the core look at the window that rows are asked for. */
static int
cmd_mcp_stats_check(struct cmd_mcp_stats_data *cdata, struct evbuffer *evb)
{
	char	*text, *cause;
	int32_t	 result;

	if (!cmd_mcp_stats_windowed(cdata))
		return (0);
	result = tmcp_client_show(cdata->core, NULL, TMCP_FORM_PERCENTILES,
	    &cdata->look, &text);
	if (result == TMCP_RESULT_OK) {
		tmcp_string_free(text);
		return (0);
	}
	cause = mcp_strerror(result);
	evbuffer_add_printf(evb, "%s", cause);
	free(cause);
	return (-1);
}

/* How wide a chart may be: as the pane it is shown in or beside. */
static u_int
cmd_mcp_stats_columns(struct cmdq_item *item)
{
	struct window_pane	*wp = cmdq_get_target(item)->wp;
	struct client		*c = cmdq_get_client(item);

	if (wp != NULL)
		return (wp->sx);
	if (c != NULL && c->tty.sx != 0)
		return (c->tty.sx);
	return (CMD_MCP_STATS_WIDTH);
}

/* Whether whoever reads the output takes block characters. */
static int
cmd_mcp_stats_utf8(struct cmdq_item *item)
{
	struct client	*c = cmdq_get_client(item);

	return (c == NULL || (c->flags & CLIENT_UTF8));
}

/* Find out what is asked for. Returns what is wrong with the flags or NULL. */
static const char *
cmd_mcp_stats_parse(struct cmd_mcp_stats_data *cdata, struct args *args)
{
	int	rows;

	rows = args_has(args, 'F') || args_has(args, 'f') ||
	    args_has(args, 's');
	if (args_has(args, 's') && (args_has(args, 'F') ||
	    args_has(args, 'v')))
		return ("-s can't be used with -F or -v");
	if (args_has(args, 'v') && rows)
		return ("-v can't be used with -F or -f");
	if ((args_has(args, 'j') || args_has(args, 'p')) &&
	    (rows || args_has(args, 'v')))
		return ("-j and -p can't be used with -F, -f, -s or -v");
	if (args_has(args, 'H') && (rows || args_has(args, 'v') ||
	    args_has(args, 'j')))
		return ("-H can't be used with -F, -f, -j, -s or -v");
	if (args_has(args, 'w') && (args_has(args, 'F') ||
	    args_has(args, 'v') ||
	    (args_has(args, 'f') && !args_has(args, 's'))))
		return ("-w can't be used with -F, -f or -v, which have the "
		    "figures of all windows");

	cdata->form = TMCP_FORM_REPORT;
	if (args_has(args, 'H'))
		cdata->form = TMCP_FORM_BARS;
	else if (args_has(args, 'j'))
		cdata->form = TMCP_FORM_JSON;
	else if (args_has(args, 'p'))
		cdata->form = TMCP_FORM_PERCENTILES;
	else if (args_has(args, 'v'))
		cdata->form = TMCP_FORM_FULL;
	return (NULL);
}

/* Get the report or an error. Returns the exit status. */
static int
cmd_mcp_stats_report(struct cmd_mcp_stats_data *cdata, struct evbuffer *evb)
{
	char	*report, *cause, *server = NULL;
	int32_t	 result;

	if (cdata->exported != -1) {
		result = mcp_export_text(cdata->core, cdata->exported,
		    &report);
		goto out;
	}
	if (cdata->server != NULL) {
		server = mcp_abbrev_server(cdata->core, cdata->directory,
		    cdata->server, &cause);
		if (server == NULL) {
			evbuffer_add_printf(evb, "%s", cause);
			free(cause);
			return (MCP_EXIT_ERROR);
		}
	}
	if (cdata->format != NULL || cdata->filter != NULL || cdata->line) {
		if (cmd_mcp_stats_check(cdata, evb) != 0) {
			free(server);
			return (MCP_EXIT_ERROR);
		}
		result = cmd_mcp_stats_rows(cdata, server, evb);
		free(server);
		return (result);
	}
	result = tmcp_client_show(cdata->core, server, cdata->form,
	    &cdata->look, &report);
	free(server);

out:
	if (result != TMCP_RESULT_OK) {
		cause = mcp_strerror(result);
		evbuffer_add_printf(evb, "%s", cause);
		free(cause);
		return (mcp_retval(result));
	}
	cmd_mcp_stats_text(cdata, evb, report);
	tmcp_string_free(report);
	return (0);
}

/*
 * The format for monitoring systems that is wanted, or -1. These texts are of
 * all servers and go with nothing else.
 */
static int
cmd_mcp_stats_exported(struct args *args, const char *server,
    const char **cause)
{
	const char	*other;
	int		 format = -1, wanted = 0;

	*cause = NULL;
	if (args_has(args, 'P')) {
		format = TMCP_METRICS_FORMAT_PROMETHEUS;
		wanted++;
	}
	if (args_has(args, 'O')) {
		format = TMCP_METRICS_FORMAT_OPEN_METRICS;
		wanted++;
	}
	if (args_has(args, 'L')) {
		format = TMCP_METRICS_FORMAT_HISTOGRAM_LOG;
		wanted++;
	}
	if (wanted > 1)
		*cause = "only one of -P, -O and -L can be used";
	else if (wanted == 1 && server != NULL)
		*cause = "-P, -O and -L are of all servers";
	for (other = "FfHjpsvw"; wanted == 1 && *other != '\0'; other++) {
		if (args_has(args, *other))
			*cause = "-P, -O and -L go with no other form";
	}
	return (format);
}

static enum cmd_retval
cmd_mcp_stats_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args			*args = cmd_get_args(self);
	const char			*server = args_string(args, 0), *cause;
	struct cmd_mcp_stats_data	*cdata;
	struct tmcp_client		*core;
	struct evbuffer			*evb;
	enum cmd_retval			 retval;
	int				 exported, status, json;

	exported = cmd_mcp_stats_exported(args, server, &cause);
	if (cause != NULL) {
		mcp_error(item, "%s", cause);
		return (CMD_RETURN_ERROR);
	}
	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);

	cdata = xcalloc(1, sizeof *cdata);
	if ((cause = cmd_mcp_stats_parse(cdata, args)) != NULL) {
		mcp_error(item, "%s", cause);
		free(cdata);
		return (CMD_RETURN_ERROR);
	}
	cdata->core = core;
	cdata->exported = exported;
	cdata->directory = mcp_client_directory(item);
	if (server != NULL)
		cdata->server = xstrdup(server);
	if (args_has(args, 'F'))
		cdata->format = xstrdup(args_get(args, 'F'));
	if (args_has(args, 'f'))
		cdata->filter = xstrdup(args_get(args, 'f'));
	if (args_has(args, 'p'))
		cdata->percentiles = xstrdup(args_get(args, 'p'));
	if (args_has(args, 'w'))
		cdata->window = xstrdup(args_get(args, 'w'));
	cdata->line = args_has(args, 's');
	cdata->look.size = sizeof cdata->look;
	cdata->look.window = cdata->window;
	cdata->look.percentiles = cdata->percentiles;
	cdata->look.columns = cmd_mcp_stats_columns(item);
	if (!cmd_mcp_stats_utf8(item))
		cdata->look.flags = TMCP_LOOK_ASCII;
	json = (cdata->form == TMCP_FORM_JSON);

	if (tmcp_client_ready(core)) {
		if ((evb = evbuffer_new()) == NULL)
			fatalx("out of memory");
		retval = CMD_RETURN_NORMAL;
		status = cmd_mcp_stats_report(cdata, evb);
		if (EVBUFFER_LENGTH(evb) != 0 && status == 0) {
			retval = mcp_print_list(self, item,
			    (char *)EVBUFFER_DATA(evb), EVBUFFER_LENGTH(evb),
			    json);
		} else if (EVBUFFER_LENGTH(evb) != 0) {
			retval = mcp_output_now(item, status,
			    (char *)EVBUFFER_DATA(evb), EVBUFFER_LENGTH(evb));
		}
		evbuffer_free(evb);
		cmd_mcp_stats_free(cdata);
		return (retval);
	}

	if ((cdata->out = mcp_ready_output(self, item)) == NULL) {
		cmd_mcp_stats_free(cdata);
		return (CMD_RETURN_ERROR);
	}
	return (mcp_ready_start(item, cdata->out, cmd_mcp_stats_ready,
	    cmd_mcp_stats_free, cdata));
}

/* The configuration is loaded. */
static void
cmd_mcp_stats_ready(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_stats_data	*cdata = data;
	struct mcp_output		*out = cdata->out;
	struct evbuffer			*evb;
	int32_t				 result;
	int				 status;

	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	result = mcp_event_result(event);
	if (result != TMCP_RESULT_OK) {
		evbuffer_add_printf(evb, "%s", mcp_event_text(event, NULL));
		status = mcp_retval(result);
	} else
		status = cmd_mcp_stats_report(cdata, evb);
	if (status == 0) {
		out->json = (cdata->form == TMCP_FORM_JSON);
		mcp_output_finish(out, 0, (char *)EVBUFFER_DATA(evb),
		    EVBUFFER_LENGTH(evb), NULL);
	} else {
		evbuffer_add(evb, "", 1);
		mcp_output_finish(out, status, NULL, 0,
		    (char *)EVBUFFER_DATA(evb));
	}
	evbuffer_free(evb);
	cdata->out = NULL;
	cmd_mcp_stats_free(cdata);
}

/* Free, without having printed anything if the output is still there. */
static void
cmd_mcp_stats_free(void *data)
{
	struct cmd_mcp_stats_data	*cdata = data;

	if (cdata->out != NULL)
		mcp_output_free(cdata->out);
	free(cdata->format);
	free(cdata->filter);
	free(cdata->percentiles);
	free(cdata->window);
	free(cdata->directory);
	free(cdata->server);
	free(cdata);
}
