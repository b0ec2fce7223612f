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
#include "mcp-complete.h"
#include "mcp-form.h"

/*
 * Finds what the last word of a command may be: for the completion of shells
 * (mcp-complete words) and of the command prompt. The words are those of one
 * mcp command, its name first.
 */

enum mcp_complete_kind {
	MCP_COMPLETE_NONE,
	MCP_COMPLETE_OUTPUTS,
	MCP_COMPLETE_JOBS,
	MCP_COMPLETE_CALLS,
	MCP_COMPLETE_SERVERS,
	MCP_COMPLETE_TOOLS,
	MCP_COMPLETE_ARGUMENTS,
	MCP_COMPLETE_PROMPTS,
	MCP_COMPLETE_PROMPT_ARGUMENTS,
	MCP_COMPLETE_RESOURCES,
	MCP_COMPLETE_VARIABLES
};

struct mcp_complete {
	enum mcp_complete_kind	  kind;
	char			**words;	/* before it, no flags */
	u_int			  nwords;
	char			 *word;
	char			 *directory;
	int			  readonly;
	u_int			  timeout;

	char			 *server;
	char			 *key;		/* of key=value, or NULL */
	int			  templates;	/* resources are listed */
	struct mcp_output	 *out;
	struct mcp_request	 *request;
	struct mcp_table_making	 *making;

	char			**list;
	u_int			  size;

	mcp_complete_cb		  cb;
	void			 *data;
};

/* What the words of a command are; the last is for all that follow. */
static const struct {
	const char		*name;
	enum mcp_complete_kind	 kinds[3];
} mcp_complete_commands[] = {
	{ "mcp-again", { MCP_COMPLETE_CALLS } },
	{ "mcp-call", { MCP_COMPLETE_SERVERS, MCP_COMPLETE_TOOLS,
	    MCP_COMPLETE_ARGUMENTS } },
	{ "mcp-cancel", { MCP_COMPLETE_JOBS } },
	{ "mcp-login", { MCP_COMPLETE_SERVERS } },
	{ "mcp-logout", { MCP_COMPLETE_SERVERS } },
	{ "mcp-menu", { MCP_COMPLETE_SERVERS, MCP_COMPLETE_TOOLS } },
	{ "mcp-prompt", { MCP_COMPLETE_SERVERS, MCP_COMPLETE_PROMPTS,
	    MCP_COMPLETE_PROMPT_ARGUMENTS } },
	{ "mcp-prompts", { MCP_COMPLETE_SERVERS } },
	{ "mcp-query", { MCP_COMPLETE_SERVERS, MCP_COMPLETE_TOOLS,
	    MCP_COMPLETE_ARGUMENTS } },
	{ "mcp-read", { MCP_COMPLETE_SERVERS, MCP_COMPLETE_RESOURCES,
	    MCP_COMPLETE_VARIABLES } },
	{ "mcp-resources", { MCP_COMPLETE_SERVERS } },
	{ "mcp-stats", { MCP_COMPLETE_SERVERS } },
	{ "mcp-subscribe", { MCP_COMPLETE_SERVERS, MCP_COMPLETE_RESOURCES } },
	{ "mcp-tools", { MCP_COMPLETE_SERVERS, MCP_COMPLETE_TOOLS } }
};

static const char *mcp_complete_outputs[] = {
	"stdout", "view", "append", "popup", "buffer", "pane", "message",
	"window", "none"
};

static void	mcp_complete_next(struct mcp_complete *);

/* Find a command by its name, alias or a beginning that only it has. */
static const struct cmd_entry *
mcp_complete_entry(const char *name)
{
	const struct cmd_entry	**loop, *found = NULL;
	size_t			  size = strlen(name);
	u_int			  n = 0;

	for (loop = cmd_table; *loop != NULL; loop++) {
		if (strcmp((*loop)->name, name) == 0 ||
		    ((*loop)->alias != NULL &&
		    strcmp((*loop)->alias, name) == 0))
			return (*loop);
		if (strncmp((*loop)->name, name, size) == 0) {
			found = *loop;
			n++;
		}
	}
	return (n == 1 ? found : NULL);
}

