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
#include "mcp-dialog.h"
#include "mcp-run.h"
#include "mcp-compat.h"

/*
 * The mode of choose-mcp: servers, what they have, what they do and have done,
 * as lines of a mode-tree. Lines are built for what is expanded, so that a key
 * costs no more with ten thousand tools than with ten. Building lines never
 * asks a server: only a key on its line does.
 */

/* How many lines a filter opens by itself. */
#define WINDOW_MCP_OPEN 500

/*
 * A group is open when it is first shown unless there are so many lines then:
 * to build them is to keep everybody waiting.
 */
#define WINDOW_MCP_LINES 2000

/* Lines after which there are no keys. */
#define WINDOW_MCP_KEYS 100

/* Lines that the wheel of the mouse moves. */
#define WINDOW_MCP_WHEEL 3

static struct screen	*MCP_WINDOW_MODE_INIT(window_mcp_init);
static void		 window_mcp_free(struct window_mode_entry *);
static void		 window_mcp_resize(struct window_mode_entry *, u_int,
			     u_int);
static void		 window_mcp_key(struct window_mode_entry *,
			     struct client *, struct session *,
			     struct winlink *, key_code, struct mouse_event *);

static const struct menu_item window_mcp_menu_items[] = {
	{ "Run", '\r', NULL },
	{ "Edit And Run", 'e', NULL },
	{ "Run Again", 'r', NULL },
	{ "Cancel Job", 'x', NULL },
	{ "", KEYC_NONE, NULL },
	{ "Expand", KEYC_RIGHT, NULL },
	{ "Reconnect", 'R', NULL },
	{ "Off or On", 'D', NULL },
	{ "Schemas", 's', NULL },
	{ "", KEYC_NONE, NULL },
	{ "Tag", 't', NULL },
	{ "Tag All", '\024', NULL },
	{ "Tag None", 'T', NULL },
	{ "", KEYC_NONE, NULL },
	{ "Leave", 'q', NULL },

	{ NULL, KEYC_NONE, NULL }
};

const struct window_mode window_mcp_mode = {
	.name = "mcp-mode",

	.init = window_mcp_init,
	.free = window_mcp_free,
	.resize = window_mcp_resize,
	.key = window_mcp_key,
};

struct window_mcp_modedata {
	struct window_pane	*wp;
	struct mode_tree_data	*data;
	struct mcp_tree		*tree;
	struct mcp_preview	*preview;

	char			*key_format;
	key_code		 keys[WINDOW_MCP_KEYS];
	u_int			 nkeys;

	u_int			 built;		/* lines, by the filter */
	uint64_t		 current[4];	/* line, or what stands for it */
	u_int			 found;		/* which is the first of them */
	struct mcp_server	*searched;	/* server that was looked at */
	uint64_t		 jump[3];	/* server, group and line */
	struct event		 jump_timer;
};

/* Add a line. */
static struct mode_tree_item *
window_mcp_add(struct window_mcp_modedata *data, struct mode_tree_item *parent,
    struct mcp_node *node, int expanded)
{
	struct mode_tree_item	*item;
	const char		*text = node->text;
	u_int			 i;

	for (i = 0; i < data->found; i++) {
		if (data->current[i] == node->tag)
			data->found = i;
	}
	if (text != NULL && *text == '\0')
		text = NULL;
	item = mode_tree_add(data->data, parent, node, node->tag, node->label,
	    text, expanded);
	if (node->type == MCP_NODE_NOTE || node->type == MCP_NODE_GROUP)
		mode_tree_no_tag(item);
	return (item);
}

/*
 * The current line may be there no more: then it is what has taken its place,
 * the first of a list that was awaited, or the group or server.
 */
static void
window_mcp_remember(struct window_mcp_modedata *data, uint64_t tag)
{
	struct mcp_node		*node;
	struct mcp_group	*group;

	data->found = 0;
	if (tag == UINT64_MAX)
		return;
	node = mode_tree_get_current(data->data);
	data->current[data->found++] = tag;
	if ((group = node->group) != NULL) {
		if (node->type == MCP_NODE_NOTE && group->nodes != NULL &&
		    group->nodes->n != 0)
			data->current[data->found++] = group->nodes->nodes->tag;
		data->current[data->found++] = group->node.tag;
	}
	if (node->server != NULL)
		data->current[data->found++] = node->server->node.tag;
}

