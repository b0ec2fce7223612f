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
#include "mcp.h"

/*
 * Asks for the arguments of a tool, or for what a server wants to know: one
 * field after the other, and then all of them to look at before they are sent.
 * Escape goes back one step, and from the first to whoever asked.
 */

/* Choices that are no line of a list. */
#define MCP_FORM_SKIP 100000
#define MCP_FORM_DONE 100001
#define MCP_FORM_EDIT 100002
#define MCP_FORM_ACTION 100100	/* and an enum mcp_form_end */

struct mcp_form {
	struct mcp_dialog	*dialog;
	struct mcp_suggest	*suggest;
	char			*title;
	char			*about;
	const char		*send;
	int			 is_question;
	mcp_form_check_cb	 check;
	mcp_form_end_cb		 end;
	void			*data;

	struct mcp_field	*fields;
	u_int			 nfields;
	u_int			 now;
	int			 single;
};

static void	mcp_form_ask(struct mcp_form *, const char *, const char *);

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

/* A field is done: the next, or all of them. */
static void
mcp_form_forward(struct mcp_form *form)
{
	if (!form->single && ++form->now < form->nfields)
		mcp_form_ask(form, NULL, NULL);
	else
		mcp_form_review(form, NULL);
}

/* One step back. */
static void
mcp_form_backward(struct mcp_form *form)
{
	if (form->single)
		mcp_form_review(form, NULL);
	else if (form->now == 0)
		form->end(form->data, MCP_FORM_BACK);
	else {
		form->now--;
		mcp_form_ask(form, NULL, NULL);
	}
}

/* Take the value of a field, NULL to leave it out, or ask again. */
static void
mcp_form_take(struct mcp_form *form, const char *value)
{
	struct mcp_field	*ff = &form->fields[form->now];
	char			*cause = NULL, *line;

	if (value != NULL && form->check != NULL &&
	    form->check(form->data, ff->name, value, mcp_field_is_json(ff),
	    &cause) != 0) {
		line = mcp_text_line(cause);
		free(cause);
		mcp_form_ask(form, line, value);
		free(line);
		return;
	}
	free(ff->value);
	ff->value = value == NULL ? NULL : xstrdup(value);
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
	} else if (*s == '\0' && ff->required)
		mcp_form_ask(form, "needs a value", "");
	else if (*s == '\0')
		mcp_form_take(form, NULL);
	else
		mcp_form_take(form, s);
}

