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
#include "mcp-settings.h"

/*
 * The options of the MCP client, which are in tmux's table of options
 * (mcp-options-table.h). tmux tells which one has changed; it is given to the
 * core before the next command or in the next turn of the loop.
 */

static void	mcp_options_apply_config(struct tmcp_client *);
static void	mcp_options_apply_default(struct tmcp_client *, const char *);
static void	mcp_options_apply_listen(struct tmcp_client *);
static void	mcp_options_apply_log_file(struct tmcp_client *);
static void	mcp_options_apply_log_level(struct tmcp_client *);

/*
 * What is done when an option has changed. Without a function, a default of
 * the core has the name of the option without "mcp-".
 */
static const struct mcp_options_entry {
	const char	*name;
	void		 (*apply)(struct tmcp_client *);
} mcp_options_entries[] = {
	/* The log takes what is said about the others. */
	{ "mcp-log-file", mcp_options_apply_log_file },
	{ "mcp-log-level", mcp_options_apply_log_level },
	{ "mcp-breaker-failures", NULL },
	{ "mcp-breaker-pause", NULL },
	{ "mcp-max-answer", NULL },
	{ "mcp-max-in-flight", NULL },
	{ "mcp-operation-timeout", NULL },
	{ "mcp-pool-idle-timeout", NULL },
	{ "mcp-pool-max-size", NULL },
	{ "mcp-retry-attempts", NULL },
	{ "mcp-retry-backoff", NULL },
	{ "mcp-startup-timeout", NULL },
	{ "mcp-timeout", NULL },
	{ "mcp-preconnect", mcp_options_preconnect },
	{ "mcp-config", mcp_options_apply_config },
	{ "mcp-listen", mcp_options_apply_listen },
	{ "mcp-roots", mcp_roots_changed },
	{ "mcp-sampling", mcp_roots_changed },
	{ "mcp-metrics-interval", mcp_export_interval_changed },
	{ "mcp-metrics-file", mcp_export_file_changed },
	{ "mcp-metrics-listen", mcp_export_listen_changed },
	{ "mcp-statsd", mcp_export_statsd_changed }
};

/* Which of them have changed: at the start all. */
static uint32_t	 mcp_options_stale = (1U << nitems(mcp_options_entries)) - 1;

/* User options that were options of ours, and are not told of yet. */
static char	**mcp_options_retired;
static u_int	  mcp_options_nretired;
static u_int	  mcp_options_ntold;

/* The entry of a name in tmux's table of options, or NULL. */
static const struct options_table_entry *
mcp_options_table_entry(const char *name)
{
	struct options_entry	*o;

	if ((o = options_get(global_s_options, name)) == NULL &&
	    (o = options_get(global_options, name)) == NULL)
		return (NULL);
	return (options_table_entry(o));
}

/*
 * Keep in mind that a user option is set that was an option of ours before
 * these were tmux's own. Each is told of once.
 */
static void
mcp_options_retire(const char *name)
{
	u_int	i;

	if (mcp_options_table_entry(name + 1) == NULL)
		return;
	for (i = 0; i < mcp_options_nretired; i++) {
		if (strcmp(mcp_options_retired[i], name) == 0)
			return;
	}
	mcp_options_retired = xreallocarray(mcp_options_retired,
	    mcp_options_nretired + 1, sizeof *mcp_options_retired);
	mcp_options_retired[mcp_options_nretired++] = xstrdup(name);
	mcp_changed();
}

/* What is set instead of a user option, or NULL; to be freed. */
static char *
mcp_options_instead(const char *name)
{
	const struct options_table_entry	*oe;
	char					*s;

	if ((oe = mcp_options_table_entry(name + 1)) == NULL)
		return (NULL);
	xasprintf(&s, "%s -g %s",
	    oe->flags & OPTIONS_TABLE_IS_HOOK ? "set-hook" : "set-option",
	    oe->name);
	return (s);
}

/* Say what is set instead of the user options that were found. */
static void
mcp_options_tell(void)
{
	const char	*name;
	char		*instead, *line;

	while (mcp_options_ntold < mcp_options_nretired) {
		name = mcp_options_retired[mcp_options_ntold++];
		instead = mcp_options_instead(name);
		xasprintf(&line, "%s is not used any more: %s", name, instead);
		if (TMCP_LOG_LEVEL_WARNING <= mcp_log_level())
			mcp_log(NULL, TMCP_LOG_LEVEL_WARNING, line);
		free(line);
		free(instead);
	}
}

