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
#include "mcp-browse.h"
#include "mcp-run.h"

/*
 * What the lines of choose-mcp say, and the formats of a line. The words of
 * servers are made harmless here.
 */

/* How much of a name and of what follows it is in a line, in columns. */
#define MCP_LABEL_NAME_WIDTH 60
#define MCP_LABEL_TEXT_WIDTH 200

/* The type of a node as #{mcp_type} has it. */
const char *
mcp_node_type(struct mcp_node *node)
{
	static const char	*types[] = { "server", "unused", "group", "tool",
				    "prompt", "resource", "template", "job",
				    "call", "note" };

	return (types[node->type]);
}

/* What is in a group. */
const char *
mcp_group_name(enum mcp_group_type type)
{
	static const char	*names[] = { "running", "tools", "prompts",
				    "resources", "last calls" };

	return (names[type]);
}

/* Free what a node has. */
void
mcp_node_free(struct mcp_node *node)
{
	free(node->name);
	free(node->label);
	free(node->text);
	free(node->line);
}

/*
 * Set what the line of a node says: both are made harmless. The label is drawn
 * as it is, but a menu takes it for a format that can change colours.
 */
void
mcp_node_set(struct mcp_node *node, const char *label, const char *text)
{
	char	*line, *cp;

	free(node->label);
	line = mcp_text_line(label);
	node->label = mcp_text_fit(line, MCP_LABEL_NAME_WIDTH);
	free(line);
	for (cp = node->label; *cp != '\0'; cp++) {
		if (*cp == '#' && cp[1] == '[')
			*cp = '_';
	}
	free(node->text);
	node->text = mcp_text_label(text, MCP_LABEL_TEXT_WIDTH, 0);

	/* Ten thousand lines are searched in one turn: that is made ready. */
	free(node->line);
	xasprintf(&node->line, "%s: %s", node->label, node->text);
	for (cp = node->line; *cp != '\0'; cp++)
		*cp = tolower((u_char)*cp);
}

/* What follows the name of a server. */
static char *
mcp_node_server_text(struct mcp_node *node)
{
	const struct tmcp_table	*table = node->table;
	const char		*state, *tools, *busy, *calls, *errors, *p95;
	const char		*scope = node->server->scope, *last;
	struct mcp_bytes	*text = mcp_bytes_create();
	char			*s;

	state = tmcp_table_get(table, node->row, "state");
	tools = tmcp_table_get(table, node->row, "tools");
	busy = tmcp_table_get(table, node->row, "inflight");
	calls = tmcp_table_get(table, node->row, "calls");
	errors = tmcp_table_get(table, node->row, "errors");
	p95 = tmcp_table_get(table, node->row, "p95");
	last = tmcp_table_get(table, node->row, "last_error");
	mcp_bytes_printf(text, "%s", state);
	if (*tools != '\0') {
		mcp_bytes_printf(text, ", %s tool%s", tools,
		    strcmp(tools, "1") == 0 ? "" : "s");
	}
	if (atoi(busy) != 0)
		mcp_bytes_printf(text, ", running %s", busy);
	if (atoi(calls) != 0) {
		mcp_bytes_printf(text, ", %s call%s", calls,
		    strcmp(calls, "1") == 0 ? "" : "s");
	}
	if (atoi(errors) != 0) {
		mcp_bytes_printf(text, ", %s error%s", errors,
		    strcmp(errors, "1") == 0 ? "" : "s");
	}
	if (atoi(calls) != 0 && strcmp(p95, "-") != 0 && *p95 != '\0')
		mcp_bytes_printf(text, ", p95 %s", p95);
	if (strcmp(scope, "user") != 0)
		mcp_bytes_printf(text, ", %s", scope);
	if (strcmp(state, "failed") == 0 && strcmp(last, "-") != 0)
		mcp_bytes_printf(text, ": %s", last);
	s = xstrdup(text->text);
	mcp_bytes_unref(text);
	return (s);
}

/* Title and description of a row. */
static char *
mcp_node_row_text(struct mcp_node *node, const char *last)
{
	const char	*title, *more;
	char		*s;

	title = tmcp_table_get(node->table, node->row, "title");
	more = tmcp_table_get(node->table, node->row, "description");
	if (strcasecmp(title, node->name) == 0)
		title = "";
	if (*title == '\0' && *more == '\0')
		more = tmcp_table_get(node->table, node->row, last);
	xasprintf(&s, "%s%s%s", title,
	    *title == '\0' || *more == '\0' ? "" : ": ", more);
	return (s);
}

/* What follows the name of a job. */
static char *
mcp_node_job_text(struct mcp_node *node)
{
	const char	*state, *percent, *message;
	char		*s;

	state = tmcp_table_get(node->table, node->row, "state");
	percent = tmcp_table_get(node->table, node->row, "progress");
	message = tmcp_table_get(node->table, node->row, "message");
	xasprintf(&s, "%s%s%s%s%s%s", state, *percent == '\0' ? "" : " ",
	    percent, *percent == '\0' ? "" : "%", *message == '\0' ? "" : ": ",
	    message);
	return (s);
}

