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

#ifndef MCP_COMPLETE_H
#define MCP_COMPLETE_H

#include "mcp-output.h"

/* Completing the words of a command. */

struct mcp_complete;
typedef void (*mcp_complete_cb)(void *, struct mcp_complete *);

/* mcp-complete.c */
struct mcp_complete *mcp_complete_create(char **, u_int);
void		 mcp_complete_free(struct mcp_complete *);
char		**mcp_complete_list(struct mcp_complete *, u_int *,
		     const char **);
void		 mcp_complete_start(struct mcp_complete *, struct mcp_output *,
		     char *, int, u_int, mcp_complete_cb, void *);

#endif /* MCP_COMPLETE_H */