/*
 * @mcp-log-level is another name of mcp-log-level, because documents have it:
 * its value is given to that option.
 */
static void
mcp_options_alias(const char *name)
{
	const struct options_table_entry	*oe;
	const char				*value;
	char					*cause;
	struct options_entry			*o;
	static int				 is_set;

	oe = mcp_options_table_entry("mcp-log-level");
	if ((o = options_get(global_s_options, name)) == NULL &&
	    (o = options_get(global_options, name)) == NULL) {
		if (!is_set)
			return;
		is_set = 0;
		options_default(global_options, oe);
	} else {
		is_set = 1;
		value = options_get_string(options_owner(o), name);
		if (strcmp(value, "warn") == 0)
			value = "warning";
		if (options_from_string(global_options, oe, oe->name, value, 0,
		    &cause) != 0) {
			mcp_message_add("mcp: unknown %s: %s "
			    "(error, warning, info or debug)", name, value);
			free(cause);
		}
	}
	mcp_options_changed(oe->name);
}

/* An option of tmux has changed, set or unset anywhere. */
void
mcp_options_changed(const char *name)
{
	u_int	i;

	if (strcmp(name, "@mcp-log-level") == 0)
		mcp_options_alias(name);
	else if (strncmp(name, "@mcp-", 5) == 0)
		mcp_options_retire(name);
	if (strncmp(name, "mcp-", 4) != 0)
		return;
	for (i = 0; i < nitems(mcp_options_entries); i++) {
		if (strcmp(name, mcp_options_entries[i].name) != 0)
			continue;
		mcp_options_stale |= 1U << i;
		mcp_changed();
	}
}

/* TMUX_MCP_DEBUG may have changed. */
void
mcp_options_environ_changed(void)
{
	mcp_options_changed("mcp-log-level");
}

/* If the core has not been given all that has changed. */
int
mcp_options_is_stale(void)
{
	return (mcp_options_stale != 0 ||
	    mcp_options_ntold != mcp_options_nretired);
}

/* Give the core what has changed since the last time. */
void
mcp_options_sync(struct tmcp_client *core)
{
	const struct mcp_options_entry	*entry;
	uint32_t			 stale = mcp_options_stale;
	u_int				 i;

	mcp_options_stale = 0;
	for (i = 0; i < nitems(mcp_options_entries); i++) {
		if ((stale & (1U << i)) == 0)
			continue;
		entry = &mcp_options_entries[i];
		if (entry->apply != NULL)
			entry->apply(core);
		else
			mcp_options_apply_default(core, entry->name);
	}
	mcp_options_tell();
}

/* Say that an option could not be used. */
static void
mcp_options_error(const char *name, const char *value, int32_t result)
{
	char	*cause;

	cause = mcp_strerror(result);
	mcp_message_add("mcp: bad value for %s: %s: %s", name, value, cause);
	free(cause);
}

static void
mcp_options_apply_log_file(__unused struct tmcp_client *core)
{
	mcp_log_set_file(options_get_string(global_options, "mcp-log-file"));
}

static void
mcp_options_apply_log_level(struct tmcp_client *core)
{
	tmcp_client_set_log_level(core, mcp_log_level());
}

/*
 * Listen for agents or stop it. New panes get the path in their environment, as
 * they get TMUX. With "on" the socket is beside that of tmux.
 */
static void
mcp_options_apply_listen(struct tmcp_client *core)
{
	const char	*value = options_get_string(global_options, "mcp-listen");
	char		*path = NULL;
	int32_t		 result;

	if (strcmp(value, "on") == 0)
		xasprintf(&path, "%s.mcp", socket_path);
	else if (strncmp(value, "~/", 2) == 0 && find_home() != NULL)
		xasprintf(&path, "%s/%s", find_home(), value + 2);
	else if (*value != '\0' && strcmp(value, "off") != 0)
		path = xstrdup(value);
	result = tmcp_client_listen(core, path);
	if (result != TMCP_RESULT_OK)
		mcp_options_error("mcp-listen", value, result);
	if (path != NULL && result == TMCP_RESULT_OK)
		environ_set(global_environ, "TMCP_SOCKET", 0, "%s", path);
	else if (environ_find(global_environ, "TMCP_SOCKET") != NULL)
		environ_unset(global_environ, "TMCP_SOCKET");
	free(path);
	mcp_changed();
}

