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

#ifndef MCP_CONFIRM_H
#define MCP_CONFIRM_H

/* Asking before a tool runs, and telling that one has changed. */

/* mcp-confirm.c */
int		 mcp_confirm_look(const char *, const char *, char **);
int		 mcp_confirm_changed(const char *, const char *);
char		*mcp_confirm_refused(const char *, const char *);
char		*mcp_confirm_find(const struct tmcp_table *, const char *,
		     const char *, char **);
void		 mcp_confirm_set(struct mcp_run *, struct mcp_call *);
int		 mcp_confirm_start(struct mcp_run *, mcp_run_cb, char **);

/* mcp-seen.c */
#define MCP_SEEN_CHANGED						\
	"It has changed since it was used last: look at it again."
void		 mcp_seen_listed(void);
void		 mcp_seen_used(const char *, const char *);
int		 mcp_seen_changed(const char *, const char *, uint64_t);

#endif /* MCP_CONFIRM_H */