/* Add the lines of a group. */
static void
window_mcp_build_nodes(struct window_mcp_modedata *data,
    struct mode_tree_item *parent, struct mcp_group *group,
    struct mcp_sort_criteria *crit, int all)
{
	struct mcp_nodes	*nodes = group->nodes;
	struct mcp_node		*node;
	u_int			*order = NULL, i, at, n = nodes->n;

	if (mcp_tree_order(crit) == MCP_TREE_BY_NAME)
		order = mcp_nodes_order(nodes);
	for (i = 0; i < n; i++) {
		at = (order == NULL ? i : order[crit->reversed ? n - 1 - i :
		    i]);
		node = &nodes->nodes[at];
		if (!all && !node->passes)
			continue;
		window_mcp_add(data, parent, node, 0);
		data->built++;
	}
}

/* If a group has a line: what a server does not offer has none. */
static int
window_mcp_has_group(struct mcp_server *s, struct mcp_group *group, int all)
{
	if (!all && group->passing == 0)
		return (0);
	switch (group->type) {
	case MCP_GROUP_JOBS:
	case MCP_GROUP_CALLS:
		return (group->nodes != NULL);
	case MCP_GROUP_TOOLS:
		return (!s->offers_known || s->offers[group->type] ||
		    group->nodes != NULL);
	default:
		return (s->offers[group->type]);
	}
}

/* Add the line of a group, and those below it. */
static void
window_mcp_build_group(struct window_mcp_modedata *data,
    struct mode_tree_item *parent, struct mcp_group *group,
    struct mcp_sort_criteria *crit, int all, int open)
{
	struct mode_tree_item	*item;
	struct mcp_node		*node = &group->node;
	int			 expanded;

	if (node->label == NULL)
		mcp_group_label(group);
	expanded = (group->type == MCP_GROUP_TOOLS ||
	    group->type == MCP_GROUP_JOBS);
	if (group->nodes != NULL &&
	    data->built + group->nodes->n > WINDOW_MCP_LINES)
		expanded = 0;
	item = window_mcp_add(data, parent, node, expanded);
	if (open && group->passing != 0)
		mode_tree_set_expanded(item, 1);
	node->expanded = mode_tree_is_expanded(item);
	if (node->expanded && group->nodes != NULL && group->nodes->n != 0) {
		window_mcp_build_nodes(data, item, group, crit, all);
		return;
	}
	window_mcp_add(data, item, &group->note, 0);
}

/* Add the line of a server, and those below it if it is expanded. */
static void
window_mcp_build_server(struct window_mcp_modedata *data, struct mcp_server *s,
    struct mcp_sort_criteria *crit, int filtered, int open)
{
	struct mode_tree_item	*item;
	struct mcp_node		*node = &s->node;
	u_int			 i;
	int			 all = (!filtered || node->passes), below = 0;

	item = window_mcp_add(data, NULL, node, data->tree->nservers == 1);
	data->built++;
	if (node->type == MCP_NODE_UNUSED) {
		node->expanded = 0;
		return;
	}
	if (open && s->passing != 0)
		mode_tree_set_expanded(item, 1);
	node->expanded = mode_tree_is_expanded(item);
	for (i = 0; node->expanded && i < MCP_GROUPS; i++) {
		if (!window_mcp_has_group(s, &s->groups[i], all))
			continue;
		window_mcp_build_group(data, item, &s->groups[i], crit, all,
		    open);
		below = 1;
	}
	if (!below)
		window_mcp_add(data, item, &s->note, 0);
}

