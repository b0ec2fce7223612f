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

#ifndef MCP_SETTINGS_H
#define MCP_SETTINGS_H

/* Options, hooks, and what the core is told of tmux. */

#include "mcp.h"

struct mcp_request;

/* mcp-environ.c */
const char *const *mcp_environ_build(void);
int		 mcp_environ_sync(struct tmcp_client *);

/* mcp-export.c */
void		 mcp_export_file_changed(struct tmcp_client *);
void		 mcp_export_interval_changed(struct tmcp_client *);
void		 mcp_export_listen_changed(struct tmcp_client *);
void		 mcp_export_statsd_changed(struct tmcp_client *);
int32_t		 mcp_export_text(struct tmcp_client *, uint32_t, char **);

/* mcp-hook.c */
int		 mcp_hook_is_set(const char *);
int		 mcp_hook_exists(const char *, struct mcp_request *);
int		 mcp_hook_may(const char *);
int		 mcp_hook_wants(struct tmcp_event *);
void		 mcp_hook_run(const char *, struct mcp_request *, ...);
void		 mcp_hook_event(struct tmcp_event *);
void		 mcp_hook_child_exited(pid_t);

/* mcp-options.c */
int		 mcp_options_is_stale(void);
void		 mcp_options_sync(struct tmcp_client *);
void		 mcp_options_preconnect(struct tmcp_client *);
void		 mcp_options_environ_changed(void);
void		 mcp_options_unknown(struct evbuffer *);

/* mcp-roots.c */
void		 mcp_roots_changed(struct tmcp_client *);
void		 mcp_roots_update(struct tmcp_client *);

/* mcp-settings.c */
struct tmcp_client *mcp_get(struct cmdq_item *);
void		 mcp_settings_sync(struct tmcp_client *);

#endif /* MCP_SETTINGS_H */