/* What is completed where a flag wants a value. */
static enum mcp_complete_kind
mcp_complete_flag(const struct cmd_entry *entry, char flag)
{
	if (flag == 'o')
		return (MCP_COMPLETE_OUTPUTS);
	if (flag == 's' && strcmp(entry->name, "mcp-cancel") == 0)
		return (MCP_COMPLETE_SERVERS);
	return (MCP_COMPLETE_NONE);
}

/*
 * Leave out flags and their values. Returns how many words were left out, or -1
 * if the last word is a flag or the value of one, with what that may be.
 */
static int
mcp_complete_skip(const struct cmd_entry *entry, char **words, u_int nwords,
    enum mcp_complete_kind *kind)
{
	const char	*cp, *at;
	u_int		 i;

	*kind = MCP_COMPLETE_NONE;
	for (i = 1; i < nwords; i++) {
		cp = words[i];
		if (*cp != '-' || cp[1] == '\0')
			return (i == nwords - 1 && *cp == '-' ? -1 : (int)i);
		if (i == nwords - 1)
			return (-1);
		if (strcmp(cp, "--") == 0)
			return (i + 1);
		for (cp++; *cp != '\0'; cp++) {
			at = strchr(entry->args.template, *cp);
			if (at == NULL || at[1] != ':')
				continue;
			if (cp[1] == '\0' && ++i == nwords - 1) {
				*kind = mcp_complete_flag(entry, *cp);
				return (-1);
			}
			break;
		}
	}
	return (nwords - 1);
}

/*
 * Create for the words of a command, of which the last may be empty. Returns
 * NULL if nothing is known about that.
 */
struct mcp_complete *
mcp_complete_create(char **words, u_int nwords)
{
	const struct cmd_entry	*entry;
	struct mcp_complete	*mc;
	enum mcp_complete_kind	 kind;
	const char		*cp;
	u_int			 i, at;
	int			 first;

	if (nwords < 2 || (entry = mcp_complete_entry(words[0])) == NULL)
		return (NULL);
	for (i = 0; i < nitems(mcp_complete_commands); i++) {
		if (strcmp(mcp_complete_commands[i].name, entry->name) == 0)
			break;
	}
	first = mcp_complete_skip(entry, words, nwords, &kind);
	if (first != -1 && i != nitems(mcp_complete_commands)) {
		at = nwords - 1 - first;
		kind = mcp_complete_commands[i].kinds[at < 2 ? at : 2];
	}
	if (kind == MCP_COMPLETE_NONE)
		return (NULL);

	mc = xcalloc(1, sizeof *mc);
	mc->kind = kind;
	mc->word = xstrdup(words[nwords - 1]);
	for (i = (first == -1 ? nwords : (u_int)first); i < nwords - 1; i++) {
		mc->words = xreallocarray(mc->words, mc->nwords + 1,
		    sizeof *mc->words);
		mc->words[mc->nwords++] = xstrdup(words[i]);
	}
	cp = strchr(mc->word, '=');
	if (mc->nwords >= 2 && cp != NULL && cp != mc->word)
		mc->key = xstrndup(mc->word, cp - mc->word);
	return (mc);
}

/* Free. */
void
mcp_complete_free(struct mcp_complete *mc)
{
	u_int	i;

	if (mc->request != NULL)
		mcp_request_drop(mc->request);
	mcp_table_leave(mc->making);
	for (i = 0; i < mc->nwords; i++)
		free(mc->words[i]);
	free(mc->words);
	for (i = 0; i < mc->size; i++)
		free(mc->list[i]);
	free(mc->list);
	free(mc->word);
	free(mc->directory);
	free(mc->server);
	free(mc->key);
	free(mc);
}

/* The candidates, and the word that each of them begins with. */
char **
mcp_complete_list(struct mcp_complete *mc, u_int *size, const char **word)
{
	*size = mc->size;
	*word = mc->word;
	return (mc->list);
}

