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
#include "mcp-settings.h"

/*
 * Questions that servers put to people. One is announced in the status line of
 * the client that made the call, or else of the one used last, and opens when
 * the person says so with mcp-answer; by itself it opens only over the dialog
 * that shows that its call is waited for. If nobody is there it is declined.
 * The first step shows what the server says and lets it be answered, declined
 * or cancelled, and Escape leads back there from all others. An address is
 * shown whole and never opened by us.
 */

/* How often to look if a client is free for an announcement. */
#define MCP_QUESTION_WAIT_MS 200

/* What a key takes away so soon nobody has read. */
#define MCP_QUESTION_READ_MS 600

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

	struct mcp_request	*request;	/* it may be no more */
	struct client		*client;	/* NULL: for a hook only */
	struct timeval		 asked;		/* by its last key */
	int			 announced;
	uint64_t		 announced_at;
	struct mcp_dialog	*dialog;
	struct mcp_form		*form;

	TAILQ_ENTRY(mcp_question) entry;
};
static TAILQ_HEAD(, mcp_question) mcp_questions =
    TAILQ_HEAD_INITIALIZER(mcp_questions);
static struct event	mcp_question_timer;

static void	mcp_question_next(int, short, void *);
static void	mcp_question_show(struct mcp_question *);

/* Free a question, and take it off the screen. */
static void
mcp_question_free(struct mcp_question *q)
{
	TAILQ_REMOVE(&mcp_questions, q, entry);
	mcp_changed();
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

/* Take a question off the screen. It stays open, for mcp-answer. */
static void
mcp_question_close(struct mcp_question *q)
{
	mcp_dialog_free(q->dialog);
	q->dialog = NULL;
	mcp_form_free(q->form);
	q->form = NULL;
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

/*
 * The client to ask: the one the call was made in, for which the question waits
 * if it is locked, or the one that was used last.
 */
static struct client *
mcp_question_client(struct mcp_request *mr, struct client *not)
{
	struct client	*c, *best = NULL;
	int		 is_own;

	if (mr != NULL && (c = mcp_request_viewer(mr, &is_own)) != NULL &&
	    c != not && c->session != NULL && (c->flags & (CLIENT_DEAD|CLIENT_EXIT|
	    CLIENT_CONTROL|CLIENT_READONLY)) == 0 &&
	    (is_own || (~c->flags & CLIENT_SUSPENDED)))
		return (c);
	TAILQ_FOREACH(c, &clients, entry) {
		if (c == not || !mcp_client_shows(c) ||
		    (c->flags & CLIENT_READONLY))
			continue;
		if (best == NULL ||
		    timercmp(&c->activity_time, &best->activity_time, >))
			best = c;
	}
	return (best);
}

/* Have the questions looked at in the next turn. */
void
mcp_question_look(void)
{
	if (!event_initialized(&mcp_question_timer))
		evtimer_set(&mcp_question_timer, mcp_question_next, NULL);
	mcp_timer_add(&mcp_question_timer, 0);
}

/* Put the question to a client, or with NULL to nobody. */
static void
mcp_question_assign(struct mcp_question *q, struct client *c)
{
	if (q->client != NULL)
		server_client_unref(q->client);
	if ((q->client = c) != NULL) {
		q->client->references++;
		mcp_typing_asked(c, &q->asked);
	}
	q->announced = 0;
}

/*
 * A client has gone: what was open there is cancelled, because nobody knows
 * what the person wanted; what was not is for somebody else.
 */
void
mcp_question_client_lost(struct client *lost)
{
	struct mcp_question	*q, *q1;
	struct client		*c;

	TAILQ_FOREACH_SAFE(q, &mcp_questions, entry, q1) {
		if (q->client != lost)
			continue;
		c = mcp_question_client(q->request, lost);
		if (q->dialog != NULL ||
		    (c == NULL &&
		    !mcp_hook_exists("mcp-elicitation", q->request)))
			mcp_question_end(q, TMCP_ANSWER_CANCEL);
		else {
			mcp_question_assign(q, c);
			mcp_question_look();
		}
	}
}

/* How many questions people could answer. */
u_int
mcp_question_count(void)
{
	struct mcp_question	*q;
	u_int			 n = 0;

	TAILQ_FOREACH(q, &mcp_questions, entry) {
		if (q->kind != TMCP_QUESTION_SAMPLE)
			n++;
	}
	return (n);
}

/* The keys that open questions, or NULL if the user has bound none. */
static char *
mcp_question_keys(void)
{
	struct key_table	*table;
	struct key_binding	*bd;
	char			*s, *keys = NULL;
	const char		*prefix;

	for (table = key_bindings_first_table(); table != NULL && keys == NULL;
	    table = key_bindings_next_table(table)) {
		prefix = strcmp(table->name, "prefix") == 0 ? "prefix " : "";
		if (*prefix == '\0' && strcmp(table->name, "root") != 0)
			continue;
		for (bd = key_bindings_first(table); bd != NULL;
		    bd = key_bindings_next(table, bd)) {
			s = cmd_list_print(bd->cmdlist, 0);
			if (keys == NULL && strcmp(s, "mcp-answer") == 0) {
				xasprintf(&keys, "%s%s", prefix,
				    key_string_lookup_key(bd->key, 0));
			}
			free(s);
		}
	}
	return (keys);
}

/* Say in the status line that a server asks, until a key takes it away. */
static void
mcp_question_announce(struct mcp_question *q)
{
	char	*keys = mcp_question_keys(), *s, *line;

	xasprintf(&s, "%s asks: %s opens the question", q->server,
	    keys == NULL ? "mcp-answer" : keys);
	line = mcp_text_line(s);
	mcp_compat_note(q->client, line);
	free(line);
	free(s);
	free(keys);
	q->announced = 1;
	q->announced_at = mcp_now();
}

/* If an announcement may not be read yet; one taken away comes again. */
static int
mcp_question_is_new(struct mcp_question *q)
{
	if (q->announced_at == 0 ||
	    mcp_now() - q->announced_at > MCP_QUESTION_READ_MS * 1000)
		return (0);
	if (q->client->message_string == NULL)
		q->announced = 0;
	return (1);
}

/* Open the question in its client. Below, if not NULL, is what it covers. */
static void
mcp_question_open(struct mcp_question *q, struct mcp_dialog *below,
    const struct timeval *asked)
{
	if (q->announced)
		status_message_clear(q->client);
	q->announced = 1;
	q->dialog = mcp_dialog_create(q->client, mcp_question_lost, q);
	mcp_dialog_late(q->dialog, asked, asked == NULL && below == NULL);
	mcp_dialog_wary(q->dialog);
	if (below != NULL)
		mcp_dialog_cover(q->dialog, below);
	mcp_question_show(q);
}

/*
 * Open the questions for which somebody visibly waits, announce the others to
 * people whose hands rest, and look again for those left.
 */
static void
mcp_question_next(__unused int fd, __unused short events, __unused void *arg)
{
	struct mcp_question	*q;
	struct mcp_dialog	*below;
	struct client		*c;
	int			 waiting = 0;

	TAILQ_FOREACH(q, &mcp_questions, entry) {
		if ((c = q->client) == NULL || q->dialog != NULL)
			continue;
		below = NULL;
		if (mcp_client_shows(c))
			below = mcp_dialog_awaiting(c, q->request);
		if (below != NULL) {
			mcp_question_open(q, below, NULL);
			continue;
		}
		if (q->announced) {
			if (mcp_question_is_new(q))
				waiting = 1;
			continue;
		}
		if (mcp_client_shows(c) && (c->message_string == NULL ||
		    mcp_running_shows(c)) && !mcp_dialog_busy(c) &&
		    mcp_typing(c, &q->asked) == 0)
			mcp_question_announce(q);
		waiting = 1;
	}
	if (waiting)
		mcp_timer_add(&mcp_question_timer, MCP_QUESTION_WAIT_MS);
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
	mcp_pairs_free(pairs, n);
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
		if (mcp_dialog_unfit(q->dialog)) {
			mcp_question_close(q);
			break;
		}
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
	mcp_dialog_strict(d);
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

/* Run the hook of a question, in the session that the call was made in. */
static void
mcp_question_hook(struct tmcp_event *event, const char *name)
{
	char	id[32];

	xsnprintf(id, sizeof id, "%llu",
	    (unsigned long long)tmcp_event_id(event));
	mcp_hook_run(name, tmcp_event_user_data(event),
	    "server", tmcp_event_server(event),
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
	const char		*hook = "mcp-elicitation", *text;
	size_t			 size;

	q = xcalloc(1, sizeof *q);
	q->id = tmcp_event_id(event);
	q->kind = tmcp_event_question(event);
	q->server = xstrdup(tmcp_event_server(event));
	text = tmcp_event_text(event, &size);
	q->text = xstrndup(text, mcp_text_cut(text, size, MCP_QUESTION_BYTES));
	q->url = xstrdup(tmcp_event_url(event));
	q->request = tmcp_event_user_data(event);
	TAILQ_INSERT_TAIL(&mcp_questions, q, entry);

	if (q->kind == TMCP_QUESTION_SAMPLE)
		hook = "mcp-sampling";
	else
		c = mcp_question_client(q->request, NULL);
	if (c == NULL && (!mcp_hook_exists(hook, q->request) ||
	    !mcp_hook_may(hook))) {
		mcp_message_add("mcp: %s asks and nobody is there: declined",
		    q->server);
		mcp_question_end(q, TMCP_ANSWER_DECLINE);
		return;
	}
	if (q->kind == TMCP_QUESTION_FORM)
		q->fields = tmcp_event_table(event);
	if (mcp_hook_may(hook))
		mcp_question_hook(event, hook);
	if (c == NULL)
		return;
	mcp_question_assign(q, c);
	mcp_question_look();
}

/*
 * Open the next question because somebody at a client wants to answer: one that
 * was put to this client, or else to another or nobody. Without a client it is
 * opened where it was put. If it is not by hand, a hook says so. Returns -1
 * with a cause.
 */
int
mcp_question_answer(struct client *c, int by_hand, char **cause)
{
	struct mcp_question	*q, *found = NULL;
	struct timeval		 asked;

	TAILQ_FOREACH(q, &mcp_questions, entry) {
		if (q->kind == TMCP_QUESTION_SAMPLE || q->dialog != NULL)
			continue;
		if (found == NULL || (found->client != c && q->client == c))
			found = q;
	}
	if (c == NULL && found != NULL && (c = found->client) == NULL)
		c = mcp_question_client(NULL, NULL);
	if (found == NULL)
		*cause = xstrdup("no question");
	else if (c == NULL || !mcp_client_shows(c))
		*cause = xstrdup("no client to show a question in");
	else if (c->flags & CLIENT_READONLY)
		*cause = xstrdup("client is read-only");
	else if (mcp_dialog_busy(c))
		*cause = xstrdup("client is busy with a menu or prompt");
	else {
		if (found->client != c)
			mcp_question_assign(found, c);
		mcp_typing_asked(c, &asked);
		mcp_question_open(found, NULL, by_hand ? &asked : NULL);
		return (0);
	}
	return (-1);
}

/* A question needs no answer any more. */
void
mcp_question_gone(uint64_t id)
{
	struct mcp_question	*q;
	struct client		*c;
	char			*text;

	TAILQ_FOREACH(q, &mcp_questions, entry) {
		if (q->id != id)
			continue;
		text = NULL;
		if (q->dialog != NULL && mcp_client_shows(q->client)) {
			xasprintf(&text, "%s does not ask any more", q->server);
			mcp_message_add("mcp: %s", text);
			if (!mcp_dialog_used(q->dialog)) {
				free(text);
				text = NULL;
			}
		}
		c = q->client;
		if (text != NULL)
			c->references++;
		mcp_question_free(q);
		if (text != NULL) {
			mcp_dialog_tell(c, "MCP", text);
			server_client_unref(c);
			free(text);
		}
		return;
	}
}
