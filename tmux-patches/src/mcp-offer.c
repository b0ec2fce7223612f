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
 * Asks a person for the arguments of a prompt or the values of a template, with
 * what the server proposes for them, and has it run.
 */

struct mcp_offer {
	struct mcp_dialog	*dialog;
	int			 own_dialog;
	struct mcp_run		*run;
	uint32_t		 reference;

	struct mcp_form		*form;
	struct mcp_suggest	*suggest;
	mcp_form_end_cb		 end;
	void			*data;
};

/*
 * If somebody can be asked for what a command lacks: it was run by a key of an
 * attached client, where it does not wait.
 */
int
mcp_offer_asks(struct mcp_run *run, struct args *args)
{
	struct client	*c = run->out->viewer;

	return (run->out->item == NULL && !args_has(args, 'b') &&
	    c != NULL && mcp_client_shows(c) && (~c->flags & CLIENT_READONLY));
}

/* Free; what has not been run never is. */
void
mcp_offer_free(struct mcp_offer *of)
{
	if (of == NULL)
		return;
	mcp_suggest_free(of->suggest);
	mcp_form_free(of->form);
	if (of->own_dialog)
		mcp_dialog_free(of->dialog);
	mcp_run_free(of->run);
	free(of);
}

/* The client went away in the middle of it. */
static void
mcp_offer_gone(void *data)
{
	mcp_offer_free(data);
}

/* The form is done. */
static void
mcp_offer_form_end(void *data, enum mcp_form_end end)
{
	struct mcp_offer	*of = data;
	struct mcp_run		*run = of->run;
	struct tmcp_pair	*pairs;
	char			*uri, *cause;
	size_t			 n;

	if (end == MCP_FORM_SEND) {
		pairs = mcp_form_pairs(of->form, &n);
		mcp_run_give(run, pairs, n);
		if (of->reference == TMCP_REFERENCE_TEMPLATE) {
			uri = mcp_template_fill(run->name, pairs, n, &cause);
			if (uri == NULL) {
				mcp_form_review(of->form, cause);
				free(cause);
				return;
			}
			free(run->name);
			run->name = uri;
		}
		if (of->end == NULL) {
			of->run = NULL;
			mcp_run_next(run);
		}
	}
	if (of->end != NULL)
		of->end(of->data, end);
	else
		mcp_offer_free(of);
}

/* Take the run, with what was given, after the form has ended with Send. */
struct mcp_run *
mcp_offer_take(struct mcp_offer *of)
{
	struct mcp_run	*run = of->run;

	of->run = NULL;
	return (run);
}

/* The run has failed: look at what was given again, for a new run. */
void
mcp_offer_again(struct mcp_offer *of, struct mcp_run *run, const char *cause)
{
	of->run = run;
	mcp_form_review(of->form, cause);
}

/*
 * Create and ask. The run and the fields become ours. If end is not NULL it is
 * told after, and takes the run; otherwise it is run here.
 */
struct mcp_offer *
mcp_offer_create(struct mcp_dialog *dialog, struct mcp_run *run,
    uint32_t reference, const char *about, struct mcp_field *fields,
    u_int nfields, mcp_form_end_cb end, void *data)
{
	struct mcp_offer	*of;
	char			*title;

	of = xcalloc(1, sizeof *of);
	of->dialog = dialog;
	if (dialog == NULL) {
		of->dialog = mcp_dialog_create(run->out->viewer, mcp_offer_gone,
		    of);
		of->own_dialog = 1;
		mcp_dialog_late(of->dialog, &run->out->asked, 0);
	}
	of->run = run;
	of->reference = reference;
	of->end = end;
	of->data = data;

	xasprintf(&title, "%s: %s", run->server, run->name);
	of->form = mcp_form_create(of->dialog, title, fields, nfields, 0, NULL,
	    mcp_offer_form_end, of);
	free(title);
	if (mcp_abbrev_offers(run->core, run->server,
	    TMCP_OFFERS_COMPLETIONS)) {
		of->suggest = mcp_suggest_create(of->dialog, run->server,
		    reference, run->name);
	}
	mcp_form_about(of->form, about);
	mcp_form_set(of->form, run->out->sink == MCP_SINK_PANE ?
	    "Paste into the pane" : "Read", of->suggest);
	mcp_form_start(of->form);
	return (of);
}

/* Ask for what a command lacks and run it. */
void
mcp_offer_run(struct mcp_run *run, uint32_t reference,
    struct mcp_field *fields, u_int nfields)
{
	struct client	*c = run->out->viewer;

	if (mcp_client_shows(c) && !mcp_dialog_busy(c)) {
		mcp_offer_create(NULL, run, reference, "", fields, nfields,
		    NULL, NULL);
		return;
	}
	mcp_field_free(fields, nfields);
	mcp_run_fail(run, MCP_EXIT_ERROR,
	    "client is busy with a menu or prompt");
}