/* Build the lines. */
static void
window_mcp_build(void *modedata, struct mcp_sort_criteria *crit,
    uint64_t *tag, const char *filter)
{
	struct window_mcp_modedata	*data = modedata;
	struct mcp_tree			*tree = data->tree;
	struct mcp_server		**sorted, *s;
	u_int				 i, passing = 0, most;
	int				 open;

	/* Without a line by the filter this is called again without it. */
	if (filter != NULL || data->built != 0)
		mcp_tree_filter_set(tree, filter);
	data->built = 0;
	for (i = 0; i < tree->nservers; i++)
		passing += tree->servers[i]->passing;
	open = (filter != NULL && tree->filter_fresh &&
	    passing <= WINDOW_MCP_OPEN);

	window_mcp_remember(data, *tag);
	most = data->found;
	sorted = mcp_tree_sorted(tree, mcp_tree_order(crit), crit->reversed);
	for (i = 0; i < tree->nservers; i++) {
		s = sorted[i];
		if (filter != NULL && !s->node.passes && s->passing == 0)
			continue;
		window_mcp_build_server(data, s, crit, filter != NULL, open);
	}
	if (filter != NULL && !tree->filtering)
		tree->filter_fresh = 0;
	if (tree->nservers == 0 || (filter != NULL && tree->filtering &&
	    data->built == 0)) {
		if (tree->nservers != 0)
			mcp_node_set(&tree->note, "filtering...", "");
		window_mcp_add(data, NULL, &tree->note, 0);
		data->built++;
	}
	if (data->found < most)
		*tag = data->current[data->found];
	/* When it is called again, the current line is still the one before. */
	if (data->built != 0)
		mcp_tree_free_buried(tree);
}

/* Draw the preview of a line. */
static void
window_mcp_draw(void *modedata, void *itemdata, struct screen_write_ctx *ctx,
    u_int sx, u_int sy)
{
	struct window_mcp_modedata	*data = modedata;

	mcp_preview_draw(data->preview, itemdata, ctx, sx, sy);
}

/*
 * What is not expanded has one line below it. If what it stands for has the
 * text, it is expanded by mode-tree, and the line that was found is gone to
 * when that is done.
 */
static int
window_mcp_search_closed(struct window_mcp_modedata *data,
    struct mcp_node *note, const char *lower)
{
	struct mcp_server	*s = note->server;
	struct mcp_node		*node, *current;
	int			 forward;

	current = mode_tree_get_current(data->data);
	forward = (data->searched == s || current->server == s);
	node = mcp_tree_match(s, note->group, lower, !forward);
	if (node == NULL)
		return (0);
	data->jump[0] = s->node.tag;
	data->jump[1] = node->group->node.tag;
	data->jump[2] = node->tag;
	mcp_timer_add(&data->jump_timer, 0);
	return (1);
}

/* If a line has a text. */
static int
MCP_MODE_TREE_SEARCH_CB(window_mcp_search, modedata, itemdata, ss)
{
	struct window_mcp_modedata	*data = modedata;
	struct mcp_node			*node = itemdata;
	char				*lower, *cp;
	int				 found;

	lower = xstrdup(ss);
	for (cp = lower; *cp != '\0'; cp++)
		*cp = tolower((u_char)*cp);
	if (node->type != MCP_NODE_NOTE)
		found = mcp_node_matches(node, lower);
	else if (node->server == NULL)
		found = 0;
	else if (node->group == NULL ? node->server->node.expanded :
	    node->group->node.expanded)
		found = mcp_node_matches(node, lower);
	else
		found = window_mcp_search_closed(data, node, lower);
	free(lower);
	data->searched = node->server;
	return (found);
}

/* Go to a line that was found below one that was not expanded. */
static void
window_mcp_jump(__unused int fd, __unused short events, void *modedata)
{
	struct window_mcp_modedata	*data = modedata;

	mode_tree_expand(data->data, data->jump[0]);
	mode_tree_expand(data->data, data->jump[1]);
	mode_tree_set_current(data->data, data->jump[2]);
	mode_tree_draw(data->data);
	data->wp->flags |= PANE_REDRAW;
}

/* Something was chosen in the menu of a line. */
static void
window_mcp_menu(void *modedata, struct client *c, key_code key)
{
	struct window_mcp_modedata	*data = modedata;
	struct window_pane		*wp = data->wp;
	struct window_mode_entry	*wme;

	wme = TAILQ_FIRST(&wp->modes);
	if (wme == NULL || wme->data != modedata)
		return;
	window_mcp_key(wme, c, NULL, NULL, key, NULL);
}

