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
#include "mcp-settings.h"

/*
 * The environment of servers. It is built again when the global environment,
 * that of the session it is taken from, or that session is another.
 */

static int			 mcp_environ_stale = 1;
static const struct environ	*mcp_environ_of;	/* only compared */
static int64_t			 mcp_environ_session_id = -1;
static uint64_t			 mcp_environ_seen;

/* A variable is set or removed, in whatever environment. */
void
mcp_environ_changed(const struct environ *env)
{
	if (env == global_environ || env == mcp_environ_of)
		mcp_environ_stale = 1;
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

/* If the environment may be another than the core has. */
static int
mcp_environ_is_stale(void)
{
	struct session	*s = mcp_environ_session();
	int64_t		 id = (s == NULL ? -1 : (int64_t)s->id);

	mcp_environ_of = (s == NULL ? NULL : s->environ);
	if (id != mcp_environ_session_id)
		mcp_environ_stale = 1;
	mcp_environ_session_id = id;
	return (mcp_environ_stale);
}

/*
 * Give the core the environment if it is another than the last time. Returns 1
 * if a variable was set or removed meanwhile.
 */
int
mcp_environ_sync(struct tmcp_client *core)
{
	const char *const	*envp;
	const char		*cp;
	uint64_t		 hash = 14695981039346656037ULL;
	u_int			 i;

	if (!mcp_environ_is_stale())
		return (0);
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
	mcp_environ_stale = 0;
	return (1);
}