/* Add a candidate that begins with the word and can be typed. */
static void
mcp_complete_add(struct mcp_complete *mc, const char *key, const char *s,
    const char *after)
{
	const u_char	*cp;
	char		*full;

	for (cp = (const u_char *)s; *cp != '\0'; cp++) {
		if (*cp < ' ' || *cp == 0x7f)
			return;
	}
	xasprintf(&full, "%s%s%s%s", key == NULL ? "" : key,
	    key == NULL ? "" : "=", s, after);
	if (*s == '\0' || strncmp(full, mc->word, strlen(mc->word)) != 0) {
		free(full);
		return;
	}
	mc->list = xreallocarray(mc->list, mc->size + 1, sizeof *mc->list);
	mc->list[mc->size++] = full;
}

/* Add a column of a table, which may be NULL. */
static void
mcp_complete_column(struct mcp_complete *mc, const struct tmcp_table *table,
    const char *column)
{
	size_t	row;

	for (row = 0; table != NULL && row < tmcp_table_rows(table); row++) {
		mcp_complete_add(mc, mc->key, tmcp_table_get(table, row,
		    column), "");
	}
}

/* If an argument stands in the command already. */
static int
mcp_complete_has(struct mcp_complete *mc, const char *key)
{
	size_t	size = strlen(key);
	u_int	i;

	for (i = 2; i < mc->nwords; i++) {
		if (strncmp(mc->words[i], key, size) == 0 &&
		    strchr("=:@", mc->words[i][size]) != NULL &&
		    mc->words[i][size] != '\0')
			return (1);
	}
	return (0);
}

/* Add the values that an argument may have by its schema. */
static void
mcp_complete_values(struct mcp_complete *mc, const struct tmcp_table *table,
    size_t row)
{
	char	*copy, *next, *line;

	next = copy = xstrdup(tmcp_table_get(table, row, "choices"));
	while (*copy != '\0' && (line = strsep(&next, "\n")) != NULL)
		mcp_complete_add(mc, mc->key, line, "");
	if (*copy == '\0' && strcmp(tmcp_table_get(table, row, "type"),
	    "boolean") == 0) {
		mcp_complete_add(mc, mc->key, "true", "");
		mcp_complete_add(mc, mc->key, "false", "");
	}
	free(copy);
}

/* Add names of arguments, or the values of the one that is begun. */
static void
mcp_complete_arguments(struct mcp_complete *mc, const struct tmcp_table *table)
{
	const char	*name;
	size_t		 row;

	for (row = 0; table != NULL && row < tmcp_table_rows(table); row++) {
		name = tmcp_table_get(table, row, "name");
		if (mc->key == NULL) {
			if (!mcp_complete_has(mc, name) ||
			    *tmcp_table_get(table, row, "multiple") != '\0')
				mcp_complete_add(mc, NULL, name, "=");
		} else if (strcmp(mc->key, name) == 0)
			mcp_complete_values(mc, table, row);
	}
}

/* Nothing more is to be found. */
static void
mcp_complete_end(struct mcp_complete *mc)
{
	mc->cb(mc->data, mc);
}

/* The arguments of the tool are known. */
static void
mcp_complete_made(void *data, struct tmcp_table *table)
{
	struct mcp_complete	*mc = data;

	mc->making = NULL;
	mcp_complete_arguments(mc, table);
	tmcp_table_free(table);
	mcp_complete_end(mc);
}

/* The tools are listed: get the arguments of the one that is meant. */
static void
mcp_complete_tool(struct mcp_complete *mc)
{
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_table	*table = NULL;
	char			*name, *cause;

	name = mcp_abbrev_tool(core, mc->server, mc->words[1], &cause);
	if (name == NULL)
		free(cause);
	else
		table = tmcp_client_tool_arguments(core, mc->server, name);
	free(name);
	if (table == NULL)
		mcp_complete_end(mc);
	else
		mc->making = mcp_table_make(table, mcp_complete_made, mc);
}

