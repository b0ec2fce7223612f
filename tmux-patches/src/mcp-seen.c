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
#include "mcp-run.h"

/*
 * Remembers what each tool was when it was used last, as the fingerprint that
 * the core has of its input schema, description and hints, so that a person is
 * told when a server has changed a tool meanwhile. Kept in memory, for the
 * tools that were used last.
 */

/* How many tools are remembered. */
#define MCP_SEEN_TOOLS 1000

struct mcp_seen {
	char		*server;
	char		*tool;
	uint64_t	 fingerprint;
	u_int		 age;		/* of the lists when it was read */

	RB_ENTRY(mcp_seen) tree_entry;
	TAILQ_ENTRY(mcp_seen) entry;	/* the one used last at the end */
};

static int
mcp_seen_cmp(struct mcp_seen *a, struct mcp_seen *b)
{
	int	n;

	if ((n = strcmp(a->server, b->server)) != 0)
		return (n);
	return (strcmp(a->tool, b->tool));
}

static RB_HEAD(mcp_seen_tree, mcp_seen) mcp_seen_tree =
    RB_INITIALIZER(&mcp_seen_tree);
RB_GENERATE_STATIC(mcp_seen_tree, mcp_seen, tree_entry, mcp_seen_cmp);
static TAILQ_HEAD(, mcp_seen) mcp_seen_list =
    TAILQ_HEAD_INITIALIZER(mcp_seen_list);
static u_int	mcp_seen_count;
static u_int	mcp_seen_age;

/* Find what is remembered of a tool, or NULL. */
static struct mcp_seen *
mcp_seen_find(const char *server, const char *tool)
{
	struct mcp_seen	find;

	find.server = (char *)server;
	find.tool = (char *)tool;
	return (RB_FIND(mcp_seen_tree, &mcp_seen_tree, &find));
}

/* Forget the tool that was not used for the longest time. */
static void
mcp_seen_forget(void)
{
	struct mcp_seen	*ms = TAILQ_FIRST(&mcp_seen_list);

	RB_REMOVE(mcp_seen_tree, &mcp_seen_tree, ms);
	TAILQ_REMOVE(&mcp_seen_list, ms, entry);
	mcp_seen_count--;
	free(ms->server);
	free(ms->tool);
	free(ms);
}

/* The tools of some server may have been listed anew. */
void
mcp_seen_listed(void)
{
	mcp_seen_age++;
}

/*
 * A tool is used. The core reads its definition for the fingerprint, which is
 * left out for the many calls between two lists.
 */
void
mcp_seen_used(const char *server, const char *tool)
{
	struct tmcp_client	*core = mcp_core_get();
	struct mcp_seen		*ms = mcp_seen_find(server, tool);
	uint64_t		 fingerprint;

	if (ms != NULL && ms->age == mcp_seen_age) {
		TAILQ_REMOVE(&mcp_seen_list, ms, entry);
		TAILQ_INSERT_TAIL(&mcp_seen_list, ms, entry);
		return;
	}
	if (core == NULL || tmcp_client_tool_hints(core, server, tool,
	    &fingerprint) < 0)
		return;
	if (ms == NULL) {
		while (mcp_seen_count >= MCP_SEEN_TOOLS)
			mcp_seen_forget();
		ms = xcalloc(1, sizeof *ms);
		ms->server = xstrdup(server);
		ms->tool = xstrdup(tool);
		RB_INSERT(mcp_seen_tree, &mcp_seen_tree, ms);
		mcp_seen_count++;
	} else
		TAILQ_REMOVE(&mcp_seen_list, ms, entry);
	TAILQ_INSERT_TAIL(&mcp_seen_list, ms, entry);
	ms->fingerprint = fingerprint;
	ms->age = mcp_seen_age;
}

/*
 * If a tool with this fingerprint is not what it was when it was used last.
 * 0 is one that can't be compared.
 */
int
mcp_seen_changed(const char *server, const char *tool, uint64_t fingerprint)
{
	struct mcp_seen	*ms = mcp_seen_find(server, tool);

	return (ms != NULL && ms->fingerprint != 0 && fingerprint != 0 &&
	    ms->fingerprint != fingerprint);
}
