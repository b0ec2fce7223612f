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
#include <sys/time.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tmux.h"
#include "mcp.h"

/*
 * User options and the environment are given to the core when they have
 * changed. Options are only looked up here, never set, so no table of tmux
 * needs to know them.
 */

/* Options whose value goes to the core as the default of that name. */
static const char *mcp_options_defaults[] = {
	"pool-max-size",
	"pool-idle-timeout",
	"max-in-flight",
	"timeout",
	"operation-timeout",
	"retry-attempts",
	"retry-backoff",
	"startup-timeout",
	"max-answer"
};
/* The default of @mcp-key-delay, and the longest, in milliseconds. */
#define MCP_OPTIONS_DELAY_MS 300
#define MCP_OPTIONS_DELAY_MAX_MS 10000

static char	*mcp_options_seen[nitems(mcp_options_defaults)];

/* Options that are looked at when they are needed, hooks among them. */
static const char *mcp_options_other[] = {
	"call-done",
	"call-failed",
	"config",
	"elicitation",
	"key-delay",
	"log-file",
	"log-level",
	"preconnect",
	"resource-updated",
	"roots",
	"sampling",
	"server-down",
	"server-up",
	"tools-changed"
};

static char	*mcp_options_seen_config;
static char	*mcp_options_seen_preconnect;
static char	*mcp_options_seen_level;
static char	*mcp_options_seen_file;
static uint64_t	 mcp_environ_seen;

/* Value of a user option, or NULL. Getting one that is not there is fatal. */
const char *
mcp_options_get(const char *name)
{
	char	full[64];

	xsnprintf(full, sizeof full, "@mcp-%s", name);
	if (options_get(global_s_options, full) != NULL)
		return (options_get_string(global_s_options, full));
	if (options_get(global_options, full) != NULL)
		return (options_get_string(global_options, full));
	return (NULL);
}

/* Remember a value. Returns if it is another than before. */
static int
mcp_options_changed(char **seen, const char *value)
{
	if (value == NULL && *seen == NULL)
		return (0);
	if (value != NULL && *seen != NULL && strcmp(value, *seen) == 0)
		return (0);
	free(*seen);
	*seen = value == NULL ? NULL : xstrdup(value);
	return (1);
}

/* If a user option is there and not off. */
int
mcp_options_on(const char *name)
{
	const char	*value = mcp_options_get(name);

	return (value != NULL && *value != '\0' && strcmp(value, "0") != 0 &&
	    strcmp(value, "off") != 0 && strcmp(value, "no") != 0);
}

/*
 * How long a dialog that comes by itself takes no keys, and how long none must
 * have come, in milliseconds.
 */
int
mcp_options_delay(void)
{
	const char	*value = mcp_options_get("key-delay"), *errstr;
	int		 ms;

	if (value == NULL)
		return (MCP_OPTIONS_DELAY_MS);
	ms = strtonum(value, 0, MCP_OPTIONS_DELAY_MAX_MS, &errstr);
	return (errstr != NULL ? MCP_OPTIONS_DELAY_MS : ms);
}

/* Say that an option could not be used. */
static void
mcp_options_error(const char *name, const char *value, int32_t result)
{
	char	*cause;

	cause = mcp_strerror(result);
	mcp_message_add("mcp: bad value for @mcp-%s: %s: %s", name, value,
	    cause);
	free(cause);
}

/* Give the core what has changed since the last time. */
void
mcp_options_sync(struct tmcp_client *core)
{
	const char	*value;
	char		*path;
	int32_t		 result;
	u_int		 i;
	static int	 debug = -1;
	int		 level;

	value = mcp_options_get("log-file");
	if (mcp_options_changed(&mcp_options_seen_file, value))
		mcp_log_set_file(value);

	value = mcp_options_get("log-level");
	level = (environ_find(global_environ, "TMUX_MCP_DEBUG") != NULL);
	if (mcp_options_changed(&mcp_options_seen_level, value) ||
	    level != debug)
		tmcp_client_set_log_level(core, mcp_log_level(value));
	debug = level;

	for (i = 0; i < nitems(mcp_options_defaults); i++) {
		value = mcp_options_get(mcp_options_defaults[i]);
		if (!mcp_options_changed(&mcp_options_seen[i], value))
			continue;
		result = tmcp_client_set_default(core, mcp_options_defaults[i],
		    value);
		mcp_changed();
		if (result != TMCP_RESULT_OK && value != NULL) {
			mcp_options_error(mcp_options_defaults[i], value,
			    result);
		}
	}

	value = mcp_options_get("preconnect");
	if (mcp_options_changed(&mcp_options_seen_preconnect, value) &&
	    tmcp_client_ready(core))
		mcp_options_preconnect(core);

	value = mcp_options_get("config");
	if (!mcp_options_changed(&mcp_options_seen_config, value))
		return;
	path = NULL;
	if (value != NULL && strncmp(value, "~/", 2) == 0 &&
	    find_home() != NULL)
		xasprintf(&path, "%s/%s", find_home(), value + 2);
	else if (value != NULL && *value != '\0')
		path = xstrdup(value);
	result = tmcp_client_set_config_path(core, path);
	if (result == TMCP_RESULT_OK)
		result = tmcp_client_reload(core);
	if (result != TMCP_RESULT_OK && value != NULL)
		mcp_options_error("config", value, result);
	free(path);
	mcp_changed();
}