/* A server has answered. */
static void
mcp_complete_answered(struct tmcp_event *event, void *data)
{
	struct mcp_complete	*mc = data;
	struct tmcp_table	*table = NULL;
	int			 ok;

	mc->request = NULL;
	ok = (mcp_event_result(event) == TMCP_RESULT_OK);
	if (ok && mc->kind == MCP_COMPLETE_ARGUMENTS) {
		mcp_complete_tool(mc);
		return;
	}
	if (ok && mc->kind == MCP_COMPLETE_PROMPT_ARGUMENTS &&
	    mc->key == NULL) {
		table = tmcp_client_prompt_arguments(event, mc->words[1]);
		mcp_complete_arguments(mc, table);
	} else if (ok && (table = tmcp_event_table(event)) != NULL) {
		mcp_complete_column(mc, table, mc->key != NULL ? "value" :
		    mc->kind != MCP_COMPLETE_RESOURCES ? "name" :
		    mc->templates ? "uri_template" : "uri");
	}
	tmcp_table_free(table);
	if (mc->kind == MCP_COMPLETE_RESOURCES && !mc->templates) {
		mc->templates = 1;
		mcp_complete_next(mc);
	} else
		mcp_complete_end(mc);
}

/* The configuration is loaded. */
static void
mcp_complete_ready(__unused struct tmcp_event *event, void *data)
{
	struct mcp_complete	*mc = data;

	mc->request = NULL;
	if (mcp_core_get() == NULL || !tmcp_client_ready(mcp_core_get()))
		mcp_complete_end(mc);
	else
		mcp_complete_next(mc);
}

/* The client that waits has gone. */
static void
mcp_complete_lost(void *data)
{
	struct mcp_complete	*mc = data;

	mc->request = NULL;
	mcp_complete_end(mc);
}

/* What no server is asked for. Returns 0 if one must be. */
static int
mcp_complete_local(struct mcp_complete *mc, struct tmcp_client *core)
{
	struct tmcp_table	*table;
	struct mcp_field	*fields;
	struct mcp_call		*call = NULL;
	char			*s;
	size_t			 row;
	u_int			 i, n;

	switch (mc->kind) {
	case MCP_COMPLETE_OUTPUTS:
		for (i = 0; i < nitems(mcp_complete_outputs); i++)
			mcp_complete_add(mc, NULL, mcp_complete_outputs[i], "");
		return (1);
	case MCP_COMPLETE_JOBS:
		table = tmcp_client_jobs(core);
		mcp_complete_column(mc, table, "id");
		tmcp_table_free(table);
		return (1);
	case MCP_COMPLETE_CALLS:
		while ((call = mcp_history_next(call)) != NULL) {
			xasprintf(&s, "%llu", (unsigned long long)call->id);
			mcp_complete_add(mc, NULL, s, "");
			free(s);
		}
		return (1);
	case MCP_COMPLETE_SERVERS:
		tmcp_client_refresh(core, mc->directory);
		table = tmcp_client_servers(core);
		for (row = 0; table != NULL && row < tmcp_table_rows(table);
		    row++) {
			if (*tmcp_table_get(table, row, "here") != '\0' &&
			    *tmcp_table_get(table, row, "reason") == '\0') {
				mcp_complete_add(mc, NULL, tmcp_table_get(
				    table, row, "id"), "");
			}
		}
		tmcp_table_free(table);
		return (1);
	case MCP_COMPLETE_VARIABLES:
		if (mc->key != NULL)
			return (0);
		fields = mcp_template_fields(mc->words[1], &n);
		for (i = 0; i < n; i++) {
			if (!mcp_complete_has(mc, fields[i].name))
				mcp_complete_add(mc, NULL, fields[i].name, "=");
		}
		mcp_field_free(fields, n);
		return (1);
	default:
		return (0);
	}
}

