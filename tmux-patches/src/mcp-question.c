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
 * Questions that servers put to people. One is shown to the client that made
 * the call, or else to the one used last, when that is not busy; if nobody is
 * there it is declined. The first step shows what the server says and lets it
 * be answered, declined or cancelled, and Escape leads back there from all
 * others. An address is shown whole and never opened by us.
 */

/* How often to look if a client is free for the next question. */
#define MCP_QUESTION_WAIT_MS 200

/* What is left of what a server says. */
#define MCP_QUESTION_BYTES 65536

/* Choices in the first step. */
enum mcp_question_choice {
	MCP_QUESTION_ANSWER,
	MCP_QUESTION_DECLINE,
	MCP_QUESTION_CANCEL,
	MCP_QUESTION_COPY
};

struct mcp_question {
	uint64_t		 id;
	uint32_t		 kind;
	char			*server;
	char			*text;
	char			*url;
	struct tmcp_table	*fields;

	struct client		*client;	/* NULL: for a hook only */
	struct mcp_dialog	*dialog;
	struct mcp_form		*form;

	TAILQ_ENTRY(mcp_question) entry;
};
static TAILQ_HEAD(, mcp_question) mcp_questions =
    TAILQ_HEAD_INITIALIZER(mcp_questions);
static struct event	mcp_question_timer;

static void	mcp_question_show(struct mcp_question *);

/* Free a question, and take it off the screen. */
static void
mcp_question_free(struct mcp_question *q)
{
	TAILQ_REMOVE(&mcp_questions, q, entry);
	if (q->dialog != NULL)
		mcp_dialog_free(q->dialog);
	mcp_form_free(q->form);
	tmcp_table_free(q->fields);
	if (q->client != NULL)
		server_client_unref(q->client);
	free(q->server);
	free(q->text);
	free(q->url);
	free(q);
}

/* Answer without any fields, and free. */
static void
mcp_question_end(struct mcp_question *q, uint32_t answer)
{
	struct tmcp_client	*core = mcp_core_get();

	if (core != NULL) {
		tmcp_client_answer(core, q->id, answer, NULL, 0, NULL);
		mcp_changed();
	}
	mcp_question_free(q);
}

/* The client went away in the middle of it. */
static void
mcp_question_lost(void *data)
{
	mcp_question_end(data, TMCP_ANSWER_CANCEL);
}

/* A client has gone: nobody answers what it was asked. */
void
mcp_question_client_lost(struct client *c)
{
	struct mcp_question	*q, *q1;

	TAILQ_FOREACH_SAFE(q, &mcp_questions, entry, q1) {
		if (q->client == c)
			mcp_question_end(q, TMCP_ANSWER_CANCEL);
	}
}

/* Show the questions whose clients are free, and look again for the others. */
static void
mcp_question_next(__unused int fd, __unused short events, __unused void *arg)
{
	struct mcp_question	*q;
	int			 waiting = 0;

	TAILQ_FOREACH(q, &mcp_questions, entry) {
		if (q->client == NULL || q->dialog != NULL)
			continue;
		if (mcp_show_alive(q->client) && !mcp_dialog_busy(q->client)) {
			q->dialog = mcp_dialog_create(q->client,
			    mcp_question_lost, q);
			mcp_question_show(q);
			break;
		}
		waiting = 1;
	}
	if (q != NULL || waiting)
		mcp_timer_add(&mcp_question_timer, MCP_QUESTION_WAIT_MS);
}

/*
 * The client to ask: the one the call was made in, for which the question waits
 * if it is locked, or the one that was used last.
 */
static struct client *
mcp_question_client(struct mcp_request *mr)
{
	struct client	*c, *best = NULL;
	int		 is_own;

	if (mr != NULL && (c = mcp_request_viewer(mr, &is_own)) != NULL &&
	    c->session != NULL && (c->flags & (CLIENT_DEAD|CLIENT_EXIT|
	    CLIENT_CONTROL|CLIENT_READONLY)) == 0 &&
	    (is_own || (~c->flags & CLIENT_SUSPENDED)))
		return (c);
	TAILQ_FOREACH(c, &clients, entry) {
		if (!mcp_show_alive(c) || (c->flags & CLIENT_READONLY))
			continue;
		if (best == NULL ||
		    timercmp(&c->activity_time, &best->activity_time, >))
			best = c;
	}
	return (best);
}

/* Check the value of a field. */
static int
mcp_question_check(void *data, const char *key, const char *value,
    int is_json, char **cause)
{
	struct mcp_question	*q = data;
	struct tmcp_client	*core = mcp_core_get();

	if (core == NULL)
		return (0);
	return (mcp_form_checked(tmcp_client_check_answer(core, q->id, key,
	    value, is_json), key, cause));
}

/* The form is done. If the core does not like it, it is shown again. */
static void
mcp_question_form_end(void *data, enum mcp_form_end end)
{
	struct mcp_question	*q = data;
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_pair	*pairs;
	char			*cause;
	size_t			 n;
	int32_t			 result;

	if (end == MCP_FORM_BACK) {
		mcp_question_show(q);
		return;
	}
	if (end != MCP_FORM_SEND || core == NULL) {
		mcp_question_end(q, end == MCP_FORM_DECLINE ?
		    TMCP_ANSWER_DECLINE : TMCP_ANSWER_CANCEL);
		return;
	}
	pairs = mcp_form_pairs(q->form, &n);
	result = tmcp_client_answer(core, q->id, TMCP_ANSWER_ACCEPT, pairs, n,
	    NULL);
	mcp_field_free_pairs(pairs, n);
	mcp_changed();
	if (result == TMCP_RESULT_INVALID) {
		cause = mcp_strerror(result);
		mcp_form_review(q->form, cause);
		free(cause);
	} else
		mcp_question_free(q);
}

