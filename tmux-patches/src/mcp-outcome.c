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
#include "mcp.h"

/*
 * How a request has ended, in words and numbers; also one that ends without an
 * event of the core.
 */

static int32_t		 mcp_absent_result = TMCP_RESULT_INTERNAL;
static const char	*mcp_absent_text;

/* Why a request ends without an event of the core; NULL if it broke down. */
void
mcp_set_absent(int32_t result, const char *text)
{
	mcp_absent_result = result;
	mcp_absent_text = text;
}

/* Exit status of a shell client for a result. */
int
mcp_retval(int32_t result)
{
	switch (result) {
	case TMCP_RESULT_OK:
		return (0);
	case TMCP_RESULT_TIMEOUT:
		return (MCP_EXIT_TIMEOUT);
	case TMCP_RESULT_TOOL:
	case TMCP_RESULT_SERVER:
	case TMCP_RESULT_INVALID:
	case TMCP_RESULT_NOT_FOUND:
	case TMCP_RESULT_BUSY:
	case TMCP_RESULT_CANCELLED:
		return (MCP_EXIT_ERROR);
	default:
		return (MCP_EXIT_TRANSPORT);
	}
}

/* Why the last call of the core failed. */
char *
mcp_strerror(int32_t result)
{
	struct tmcp_client	*core = mcp_core_get();
	char			*s;
	size_t			 size;

	size = tmcp_client_error(core, NULL, 0);
	if (size == 0)
		return (xstrdup(tmcp_result_text(result)));
	s = xcalloc(1, size + 1);
	tmcp_client_error(core, s, size + 1);
	return (s);
}

/* Result of an event; there is none if the core has none to give. */
int32_t
mcp_event_result(struct tmcp_event *event)
{
	if (event == NULL)
		return (mcp_absent_result);
	return (tmcp_event_result(event));
}

/* Text of an event. */
const char *
mcp_event_text(struct tmcp_event *event, size_t *size)
{
	const char	*text;

	if (event == NULL || (text = tmcp_event_text(event, size)) == NULL) {
		if ((text = mcp_absent_text) == NULL) {
			text = "mcp stopped after an internal error, "
			    "see show-messages";
		}
		if (size != NULL)
			*size = strlen(text);
	} else if (*text == '\0' && tmcp_event_type(event) ==
	    TMCP_EVENT_TYPE_DONE && tmcp_event_result(event) !=
	    TMCP_RESULT_OK) {
		text = "the tool failed and did not say why";
		if (size != NULL)
			*size = strlen(text);
	}
	return (text);
}
