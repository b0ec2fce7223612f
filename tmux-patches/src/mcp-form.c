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

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp-form.h"

/*
 * Asks for the arguments of a tool, or for what a server wants to know: one
 * required field after the other, and then all of them to look at before they
 * are sent, where the others can be given as well. Escape goes back one step,
 * and from the first to whoever asked.
 */

/* Choices that are no line of a list. */
#define MCP_FORM_SKIP 100000
#define MCP_FORM_DONE 100001
#define MCP_FORM_EDIT 100002
#define MCP_FORM_TYPE 100003
#define MCP_FORM_ADD 100004
#define MCP_FORM_MORE 200000	/* and a field */
#define MCP_FORM_ACTION 100100	/* and an enum mcp_form_end */

struct mcp_form {
	struct mcp_dialog	*dialog;
	struct mcp_suggest	*suggest;
	char			*title;
	char			*about;
	char			*warning;	/* before it is sent */
	int			 confirm;	/* nothing but y sends it */
	const char		*send;
	int			 is_question;
	mcp_form_check_cb	 check;
	mcp_form_end_cb		 end;
	void			*data;

	struct mcp_field	*fields;
	u_int			 nfields;
	u_int			 now;
	int			 single;
	int			 all;
};

static void	mcp_form_ask(struct mcp_form *, const char *, const char *);
static void	mcp_form_ask_prompt(struct mcp_form *, const char *,
		    const char *, int);

/*
 * Create a form for fields, which become its own. Check may be NULL if a server
 * takes any value.
 */
struct mcp_form *
mcp_form_create(struct mcp_dialog *dialog, const char *title,
    struct mcp_field *fields, u_int nfields, int is_question,
    mcp_form_check_cb check, mcp_form_end_cb end, void *data)
{
	struct mcp_form		*form;

	form = xcalloc(1, sizeof *form);
	form->dialog = dialog;
	form->title = xstrdup(title);
	form->about = xstrdup("");
	form->warning = xstrdup("");
	form->send = (is_question ? "Accept and send" : "Send");
	form->is_question = is_question;
	form->check = check;
	form->end = end;
	form->data = data;
	form->fields = fields;
	form->nfields = nfields;
	return (form);
}

/* Say what all of it is about, which is shown with the first field. */
void
mcp_form_about(struct mcp_form *form, const char *about)
{
	free(form->about);
	form->about = xstrdup(about);
}

/*
 * Say what there is to know before it is sent, which is shown with the first
 * field and in the review. With confirm the review asks whether to send.
 */
void
mcp_form_warn(struct mcp_form *form, const char *warning, int confirm)
{
	free(form->warning);
	form->warning = xstrdup(warning);
	form->confirm = confirm;
	if (confirm)
		form->send = "Yes, run it";
}

/* Have the form of a tool warn, and ask in its review if it is to. */
void
mcp_form_confirm(struct mcp_form *form, const char *server, const char *tool)
{
	char	*warning;
	int	 ask;

	ask = mcp_confirm_look(server, tool, &warning);
	mcp_form_warn(form, warning, ask);
	free(warning);
}

/* Say what sending is, and who knows what fields may be; NULL is nobody. */
void
mcp_form_set(struct mcp_form *form, const char *send,
    struct mcp_suggest *suggest)
{
	form->send = send;
	form->suggest = suggest;
}

/* Free a form; the dialog is not the form's. */
void
mcp_form_free(struct mcp_form *form)
{
	if (form == NULL)
		return;
	mcp_field_free(form->fields, form->nfields);
	free(form->title);
	free(form->about);
	free(form->warning);
	free(form);
}

/* The values, for the core. */
struct tmcp_pair *
mcp_form_pairs(struct mcp_form *form, size_t *n)
{
	return (mcp_field_pairs(form->fields, form->nfields, n));
}

/*
 * What a check callback returns for what the core says of a value. Which field
 * it is of is in front of the person already.
 */
