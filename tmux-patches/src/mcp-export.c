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
 * The exports of figures to monitoring systems. The core drives them; here are
 * their options, and the label by which this server is known.
 */

/* Give the core the value of an option, or say why it can't be used. */
static void
mcp_export_set(struct tmcp_client *core, const char *name, const char *value)
{
	char	*cause;
	int32_t	 result;

	tmcp_client_set_export(core, "label", socket_path);
	result = tmcp_client_set_export(core, name + 4, value);
	if (result != TMCP_RESULT_OK) {
		cause = mcp_strerror(result);
		mcp_message_add("mcp: bad value for %s: %s", name, cause);
		free(cause);
	}
	mcp_changed();
}

/* The file for a textfile collector. */
void
mcp_export_file_changed(struct tmcp_client *core)
{
	const char	*name = "mcp-metrics-file";
	char		*path, *s;

	path = format_single(NULL, options_get_string(global_options, name),
	    NULL, NULL, NULL, NULL);
	if (strncmp(path, "~/", 2) == 0 && find_home() != NULL) {
		xasprintf(&s, "%s/%s", find_home(), path + 2);
		free(path);
		path = s;
	}
	mcp_export_set(core, name, path);
	free(path);
}

/* How often it is written. */
void
mcp_export_interval_changed(struct tmcp_client *core)
{
	const char	*name = "mcp-metrics-interval";
	char		 value[32];

	xsnprintf(value, sizeof value, "%lld",
	    (long long)options_get_number(global_options, name));
	mcp_export_set(core, name, value);
}

/* Where scrapes are answered. */
void
mcp_export_listen_changed(struct tmcp_client *core)
{
	const char	*name = "mcp-metrics-listen";

	mcp_export_set(core, name, options_get_string(global_options, name));
}

/* Where StatsD is. */
void
mcp_export_statsd_changed(struct tmcp_client *core)
{
	const char	*name = "mcp-statsd";

	mcp_export_set(core, name, options_get_string(global_options, name));
}

/* Make the text of a command. */
int32_t
mcp_export_text(struct tmcp_client *core, uint32_t format, char **text)
{
	tmcp_client_set_export(core, "label", socket_path);
	return (tmcp_client_metrics(core, format, text));
}