/* A read-only client has no server asked: what is known of its tools. */
static void
mcp_complete_known(struct mcp_complete *mc, struct tmcp_client *core)
{
	struct tmcp_event	*event = NULL;
	struct tmcp_table	*table;

	if (mc->kind == MCP_COMPLETE_TOOLS ||
	    mc->kind == MCP_COMPLETE_ARGUMENTS)
		event = tmcp_client_known_tools(core, mc->server);
	if (event != NULL && mc->kind == MCP_COMPLETE_ARGUMENTS) {
		tmcp_event_free(event);
		mcp_complete_tool(mc);
		return;
	}
	if (event != NULL) {
		table = tmcp_event_table(event);
		mcp_complete_column(mc, table, "name");
		tmcp_table_free(table);
		tmcp_event_free(event);
	}
	mcp_complete_end(mc);
}

/* Ask the server for what is needed next. */
static int32_t
mcp_complete_ask(struct mcp_complete *mc, struct tmcp_client *core,
    uint64_t *id)
{
	const char	*value;
	uint32_t	 what = TMCP_LIST_TOOLS;

	if (mc->key != NULL && mc->kind != MCP_COMPLETE_ARGUMENTS) {
		value = mc->word + strlen(mc->key) + 1;
		return (tmcp_client_complete(core, mc->server,
		    mc->kind == MCP_COMPLETE_VARIABLES ?
		    TMCP_REFERENCE_TEMPLATE : TMCP_REFERENCE_PROMPT,
		    mc->words[1], mc->key, value, NULL, 0, mc->timeout,
		    mc->request, id));
	}
	if (mc->kind == MCP_COMPLETE_PROMPTS ||
	    mc->kind == MCP_COMPLETE_PROMPT_ARGUMENTS)
		what = TMCP_LIST_PROMPTS;
	else if (mc->kind == MCP_COMPLETE_RESOURCES)
		what = mc->templates ? TMCP_LIST_RESOURCE_TEMPLATES :
		    TMCP_LIST_RESOURCES;
	return (tmcp_client_list(core, mc->server, what, mc->timeout,
	    mc->request, id));
}

/* Go on: the servers are known. */
static void
mcp_complete_next(struct mcp_complete *mc)
{
	struct tmcp_client	*core = mcp_core_get();
	char			*cause;
	uint64_t		 id;

	if (mcp_complete_local(mc, core)) {
		mcp_complete_end(mc);
		return;
	}
	if (mc->server == NULL) {
		mc->server = mcp_abbrev_server(core, mc->directory,
		    mc->words[0], &cause);
		if (mc->server == NULL) {
			free(cause);
			mcp_complete_end(mc);
			return;
		}
	}
	if (mc->readonly) {
		mcp_complete_known(mc, core);
		return;
	}
	mc->request = mcp_request_add(mc->out, mcp_complete_answered,
	    mcp_complete_lost, mc);
	mcp_request_want(mc->request, MCP_WANT(TMCP_WANT_TABLE),
	    MCP_WANT(TMCP_WANT_TEXT), NULL);
	if (mcp_complete_ask(mc, core, &id) == TMCP_RESULT_OK) {
		mcp_request_started(mc->request, id);
		return;
	}
	mcp_request_remove(mc->request);
	mc->request = NULL;
	mcp_complete_end(mc);
}

/*
 * Find the candidates and give them to cb, which frees this: from a later turn,
 * or before this returns. Directory becomes ours; out may be NULL.
 */
void
mcp_complete_start(struct mcp_complete *mc, struct mcp_output *out,
    char *directory, int readonly, u_int timeout, mcp_complete_cb cb,
    void *data)
{
	struct tmcp_client	*core = mcp_core_get();
	uint64_t		 id;

	mc->out = out;
	mc->directory = directory;
	mc->readonly = readonly;
	mc->timeout = timeout;
	mc->cb = cb;
	mc->data = data;
	if (core == NULL || tmcp_client_ready(core)) {
		mcp_complete_ready(NULL, mc);
		return;
	}
	mc->request = mcp_request_add(out, mcp_complete_ready,
	    mcp_complete_lost, mc);
	if (tmcp_client_wait_ready(core, mc->request, &id) == TMCP_RESULT_OK) {
		mcp_request_started(mc->request, id);
		return;
	}
	mcp_request_remove(mc->request);
	mc->request = NULL;
	mcp_complete_end(mc);
}
