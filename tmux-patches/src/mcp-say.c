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

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp.h"

/*
 * Says something with words of a server, a file or a command line in it:
 * errors of commands, lines that they print, and the messages of tmux. All of
 * it is made harmless here.
 */

/* If a line looks like the end of a block to a simple parser. */
int
mcp_say_is_guard(const char *line)
{
	return (strncmp(line, "%begin", 6) == 0 ||
	    strncmp(line, "%end", 4) == 0 || strncmp(line, "%error", 6) == 0);
}

/* Change lines that look like the end of a block a little. */
struct mcp_bytes *
mcp_say_unguard(struct mcp_bytes *lines)
{
	struct mcp_bytes	*out = NULL;
	const char		*cp, *done = lines->text;
	char			 last = '\n';

	for (cp = done; *cp != '\0'; last = *cp++) {
		if (last != '\n' || *cp != '%' || !mcp_say_is_guard(cp))
			continue;
		if (out == NULL)
			out = mcp_bytes_create();
		mcp_bytes_add(out, done, cp - done);
		mcp_bytes_add(out, "\\045", 4);
		done = cp + 1;
	}
	if (out == NULL)
		return (lines);
	mcp_bytes_add(out, done, cp - done);
	mcp_bytes_unref(lines);
	return (out);
}

/* If what a command prints goes to a control client. */
static int
mcp_say_is_control(struct cmdq_item *item)
{
	struct client	*c = cmdq_get_client(item);

	return (c != NULL && (c->flags & CLIENT_CONTROL));
}

/* Report an error of a command; it may have several lines. */
void
mcp_error(struct cmdq_item *item, const char *fmt, ...)
{
	struct mcp_bytes	*lines;
	va_list			 ap;
	char			*s, *clean;

	va_start(ap, fmt);
	xvasprintf(&s, fmt, ap);
	va_end(ap);
	clean = mcp_text_vis(s, strlen(s), NULL);
	free(s);
	if (!mcp_say_is_control(item)) {
		cmdq_error(item, "%s", clean);
		free(clean);
		return;
	}
	lines = mcp_say_unguard(mcp_bytes_copy(clean, strlen(clean)));
	free(clean);
	cmdq_error(item, "%s", lines->text);
	mcp_bytes_unref(lines);
}

/* Print a line of a command. It is harmless but for tabs. */
void
mcp_print(struct cmdq_item *item, const char *line)
{
	char	*clean;

	clean = mcp_text_untab(line);
	if (*clean == '%' && mcp_say_is_control(item) &&
	    mcp_say_is_guard(clean))
		cmdq_print(item, "\\045%s", clean + 1);
	else
		cmdq_print(item, "%s", clean);
	free(clean);
}
