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
#include "mcp-dialog.h"

/*
 * What keeps the values of prompts to those they are for: they are in no
 * history, and secrets are shown as stars.
 */

struct mcp_prompt {
	char	*label;
	char	*newest;	/* in the history when it was opened */
	char	*secret;	/* typed so far, NULL if it is not masked */
};

/* What was typed into a prompt that has been answered, until the next one. */
static char	*mcp_prompt_answer;

#ifdef MCP_COMPAT_PROMPT_HISTORY
/* The newest entry in the history of our prompts. */
static const char *
mcp_prompt_newest(void)
{
	u_int	n = status_prompt_hsize[PROMPT_TYPE_SEARCH];

	return (n == 0 ? NULL :
	    status_prompt_hlist[PROMPT_TYPE_SEARCH][n - 1]);
}

/*
 * Take out of the history what has just been typed, unless it was there before:
 * what is typed into a form is for a server and nobody else.
 */
static void
mcp_prompt_forget(const char *last, const char *s)
{
	char		**list = status_prompt_hlist[PROMPT_TYPE_SEARCH];
	const char	 *now = mcp_prompt_newest();

	if (*s == '\0' || now == NULL || strcmp(now, s) != 0 ||
	    (last != NULL && strcmp(last, s) == 0))
		return;
	free(list[--status_prompt_hsize[PROMPT_TYPE_SEARCH]]);
}
#else
/* The history can be looked at by nobody but tmux itself. */
static const char *
mcp_prompt_newest(void)
{
	return (NULL);
}

static void
mcp_prompt_forget(__unused const char *last, __unused const char *s)
{
}
#endif

/*
 * Take what was added to a masked prompt, of which all that was there before is
 * stars. What was taken away is taken from the end. Returns what was typed so
 * far, and as many stars.
 */
static char *
mcp_prompt_mask(const char *before, const char *s, char **stars)
{
	struct utf8_data	*old, *now;
	char			*more;
	u_int			 i, n, count, added, at = 0;
	size_t			 size = 0;

	old = utf8_fromcstr(before);
	now = utf8_fromcstr(s);
	n = utf8_strlen(old);
	count = utf8_strlen(now);
	added = (count > n ? count - n : 0);
	if (added == 0)
		at = count;
	else {
		while (at < n && now[at].size == 1 && *now[at].data == '*')
			at++;
	}
	more = xmalloc((n + added + 1) * sizeof old->data);
	for (i = 0; i < at; i++) {
		memcpy(more + size, old[i].data, old[i].size);
		size += old[i].size;
	}
	for (i = at; i < at + added; i++) {
		memcpy(more + size, now[i].data, now[i].size);
		size += now[i].size;
	}
	for (i = at; added != 0 && i < n; i++) {
		memcpy(more + size, old[i].data, old[i].size);
		size += old[i].size;
	}
	more[size] = '\0';
	free(old);
	free(now);

	*stars = xmalloc(count + 1);
	memset(*stars, '*', count);
	(*stars)[count] = '\0';
	return (more);
}

/* Forget a text for good. */
static void
mcp_prompt_wipe(char *s)
{
	if (s != NULL)
		memset(s, 0, strlen(s));
	free(s);
}

/* Create what belongs to a prompt that is going to be shown. */
struct mcp_prompt *
mcp_prompt_create(struct client *c, const char *message, int masked)
{
	struct mcp_prompt	*mp;
	const char		*newest = mcp_prompt_newest();

	mp = xcalloc(1, sizeof *mp);
	mp->label = mcp_text_label(message, c->tty.sx, 1);
	mp->newest = (newest == NULL ? NULL : xstrdup(newest));
	mp->secret = (masked ? xstrdup("") : NULL);
	return (mp);
}

/* Free; what was answered last as well. */
void
mcp_prompt_free(struct mcp_prompt *mp)
{
	mcp_prompt_wipe(mcp_prompt_answer);
	mcp_prompt_answer = NULL;
	mcp_prompt_end(mp);
}

/* Free, but for what it was answered with, which is still looked at. */
void
mcp_prompt_end(struct mcp_prompt *mp)
{
	if (mp == NULL)
		return;
	mcp_prompt_wipe(mp->secret);
	free(mp->newest);
	free(mp->label);
	free(mp);
}

/* What is in front of the input. */
const char *
mcp_prompt_label(struct mcp_prompt *mp)
{
	return (mp->label);
}

/*
 * Take what was typed, all of it if it is the last that is heard, and put what
 * it means in its place. Returns 0 if there is more to come.
 */
int
mcp_prompt_take(struct mcp_prompt *mp, struct client *c, const char **s,
    int is_last)
{
	char	*secret, *stars;

	if (mp == NULL)
		return (1);
	if (mp->secret == NULL || is_last) {
		mcp_prompt_forget(mp->newest, *s);
		if (mp->secret == NULL)
			return (1);
		mcp_prompt_wipe(mcp_prompt_answer);
		*s = mcp_prompt_answer = xstrdup(mp->secret);
		return (1);
	}
	if (**s == '\0')
		return (0);
	secret = mcp_prompt_mask(mp->secret, *s + 1, &stars);
	mcp_prompt_wipe(mp->secret);
	mp->secret = secret;
	if (*stars != '\0')
		status_prompt_update(c, mp->label, stars);
	free(stars);
	return (0);
}