/* The key of a line. */
static key_code
window_mcp_get_key(void *modedata, __unused void *itemdata, u_int line)
{
	struct window_mcp_modedata	*data = modedata;
	struct format_tree		*ft;
	char				*expanded;

	if (data->key_format == NULL) {
		if (line < 10)
			return ('0' + line);
		return (line < 36 ? KEYC_META|('a' + line - 10) : KEYC_NONE);
	}
	if (line >= WINDOW_MCP_KEYS)
		return (KEYC_NONE);
	for (; data->nkeys <= line; data->nkeys++) {
		ft = format_create(NULL, NULL, FORMAT_NONE, FORMAT_NOJOBS);
		format_add(ft, "line", "%u", data->nkeys);
		expanded = format_expand(ft, data->key_format);
		data->keys[data->nkeys] = key_string_lookup_string(expanded);
		free(expanded);
		format_free(ft);
	}
	return (data->keys[line]);
}

/* Nodes have changed: build the lines anew. */
static void
window_mcp_changed(void *modedata)
{
	struct window_mcp_modedata	*data = modedata;

	mcp_preview_stale(data->preview);
	mode_tree_build(data->data);
	mode_tree_draw(data->data);
	data->wp->flags |= PANE_REDRAW;
}

/* The preview has a text. */
static void
window_mcp_previewed(void *modedata)
{
	struct window_mcp_modedata	*data = modedata;

	mode_tree_draw(data->data);
	data->wp->flags |= PANE_REDRAW;
}

static const struct mcp_tree_callbacks window_mcp_callbacks = {
	.build = window_mcp_build,
	.draw = window_mcp_draw,
	.search = window_mcp_search,
	.menu = window_mcp_menu,
	.key = window_mcp_get_key
};

/* Enter the mode. */
static struct screen *
MCP_WINDOW_MODE_INIT(window_mcp_init)
{
	struct window_pane		*wp = wme->wp;
	struct window_mcp_modedata	*data;
	struct screen			*s;
	const char			*cwd = NULL;

	wme->data = data = xcalloc(1, sizeof *data);
	data->wp = wp;
	data->built = 1;
	evtimer_set(&data->jump_timer, window_mcp_jump, data);
	if (args_has(args, 'K'))
		data->key_format = xstrdup(args_get(args, 'K'));
	if (wp->fd != -1)
		cwd = osdep_get_cwd(wp->fd);
	data->tree = mcp_tree_create(cwd == NULL ? wp->cwd : cwd,
	    args_get(args, 'F'), window_mcp_changed, data);
	data->preview = mcp_preview_create(window_mcp_previewed, data);

	data->data = mcp_tree_start(wp, args, &window_mcp_callbacks, data,
	    window_mcp_menu_items, &s);
	mode_tree_zoom(data->data, args);

	mode_tree_build(data->data);
	mode_tree_draw(data->data);

	return (s);
}

/* Leave the mode. */
static void
window_mcp_free(struct window_mode_entry *wme)
{
	struct window_mcp_modedata	*data = wme->data;

	if (data == NULL)
		return;
	evtimer_del(&data->jump_timer);
	mode_tree_free(data->data);
	mcp_preview_free(data->preview);
	mcp_tree_free(data->tree);
	free(data->key_format);
	free(data);
}

static void
window_mcp_resize(struct window_mode_entry *wme, u_int sx, u_int sy)
{
	struct window_mcp_modedata	*data = wme->data;

	mode_tree_resize(data->data, sx, sy);
}

/* Ask for what is below a line that was opened, if it is not known. */
static void
window_mcp_ask(struct mcp_node *node)
{
	struct mcp_group	*group = node->group;

	if (node->type == MCP_NODE_SERVER)
		group = &node->server->groups[MCP_GROUP_TOOLS];
	else if (node->type != MCP_NODE_GROUP && node->type != MCP_NODE_NOTE)
		return;
	if (group != NULL && (group->state == MCP_GROUP_UNKNOWN ||
	    group->state == MCP_GROUP_FAILED))
		mcp_tree_ask(group);
}

/* Say something to the person. */
static void
window_mcp_say(struct client *c, const char *text)
{
	char	*line;

	if (c == NULL || !mcp_client_shows(c))
		return;
	line = mcp_text_line(text);
	mcp_client_message(c, line);
	free(line);
}