/* One of several was chosen. */
static void
mcp_form_chosen(void *data, int choice)
{
	struct mcp_form		*form = data;
	struct mcp_field	*ff = &form->fields[form->now];
	struct evbuffer		*evb;
	char			*s;
	u_int			 i, n = 0;

	if (choice == MCP_DIALOG_BACK) {
		mcp_form_backward(form);
		return;
	}
	if (choice == MCP_FORM_SKIP) {
		mcp_form_take(form, NULL);
		return;
	}
	if (choice >= 0 && (u_int)choice < ff->nchoices) {
		if (!ff->multiple) {
			mcp_form_take(form, ff->choices[choice]);
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
		if (!ff->on[i])
			continue;
		s = mcp_text_json(ff->choices[i], strlen(ff->choices[i]));
		evbuffer_add_printf(evb, "%s%s", n++ == 0 ? "" : ",", s);
		free(s);
	}
	evbuffer_add(evb, "]", 2);
	mcp_form_take(form, (char *)EVBUFFER_DATA(evb));
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

/* What is said of the present field, to be freed. */
static char *
mcp_form_help(struct mcp_form *form)
{
	struct mcp_field	*ff = &form->fields[form->now];
	const char		*about = (form->now == 0 ? form->about : "");
	char			*s;

	xasprintf(&s, "%s%s%s", about, *about == '\0' || *ff->help == '\0' ?
	    "" : "\n", ff->help);
	return (s);
}

/* Ask for the present field with a menu. */
static void
mcp_form_ask_menu(struct mcp_form *form, const char *error)
{
	struct mcp_field	*ff = &form->fields[form->now];
	struct mcp_dialog	*d = form->dialog;
	const char		*was;
	char			*s;
	u_int			 i;

	was = (ff->value != NULL ? ff->value : ff->initial);
	s = mcp_form_step(form);
	mcp_dialog_clear(d, s);
	free(s);
	if (error != NULL)
		mcp_dialog_wrap(d, error);
	s = mcp_form_help(form);
	mcp_dialog_wrap(d, s);
	free(s);
	for (i = 0; i < ff->nchoices; i++) {
		if (ff->multiple) {
			xasprintf(&s, "[%s] %s", ff->on[i] ? "x" : " ",
			    ff->titles[i]);
		} else {
			xasprintf(&s, "%s%s", ff->titles[i],
			    strcmp(ff->choices[i], was) != 0 ? "" :
			    ff->value != NULL ? " (chosen)" : " (default)");
		}
		mcp_dialog_line(d, i, s);
		free(s);
	}
	if (ff->multiple)
		mcp_dialog_action(d, MCP_FORM_DONE, 'd', "Done");
	if (!ff->required)
		mcp_dialog_action(d, MCP_FORM_SKIP, 's', "Leave out");
	mcp_dialog_menu(d, mcp_form_chosen, form);
}

/* Ask for the present field with a prompt, with something said beside it. */
static void
mcp_form_ask_prompt(struct mcp_form *form, const char *error,
    const char *typed)
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
	mcp_dialog_wrap(d, ff->required ? "Enter: take it, Escape: back" :
	    "Enter: take it, or leave it out if empty; Escape: back");

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
	input = (typed != NULL ? typed : ff->value != NULL ? ff->value :
	    ff->initial);
	mcp_dialog_prompt(d, s, input, mcp_form_typed, form);
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
		mcp_form_take(form, value);
		break;
	case MCP_SUGGEST_TYPE:
		mcp_form_ask_prompt(form, value, NULL);
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

	if (ff->nchoices != 0)
		mcp_form_ask_menu(form, error);
	else if (form->suggest == NULL || error != NULL)
		mcp_form_ask_prompt(form, error, typed);
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

/* What to do with all of it. */
static void
mcp_form_reviewed(void *data, int choice)
{
	struct mcp_form	*form = data;

	if (choice == MCP_DIALOG_BACK) {
		if (form->nfields == 0)
			form->end(form->data, MCP_FORM_BACK);
		else {
			form->single = 0;
			form->now = form->nfields - 1;
			mcp_form_ask(form, NULL, NULL);
		}
	} else if (choice == MCP_FORM_EDIT) {
		form->single = 0;
		form->now = 0;
		mcp_form_ask(form, NULL, NULL);
	} else if (choice >= MCP_FORM_ACTION)
		form->end(form->data, choice - MCP_FORM_ACTION);
	else if ((u_int)choice < form->nfields) {
		form->single = 1;
		form->now = choice;
		mcp_form_ask(form, NULL, NULL);
	}
}

/* Show all the values, with an error if they were refused. */
void
mcp_form_review(struct mcp_form *form, const char *error)
{
	struct mcp_dialog	*d = form->dialog;
	struct mcp_field	*ff;
	char			*s, *fit, *line;
	u_int			 i;

	mcp_dialog_clear(d, form->title);
	if (error != NULL)
		mcp_dialog_wrap(d, error);
	if (form->nfields == 0 && !form->is_question) {
		mcp_dialog_wrap(d, form->about);
		mcp_dialog_wrap(d, "no arguments");
	}
	for (i = 0; i < form->nfields; i++) {
		ff = &form->fields[i];
		if (ff->value == NULL)
			xasprintf(&s, "%s (left out)", ff->name);
		else
			xasprintf(&s, "%s = %s", ff->name, ff->value);
		line = mcp_text_line(s);
		fit = mcp_text_fit(line, mcp_dialog_width(d));
		mcp_dialog_line(d, i, fit);
		free(fit);
		free(line);
		free(s);
	}
	mcp_dialog_action(d, MCP_FORM_ACTION + MCP_FORM_SEND,
	    form->is_question ? 'a' : 's', form->send);
	if (form->nfields != 0)
		mcp_dialog_action(d, MCP_FORM_EDIT, 'e', "Edit");
	if (form->is_question) {
		mcp_dialog_action(d, MCP_FORM_ACTION + MCP_FORM_DECLINE, 'd',
		    "Decline");
	}
	mcp_dialog_action(d, MCP_FORM_ACTION + MCP_FORM_CANCEL, 'c', "Cancel");
	mcp_dialog_menu(d, mcp_form_reviewed, form);
}

/* Ask for the first field that has no value yet, or review if all have one. */
void
mcp_form_start(struct mcp_form *form)
{
	form->single = 0;
	for (form->now = 0; form->now < form->nfields; form->now++) {
		if (form->fields[form->now].value == NULL)
			break;
	}
	if (form->now == form->nfields)
		mcp_form_review(form, NULL);
	else
		mcp_form_ask(form, NULL, NULL);
}