/* Connect to the servers that the user wants to find ready. */
void
mcp_options_preconnect(struct tmcp_client *core)
{
	const char	*value = mcp_options_get("preconnect");
	char		*copy, *next, *name, *cause;
	int32_t		 result;

	if (value == NULL)
		return;
	next = copy = xstrdup(value);
	while ((name = strsep(&next, " ,\t")) != NULL) {
		if (*name == '\0')
			continue;
		result = tmcp_client_connect(core, name);
		if (result == TMCP_RESULT_OK)
			continue;
		cause = mcp_strerror(result);
		mcp_message_add("mcp: @mcp-preconnect: %s", cause);
		free(cause);
	}
	free(copy);
	mcp_changed();
}

/* Add a line for each user option that looks like ours and is not. */
void
mcp_options_unknown(struct evbuffer *evb)
{
	struct options_entry	*o;
	const char		*name;
	u_int			 i;

	o = options_first(global_s_options);
	for (; o != NULL; o = options_next(o)) {
		name = options_name(o);
		if (strncmp(name, "@mcp-", 5) != 0)
			continue;
		name += 5;
		for (i = 0; i < nitems(mcp_options_other); i++) {
			if (strcmp(name, mcp_options_other[i]) == 0)
				break;
		}
		if (i != nitems(mcp_options_other))
			continue;
		for (i = 0; i < nitems(mcp_options_defaults); i++) {
			if (strcmp(name, mcp_options_defaults[i]) == 0)
				break;
		}
		if (i != nitems(mcp_options_defaults))
			continue;
		evbuffer_add_printf(evb, "Warning: unknown option @mcp-%s\n",
		    name);
	}
}

/*
 * The session whose environment servers get: the one that was attached last,
 * because attaching brings in what update-environment names; without any the
 * newest.
 */
static struct session *
mcp_environ_session(void)
{
	struct session	*s, *found = NULL;

	RB_FOREACH(s, sessions, &sessions) {
		if (found == NULL ||
		    timercmp(&s->last_attached_time,
		    &found->last_attached_time, >) ||
		    (!timercmp(&s->last_attached_time,
		    &found->last_attached_time, !=) &&
		    timercmp(&s->creation_time, &found->creation_time, >)))
			found = s;
	}
	return (found);
}

/*
 * Environment for the processes of the core as one block, to be freed: what a
 * new pane would get, but for the number of the session.
 */
const char *const *
mcp_environ_build(void)
{
	struct environ		*env;
	struct environ_entry	*envent;
	char			**envp, *cp;
	size_t			 n = 1, size = 0, len;

	env = environ_for_session(mcp_environ_session(), 1);
	environ_set(env, "TMUX", 0, "%s,%ld,-1", socket_path, (long)getpid());
	for (envent = environ_first(env); envent != NULL;
	    envent = environ_next(envent)) {
		if (envent->value == NULL || (envent->flags & ENVIRON_HIDDEN))
			continue;
		size += strlen(envent->name) + strlen(envent->value) + 2;
		n++;
	}

	envp = xmalloc(n * sizeof *envp + size);
	cp = (char *)(envp + n);
	n = 0;
	for (envent = environ_first(env); envent != NULL;
	    envent = environ_next(envent)) {
		if (envent->value == NULL || (envent->flags & ENVIRON_HIDDEN))
			continue;
		envp[n++] = cp;
		len = strlen(envent->name);
		memcpy(cp, envent->name, len);
		cp += len;
		*cp++ = '=';
		len = strlen(envent->value) + 1;
		memcpy(cp, envent->value, len);
		cp += len;
	}
	envp[n] = NULL;
	environ_free(env);
	return ((const char *const *)envp);
}

/* Give the core the environment if it is another than the last time. */
void
mcp_environ_sync(struct tmcp_client *core)
{
	const char *const	*envp;
	const char		*cp;
	uint64_t		 hash = 14695981039346656037ULL;
	u_int			 i;

	envp = mcp_environ_build();
	for (i = 0; envp[i] != NULL; i++) {
		cp = envp[i];
		do
			hash = (hash ^ (u_char)*cp) * 1099511628211ULL;
		while (*cp++ != '\0');
	}
	if (hash != mcp_environ_seen) {
		mcp_environ_seen = hash;
		tmcp_client_set_env(core, envp);
	}
	free((void *)envp);
}