int
mcp_form_checked(int32_t result, const char *key, char **cause)
{
	char	*s, *wants, *prefix;

	if (result == TMCP_RESULT_OK)
		return (0);
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

/* If a field is asked for by itself, without being chosen. */
static int
mcp_form_asks(struct mcp_form *form, u_int i)
{
	return (form->all || form->fields[i].required);
}

/* A field is done: the next, or all of them. */
static void
mcp_form_forward(struct mcp_form *form)
{
	while (!form->single && ++form->now < form->nfields) {
		if (mcp_form_asks(form, form->now)) {
			mcp_form_ask(form, NULL, NULL);
			return;
		}
	}
	mcp_form_review(form, NULL);
}

/* One step back. */
static void
mcp_form_backward(struct mcp_form *form)
{
	if (form->single) {
		mcp_form_review(form, NULL);
		return;
	}
	while (form->now-- > 0) {
		if (mcp_form_asks(form, form->now)) {
			mcp_form_ask(form, NULL, NULL);
			return;
		}
	}
	form->now = 0;
	if (form->all)
		mcp_form_review(form, NULL);
	else
		form->end(form->data, MCP_FORM_BACK);
}

/* Check a value. Asks again, and returns -1, if it is refused. */
static int
mcp_form_check(struct mcp_form *form, const char *value, int is_json)
{
	struct mcp_field	*ff = &form->fields[form->now];
	char			*cause = NULL, *line;

	if (form->check == NULL || form->check(form->data, ff->name, value,
	    is_json, &cause) == 0)
		return (0);
	line = mcp_text_line(cause);
	free(cause);
	mcp_form_ask(form, line, ff->secret ? NULL : value);
	free(line);
	return (-1);
}

/* Take the value of a field, NULL to leave it out, or ask again. */
static void
mcp_form_take(struct mcp_form *form, const char *value, int is_json)
{
	struct mcp_field	*ff = &form->fields[form->now];

	if (value != NULL && mcp_form_check(form, value, is_json) != 0)
		return;
	mcp_field_take(ff, value, is_json);
	mcp_form_forward(form);
}

/* Something was typed. */
static void
mcp_form_typed(void *data, const char *s)
{
	struct mcp_form		*form = data;
	struct mcp_field	*ff = &form->fields[form->now];

	if (s == NULL) {
		if (!mcp_suggest_again(form->suggest, ff))
			mcp_form_backward(form);
	} else if (*s == '\0' && ff->secret && ff->value != NULL)
		mcp_form_forward(form);
	else if (*s == '\0' && !ff->required)
		mcp_form_take(form, NULL, 0);
	else if (*s == '\0')
		mcp_form_ask(form, ff->text ? "needs a value (\"\" is an empty "
		    "text)" : "needs a value", "");
	else if (ff->text && strcmp(s, "\"\"") == 0)
		mcp_form_take(form, "", 0);
	else
		mcp_form_take(form, s, 0);
}

/* Another item of a list was typed. */
static void
mcp_form_typed_item(void *data, const char *s)
{
	struct mcp_form		*form = data;
	struct mcp_field	*ff = &form->fields[form->now];

	if (s != NULL && *s != '\0') {
		if (mcp_form_check(form, s, 0) != 0)
			return;
		mcp_field_append(ff, s);
	}
	mcp_form_ask(form, NULL, NULL);
}

/* One of several was chosen. */
static void
mcp_form_chosen(void *data, int choice)
{
	struct mcp_form		*form = data;
	struct mcp_field	*ff = &form->fields[form->now];
	struct evbuffer		*evb;
	u_int			 i, n = 0;

	switch (choice) {
	case MCP_DIALOG_BACK:
		mcp_form_backward(form);
		return;
	case MCP_FORM_SKIP:
		mcp_form_take(form, NULL, 0);
		return;
	case MCP_FORM_TYPE:
		mcp_form_ask_prompt(form, NULL, NULL, 0);
		return;
	case MCP_FORM_ADD:
		mcp_form_ask_prompt(form, NULL, "", 1);
		return;
	}
	if (mcp_field_is_list(ff)) {
		mcp_form_forward(form);
		return;
	}
	if (choice >= 0 && (u_int)choice < ff->nchoices) {
		if (!ff->multiple) {
			mcp_form_take(form, ff->values[choice], 1);
			return;
		}
		ff->on[choice] = !ff->on[choice];
		mcp_form_ask(form, NULL, NULL);
		return;
	}

	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	evbuffer_add(evb, "[", 1);
	for (i = 0; i < ff->nchoices; i++) {
		if (ff->on[i]) {
			evbuffer_add_printf(evb, "%s%s", n++ == 0 ? "" : ",",
			    ff->values[i]);
		}
	}
	evbuffer_add(evb, "]", 2);
	mcp_form_take(form, (char *)EVBUFFER_DATA(evb), 1);
	evbuffer_free(evb);
}

/* The name of the present field and how far we are; for whom, if not us. */
static char *
mcp_form_step(struct mcp_form *form)
{
	struct mcp_field	*ff = &form->fields[form->now];
	char			*s;

	xasprintf(&s, "[%s%s%u/%u] %s%s",
	    form->is_question ? form->title : "",
	    form->is_question ? " " : "", form->now + 1, form->nfields,
	    ff->name, ff->required ? "*" : "");
	return (s);
}

/* Cut text to so many lines. */
static char *
mcp_form_trim(struct mcp_form *form, const char *text, u_int lines)
{
	size_t	 size = strlen(text), limit, cut;
	char	*s;

	limit = (size_t)lines * mcp_dialog_width(form->dialog);
	cut = mcp_text_cut(text, size, limit);
	xasprintf(&s, "%.*s%s", (int)cut, text, cut == size ? "" : "..");
	return (s);
}

/* What is said of the present field, to be freed; beside choices not much. */
static char *
mcp_form_help(struct mcp_form *form)
{
	struct mcp_field	*ff = &form->fields[form->now];
	const char		*about = (form->now == 0 ? form->about : "");
	const char		*warning = (form->now == 0 ? form->warning : "");
	char			*s, *first, *help;
	u_int			 lines = mcp_dialog_height(form->dialog) / 3;

	if (lines < 2)
		lines = 2;
	if (ff->nchoices == 0)
		lines = UINT_MAX / 1024;
	xasprintf(&s, "%s%s%s", warning, *warning == '\0' ? "" : "\n", about);
	first = mcp_form_trim(form, s, lines);
	free(s);
	help = mcp_form_trim(form, ff->help, lines);
	xasprintf(&s, "%s%s%s", first, *first == '\0' || *help == '\0' ?
	    "" : "\n", help);
	free(first);
	free(help);
	return (s);
}

/* Ask for the present field with a menu. */
static void
mcp_form_ask_menu(struct mcp_form *form, const char *error)
{
	struct mcp_field	*ff = &form->fields[form->now];
	struct mcp_dialog	*d = form->dialog;
	char			*s;
	u_int			 i;
	int			 start = -1, is_now, is_default;

	s = mcp_form_step(form);
	mcp_dialog_clear(d, s);
	free(s);
	if (error != NULL)
		mcp_dialog_wrap(d, error);
	s = mcp_form_help(form);
	mcp_dialog_wrap(d, s);
	free(s);
	for (i = 0; i < ff->nchoices; i++) {
		is_now = is_default = 0;
		if (ff->multiple) {
			xasprintf(&s, "[%s] %s", ff->on[i] ? "x" : " ",
			    ff->titles[i]);
		} else {
			if (ff->value != NULL)
				is_now = (strcmp(ff->value, ff->is_json ?
				    ff->values[i] : ff->choices[i]) == 0);
			else if (*ff->initial != '\0')
				is_default = (strcmp(ff->choices[i],
				    ff->initial) == 0);
			if (is_now || (is_default && start == -1))
				start = i;
			xasprintf(&s, "%s%s", ff->titles[i],
			    is_now ? " (chosen)" : is_default ? " (default)" :
			    "");
		}
		mcp_dialog_line(d, i, s);
		free(s);
	}
	if (ff->multiple) {
		mcp_dialog_action(d, MCP_FORM_DONE, 'd', "Done");
		start = MCP_FORM_DONE;
	} else if (ff->open)
		mcp_dialog_action(d, MCP_FORM_TYPE, 't', "Type it");
	if (!ff->required) {
		mcp_dialog_action(d, MCP_FORM_SKIP, 's', "Leave out");
		if (start == -1)
			start = MCP_FORM_SKIP;
	}
	mcp_dialog_start(d, start == -1 ? 0 : start, -1);
	mcp_dialog_menu(d, mcp_form_chosen, form);
}

/* Show the items of a list, to which others may be added. */
static void
mcp_form_ask_list(struct mcp_form *form)
{
	struct mcp_field	*ff = &form->fields[form->now];
	struct mcp_dialog	*d = form->dialog;
	char			*s;

	s = mcp_form_step(form);
	mcp_dialog_clear(d, s);
	free(s);
	mcp_dialog_wrap(d, ff->wants);
	s = mcp_field_show(ff);
	mcp_dialog_wrap(d, s);
	free(s);
	mcp_dialog_action(d, MCP_FORM_DONE, 'd', "Done");
	mcp_dialog_action(d, MCP_FORM_ADD, 'a', "Add an item");
	mcp_dialog_action(d, MCP_FORM_TYPE, 't', "Type it anew");
	if (!ff->required)
		mcp_dialog_action(d, MCP_FORM_SKIP, 's', "Leave out");
	mcp_dialog_start(d, MCP_FORM_DONE, -1);
	mcp_dialog_menu(d, mcp_form_chosen, form);
}

/* Say what the keys do in a prompt. */
static const char *
mcp_form_keys(struct mcp_field *ff)
{
	if (ff->secret && ff->value != NULL)
		return ("Enter: take it, or keep it if empty; Escape: back");
	if (!ff->required && ff->text)
		return ("Enter: take it, or leave it out if empty (\"\" is "
		    "an empty text); Escape: back");
	if (!ff->required)
		return ("Enter: take it, or leave it out if empty; "
		    "Escape: back");
	return ("Enter: take it, Escape: back");
}

/* Ask for the present field with a prompt, with something said beside it. */
static void
mcp_form_ask_prompt(struct mcp_form *form, const char *error,
    const char *typed, int is_item)
{
	struct mcp_field	*ff = &form->fields[form->now];
	struct mcp_dialog	*d = form->dialog;
	char			*s, *step;
	const char		*input;
	u_int			 width = mcp_dialog_width(d) / 2 + 4;

	mcp_dialog_clear(d, form->title);
	if (error != NULL)
		mcp_dialog_wrap(d, error);
	mcp_dialog_wrap(d, ff->wants);
	s = mcp_form_help(form);
	mcp_dialog_wrap(d, s);
	free(s);
	mcp_dialog_wrap(d, mcp_form_keys(ff));

	/* Room is left for the value; for whom it is is in the note as well. */
	step = mcp_form_step(form);
	if (utf8_cstrwidth(step) > width) {
		free(step);
		xasprintf(&s, "%s%s", ff->name, ff->required ? "*" : "");
		step = mcp_text_fit(s, width);
		free(s);
	}
	xasprintf(&s, "%s: ", step);
	free(step);
	if (typed != NULL)
		input = typed;
	else if (ff->value == NULL)
		input = ff->initial;
	else if (ff->nitems != 0 || (ff->is_json && !ff->multiple &&
	    ff->nchoices != 0))
		input = "";
	else if (*ff->value == '\0')
		input = "\"\"";
	else
		input = ff->value;
	if (ff->secret)
		mcp_dialog_mask(d);
	mcp_dialog_prompt(d, s, ff->secret ? "" : input, is_item ?
	    mcp_form_typed_item : mcp_form_typed, form);
	free(s);
}

/* A candidate was chosen, or not. */
static void
mcp_form_suggested(void *data, enum mcp_suggest_end end, const char *value)
{
	struct mcp_form	*form = data;

	switch (end) {
	case MCP_SUGGEST_VALUE:
	case MCP_SUGGEST_SKIP:
		mcp_form_take(form, value, 0);
		break;
	case MCP_SUGGEST_TYPE:
		mcp_form_ask_prompt(form, value, NULL, 0);
		break;
	case MCP_SUGGEST_BACK:
		mcp_form_backward(form);
		break;
	}
}

/* Ask for the present field, again with an error and what was typed. */
static void
mcp_form_ask(struct mcp_form *form, const char *error, const char *typed)
{
	struct mcp_field	*ff = &form->fields[form->now];
	struct tmcp_pair	*pairs;
	char			*step, *help, *value = ff->value;
	size_t			 n;

	if (ff->nchoices != 0 && (error == NULL || !ff->open))
		mcp_form_ask_menu(form, error);
	else if (mcp_field_is_list(ff) && ff->value != NULL && error == NULL)
		mcp_form_ask_list(form);
	else if (form->suggest == NULL || ff->secret || error != NULL)
		mcp_form_ask_prompt(form, error, typed, 0);
	else {
		/* What the others are may count, what it was does not. */
		ff->value = NULL;
		pairs = mcp_form_pairs(form, &n);
		ff->value = value;
		step = mcp_form_step(form);
		help = mcp_form_help(form);
		mcp_suggest_ask(form->suggest, ff, step, help, pairs, n,
		    mcp_form_suggested, form);
		free(help);
		free(step);
	}
}

/* Ask for more of a list: the fields of another item. */
static void
mcp_form_more(struct mcp_form *form, u_int idx)
{
	u_int	first = form->nfields;

	if (mcp_field_more(&form->fields, &form->nfields, idx) == 0) {
		mcp_form_review(form, NULL);
		return;
	}
	form->single = 0;
	form->all = 1;
	form->now = first;
	mcp_form_ask(form, NULL, NULL);
}

/* What to do with all of it. */
static void
mcp_form_reviewed(void *data, int choice)
{
	struct mcp_form	*form = data;

	form->single = form->all = 0;
	if (choice == MCP_DIALOG_BACK) {
		form->now = form->nfields;
		mcp_form_backward(form);
	} else if (choice == MCP_FORM_EDIT) {
		form->all = 1;
		form->now = 0;
		mcp_form_ask(form, NULL, NULL);
	} else if (choice >= MCP_FORM_MORE)
		mcp_form_more(form, choice - MCP_FORM_MORE);
	else if (choice >= MCP_FORM_ACTION)
		form->end(form->data, choice - MCP_FORM_ACTION);
	else if ((u_int)choice < form->nfields) {
		form->single = 1;
		form->now = choice;
		mcp_form_ask(form, NULL, NULL);
	}
}

/* Add the line of a field to the look at all of them. */
static void
mcp_form_line(struct mcp_form *form, u_int i)
{
	struct mcp_field	*ff = &form->fields[i];
	struct mcp_dialog	*d = form->dialog;
	char			*s, *fit, *line;

	if (ff->value != NULL) {
		line = mcp_field_show(ff);
		xasprintf(&s, "%s = %s", ff->name, line);
		free(line);
	} else if (*ff->initial != '\0' && !ff->secret) {
		xasprintf(&s, "%s (left out, default %s)", ff->name,
		    ff->initial);
	} else
		xasprintf(&s, "%s (left out)", ff->name);
	line = mcp_text_line(s);
	fit = mcp_text_fit(line, mcp_dialog_width(d));
	mcp_dialog_line(d, i, fit);
	free(fit);
	free(line);
	free(s);
	if (mcp_field_has_more(form->fields, form->nfields, i)) {
		xasprintf(&s, "%.*s: another", (int)strcspn(ff->name, "."),
		    ff->name);
		mcp_dialog_line(d, MCP_FORM_MORE + i, s);
		free(s);
	}
}

/* Show all the values, with an error if they were refused. */
void
mcp_form_review(struct mcp_form *form, const char *error)
{
	struct mcp_dialog	*d = form->dialog;
	char			*s;
	u_int			 i, nrequired = 0;
	int			 start;

	mcp_dialog_clear(d, form->title);
	if (error != NULL) {
		s = mcp_form_trim(form, error, mcp_dialog_height(d) / 2);
		mcp_dialog_wrap(d, s);
		free(s);
	}
	s = mcp_form_trim(form, form->warning, mcp_dialog_height(d) / 2);
	mcp_dialog_wrap(d, s);
	free(s);
	for (i = 0; i < form->nfields; i++)
		nrequired += form->fields[i].required;
	if (nrequired == 0 && !form->is_question && error == NULL) {
		s = mcp_form_trim(form, form->about, form->nfields == 0 ?
		    mcp_dialog_height(d) : mcp_dialog_height(d) / 4);
		mcp_dialog_wrap(d, s);
		free(s);
	}
	if (form->nfields == 0 && !form->is_question)
		mcp_dialog_wrap(d, "no arguments");
	for (i = 0; i < form->nfields; i++)
		mcp_form_line(form, i);
	if (!form->confirm) {
		mcp_dialog_action(d, MCP_FORM_ACTION + MCP_FORM_SEND,
		    form->is_question ? 'a' : 's', form->send);
	}
	if (form->nfields != 0)
		mcp_dialog_action(d, MCP_FORM_EDIT, 'e', "Edit");
	if (form->is_question) {
		mcp_dialog_action(d, MCP_FORM_ACTION + MCP_FORM_DECLINE, 'd',
		    "Decline");
	}
	mcp_dialog_action(d, MCP_FORM_ACTION + MCP_FORM_CANCEL, 'c', "Cancel");
	/* Enter does not send: before 3.4 the first is under the cursor. */
	if (form->confirm) {
		mcp_dialog_action(d, MCP_FORM_ACTION + MCP_FORM_SEND, 'y',
		    form->send);
	}
	if (!form->confirm)
		start = MCP_FORM_ACTION + MCP_FORM_SEND;
	else if (form->nfields != 0)
		start = MCP_FORM_EDIT;
	else
		start = MCP_FORM_ACTION + MCP_FORM_CANCEL;
	mcp_dialog_start(d, start, form->single ? (int)form->now : -1);
	mcp_dialog_menu(d, mcp_form_reviewed, form);
}

/* Ask for the first field that needs a value, or review if all have one. */
void
mcp_form_start(struct mcp_form *form)
{
	form->single = form->all = 0;
	for (form->now = 0; form->now < form->nfields; form->now++) {
		if (form->fields[form->now].required &&
		    form->fields[form->now].value == NULL)
			break;
	}
	if (form->now == form->nfields)
		mcp_form_review(form, NULL);
	else
		mcp_form_ask(form, NULL, NULL);
}