/* Run what a line is about, through a form if it takes arguments. */
static void
window_mcp_run(struct client *c, struct mcp_node *node)
{
	static const uint32_t	 what[] = { 0, 0, 0, TMCP_LIST_TOOLS,
				    TMCP_LIST_PROMPTS, TMCP_LIST_RESOURCES,
				    TMCP_LIST_RESOURCE_TEMPLATES, 0,
				    TMCP_LIST_TOOLS, 0 };
	const char		*about = "";

	if (what[node->type] == 0)
		return;
	if (mcp_dialog_busy(c)) {
		window_mcp_say(c, "Client is busy with a menu or prompt");
		return;
	}
	if (node->table != NULL) {
		about = tmcp_table_get(node->table, node->row, "description");
		if (*about == '\0') {
			about = tmcp_table_get(node->table, node->row,
			    "title");
		}
	}
	mcp_menu_open(c, node->server->id, what[node->type], node->name, about);
}

/* Open or close what a line stands for, or run it. */
static void
window_mcp_enter(struct window_mcp_modedata *data, struct client *c,
    struct mcp_node *node)
{
	switch (node->type) {
	case MCP_NODE_SERVER:
	case MCP_NODE_GROUP:
		if (node->expanded)
			mode_tree_collapse_current(data->data);
		else {
			mode_tree_expand_current(data->data);
			window_mcp_ask(node);
		}
		break;
	case MCP_NODE_NOTE:
		window_mcp_ask(node);
		break;
	default:
		window_mcp_run(c, node);
		break;
	}
}

/* Run a tool again with its last arguments, or repeat a call. */
static void
window_mcp_again(struct client *c, struct mcp_node *node)
{
	struct mcp_call	*mc = NULL;
	struct mcp_run	*run;
	char		*cause;

	if (node->type == MCP_NODE_CALL)
		mc = mcp_history_find(node->id);
	else if (node->type == MCP_NODE_TOOL)
		mc = mcp_history_last(node->server->id, node->name);
	else
		return;
	if (mc == NULL || mcp_core_get() == NULL) {
		window_mcp_say(c, "Not called yet: Enter runs it");
		return;
	}
	run = mcp_run_create_client(c, mcp_core_get(), mc->server, mc->tool);
	if (mcp_run_repeat(run, mc, &cause) != 0) {
		window_mcp_say(c, cause);
		free(cause);
		mcp_run_free(run);
		return;
	}
	mcp_confirm_set(run, mc);
	mcp_run_next(run);
}

/* Cancel the job of a line. */
static void
window_mcp_cancel(__unused void *modedata, void *itemdata,
    __unused struct client *c, __unused key_code key)
{
	struct mcp_node	*node = itemdata;

	if (node->type == MCP_NODE_JOB || node->type == MCP_NODE_CALL)
		mcp_request_stop(node->id);
}

/* Switch the server of a line off in this tmux, or on again. */
static void
window_mcp_switch(void *modedata, void *itemdata, struct client *c,
    __unused key_code key)
{
	struct window_mcp_modedata	*data = modedata;
	char				*cause;
	int32_t				 result;

	result = mcp_tree_switch(data->tree, itemdata);
	if (result < 0) {
		cause = mcp_strerror(result);
		window_mcp_say(c, cause);
		free(cause);
	}
	mcp_changed();
}

/* Reach the server of a line again, once, and have its lists told anew. */
static void
window_mcp_reconnect(__unused void *modedata, void *itemdata,
    struct client *c, __unused key_code key)
{
	struct mcp_node		*node = itemdata;
	struct tmcp_client	*core = mcp_core_get();
	char			*cause;
	int32_t			 result;
	u_int			 i;

	if (node->server == NULL || *node->server->id == '\0' || core == NULL ||
	    node->server->reached)
		return;
	node->server->reached = 1;
	result = tmcp_client_reconnect(core, node->server->id);
	if (result != TMCP_RESULT_OK) {
		cause = mcp_strerror(result);
		window_mcp_say(c, cause);
		free(cause);
		return;
	}
	mcp_changed();
	for (i = 0; i < MCP_GROUPS; i++) {
		if (i == MCP_GROUP_TOOLS ||
		    node->server->groups[i].state != MCP_GROUP_UNKNOWN)
			mcp_tree_ask(&node->server->groups[i]);
	}
}

