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

#ifndef MCP_FORM_H
#define MCP_FORM_H

/* Forms, and the questions of servers. */

#include "mcp-dialog.h"
#include "mcp-run.h"

/*
 * A field of a form. Choices are words, and values their JSON if that is known.
 * The value is JSON if is_json is set; a list may have more of it in items.
 */
struct mcp_field {
	char	 *name;
	char	 *type;
	char	 *wants;	/* its type in words, with its limits */
	char	 *help;		/* title and description, or "" */
	char	 *initial;
	char	**choices;
	char	**titles;
	char	**values;
	u_char	 *on;
	u_int	  nchoices;
	int	  required;
	int	  multiple;
	int	  open;		/* other values than the choices are taken */
	int	  secret;	/* the value is never shown */
	int	  text;		/* it takes any text, an empty one too */

	char	 *value;	/* NULL if it is left out */
	int	  is_json;
	char	**items;	/* words that follow the first of a list */
	u_int	  nitems;
};

/* What came of what a server proposed; a value, or why there is none. */
struct mcp_suggest;
enum mcp_suggest_end {
	MCP_SUGGEST_VALUE,
	MCP_SUGGEST_TYPE,
	MCP_SUGGEST_SKIP,
	MCP_SUGGEST_BACK
};
typedef void (*mcp_suggest_cb)(void *, enum mcp_suggest_end, const char *);

/* A run that is awaited in a dialog, and how that ended. */
struct mcp_await;
enum mcp_await_end {
	MCP_AWAIT_DONE,		/* its result is shown, the dialog is in the way */
	MCP_AWAIT_FAILED,	/* with the cause */
	MCP_AWAIT_LEFT		/* the person does not wait; to be freed */
};
typedef void (*mcp_await_cb)(void *, enum mcp_await_end, const char *);

/* A form: one value for each field, and then a look at all of them. */
struct mcp_form;
struct mcp_offer;
enum mcp_form_end {
	MCP_FORM_SEND,
	MCP_FORM_BACK,
	MCP_FORM_DECLINE,
	MCP_FORM_CANCEL
};
typedef int (*mcp_form_check_cb)(void *, const char *, const char *, int,
		     char **);
typedef void (*mcp_form_end_cb)(void *, enum mcp_form_end);

/* mcp-await.c */
struct mcp_await *mcp_await_start(struct mcp_dialog *, struct client *,
		     struct mcp_run *, mcp_await_cb, void *, char **);
void		 mcp_await_free(struct mcp_await *);

/* mcp-field.c */
struct mcp_field *mcp_field_create(const struct tmcp_table *, u_int *);
void		 mcp_field_add(struct mcp_field **, u_int *, const char *,
		     int);
void		 mcp_field_set(struct mcp_field *, u_int,
		     const struct tmcp_pair *, size_t);
int		 mcp_field_complete(struct mcp_field *, u_int);
void		 mcp_field_free(struct mcp_field *, u_int);
void		 mcp_field_take(struct mcp_field *, const char *, int);
void		 mcp_field_append(struct mcp_field *, const char *);
char		*mcp_field_show(struct mcp_field *);
int		 mcp_field_is_list(struct mcp_field *);
u_int		 mcp_field_more(struct mcp_field **, u_int *, u_int);
int		 mcp_field_has_more(struct mcp_field *, u_int, u_int);
struct tmcp_pair *mcp_field_pairs(struct mcp_field *, u_int, size_t *);

/* mcp-form.c */
struct mcp_form	*mcp_form_create(struct mcp_dialog *, const char *,
		     struct mcp_field *, u_int, int, mcp_form_check_cb,
		     mcp_form_end_cb, void *);
void		 mcp_form_about(struct mcp_form *, const char *);
void		 mcp_form_warn(struct mcp_form *, const char *, int);
void		 mcp_form_confirm(struct mcp_form *, const char *,
		     const char *);
void		 mcp_form_set(struct mcp_form *, const char *,
		     struct mcp_suggest *);
void		 mcp_form_free(struct mcp_form *);
int		 mcp_form_checked(int32_t, const char *, char **);
void		 mcp_form_start(struct mcp_form *);
void		 mcp_form_review(struct mcp_form *, const char *);
struct tmcp_pair *mcp_form_pairs(struct mcp_form *, size_t *);

/* mcp-lines.c */
void		 mcp_lines_servers(struct mcp_dialog *,
		     const struct tmcp_table *);
void		 mcp_lines_list(struct mcp_dialog *, const char *,
		     const char *, const struct tmcp_table *);
void		 mcp_lines_resources(struct mcp_dialog *, const char *,
		     const struct tmcp_table *, const struct tmcp_table *);

/* mcp-offer.c */
int		 mcp_offer_asks(struct mcp_run *, struct args *);
struct mcp_offer *mcp_offer_create(struct mcp_dialog *, struct mcp_run *,
		     uint32_t, const char *, struct mcp_field *, u_int,
		     mcp_form_end_cb, void *);
struct mcp_run	*mcp_offer_take(struct mcp_offer *);
void		 mcp_offer_again(struct mcp_offer *, struct mcp_run *,
		     const char *);
void		 mcp_offer_run(struct mcp_run *, uint32_t, struct mcp_field *,
		     u_int);
void		 mcp_offer_free(struct mcp_offer *);

/* mcp-question.c */
void		 mcp_question_look(void);
void		 mcp_question_event(struct tmcp_event *);
void		 mcp_question_gone(uint64_t);
u_int		 mcp_question_count(void);
int		 mcp_question_answer(struct client *, int, char **);
void		 mcp_question_client_lost(struct client *);

/* mcp-suggest.c */
struct mcp_suggest *mcp_suggest_create(struct mcp_dialog *, const char *,
		     uint32_t, const char *);
void		 mcp_suggest_free(struct mcp_suggest *);
void		 mcp_suggest_ask(struct mcp_suggest *, const struct mcp_field *,
		     const char *, const char *, struct tmcp_pair *, size_t,
		     mcp_suggest_cb, void *);
int		 mcp_suggest_again(struct mcp_suggest *,
		     const struct mcp_field *);

/* mcp-template.c */
int		 mcp_template_is(const char *);
struct mcp_field *mcp_template_fields(const char *, u_int *);
char		*mcp_template_fill(const char *, struct tmcp_pair *, size_t,
		     char **);

#endif /* MCP_FORM_H */
