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
#include "mcp-settings.h"

/*
 * Tells the core what it may do for servers beyond answering them, and the
 * directories people work in, as roots.
 *
 * Roots are those of sessions in which mcp-roots is on. By default it is in
 * none, because some servers (filesystem for one) take them for permission and
 * replace the directories they were started with.
 */

#define MCP_ROOTS_MAX 64

static char	*mcp_roots_list[MCP_ROOTS_MAX + 1];
static u_int	 mcp_roots_count;
static char	*mcp_roots_seen;
static uint32_t	 mcp_roots_abilities = UINT32_MAX;
static int	 mcp_roots_on;

/* Add a directory, as a URI, once. */
static void
mcp_roots_add(const char *path)
{
	char		*uri, *dst;
	const u_char	*src;
	u_int		 i;

	if (path == NULL || *path != '/' || mcp_roots_count == MCP_ROOTS_MAX)
		return;
	uri = xmalloc(strlen(path) * 3 + 8);
	memcpy(uri, "file://", 7);
	dst = uri + 7;
	for (src = (const u_char *)path; *src != '\0'; src++) {
		if ((*src < 0x80 && isalnum(*src)) ||
		    strchr("/-._~", *src) != NULL)
			*dst++ = *src;
		else
			dst += xsnprintf(dst, 4, "%%%02X", *src);
	}
	*dst = '\0';
	for (i = 0; i < mcp_roots_count; i++) {
		if (strcmp(mcp_roots_list[i], uri) == 0) {
			free(uri);
			return;
		}
	}
	mcp_roots_list[mcp_roots_count++] = uri;
}

/* If the directories of a session are told. */
static int
mcp_roots_of(struct session *s)
{
	return (options_get_number(s->options, "mcp-roots"));
}

/* If those of a window are: of any session that it is linked into. */
static int
mcp_roots_of_window(struct window *w)
{
	struct winlink	*wl;

	TAILQ_FOREACH(wl, &w->winlinks, wentry) {
		if (mcp_roots_of(wl->session))
			return (1);
	}
	return (0);
}

/* If those of any session, or of one that may come, are. */
static int
mcp_roots_any(void)
{
	struct session	*s;

	if (options_get_number(global_s_options, "mcp-roots"))
		return (1);
	RB_FOREACH(s, sessions, &sessions) {
		if (mcp_roots_of(s))
			return (1);
	}
	return (0);
}

/*
 * Collect the roots and give them to the core if they have changed. This costs
 * a look at each pane, so it is done for commands only.
 */
void
mcp_roots_update(struct tmcp_client *core)
{
	struct session		*s;
	struct window_pane	*wp;
	char			*all, *old;
	u_int			 i;

	if (!mcp_roots_on)
		return;
	RB_FOREACH(s, sessions, &sessions) {
		if (mcp_roots_of(s))
			mcp_roots_add(s->cwd);
	}
	RB_FOREACH(wp, window_pane_tree, &all_window_panes) {
		if (mcp_roots_count == MCP_ROOTS_MAX)
			break;
		if (wp->fd != -1 && mcp_roots_of_window(wp->window))
			mcp_roots_add(osdep_get_cwd(wp->fd));
	}
	mcp_roots_list[mcp_roots_count] = NULL;

	all = xstrdup("");
	for (i = 0; i < mcp_roots_count; i++) {
		old = all;
		xasprintf(&all, "%s%s\n", old, mcp_roots_list[i]);
		free(old);
	}
	if (mcp_roots_seen == NULL || strcmp(mcp_roots_seen, all) != 0) {
		tmcp_client_set_roots(core,
		    (const char *const *)mcp_roots_list);
		mcp_changed();
		free(mcp_roots_seen);
		mcp_roots_seen = all;
	} else
		free(all);
	while (mcp_roots_count != 0)
		free(mcp_roots_list[--mcp_roots_count]);
}

/* What servers may be told, or may ask, has changed. */
void
mcp_roots_changed(struct tmcp_client *core)
{
	uint32_t	abilities = TMCP_ABILITY_ELICITATION;

	mcp_roots_on = mcp_roots_any();
	if (mcp_roots_on)
		abilities |= TMCP_ABILITY_ROOTS;
	if (mcp_hook_is_set("mcp-sampling"))
		abilities |= TMCP_ABILITY_SAMPLING;
	if (abilities != mcp_roots_abilities) {
		mcp_roots_abilities = abilities;
		tmcp_client_set_abilities(core, abilities);
		mcp_changed();
	}
	if (mcp_roots_on)
		mcp_roots_update(core);
	else if (mcp_roots_seen != NULL) {
		tmcp_client_set_roots(core, NULL);
		free(mcp_roots_seen);
		mcp_roots_seen = NULL;
		mcp_changed();
	}
}
