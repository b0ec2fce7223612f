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
#include "mcp-form.h"
/*
 * What a server proposes for an argument of a prompt or of a template: a menu
 * of candidates, which the server is asked for again with the beginning that
 * somebody has typed. It may be left for a prompt at any time, so a server that
 * is late or has nothing to say holds nobody up.
 */

/* Choices that are no candidate. */
#define MCP_SUGGEST_FIND 100000
#define MCP_SUGGEST_CHOICE 100100	/* and an enum mcp_suggest_end */

/* The most candidates in a menu; a beginning finds the others. */
#define MCP_SUGGEST_MOST 1000

/* What is looked at of what a server proposes. */
#define MCP_SUGGEST_BYTES (1024 * 1024)

struct mcp_suggest {
	struct mcp_dialog	*dialog;
	char			*server;
	char			*name;
	uint32_t		 reference;
	struct mcp_request	*request;

	const struct mcp_field	*field;
	char			*step;
	char			*help;
	struct tmcp_pair	*pairs;
	size_t			 npairs;
	char			*begin;

	char			**values;
	u_int			 nvalues;
	u_int			 left_off;

	mcp_suggest_cb		 cb;
	void			*data;
};

static void	mcp_suggest_request(struct mcp_suggest *);
static void	mcp_suggest_show(struct mcp_suggest *);

/* Create for a prompt or template of a server. */
struct mcp_suggest *
mcp_suggest_create(struct mcp_dialog *dialog, const char *server,
    uint32_t reference, const char *name)
{
	struct mcp_suggest	*sg;

	sg = xcalloc(1, sizeof *sg);
	sg->dialog = dialog;
	sg->server = xstrdup(server);
	sg->reference = reference;
	sg->name = xstrdup(name);
	return (sg);
}

/* Forget the candidates. */
static void
mcp_suggest_clear(struct mcp_suggest *sg)
{
	while (sg->nvalues != 0)
		free(sg->values[--sg->nvalues]);
	free(sg->values);
	sg->values = NULL;
	sg->left_off = 0;
}

/* Forget the argument, and what was asked about it. */
static void
mcp_suggest_reset(struct mcp_suggest *sg)
{
	if (sg->request != NULL)
		mcp_request_drop(sg->request);
	sg->request = NULL;
	mcp_suggest_clear(sg);
	mcp_pairs_free(sg->pairs, sg->npairs);
	sg->pairs = NULL;
	sg->npairs = 0;
	free(sg->step);
	sg->step = NULL;
	free(sg->help);
	sg->help = NULL;
	free(sg->begin);
	sg->begin = NULL;
}

/* Free; the dialog is not ours. */
void
mcp_suggest_free(struct mcp_suggest *sg)
{
	if (sg == NULL)
		return;
	mcp_suggest_reset(sg);
	free(sg->server);
	free(sg->name);
	free(sg);
}

/* Tell what came of it. What is told about stays until the next argument. */
static void
mcp_suggest_end(struct mcp_suggest *sg, enum mcp_suggest_end end,
    const char *value)
{
	if (sg->request != NULL)
		mcp_request_drop(sg->request);
	sg->request = NULL;
	sg->cb(sg->data, end, value);
}

/* A beginning was typed. */
static void
mcp_suggest_typed(void *data, const char *s)
{
	struct mcp_suggest	*sg = data;

	if (s != NULL) {
		free(sg->begin);
		sg->begin = xstrdup(s);
		mcp_suggest_request(sg);
	} else
		mcp_suggest_show(sg);
}

/* Something was chosen. */
static void
mcp_suggest_chosen(void *data, int choice)
{
	struct mcp_suggest	*sg = data;
	char			*s;

	if (choice >= 0 && (u_int)choice < sg->nvalues)
		mcp_suggest_end(sg, MCP_SUGGEST_VALUE, sg->values[choice]);
	else if (choice == MCP_SUGGEST_FIND) {
		mcp_dialog_clear(sg->dialog, sg->step);
		mcp_dialog_wrap(sg->dialog, "Enter: ask the server for what "
		    "begins like this, Escape: back");
		xasprintf(&s, "%s begins: ", sg->field->name);
		mcp_dialog_prompt(sg->dialog, s, sg->begin, mcp_suggest_typed,
		    sg);
		free(s);
	} else if (choice >= MCP_SUGGEST_CHOICE)
		mcp_suggest_end(sg, choice - MCP_SUGGEST_CHOICE, NULL);
	else
		mcp_suggest_end(sg, MCP_SUGGEST_BACK, NULL);
}

/* Begin a menu. */
static void
mcp_suggest_menu(struct mcp_suggest *sg)
{
	mcp_dialog_clear(sg->dialog, sg->step);
	mcp_dialog_wrap(sg->dialog, sg->help);
}

