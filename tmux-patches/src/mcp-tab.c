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
#include "mcp-complete.h"
#include "mcp-run.h"

/*
 * Tab in the command prompt, where the last word is of an mcp command. A server
 * may have to be asked: the prompt goes on meanwhile, and what comes is used
 * only if nothing was typed since.
 */

#ifdef MCP_COMPAT_PROMPT_HISTORY

/* How long a server may take, and the most lines of a menu. */
#define MCP_TAB_MS 2000
#define MCP_TAB_LINES 10

/* A completion that is under way or whose menu is open. */
struct mcp_tab {
	struct client		*client;
	char			*text;	/* up to the cursor */
	u_int			 start;	/* of the word, in characters */
	struct mcp_complete	*mc;
	char			**list;
	u_int			 size;

	TAILQ_ENTRY(mcp_tab)	 entry;
};
static TAILQ_HEAD(, mcp_tab) mcp_tabs = TAILQ_HEAD_INITIALIZER(mcp_tabs);

/* Free. */
static void
mcp_tab_free(struct mcp_tab *tab)
{
	u_int	i;

	TAILQ_REMOVE(&mcp_tabs, tab, entry);
	for (i = 0; i < tab->size; i++)
		free(tab->list[i]);
	free(tab->list);
	if (tab->mc != NULL)
		mcp_complete_free(tab->mc);
	server_client_unref(tab->client);
	free(tab->text);
	free(tab);
}

/* The text of the prompt up to the cursor. */
static char *
mcp_tab_text(struct client *c)
{
	struct utf8_data	*ud;
	char			*text = xstrdup("");
	size_t			 used = 0;

	for (ud = c->prompt_buffer; ud->size != 0 &&
	    ud < c->prompt_buffer + c->prompt_index; ud++) {
		text = xrealloc(text, used + ud->size + 1);
		memcpy(text + used, ud->data, ud->size);
		used += ud->size;
		text[used] = '\0';
	}
	return (text);
}

/* Words of the last command of a text, as tmux reads them. */
struct mcp_tab_words {
	char	**list;
	u_int	  size;
	char	 *word;
	size_t	  used;
	int	  in_word;
	size_t	  start;	/* of the last word, in the text */
};

/* Begin a new word, or go on with it. */
static void
mcp_tab_put(struct mcp_tab_words *w, size_t at)
{
	if (!w->in_word) {
		w->in_word = 1;
		w->start = at;
	}
}

/* End a word. */
static void
mcp_tab_end(struct mcp_tab_words *w)
{
	w->word[w->used] = '\0';
	w->list = xreallocarray(w->list, w->size + 1, sizeof *w->list);
	w->list[w->size++] = xstrdup(w->word);
	w->used = 0;
	w->in_word = 0;
}

/* Forget the words: another command begins. */
static void
mcp_tab_clear(struct mcp_tab_words *w)
{
	while (w->size != 0)
		free(w->list[--w->size]);
}

/* Take a text apart. The last word may be empty, or its quote open. */
static void
mcp_tab_split(struct mcp_tab_words *w, const char *text)
{
	size_t	i, size = strlen(text);
	char	quote = '\0';

	memset(w, 0, sizeof *w);
	w->word = xmalloc(size + 1);
	for (i = 0; i < size; i++) {
		if (quote == '\0' && (text[i] == ' ' || text[i] == '\t' ||
		    text[i] == ';' || text[i] == '{' || text[i] == '}')) {
			if (w->in_word)
				mcp_tab_end(w);
			if (text[i] != ' ' && text[i] != '\t')
				mcp_tab_clear(w);
			continue;
		}
		mcp_tab_put(w, i);
		if (quote != '\0' && text[i] == quote)
			quote = '\0';
		else if (quote == '\0' && (text[i] == '\'' || text[i] == '"'))
			quote = text[i];
		else if (quote != '\'' && text[i] == '\\' && i + 1 < size)
			w->word[w->used++] = text[++i];
		else
			w->word[w->used++] = text[i];
	}
	mcp_tab_put(w, size);
	mcp_tab_end(w);
}