/* The wheel moves in the list or scrolls the preview. */
static void
window_mcp_wheel(struct window_mcp_modedata *data, int up, int in_list)
{
	u_int	i;

	if (!in_list) {
		mcp_preview_scroll(data->preview, up ? -WINDOW_MCP_WHEEL :
		    WINDOW_MCP_WHEEL);
		return;
	}
	for (i = 0; i < WINDOW_MCP_WHEEL; i++) {
		if (up)
			mode_tree_up(data->data, 0);
		else
			mcp_mode_tree_down(data->data, 0);
	}
}

/* Show something else in the preview, or where there is none, in view mode. */
static void
window_mcp_show(struct window_mcp_modedata *data, struct client *c,
    struct mcp_node *node, enum mcp_preview_kind kind)
{
	mcp_preview_kind(data->preview, kind);
	mcp_preview_drawn(data->preview);
	mode_tree_draw(data->data);
	if (!mcp_preview_drawn(data->preview) && c != NULL &&
	    mcp_client_shows(c)) {
		mcp_preview_open(data->preview, node, c);
		mcp_preview_kind(data->preview, kind);
	}
}

/* Do what a key says that mode-tree knows nothing of. */
static void
window_mcp_do(struct window_mcp_modedata *data, struct client *c, key_code key)
{
	struct mode_tree_data	*mtd = data->data;
	struct mcp_node		*node = mode_tree_get_current(mtd);
	u_int			 i;

	switch (key) {
	case '<':
	case '>':
		mcp_preview_scroll(data->preview, key == '<' ? -WINDOW_MCP_WHEEL :
		    WINDOW_MCP_WHEEL);
		return;
	case 's':
		window_mcp_show(data, c, node, MCP_PREVIEW_SCHEMA);
		return;
	case '?':
		window_mcp_show(data, c, node, MCP_PREVIEW_HELP);
		return;
	case 'i':
		if (c != NULL && mcp_client_shows(c))
			mcp_preview_open(data->preview, node, c);
		return;
	}
	/* The others do something to servers. */
	if (c == NULL || (c->flags & CLIENT_READONLY))
		return;
	switch (key) {
	case '\r':
		window_mcp_enter(data, c, node);
		break;
	case 'e':
		if (node->type == MCP_NODE_TOOL || node->type == MCP_NODE_CALL)
			mcp_edit_start(c, node->server->id, node->name);
		break;
	case 'r':
		window_mcp_again(c, node);
		break;
	case 'x':
		window_mcp_cancel(data, node, c, key);
		break;
	case 'X':
		mode_tree_each_tagged(mtd, window_mcp_cancel, c, key, 0);
		break;
	case 'D':
		mode_tree_each_tagged(mtd, window_mcp_switch, c, key, 1);
		break;
	case 'R':
		for (i = 0; i < data->tree->nservers; i++)
			data->tree->servers[i]->reached = 0;
		mode_tree_each_tagged(mtd, window_mcp_reconnect, c, key, 1);
		break;
	}
}

static void
window_mcp_key(struct window_mode_entry *wme, struct client *c,
    __unused struct session *s, __unused struct winlink *wl, key_code key,
    struct mouse_event *m)
{
	struct window_pane		*wp = wme->wp;
	struct window_mcp_modedata	*data = wme->data;
	struct mode_tree_data		*mtd = data->data;
	struct mcp_node			*node;
	key_code			 was = key;
	int				 finished = 0, opens, wheel;

	opens = (key == KEYC_RIGHT || key == 'l' || key == '+');
	wheel = (m != NULL &&
	    (key == KEYC_WHEELUP_PANE || key == KEYC_WHEELDOWN_PANE));
	node = mode_tree_get_current(mtd);
	data->searched = NULL;
	if (key == 'o')
		key = 'r';
	if (was != 'r' && was != '?')
		finished = mode_tree_key(mtd, c, &key, m, NULL, NULL);
	if (wheel) {
		window_mcp_wheel(data, was == KEYC_WHEELUP_PANE,
		    key == KEYC_NONE);
	} else if (opens && node == mode_tree_get_current(mtd) &&
	    node->expanded) {
		if (c != NULL && (~c->flags & CLIENT_READONLY))
			window_mcp_ask(node);
	} else if (was != 'o' && !finished)
		window_mcp_do(data, c, key);

	if (finished)
		window_pane_reset_mode(wp);
	else {
		mode_tree_draw(mtd);
		wp->flags |= PANE_REDRAW;
	}
}
