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
#include "mcp.h"

/*
 * Reads and watches resources.
 */

/* What is printed of each part for -f without -F. */
#define CMD_MCP_READ_TEMPLATE \
	"#{mcp_uri}  #{mcp_mime}  #{mcp_size}"

static enum cmd_retval	cmd_mcp_read_exec(struct cmd *, struct cmdq_item *);
static enum cmd_retval	cmd_mcp_subscribe_exec(struct cmd *,
			    struct cmdq_item *);

const struct cmd_entry cmd_mcp_read_entry = {
	.name = "mcp-read",
	.alias = NULL,

	.args = { "bEf:F:jo:pq:t:T:", 2, -1, NULL },
	.usage = "[-bEjp] [-f filter] [-F format] [-o output] [-q pointer] "
		 CMD_TARGET_PANE_USAGE " [-T timeout] server uri "
		 "[key=value ...]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = 0,
	.exec = cmd_mcp_read_exec
};

const struct cmd_entry cmd_mcp_subscribe_entry = {
	.name = "mcp-subscribe",
	.alias = NULL,

	.args = { "T:u", 2, 2, NULL },
	.usage = "[-u] [-T timeout] server uri",

	.flags = 0,
	.exec = cmd_mcp_subscribe_exec
};

/* Add a value to a URI, with what has a meaning in one escaped. */
static void
cmd_mcp_read_add(struct evbuffer *evb, const char *value, int reserved)
{
	const u_char	*cp;

	for (cp = (const u_char *)value; *cp != '\0'; cp++) {
		if (*cp < 0x80 && (isalnum(*cp) ||
		    strchr("-._~", *cp) != NULL ||
		    (reserved && strchr(":/?#[]@!$&'()*+,;=", *cp) != NULL)))
			evbuffer_add(evb, cp, 1);
		else
			evbuffer_add_printf(evb, "%%%02X", *cp);
	}
}

/*
 * Fill a template: {name}, and {+name} where the value may have slashes. The
 * other forms of RFC 6570 are rare enough to be written out by the user.
 */
static char *
cmd_mcp_read_fill(const char *uri, struct mcp_args *ma, char **cause)
{
	struct evbuffer	*evb;
	const char	*cp, *end, *name;
	char		*out;
	size_t		 size;
	u_int		 i, used = 0;
	int		 reserved;

	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	*cause = NULL;
	for (cp = uri; *cp != '\0' && *cause == NULL; cp++) {
		if (*cp != '{' || (end = strchr(cp, '}')) == NULL) {
			evbuffer_add(evb, cp, 1);
			continue;
		}
		name = cp + 1;
		reserved = (*name == '+');
		if (reserved)
			name++;
		size = end - name;
		if (size != 0 && name[size - 1] == '*')
			size--;
		for (i = 0; i < ma->npairs; i++) {
			if (strlen(ma->pairs[i].key) == size &&
			    strncmp(ma->pairs[i].key, name, size) == 0)
				break;
		}
		if (i == ma->npairs) {
			xasprintf(cause, "the template needs %.*s=value",
			    (int)size, name);
		} else {
			cmd_mcp_read_add(evb, ma->pairs[i].value, reserved);
			used++;
		}
		cp = end;
	}
	if (*cause == NULL && used < ma->npairs) {
		xasprintf(cause, "the uri is no template for %s",
		    ma->pairs[0].key);
	}
	evbuffer_add(evb, "", 1);
	out = (*cause == NULL ? xstrdup((char *)EVBUFFER_DATA(evb)) : NULL);
	evbuffer_free(evb);
	return (out);
}

/* Ask for a resource. */
static int32_t
cmd_mcp_read_start(struct mcp_run *run, void *user_data, uint64_t *id)
{
	return (tmcp_client_read_resource(run->core, run->server, run->name,
	    run->timeout, user_data, id));
}

static enum cmd_retval
cmd_mcp_read_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args	*args = cmd_get_args(self);
	struct mcp_run	*run;
	char		*cause = NULL, *uri;

	if (mcp_get(item) == NULL)
		return (CMD_RETURN_ERROR);
	run = mcp_run_create(self, item, args_string(args, 0),
	    args_string(args, 1), &cause);
	if (run == NULL ||
	    mcp_args_parse(&run->args, args, 2, item, &cause) != 0 ||
	    mcp_run_has_rows(run, CMD_MCP_READ_TEMPLATE, &cause) != 0)
		goto fail;
	if (run->args.json != NULL) {
		cause = xstrdup("a template is filled with key=value");
		goto fail;
	}
	if (run->args.npairs != 0) {
		if ((uri = cmd_mcp_read_fill(run->name, &run->args,
		    &cause)) == NULL)
			goto fail;
		free(run->name);
		run->name = uri;
	}
	run->start = cmd_mcp_read_start;
	return (mcp_run_go(run, item));

fail:
	return (mcp_run_refuse(run, item, MCP_EXIT_ERROR, cause));
}

/* Watch a resource. */
static int32_t
cmd_mcp_subscribe_start(struct mcp_run *run, void *user_data, uint64_t *id)
{
	return (tmcp_client_subscribe(run->core, run->server, run->name,
	    run->timeout, user_data, id));
}

static enum cmd_retval
cmd_mcp_subscribe_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args		*args = cmd_get_args(self);
	struct tmcp_client	*core;
	struct mcp_run		*run;
	char			*cause = NULL, *server;
	int32_t			 result;

	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	if (args_has(args, 'u')) {
		server = mcp_abbrev_server(core, args_string(args, 0), 0,
		    &cause);
		if (server == NULL)
			return (mcp_run_refuse(NULL, item, MCP_EXIT_ERROR,
			    cause));
		result = tmcp_client_unsubscribe(core, server,
		    args_string(args, 1));
		free(server);
		mcp_changed();
		if (result == TMCP_RESULT_OK)
			return (CMD_RETURN_NORMAL);
		cause = mcp_strerror(result);
		return (mcp_run_refuse(NULL, item, mcp_retval(result), cause));
	}
	run = mcp_run_create(self, item, args_string(args, 0),
	    args_string(args, 1), &cause);
	if (run == NULL)
		return (mcp_run_refuse(run, item, MCP_EXIT_ERROR, cause));
	run->out->sink = run->out->item != NULL ? MCP_SINK_STDOUT :
	    MCP_SINK_NONE;
	run->start = cmd_mcp_subscribe_start;
	return (mcp_run_go(run, item));
}