/* How a word is typed: in quotes, if tmux would not take it as it is. */
static char *
mcp_tab_quote(const char *s, int whole)
{
	const char	*plain = "_-./:@,+=%^!";
	const char	*cp;
	char		*out;
	size_t		 used = 0;

	for (cp = s; *cp != '\0'; cp++) {
		if ((u_char)*cp < 0x80 && !isalnum((u_char)*cp) &&
		    strchr(plain, *cp) == NULL)
			break;
	}
	if (*cp == '\0' && *s != '%' && *s != '\0')
		return (xstrdup(s));
	out = xmalloc(4 * strlen(s) + 3);
	out[used++] = '\'';
	for (cp = s; *cp != '\0'; cp++) {
		if (*cp == '\'') {
			memcpy(out + used, "'\\''", 4);
			used += 4;
		} else
			out[used++] = *cp;
	}
	if (whole)
		out[used++] = '\'';
	out[used] = '\0';
	return (out);
}

/* Put a text in the place of the word. */
static void
mcp_tab_replace(struct mcp_tab *tab, const char *s)
{
	struct client		*c = tab->client;
	struct utf8_data	*new = utf8_fromcstr(s);
	size_t			 size = utf8_strlen(c->prompt_buffer);
	size_t			 n = utf8_strlen(new), rest;

	rest = size - c->prompt_index + 1;	/* with the end */
	c->prompt_buffer = xreallocarray(c->prompt_buffer, size + n + 1,
	    sizeof *c->prompt_buffer);
	memmove(c->prompt_buffer + tab->start + n,
	    c->prompt_buffer + c->prompt_index,
	    rest * sizeof *c->prompt_buffer);
	memcpy(c->prompt_buffer + tab->start, new,
	    n * sizeof *c->prompt_buffer);
	c->prompt_index = tab->start + n;
	free(new);
	c->flags |= CLIENT_REDRAWSTATUS;
}

/* Put a candidate in the place of the word. */
static void
mcp_tab_take(struct mcp_tab *tab, const char *s)
{
	char	*quoted, *full;
	int	 open = (s[strlen(s) - 1] == '=');

	quoted = mcp_tab_quote(s, !open);
	xasprintf(&full, "%s%s", quoted, open ? "" : " ");
	mcp_tab_replace(tab, full);
	free(full);
	free(quoted);
}

/* If the prompt is as it was when Tab was pressed. */
static int
mcp_tab_is_same(struct mcp_tab *tab)
{
	struct client	*c = tab->client;
	char		*text;
	int		 same;

	if ((c->flags & CLIENT_DEAD) || c->prompt_string == NULL ||
	    c->session == NULL || c->prompt_type != PROMPT_TYPE_COMMAND)
		return (0);
	text = mcp_tab_text(c);
	same = (strcmp(text, tab->text) == 0);
	free(text);
	return (same);
}

/* A candidate was chosen. */
static void
mcp_tab_chosen(__unused struct menu *menu, u_int idx, key_code key,
    void *data)
{
	struct mcp_tab	*tab = data;

	if (key != KEYC_NONE && idx < tab->size && mcp_tab_is_same(tab))
		mcp_tab_take(tab, tab->list[idx]);
	mcp_tab_free(tab);
}

/* Show the candidates in a menu, as tmux does. */
static int
mcp_tab_menu(struct mcp_tab *tab)
{
	struct client		*c = tab->client;
	struct menu		*menu;
	struct menu_item	 item;
	char			*label, *line;
	u_int			 lines = status_line_size(c), height, i, x, y;

	if (mcp_compat_covered(c) || c->tty.sy - lines < 3)
		return (-1);
	height = c->tty.sy - lines - 2;
	if (height > MCP_TAB_LINES)
		height = MCP_TAB_LINES;
	if (height > tab->size)
		height = tab->size;
	menu = menu_create("");
	for (i = 0; i < height; i++) {
		/* A leading - would make a line that can't be chosen. */
		xasprintf(&line, "%s%s", *tab->list[i] == '-' ? " " : "",
		    tab->list[i]);
		label = mcp_text_label(line, c->tty.sx / 2, 0);
		free(line);
		item.name = label;
		item.key = '0' + i;
		item.command = NULL;
		menu_add_item(menu, &item, NULL, c, NULL);
		free(label);
	}
	y = (options_get_number(c->session->options, "status-position") == 0) ?
	    lines : c->tty.sy - 3 - height;
	x = tab->start + utf8_cstrwidth(c->prompt_string);
	x = (x > 2 ? x - 2 : 0);
	if (mcp_compat_menu(menu, MENU_NOMOUSE|MENU_TAB, 0, x, y, c,
	    mcp_tab_chosen, tab) != 0) {
		menu_free(menu);
		return (-1);
	}
	return (0);
}