/* End a menu. */
static void
mcp_suggest_actions(struct mcp_suggest *sg)
{
	mcp_dialog_action(sg->dialog, MCP_SUGGEST_CHOICE + MCP_SUGGEST_TYPE,
	    't', "Type it");
	if (!sg->field->required) {
		mcp_dialog_action(sg->dialog,
		    MCP_SUGGEST_CHOICE + MCP_SUGGEST_SKIP, 's', "Leave out");
	}
	mcp_dialog_menu(sg->dialog, mcp_suggest_chosen, sg);
}

/* Show the candidates. */
static void
mcp_suggest_show(struct mcp_suggest *sg)
{
	const char	*was = sg->field->value;
	char		*s;
	u_int		 i;

	mcp_suggest_menu(sg);
	if (*sg->begin != '\0') {
		xasprintf(&s, "%s with: %s", sg->nvalues == 0 ?
		    "nothing begins" : "beginning", sg->begin);
		mcp_dialog_wrap(sg->dialog, s);
		free(s);
	}
	if (sg->left_off != 0) {
		xasprintf(&s, "%u of %u, find the others by their beginning",
		    sg->nvalues, sg->nvalues + sg->left_off);
		mcp_dialog_wrap(sg->dialog, s);
		free(s);
	}
	for (i = 0; i < sg->nvalues; i++) {
		xasprintf(&s, "%s%s", sg->values[i], was != NULL &&
		    strcmp(sg->values[i], was) == 0 ? " (chosen)" : "");
		mcp_dialog_line(sg->dialog, i, s);
		free(s);
	}
	mcp_dialog_action(sg->dialog, MCP_SUGGEST_FIND, 'f',
	    "Find by beginning");
	mcp_suggest_actions(sg);
}

/* The server has answered. Without candidates there is nothing to choose. */
static void
mcp_suggest_answered(struct tmcp_event *event, void *data)
{
	struct mcp_suggest	*sg = data;
	const char		*text;
	char			*copy, *next, *line;
	size_t			 size;

	sg->request = NULL;
	if (mcp_event_result(event) != TMCP_RESULT_OK) {
		xasprintf(&line, "no suggestions: %s",
		    mcp_event_text(event, NULL));
		mcp_suggest_end(sg, MCP_SUGGEST_TYPE, line);
		free(line);
		return;
	}
	mcp_suggest_clear(sg);
	sg->values = xcalloc(MCP_SUGGEST_MOST, sizeof *sg->values);
	text = mcp_event_text(event, &size);
	next = copy = xstrndup(text, mcp_text_cut(text, size,
	    MCP_SUGGEST_BYTES));
	while ((line = strsep(&next, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		if (sg->nvalues == MCP_SUGGEST_MOST)
			sg->left_off++;
		else
			sg->values[sg->nvalues++] = xstrdup(line);
	}
	free(copy);
	if (sg->nvalues == 0 && *sg->begin == '\0')
		mcp_suggest_end(sg, MCP_SUGGEST_TYPE, NULL);
	else
		mcp_suggest_show(sg);
}

/* Ask the server, and show that it was asked. */
static void
mcp_suggest_request(struct mcp_suggest *sg)
{
	struct tmcp_client	*core = mcp_core_get();
	char			*s;
	uint64_t		 id;

	if (core == NULL) {
		mcp_suggest_end(sg, MCP_SUGGEST_TYPE, NULL);
		return;
	}
	sg->request = mcp_request_add(NULL, mcp_suggest_answered, NULL, sg);
	if (tmcp_client_complete(core, sg->server, sg->reference, sg->name,
	    sg->field->name, sg->begin, sg->pairs, sg->npairs, 0, sg->request,
	    &id) != TMCP_RESULT_OK) {
		mcp_request_remove(sg->request);
		sg->request = NULL;
		mcp_suggest_end(sg, MCP_SUGGEST_TYPE, NULL);
		return;
	}
	mcp_request_started(sg->request, id);
	mcp_suggest_menu(sg);
	xasprintf(&s, "asking %s for suggestions", sg->server);
	mcp_dialog_wrap(sg->dialog, s);
	free(s);
	mcp_suggest_actions(sg);
}

/*
 * Ask what a field may be. Pairs are the other values, and become ours; the
 * field stays the caller's.
 */
void
mcp_suggest_ask(struct mcp_suggest *sg, const struct mcp_field *field,
    const char *step, const char *help, struct tmcp_pair *pairs,
    size_t npairs, mcp_suggest_cb cb, void *data)
{
	mcp_suggest_reset(sg);
	sg->field = field;
	sg->step = xstrdup(step);
	sg->help = xstrdup(help);
	sg->pairs = pairs;
	sg->npairs = npairs;
	sg->begin = xstrdup("");
	sg->cb = cb;
	sg->data = data;
	mcp_suggest_request(sg);
}

/* Show the candidates for a field again, if there are any to choose from. */
int
mcp_suggest_again(struct mcp_suggest *sg, const struct mcp_field *field)
{
	if (sg == NULL || sg->field != field || sg->nvalues == 0)
		return (0);
	mcp_suggest_show(sg);
	return (1);
}