/* What follows the name of a call. */
static char *
mcp_node_call_text(struct mcp_node *node)
{
	struct mcp_call	*mc;
	char		*s, *arguments;
	int		 cut;

	if ((mc = mcp_history_find(node->id)) == NULL)
		return (xstrdup("forgotten"));
	arguments = mcp_history_arguments(mc, &cut);
	if (!mc->done)
		xasprintf(&s, "running, %s", arguments);
	else {
		xasprintf(&s, "%s, %.1f ms%s%s", mcp_history_outcome(mc),
		    mc->elapsed_us / 1000.0, *arguments == '\0' ? "" : ", ",
		    arguments);
	}
	free(arguments);
	return (s);
}

/*
 * Expand a format of the user for the text of a line. Its own styles are drawn,
 * what begins like a style in the words of a server is not: no value has
 * control characters, so that these stand for what the format itself begins
 * meanwhile.
 */
static char *
mcp_node_text_styled(struct mcp_node *node, const char *format)
{
	char		*own, *s, *out, *dst;
	const char	*cp;

	dst = own = xstrdup(format);
	for (cp = format; *cp != '\0'; cp++) {
		if (strncmp(cp, "##[", 3) == 0) {
			*dst++ = '\002';
			cp++;
		} else if (strncmp(cp, "#[", 2) == 0)
			*dst++ = '\001';
		else {
			*dst++ = *cp;
			if (strncmp(cp, "##", 2) == 0)
				*dst++ = *++cp;
		}
	}
	*dst = '\0';
	s = mcp_node_expand(node, own);
	free(own);
	dst = out = xmalloc(strlen(s) * 2 + 1);
	for (cp = s; *cp != '\0'; cp++) {
		if (*cp == '\001') {
			*dst++ = '#';
			continue;
		}
		if (*cp == '\002' || *cp == '#')
			*dst++ = '#';
		*dst++ = *cp == '\002' ? '#' : *cp;
	}
	*dst = '\0';
	free(s);
	return (out);
}

/* Make the line of a node, with a format for its text if that is not NULL. */
void
mcp_node_label(struct mcp_node *node, const char *format)
{
	const struct tmcp_table	*table = node->table;
	char			*s, *label;

	label = node->name;
	switch (node->type) {
	case MCP_NODE_SERVER:
		s = mcp_node_server_text(node);
		break;
	case MCP_NODE_UNUSED:
		xasprintf(&s, "%s, %s", tmcp_table_get(table, node->row,
		    "state"), tmcp_table_get(table, node->row, "reason"));
		break;
	case MCP_NODE_TOOL:
	case MCP_NODE_PROMPT:
		s = mcp_node_row_text(node, "description");
		break;
	case MCP_NODE_RESOURCE:
	case MCP_NODE_TEMPLATE:
		s = mcp_node_row_text(node, "mime");
		break;
	case MCP_NODE_JOB:
		s = mcp_node_job_text(node);
		break;
	case MCP_NODE_CALL:
		s = mcp_node_call_text(node);
		break;
	default:
		return;
	}
	if (format != NULL) {
		free(s);
		s = mcp_node_text_styled(node, format);
	}
	mcp_node_set(node, label, s);
	if (format != NULL) {
		free(node->text);
		node->text = s;
	} else
		free(s);
}

/* The formats of a node, to be freed. */
struct format_tree *
mcp_node_formats(struct mcp_node *node)
{
	struct format_tree	*ft;
	struct mcp_call		*mc;
	char			*line;

	ft = format_create(NULL, NULL, FORMAT_NONE, FORMAT_NOJOBS);
	format_add(ft, "mcp_type", "%s", mcp_node_type(node));
	if (node->type == MCP_NODE_CALL &&
	    (mc = mcp_history_find(node->id)) != NULL)
		mcp_history_formats(mc, ft);
	if (node->server != NULL) {
		line = mcp_text_line(node->server->node.name);
		format_add(ft, "mcp_server", "%s", line);
		free(line);
	}
	if (node->name != NULL) {
		line = mcp_text_line(node->name);
		format_add(ft, "mcp_name", "%s", line);
		free(line);
	}
	return (ft);
}

/* Expand a format for a node. */
char *
mcp_node_expand(struct mcp_node *node, const char *format)
{
	struct format_tree	*ft = mcp_node_formats(node);
	const char		*server = NULL;
	char			*s;

	if (node->group != NULL)
		server = node->server->id;
	s = mcp_table_expand(ft, node->table, node->row, server, format);
	format_free(ft);
	return (s);
}

/* Make the line of a group and of what stands in it if it is empty. */
void
mcp_group_label(struct mcp_group *group)
{
	char	s[64] = "";

	if (group->state == MCP_GROUP_LISTING || group->making != NULL)
		xsnprintf(s, sizeof s, "listing...");
	else if (group->state == MCP_GROUP_FAILED)
		xsnprintf(s, sizeof s, "failed");
	else if (group->nodes != NULL)
		xsnprintf(s, sizeof s, "%u", group->nodes->n);
	mcp_node_set(&group->node, mcp_group_name(group->type), s);
	switch (group->state) {
	case MCP_GROUP_LISTING:
		mcp_node_set(&group->note, "listing...", "");
		break;
	case MCP_GROUP_LISTED:
		mcp_node_set(&group->note, "none", "");
		break;
	case MCP_GROUP_UNKNOWN:
		mcp_node_set(&group->note, "not listed",
		    "Enter asks the server, and starts it if it must");
		break;
	case MCP_GROUP_FAILED:
		break;
	}
}