/* How much the candidates have in common, in whole characters. */
static size_t
mcp_tab_common(char **list, u_int size)
{
	size_t	n = strlen(list[0]), j;
	u_int	i;

	for (i = 1; i < size; i++) {
		for (j = 0; j < n && list[i][j] == list[0][j]; j++)
			/* nothing */;
		n = j;
	}
	while (n != 0 && ((u_char)list[0][n] & 0xc0) == 0x80)
		n--;
	return (n);
}

/* The candidates are there. */
static void
mcp_tab_found(void *data, struct mcp_complete *mc)
{
	struct mcp_tab	 *tab = data;
	const char	 *word;
	char		**list, *common, *quoted;
	u_int		  size, i;
	size_t		  n;

	list = mcp_complete_list(mc, &size, &word);
	if (size == 0 || !mcp_tab_is_same(tab)) {
		mcp_tab_free(tab);
		return;
	}
	n = mcp_tab_common(list, size);
	if (size == 1)
		mcp_tab_take(tab, list[0]);
	else if (n > strlen(word)) {
		common = xstrndup(list[0], n);
		quoted = mcp_tab_quote(common, 0);
		mcp_tab_replace(tab, quoted);
		free(quoted);
		free(common);
	} else {
		tab->list = xcalloc(size, sizeof *tab->list);
		for (i = 0; i < size; i++)
			tab->list[tab->size++] = xstrdup(list[i]);
		mcp_complete_free(mc);
		tab->mc = NULL;
		if (mcp_tab_menu(tab) == 0)
			return;
	}
	mcp_tab_free(tab);
}

/* Directory of the pane of a client, for the servers that are meant. */
static char *
mcp_tab_directory(struct client *c)
{
	struct window_pane	*wp = mcp_client_pane(c);
	const char		*cwd = NULL;

	if (wp->fd != -1)
		cwd = osdep_get_cwd(wp->fd);
	if (cwd == NULL)
		cwd = wp->cwd;
	return (cwd == NULL ? NULL : xstrdup(cwd));
}

/*
 * Tab was pressed in a prompt. Returns 0 if its word is none of an mcp command:
 * then tmux completes it.
 */
int
mcp_complete_key(struct client *c)
{
	struct mcp_tab		*tab, *tab1;
	struct mcp_complete	*mc;
	struct mcp_tab_words	 w;
	struct utf8_data	*ud;
	char			*text;
	size_t			 bytes = 0;
	u_int			 start = 0;

	if (c->prompt_type != PROMPT_TYPE_COMMAND || mcp_core_get() == NULL ||
	    (c->flags & CLIENT_READONLY) || !mcp_client_shows(c))
		return (0);
	text = mcp_tab_text(c);
	mcp_tab_split(&w, text);
	mc = mcp_complete_create(w.list, w.size);
	for (ud = c->prompt_buffer; ud->size != 0 && bytes < w.start; ud++) {
		bytes += ud->size;
		start++;
	}
	mcp_tab_clear(&w);
	free(w.list);
	free(w.word);
	if (mc == NULL) {
		free(text);
		return (0);
	}
	TAILQ_FOREACH_SAFE(tab, &mcp_tabs, entry, tab1) {
		if (tab->client == c && tab->mc != NULL)
			mcp_tab_free(tab);
	}
	tab = xcalloc(1, sizeof *tab);
	tab->client = c;
	tab->client->references++;
	tab->text = text;
	tab->start = start;
	tab->mc = mc;
	TAILQ_INSERT_TAIL(&mcp_tabs, tab, entry);
	mcp_complete_start(mc, NULL, mcp_tab_directory(c), 0, MCP_TAB_MS,
	    mcp_tab_found, tab);
	return (1);
}

#endif /* MCP_COMPAT_PROMPT_HISTORY */
