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

/*
 * The options and hooks of the MCP client. They are included in the table of
 * all options, so that set-option checks their values, and show-options,
 * show-hooks and customize-mode show them. The ranges are those of the core
 * (src/config/limits.rs). A default that depends on the server is 0 here.
 */

#define MCP_OPTIONS_WEEK 604800000	/* milliseconds */
#define MCP_OPTIONS_NUMBER(option, min, max, value, units, about)	\
	{ .name = option,						\
	  .type = OPTIONS_TABLE_NUMBER,					\
	  .scope = OPTIONS_TABLE_SERVER,				\
	  .minimum = min,						\
	  .maximum = max,						\
	  .default_num = value,						\
	  .unit = units,						\
	  .text = about							\
	}
#define MCP_OPTIONS_HOOK(hook, about)					\
	{ .name = hook,							\
	  .type = OPTIONS_TABLE_COMMAND,				\
	  .scope = OPTIONS_TABLE_SESSION,				\
	  .flags = OPTIONS_TABLE_IS_ARRAY|OPTIONS_TABLE_IS_HOOK,	\
	  .default_str = "",						\
	  .separator = "",						\
	  .text = about							\
	}

	{ .name = "mcp-browser",
	  .type = OPTIONS_TABLE_STRING,
	  .scope = OPTIONS_TABLE_SERVER,
	  .default_str = "",
	  .text = "Shell command that opens the page of mcp-login, which is "
		  "put behind it. Empty opens none."
	},

	MCP_OPTIONS_NUMBER("mcp-buffer-limit", 1, 10000, 50, "buffers",
	    "Named paste buffers that results of MCP are kept in. The oldest "
	    "is removed for a new one."),

	{ .name = "mcp-config",
	  .type = OPTIONS_TABLE_STRING,
	  .scope = OPTIONS_TABLE_SERVER,
	  .default_str = "",
	  .text = "File with the MCP servers. Empty is .claude.json in the "
		  "home directory."
	},

	{ .name = "mcp-confirm",
	  .type = OPTIONS_TABLE_CHOICE,
	  .scope = OPTIONS_TABLE_SERVER,
	  .choices = (const char *[]){ "destructive", "all", "none", NULL },
	  .default_num = 0,
	  .text = "Before which MCP tools menus, choose-mcp and mcp-again ask: "
		  "those that say that they are destructive, all or none."
	},

	MCP_OPTIONS_NUMBER("mcp-breaker-failures", 0, 1000, 5, "failures",
	    "Failures in a row after which an MCP server is left alone for a "
	    "while. People's calls are still tried. 0 is never."),

	MCP_OPTIONS_NUMBER("mcp-breaker-pause", 1, 3600, 60, "seconds",
	    "Longest time for which an MCP server that fails is left alone."),

	MCP_OPTIONS_NUMBER("mcp-file-limit", 64, 10000, 256, "files",
	    "Files of images and other binary parts of MCP results. The "
	    "oldest are removed for new ones."),

	MCP_OPTIONS_NUMBER("mcp-file-size", 16, 65536, 256, "MiB",
	    "Size of all files of binary parts of MCP results. The oldest "
	    "are removed for new ones."),

	MCP_OPTIONS_NUMBER("mcp-history-size", 0, 10000, 100, "calls",
	    "Calls that mcp-history keeps. 0 keeps none."),

	{ .name = "mcp-key-delay",
	  .type = OPTIONS_TABLE_NUMBER,
	  .scope = OPTIONS_TABLE_SESSION,
	  .minimum = 0,
	  .maximum = 10000,
	  .default_num = 300,
	  .unit = "milliseconds",
	  .text = "Time that an MCP menu, prompt or result that opens by "
		  "itself takes no keys, and that must have passed since "
		  "the last key."
	},

	{ .name = "mcp-listen",
	  .type = OPTIONS_TABLE_STRING,
	  .scope = OPTIONS_TABLE_SERVER,
	  .default_str = "off",
	  .text = "Unix socket on which agents reach the MCP servers of tmux "
		  "(tmcp-bridge connect). 'on' is a socket beside that of "
		  "tmux, 'off' is none."
	},

	{ .name = "mcp-log-file",
	  .type = OPTIONS_TABLE_STRING,
	  .scope = OPTIONS_TABLE_SERVER,
	  .default_str = "off",
	  .text = "File that the MCP log is also written to. 'on' is "
		  "~/.tmux/mcp-debug.log."
	},

	{ .name = "mcp-log-level",
	  .type = OPTIONS_TABLE_CHOICE,
	  .scope = OPTIONS_TABLE_SERVER,
	  .choices = (const char *[]){
		"error", "warning", "info", "debug", NULL
	  },
	  .default_num = 2,
	  .text = "Least important messages that the MCP log takes."
	},

	MCP_OPTIONS_NUMBER("mcp-log-size", 1, 1024, 16, "MiB",
	    "Size at which the MCP log file is moved aside and a new one is "
	    "begun. One old file is kept."),

	MCP_OPTIONS_NUMBER("mcp-max-answer", 1, 256, 16, "MiB",
	    "Largest message that an MCP server may send."),

	MCP_OPTIONS_NUMBER("mcp-max-in-flight", 0, 1024, 0, "requests",
	    "Requests that may be in flight on one connection to an MCP "
	    "server. 0 is 1 on a socket, and 64 on a single process."),

	{ .name = "mcp-metrics-file",
	  .type = OPTIONS_TABLE_STRING,
	  .scope = OPTIONS_TABLE_SERVER,
	  .default_str = "",
	  .text = "File ending in .prom that the figures of MCP are written "
		  "to, for a textfile collector. Formats are expanded. Empty "
		  "is none."
	},

	MCP_OPTIONS_NUMBER("mcp-metrics-interval", 1, 3600, 15, "seconds",
	    "Time after which mcp-metrics-file is written again."),

	{ .name = "mcp-metrics-listen",
	  .type = OPTIONS_TABLE_STRING,
	  .scope = OPTIONS_TABLE_SERVER,
	  .default_str = "",
	  .text = "Where the figures of MCP are given to those who ask by "
		  "HTTP: unix:/path, 127.0.0.1:PORT or [::1]:PORT. Empty is "
		  "nowhere."
	},

	MCP_OPTIONS_NUMBER("mcp-operation-timeout", 0, MCP_OPTIONS_WEEK, 0,
	    "milliseconds",
	    "Time from sending a request to an MCP server to its "
	    "answer. 0 is no limit."),

	MCP_OPTIONS_NUMBER("mcp-pool-idle-timeout", 0, 31536000, 300, "seconds",
	    "Time after which an unused connection to an MCP server is "
	    "closed. 0 is never."),

	MCP_OPTIONS_NUMBER("mcp-pool-max-size", 0, 1024, 0, "connections",
	    "Connections to one MCP server. 0 is 5 on a socket, and one "
	    "process."),

	{ .name = "mcp-output",
	  .type = OPTIONS_TABLE_STRING,
	  .scope = OPTIONS_TABLE_SESSION,
	  .flags = OPTIONS_TABLE_IS_ARRAY,
	  .default_str = "",
	  .separator = " ,\t",
	  .text = "Where results go that an MCP command of a key binding "
		  "gets without -o: an output, or TABLE=output for the keys "
		  "of a table."
	},

	{ .name = "mcp-preconnect",
	  .type = OPTIONS_TABLE_STRING,
	  .scope = OPTIONS_TABLE_SERVER,
	  .flags = OPTIONS_TABLE_IS_ARRAY,
	  .default_str = "",
	  .separator = " ,\t",
	  .text = "MCP servers to connect to at the start and when the "
		  "option is set."
	},

	MCP_OPTIONS_NUMBER("mcp-retry-attempts", 0, 100, 3, "attempts",
	    "How often a request that an MCP server has not got is "
	    "tried again."),

	MCP_OPTIONS_NUMBER("mcp-retry-backoff", 1, 30000, 100, "milliseconds",
	    "Pause before an MCP request is tried again. It is doubled "
	    "each time."),

	{ .name = "mcp-roots",
	  .type = OPTIONS_TABLE_FLAG,
	  .scope = OPTIONS_TABLE_SESSION,
	  .default_num = 0,
	  .text = "Whether MCP servers are told the directories of the "
		  "session and its panes. Some servers take that for "
		  "permission to use them."
	},

	MCP_OPTIONS_NUMBER("mcp-startup-timeout", 0, MCP_OPTIONS_WEEK, 0,
	    "milliseconds",
	    "Time that an MCP server may take to start. 0 is "
	    "MCP_TIMEOUT of the environment, or 60 seconds."),

	{ .name = "mcp-statsd",
	  .type = OPTIONS_TABLE_STRING,
	  .scope = OPTIONS_TABLE_SERVER,
	  .default_str = "",
	  .text = "StatsD server that the figures of MCP are sent to: "
		  "udp://ADDRESS:PORT or unix:///path, and ?dogstatsd for "
		  "tags. Empty is none."
	},

	MCP_OPTIONS_NUMBER("mcp-timeout", 0, MCP_OPTIONS_WEEK, 0,
	    "milliseconds",
	    "Time that an MCP call may take in all. 0 is 60 seconds "
	    "without progress and 30 minutes in all."),

	MCP_OPTIONS_HOOK("mcp-breaker-changed",
	    "Run when an MCP server is left alone because it fails, and "
	    "when it is called again."),
	MCP_OPTIONS_HOOK("mcp-call-done",
	    "Run when an MCP call has ended well."),
	MCP_OPTIONS_HOOK("mcp-call-failed",
	    "Run when an MCP call has failed."),
	MCP_OPTIONS_HOOK("mcp-elicitation",
	    "Run when an MCP server asks the user something."),
	MCP_OPTIONS_HOOK("mcp-resource-updated",
	    "Run when an MCP resource that is subscribed to has "
	    "changed."),
	MCP_OPTIONS_HOOK("mcp-sampling",
	    "Run when an MCP server asks for the words of a model. "
	    "Servers are told that they may if this hook is set."),
	MCP_OPTIONS_HOOK("mcp-server-down",
	    "Run when an MCP server has gone."),
	MCP_OPTIONS_HOOK("mcp-server-up",
	    "Run when an MCP server is there."),
	MCP_OPTIONS_HOOK("mcp-tools-changed",
	    "Run when the tools of an MCP server have changed."),