/* The first step is done. */
static void
mcp_question_chosen(void *data, int choice)
{
	struct mcp_question	*q = data;
	struct mcp_field	*fields;
	struct mcp_bytes	*url;
	u_int			 n;

	switch (choice) {
	case MCP_QUESTION_ANSWER:
		if (q->kind == TMCP_QUESTION_URL) {
			mcp_question_end(q, TMCP_ANSWER_ACCEPT);
			break;
		}
		mcp_form_free(q->form);
		fields = mcp_field_create(q->fields, &n);
		q->form = mcp_form_create(q->dialog, q->server, fields, n, 1,
		    mcp_question_check, mcp_question_form_end, q);
		mcp_form_about(q->form, q->text);
		mcp_form_start(q->form);
		break;
	case MCP_QUESTION_COPY:
		url = mcp_bytes_copy(q->url, strlen(q->url));
		mcp_paste_set(MCP_BUFFER "-url", url, NULL, NULL);
		mcp_bytes_unref(url);
		mcp_question_show(q);
		break;
	case MCP_QUESTION_DECLINE:
		mcp_question_end(q, TMCP_ANSWER_DECLINE);
		break;
	default:
		mcp_question_end(q, TMCP_ANSWER_CANCEL);
		break;
	}
}

/* Show the first step. */
static void
mcp_question_show(struct mcp_question *q)
{
	struct mcp_dialog	*d = q->dialog;
	char			*title;

	xasprintf(&title, "%s asks", q->server);
	mcp_dialog_clear(d, title);
	free(title);
	mcp_dialog_wrap(d, q->text);
	if (q->kind == TMCP_QUESTION_URL) {
		mcp_dialog_wrap(d, "Open this address yourself, if you trust "
		    "it:");
		mcp_dialog_wrap(d, q->url);
		mcp_dialog_action(d, MCP_QUESTION_COPY, 'u',
		    "Copy address to buffer " MCP_BUFFER "-url");
		mcp_dialog_action(d, MCP_QUESTION_ANSWER, 'a',
		    "Accept: I open it");
	} else
		mcp_dialog_action(d, MCP_QUESTION_ANSWER, 'a', "Answer");
	mcp_dialog_action(d, MCP_QUESTION_DECLINE, 'd', "Decline");
	mcp_dialog_action(d, MCP_QUESTION_CANCEL, 'c', "Cancel");
	mcp_dialog_menu(d, mcp_question_chosen, q);
}

/* Run the hook of a question. */
static void
mcp_question_hook(struct tmcp_event *event, const char *name)
{
	char	id[32];

	xsnprintf(id, sizeof id, "%llu",
	    (unsigned long long)tmcp_event_id(event));
	mcp_hook_run(name, "server", tmcp_event_server(event),
	    "tool", tmcp_event_tool(event), "id", id,
	    "question", tmcp_event_text(event, NULL),
	    "url", tmcp_event_url(event),
	    "json", tmcp_event_json(event, NULL), NULL);
}

/*
 * A server asks. If nobody is there a hook may still answer, with mcp-answer;
 * what a model is to say is never a question to people.
 */
void
mcp_question_event(struct tmcp_event *event)
{
	struct mcp_question	*q;
	struct client		*c = NULL;
	const char		*hook = "elicitation", *text;
	size_t			 size;

	q = xcalloc(1, sizeof *q);
	q->id = tmcp_event_id(event);
	q->kind = tmcp_event_question(event);
	q->server = xstrdup(tmcp_event_server(event));
	text = tmcp_event_text(event, &size);
	q->text = xstrndup(text, mcp_text_cut(text, size, MCP_QUESTION_BYTES));
	q->url = xstrdup(tmcp_event_url(event));
	TAILQ_INSERT_TAIL(&mcp_questions, q, entry);

	if (q->kind == TMCP_QUESTION_SAMPLE)
		hook = "sampling";
	else
		c = mcp_question_client(tmcp_event_user_data(event));
	if (c == NULL && !mcp_hook_exists(hook)) {
		server_add_message("mcp: %s asks and nobody is there: declined",
		    q->server);
		mcp_question_end(q, TMCP_ANSWER_DECLINE);
		return;
	}
	mcp_question_hook(event, hook);
	if (c == NULL)
		return;
	q->client = c;
	q->client->references++;
	if (q->kind == TMCP_QUESTION_FORM)
		q->fields = tmcp_event_table(event);
	if (!event_initialized(&mcp_question_timer))
		evtimer_set(&mcp_question_timer, mcp_question_next, NULL);
	mcp_timer_add(&mcp_question_timer, 0);
}

/* A question needs no answer any more. */
void
mcp_question_gone(uint64_t id)
{
	struct mcp_question	*q;

	TAILQ_FOREACH(q, &mcp_questions, entry) {
		if (q->id != id)
			continue;
		if (q->dialog != NULL && mcp_show_alive(q->client)) {
			server_add_message("mcp: %s does not ask any more",
			    q->server);
		}
		mcp_question_free(q);
		return;
	}
}