/* Give the core a default for servers; the default of the option is its own. */
static void
mcp_options_apply_default(struct tmcp_client *core, const char *name)
{
	long long	 number = options_get_number(global_options, name);
	char		 value[32];
	int32_t		 result;

	xsnprintf(value, sizeof value, "%lld", number);
	result = tmcp_client_set_default(core, name + 4,
	    number == mcp_options_table_entry(name)->default_num ? NULL :
	    value);
	if (result != TMCP_RESULT_OK)
		mcp_options_error(name, value, result);
	mcp_changed();
}

/* Have another configuration read, or the usual one if there was another. */
static void
mcp_options_apply_config(struct tmcp_client *core)
{
	const char	*value = options_get_string(global_options, "mcp-config");
	char		*path = NULL;
	int32_t		 result;
	static int	 is_other;

	if (*value == '\0' && !is_other)
		return;
	is_other = (*value != '\0');
	if (strncmp(value, "~/", 2) == 0 && find_home() != NULL)
		xasprintf(&path, "%s/%s", find_home(), value + 2);
	else if (is_other)
		path = xstrdup(value);
	result = tmcp_client_set_config_path(core, path);
	if (result == TMCP_RESULT_OK)
		result = tmcp_client_reload(core);
	if (result != TMCP_RESULT_OK && is_other)
		mcp_options_error("mcp-config", value, result);
	free(path);
	mcp_changed();
}

/* Connect to the servers that the user wants to find ready. */
void
mcp_options_preconnect(struct tmcp_client *core)
{
	struct options_array_item	*a;
	const char			*name;
	char				*cause;
	int32_t				 result;

	if (!tmcp_client_ready(core))
		return;
	a = options_array_first(options_get(global_options, "mcp-preconnect"));
	for (; a != NULL; a = options_array_next(a)) {
		name = options_array_item_value(a)->string;
		if (*name == '\0')
			continue;
		result = tmcp_client_connect(core, name);
		if (result == TMCP_RESULT_OK)
			continue;
		cause = mcp_strerror(result);
		mcp_message_add("mcp: mcp-preconnect: %s", cause);
		free(cause);
	}
	mcp_changed();
}

/* Add a line for each user option of one scope that looks like ours. */
static void
mcp_options_unknown_in(struct evbuffer *evb, struct options *oo,
    const char *scope)
{
	struct options_entry	*o;
	const char		*name;
	char			*instead;

	for (o = options_first(oo); o != NULL; o = options_next(o)) {
		name = options_name(o);
		if (strncmp(name, "@mcp-", 5) != 0 ||
		    strcmp(name, "@mcp-log-level") == 0)
			continue;
		if ((instead = mcp_options_instead(name)) == NULL) {
			evbuffer_add_printf(evb, "Warning: unknown option "
			    "%s%s\n", name, scope);
			continue;
		}
		evbuffer_add_printf(evb, "Warning: %s%s is not used any more: "
		    "%s\n", name, scope, instead);
		free(instead);
	}
}

/* The same for all scopes, which are named unless they are -g. */
void
mcp_options_unknown(struct evbuffer *evb)
{
	struct session		*s;
	struct window		*w;
	struct window_pane	*wp;
	char			*line, *of, scope[32];

	mcp_options_unknown_in(evb, global_s_options, "");
	mcp_options_unknown_in(evb, global_options, " (server)");
	mcp_options_unknown_in(evb, global_w_options, " (windows)");
	RB_FOREACH(s, sessions, &sessions) {
		line = mcp_text_line(s->name);
		xasprintf(&of, " (session %s)", line);
		mcp_options_unknown_in(evb, s->options, of);
		free(of);
		free(line);
	}
	RB_FOREACH(w, windows, &windows) {
		xsnprintf(scope, sizeof scope, " (window @%u)", w->id);
		mcp_options_unknown_in(evb, w->options, scope);
	}
	RB_FOREACH(wp, window_pane_tree, &all_window_panes) {
		xsnprintf(scope, sizeof scope, " (pane %%%u)", wp->id);
		mcp_options_unknown_in(evb, wp->options, scope);
	}
}
