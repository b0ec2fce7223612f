/*
 * tmcp: an MCP client inside somebody else's event loop.
 *
 * The drive loop. A client is one descriptor and one timeout. When the
 * descriptor is readable or the timeout has passed, call
 * tmcp_client_dispatch, pull events with tmcp_client_next_event until it
 * returns NULL, and ask tmcp_client_timeout_ms again. Ask for the timeout
 * after every other call on the client too: a new request changes it.
 * When dispatch returns 1, more is ready but the descriptor will not say
 * so: come back soon. Watch it level-triggered, as poll(2) does: it stays
 * readable until everything was looked at. Nothing ever blocks and nothing
 * calls back, except the log sink, which must not call into the library.
 *
 * Requests. tmcp_client_call and whatever else gives an id return at once
 * and end in exactly one DONE event that carries the caller's user_data,
 * unless tmcp_client_cancel said TMCP_RESULT_OK: then no event of that
 * request ever comes. A call is never run twice behind your back;
 * TMCP_RESULT_OUTCOME_UNKNOWN says that it may have run once.
 *
 * Large answers. What a getter makes of an answer of megabytes takes its
 * time. tmcp_event_prepare makes it beforehand, in pieces as short as the
 * host wants them.
 *
 * Questions. A server may ask a person something while it works: that is
 * a QUESTION event, to be answered with tmcp_client_answer sooner or later,
 * unless QUESTION_GONE comes first. A host that never answers declares no
 * TMCP_ABILITY; servers are then refused for it.
 *
 * Logins. A server may want to know who calls: requests then fail with a
 * sentence that says so. tmcp_client_login brings a LOGIN event with the page
 * for a person, and DONE when the token is there.
 *
 * Results. Functions return 0 or a positive answer, or a negative
 * enum tmcp_result. Outputs are last, and written only on success, but
 * for the lengths of tmcp_event_text and tmcp_event_json, which are always
 * set. tmcp_client_error has the sentence behind the number: lower case,
 * no full stop, ready to be shown. When a function returns -100 or less
 * the client is finished: stop watching its descriptor and free it;
 * requests under way will not complete. A bug in the library ends there,
 * and not in a signal.
 *
 * NULL. A NULL handle, or NULL where a pointer is required, is answered
 * with TMCP_RESULT_NULL, or with 0, false, NULL, -1 or "" by functions
 * that return no result. Freeing NULL does nothing. A client pointer that
 * was freed is answered with TMCP_RESULT_INVALID.
 *
 * Strings. In: UTF-8 with a NUL at the end; paths and environments may
 * hold any bytes. All input is copied. Out: UTF-8 with a NUL at the end
 * and none inside. Text of servers is passed on as it is, escape sequences
 * included: defuse it before it reaches a terminal. Functions with buf and
 * len copy what fits, always with a NUL when len is not 0, and tell the
 * full length.
 *
 * Structs that you fill start with a size. Set the struct to zeros and
 * size to its sizeof; zero is the default of every other field. Enums
 * cross as integers and are checked.
 *
 * Threads. Any thread may call on any client; calls on one client take
 * turns. After fork only the parent may use a client.
 *
 * Processes. The library starts servers with posix_spawn and never calls
 * fork. A host that reaps children it does not know (waitpid(-1, ...))
 * passes every exit to tmcp_client_child_exited; a host that does not need
 * do nothing. The host should ignore SIGPIPE. An import writes its file in a
 * thread that takes no signals and ends with it; there is no other.
 */

#ifndef TMCP_H
#define TMCP_H

/* Generated from ffi/src by ffi/header. Do not edit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version this header belongs to, as text. */
#define TMCP_VERSION "0.1.0"

/** The same as a number: 0x00MMmmpp. */
#define TMCP_VERSION_NUMBER 0x00000100u

/**
 * The tool says that it changes nothing (readOnlyHint is true).
 */
#define TMCP_HINT_READ_ONLY 1

/**
 * The tool says that it changes something (readOnlyHint is false).
 */
#define TMCP_HINT_NOT_READ_ONLY 2

/**
 * The tool says that it may destroy something (destructiveHint is true).
 */
#define TMCP_HINT_DESTRUCTIVE 4

/**
 * The tool says that it destroys nothing (destructiveHint is false).
 */
#define TMCP_HINT_NOT_DESTRUCTIVE 8

/**
 * A person should be asked before it runs: it says that it is destructive, or that it
 * is not read only and not whether it is destructive, which is true by MCP's default.
 * A tool that says neither is not counted, because most servers say nothing.
 */
#define TMCP_HINT_CONFIRM 16

/**
 * The server has declared what it has, in its last handshake: the bits for tools,
 * resources, prompts and completions count.
 */
#define TMCP_OFFERS_DECLARED 1

/**
 * It has tools.
 */
#define TMCP_OFFERS_TOOLS 2

/**
 * It has resources.
 */
#define TMCP_OFFERS_RESOURCES 4

/**
 * It has prompts.
 */
#define TMCP_OFFERS_PROMPTS 8

/**
 * It completes arguments.
 */
#define TMCP_OFFERS_COMPLETIONS 16

/**
 * Its tools are known by a list of this run or an earlier one.
 */
#define TMCP_OFFERS_TOOLS_LISTED 32

/**
 * No character but those of ASCII in tmcp_look.flags.
 */
#define TMCP_LOOK_ASCII 1

/**
 * Whether entries, sockets and commands are as they should be.
 */
#define TMCP_CHECK_SETUP 1

/**
 * How servers do.
 */
#define TMCP_CHECK_MONITORING 2

/**
 * Not text for people but a JSON array with an object for each line.
 */
#define TMCP_CHECK_JSON 4

/**
 * Somebody answers QUESTION events of forms and addresses.
 */
#define TMCP_ABILITY_ELICITATION 1

/**
 * tmcp_client_set_roots is kept up to date.
 */
#define TMCP_ABILITY_ROOTS 2

/**
 * Somebody answers QUESTION events that want a model's words.
 */
#define TMCP_ABILITY_SAMPLING 4

/**
 * How a call or a request went. Negative is an error; numbers are for ever.
 * When a function returns -100 or less the client is finished: only
 * tmcp_client_free is left, and requests under way will not complete any more.
 */
enum tmcp_result {
  /**
   * All is well.
   */
  TMCP_RESULT_OK = 0,
  /**
   * A required pointer was NULL.
   */
  TMCP_RESULT_NULL = -1,
  /**
   * A bad argument, an unknown server or tool, a bad configuration entry.
   * Correct it; repeating it is useless.
   */
  TMCP_RESULT_INVALID = -2,
  /**
   * The server's queue is full. Try again later.
   */
  TMCP_RESULT_BUSY = -3,
  /**
   * The deadline passed. The server may have run the call all the same.
   */
  TMCP_RESULT_TIMEOUT = -4,
  /**
   * The request was cancelled, by the host or by its shutdown.
   */
  TMCP_RESULT_CANCELLED = -5,
  /**
   * The server answered with a JSON-RPC error.
   */
  TMCP_RESULT_SERVER = -6,
  /**
   * The answer cannot be used: it is no valid message, or too long. The server has
   * run the request.
   */
  TMCP_RESULT_PROTOCOL = -7,
  /**
   * The server could not be reached or started, or went away before the
   * request can have run. Safe to repeat.
   */
  TMCP_RESULT_IO = -8,
  /**
   * The connection was lost after the request had left: it may have run.
   * The library never repeats it; look before you do.
   */
  TMCP_RESULT_OUTCOME_UNKNOWN = -9,
  /**
   * The client is shutting down.
   */
  TMCP_RESULT_CLOSED = -10,
  /**
   * The tool ran and reported an error of its own; text and JSON are there.
   */
  TMCP_RESULT_TOOL = -11,
  /**
   * No such request, server index or format key.
   */
  TMCP_RESULT_NOT_FOUND = -12,
  /**
   * An earlier call met a bug in this library; the client refuses work.
   */
  TMCP_RESULT_POISONED = -100,
  /**
   * This call met a bug in this library; the log has the details.
   */
  TMCP_RESULT_INTERNAL = -101,
};

/**
 * How loud the log is.
 */
enum tmcp_log_level {
  /**
   * Something failed.
   */
  TMCP_LOG_LEVEL_ERROR = 0,
  /**
   * Something is off, work goes on.
   */
  TMCP_LOG_LEVEL_WARNING = 1,
  /**
   * What a user would like to know.
   */
  TMCP_LOG_LEVEL_INFO = 2,
  /**
   * Everything.
   */
  TMCP_LOG_LEVEL_DEBUG = 3,
};

/**
 * A format of figures for monitoring systems.
 */
enum tmcp_metrics_format {
  /**
   * Text format 0.0.4 of Prometheus.
   */
  TMCP_METRICS_FORMAT_PROMETHEUS = 0,
  /**
   * OpenMetrics 1.0.
   */
  TMCP_METRICS_FORMAT_OPEN_METRICS = 1,
  /**
   * The log of the HdrHistogram libraries (V2), one interval a server; in microseconds.
   */
  TMCP_METRICS_FORMAT_HISTOGRAM_LOG = 2,
};

/**
 * What an event is about.
 */
enum tmcp_event_type {
  /**
   * A request ended: exactly once per request that was not cancelled.
   */
  TMCP_EVENT_TYPE_DONE = 1,
  /**
   * A server reported progress on a request.
   */
  TMCP_EVENT_TYPE_PROGRESS = 2,
  /**
   * The configuration was read; text: a line per problem that the one before did
   * not have, empty when there is none; tmcp_client_configuration has all.
   */
  TMCP_EVENT_TYPE_CONFIG_LOADED = 3,
  /**
   * The first connection to a server is usable.
   */
  TMCP_EVENT_TYPE_SERVER_UP = 4,
  /**
   * The last connection to a server was lost; text: why.
   */
  TMCP_EVENT_TYPE_SERVER_DOWN = 5,
  /**
   * A server said that its tools changed.
   */
  TMCP_EVENT_TYPE_TOOLS_CHANGED = 6,
  /**
   * A resource that is watched changed; text: its URI.
   */
  TMCP_EVENT_TYPE_RESOURCE_UPDATED = 7,
  /**
   * A server asks a person something; to be answered with
   * tmcp_client_answer.
   */
  TMCP_EVENT_TYPE_QUESTION = 8,
  /**
   * A question needs no answer any more; id: which.
   */
  TMCP_EVENT_TYPE_QUESTION_GONE = 9,
  /**
   * A login needs a person; id: the request of the login, url: the page.
   */
  TMCP_EVENT_TYPE_LOGIN = 10,
  /**
   * A server is left alone because it fails, or is called again; text:
   * "closed", "open" or "half-open".
   */
  TMCP_EVENT_TYPE_BREAKER = 11,
  /**
   * A tool call that an agent made by the socket of tmcp_client_listen has ended;
   * who: the agent, json: the arguments, text: why there is no result.
   */
  TMCP_EVENT_TYPE_AGENT_CALL = 12,
};

/**
 * What a server asks.
 */
enum tmcp_question {
  /**
   * Fields to be filled in.
   */
  TMCP_QUESTION_FORM = 1,
  /**
   * A page to be visited.
   */
  TMCP_QUESTION_URL = 2,
  /**
   * A model's words.
   */
  TMCP_QUESTION_SAMPLE = 3,
};

/**
 * What can be made of an answer in pieces.
 */
enum tmcp_want {
  /**
   * What tmcp_event_text gives.
   */
  TMCP_WANT_TEXT = 1,
  /**
   * What tmcp_event_table gives.
   */
  TMCP_WANT_TABLE = 2,
  /**
   * What tmcp_event_pretty gives.
   */
  TMCP_WANT_PRETTY = 3,
  /**
   * What tmcp_event_pointer gives.
   */
  TMCP_WANT_POINTER = 4,
  /**
   * What tmcp_event_blob gives.
   */
  TMCP_WANT_BLOBS = 5,
  /**
   * What tmcp_event_tool_text gives.
   */
  TMCP_WANT_TOOL_TEXT = 6,
  /**
   * What tmcp_event_tool_json gives.
   */
  TMCP_WANT_TOOL_JSON = 7,
};

/**
 * How a question is answered.
 */
enum tmcp_answer {
  /**
   * Yes, with what was asked for.
   */
  TMCP_ANSWER_ACCEPT = 1,
  /**
   * No.
   */
  TMCP_ANSWER_DECLINE = 2,
  /**
   * Neither: the question was dismissed.
   */
  TMCP_ANSWER_CANCEL = 3,
};

/**
 * What can be listed.
 */
enum tmcp_list {
  /**
   * Tools.
   */
  TMCP_LIST_TOOLS = 1,
  /**
   * Resources.
   */
  TMCP_LIST_RESOURCES = 2,
  /**
   * Templates of resources.
   */
  TMCP_LIST_RESOURCE_TEMPLATES = 3,
  /**
   * Prompts.
   */
  TMCP_LIST_PROMPTS = 4,
};

/**
 * What an argument to be completed belongs to.
 */
enum tmcp_reference {
  /**
   * A prompt, by its name.
   */
  TMCP_REFERENCE_PROMPT = 1,
  /**
   * A resource template, by its URI template.
   */
  TMCP_REFERENCE_TEMPLATE = 2,
};

/**
 * How servers are imported. Bits.
 */
enum tmcp_import_flag {
  /**
   * Nothing is written; the answer says what would become of each entry.
   */
  TMCP_IMPORT_FLAG_DRY = 1,
  /**
   * An entry takes the place of another one of its name.
   */
  TMCP_IMPORT_FLAG_REPLACE = 2,
};

/**
 * What is special about a call.
 */
enum tmcp_call_flag {
  /**
   * No person waits for it, as in a hook: while the server is left alone
   * because it fails, the call fails at once, with when to try again.
   */
  TMCP_CALL_FLAG_UNATTENDED = 1,
};

/**
 * In which form figures are shown.
 */
enum tmcp_form {
  /**
   * As tmcp_client_stats.
   */
  TMCP_FORM_REPORT = 1,
  /**
   * As tmcp_client_stats_full.
   */
  TMCP_FORM_FULL = 2,
  /**
   * As tmcp_client_stats_json; the member "shown" has the window.
   */
  TMCP_FORM_JSON = 3,
  /**
   * As tmcp_client_percentiles.
   */
  TMCP_FORM_PERCENTILES = 4,
  /**
   * How the latencies are spread, a bar for each 1, 2 and 5 times a power of ten.
   */
  TMCP_FORM_BARS = 5,
};

/**
 * A client: servers, their connections and the requests under way.
 *
 * Threads: any thread may call with the same client; calls take turns, and an
 * event goes to the thread that pulls it. A child made by fork must leave the
 * client alone.
 *
 * Methods: tmcp_client_new, tmcp_client_free; tmcp_client_fd,
 * tmcp_client_timeout_ms, tmcp_client_dispatch, tmcp_client_next_event to
 * drive it; tmcp_client_call, tmcp_client_list, tmcp_client_read_resource,
 * tmcp_client_get_prompt, tmcp_client_complete, tmcp_client_subscribe,
 * tmcp_client_wait_ready, tmcp_client_cancel to use it; tmcp_client_answer to
 * answer questions; tmcp_client_error to ask what went wrong.
 */
struct tmcp_client;

/**
 * Something that happened.
 *
 * Threads: any thread may ask, and several may ask at a time; nobody may ask
 * any more when one frees it.
 *
 * Methods: tmcp_client_next_event makes it, tmcp_event_free ends it;
 * tmcp_event_type says what it is about.
 */
struct tmcp_event;

/**
 * Rows of named cells, for listings, menus, prompts and filters. Columns may be
 * added by later versions, at the end.
 *
 * Threads: any thread may ask, and several may ask at a time; nobody may ask
 * any more when one frees it.
 *
 * Methods: tmcp_event_table, tmcp_client_tool_arguments,
 * tmcp_client_prompt_arguments, tmcp_client_jobs, tmcp_client_unknown and
 * tmcp_client_servers make it, tmcp_table_prepare makes it in pieces,
 * tmcp_table_free ends it.
 */
struct tmcp_table;

/**
 * Gets one line of the log. It must not call back into the library (such a
 * call is refused) and must return soon. The message has no newline and is
 * borrowed until the sink returns. Calls come from whichever thread is in a
 * tmcp function, one at a time.
 */
typedef void (*tmcp_log_fn)(void *arg, uint32_t level, const char *message);

/**
 * How a client is made. Set it to zeros, then size, then what you want: zero
 * is the default of every other field. Everything is copied.
 */
struct tmcp_options {
  /**
   * sizeof(struct tmcp_options).
   */
  size_t size;
  /**
   * Configuration; NULL or "": $CLAUDE_CONFIG_DIR/.claude.json, else
   * ~/.claude.json; "/dev/null": none.
   */
  const char *config_path;
  /**
   * A second file of the same shape that wins; NULL: ~/.config/tmux/mcp.json;
   * "/dev/null": none.
   */
  const char *overlay_path;
  /**
   * Where protocol verdicts are kept; NULL: $XDG_STATE_HOME/tmcp/eras.json;
   * "": nowhere.
   */
  const char *state_path;
  /**
   * Environment of servers and of ${VAR}, NULL-terminated; NULL: the
   * process's own.
   */
  const char *const *envp;
  /**
   * Told to servers; NULL: "tmcp".
   */
  const char *client_name;
  /**
   * Told to servers; NULL: the library's version.
   */
  const char *client_version;
  /**
   * Gets the log; NULL: nobody does.
   */
  tmcp_log_fn log;
  /**
   * Passed to log as it is.
   */
  void *log_arg;
  /**
   * enum tmcp_log_level.
   */
  uint32_t log_level;
};

/**
 * One argument of a call. This struct never grows.
 */
struct tmcp_pair {
  /**
   * Property name.
   */
  const char *key;
  /**
   * Its value.
   */
  const char *value;
  /**
   * The value is JSON; else it is a word, encoded by the tool's inputSchema.
   */
  bool is_json;
};

/**
 * A call of a tool. Set it to zeros, then size, then what you want.
 */
struct tmcp_call {
  /**
   * sizeof(struct tmcp_call).
   */
  size_t size;
  /**
   * Server name from the configuration.
   */
  const char *server;
  /**
   * Tool name.
   */
  const char *tool;
  /**
   * Arguments as a JSON object; NULL: pairs are used.
   */
  const char *json;
  /**
   * Bytes of json; 0: it is NUL-terminated.
   */
  size_t json_len;
  /**
   * Arguments by name, used when json is NULL.
   */
  const struct tmcp_pair *pairs;
  /**
   * How many. Without json and without pairs the call has no arguments.
   */
  size_t npairs;
  /**
   * The whole call, whatever happens; 0: as configured.
   */
  uint32_t timeout_ms;
  /**
   * Of enum tmcp_call_flag; 0: none.
   */
  uint32_t flags;
  /**
   * Comes back in the DONE event.
   */
  void *user_data;
  /**
   * Where the call is made: server means that of the nearest project at or above
   * it. NULL: server is a name of tmcp_client_find_server, or the user's.
   */
  const char *directory;
  /**
   * The "traceparent" of W3C Trace Context that the server is told; NULL: none.
   */
  const char *traceparent;
};

/**
 * A file to import servers from. Set it to zeros, then size, then what you want.
 */
struct tmcp_import {
  /**
   * sizeof(struct tmcp_import).
   */
  size_t size;
  /**
   * The file of the other client, absolute.
   */
  const char *path;
  /**
   * The entries that are wanted.
   */
  const char *const *names;
  /**
   * How many. 0: all.
   */
  size_t nnames;
  /**
   * Bits of enum tmcp_import_flag.
   */
  uint32_t flags;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * Comes back in the DONE event.
   */
  void *user_data;
};

/**
 * What figures are shown of, and how. Set it to zeros, then size, then what you want.
 */
struct tmcp_look {
  /**
   * sizeof(struct tmcp_look).
   */
  size_t size;
  /**
   * "1m", "5m", "15m" or "all", which is since the start and what NULL means.
   */
  const char *window;
  /**
   * As "50,90,99.9", for the forms that have any; NULL: "50,95,99,99.9".
   */
  const char *percentiles;
  /**
   * The width of a line of bars; 0: 80.
   */
  uint32_t columns;
  /**
   * TMCP_LOOK_ASCII or 0.
   */
  uint32_t flags;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that is running, as `TMCP_VERSION_NUMBER` has it
 * for the header: a host compares the two once at its start.
 *
 * Ownership: none.
 * NULL: takes no pointer.
 * Errors: none.
 * Lifetime: for ever.
 */
uint32_t tmcp_version_number(void);

/**
 * The version of the library that is running, as text ("0.1.0").
 *
 * Ownership: the library's; do not free it.
 * NULL: never returned.
 * Errors: none.
 * Lifetime: static.
 */
const char *tmcp_version(void);

/**
 * A few words for a result, for want of the sentence of tmcp_client_error or
 * tmcp_event_text.
 *
 * Ownership: the library's; do not free it.
 * NULL: never returned.
 * Errors: a number that is none of ours reads "unknown result".
 * Lifetime: static.
 */
const char *tmcp_result_text(int32_t result);

/**
 * Makes a client. The configuration is read by the first calls of
 * tmcp_client_dispatch; tool calls made before that wait for it.
 *
 * Ownership: *out is the caller's, to be given to tmcp_client_free.
 * NULL: options may be NULL (defaults); out must not be.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (a size that is none, an
 * unknown log level, text that is not UTF-8), TMCP_RESULT_IO (no descriptors
 * left), TMCP_RESULT_INTERNAL. tmcp_client_error(NULL, ...) says why.
 * Lifetime: options is copied; log and log_arg are used until
 * tmcp_client_free has returned.
 */
int32_t tmcp_client_new(const struct tmcp_options *options,
                        struct tmcp_client **out);

/**
 * Ends a client without waiting for anybody: closes connections, closes the
 * pipes of its servers and sends them SIGTERM. Requests under way get no
 * event. Allowed after every error; a client that another thread is using
 * ends when that call returns. In a child made by fork it releases nothing,
 * because what it would release is the parent's.
 *
 * Ownership: client is consumed; events pulled before stay valid.
 * NULL: does nothing. So does a client that was freed already.
 * Errors: none.
 * Lifetime: the log sink is not called any more once this has returned.
 */
void tmcp_client_free(struct tmcp_client *client);

/**
 * The descriptor to wait for. When it is readable, call tmcp_client_dispatch.
 * It stays the same as long as the client lives.
 *
 * Ownership: the client's; never read, write or close it.
 * NULL: -1.
 * Errors: -1 for what is no living client.
 * Lifetime: until tmcp_client_free.
 */
int tmcp_client_fd(const struct tmcp_client *client);

/**
 * How long to wait at most before the next tmcp_client_dispatch: -1 no limit,
 * 0 not at all. Ask again after every call on the client: each may change it.
 *
 * Ownership: none.
 * NULL: -1.
 * Errors: -1, because a finished client has nothing to wait for.
 * Lifetime: until the next call on the client.
 */
int32_t tmcp_client_timeout_ms(const struct tmcp_client *client);

/**
 * Does what is ready, for about budget_us microseconds (0: 2000), never
 * waiting. Returns 0 when nothing more is ready and 1 when more is: then call
 * again soon, because the descriptor will not say so. Pull the events after
 * each call.
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client, or called
 * from the log sink), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL. On any of
 * them stop watching the descriptor.
 * Lifetime: none.
 */
int32_t tmcp_client_dispatch(struct tmcp_client *client, uint32_t budget_us);

/**
 * The next event, oldest first.
 *
 * Ownership: the caller's, to be given to tmcp_event_free.
 * NULL: returned when there is no event, and for a NULL client.
 * Errors: NULL for a client that cannot be used.
 * Lifetime: until tmcp_event_free; it may outlive the client.
 */
struct tmcp_event *tmcp_client_next_event(struct tmcp_client *client);

/**
 * The tools that a server listed last, without asking it: an event as
 * tmcp_client_list ends in for TMCP_LIST_TOOLS, with the id 0 and no user_data.
 * The list may be one of an earlier run that the server allowed to be kept.
 *
 * Ownership: the caller's, to be given to tmcp_event_free.
 * NULL: client and server must not be NULL; NULL is returned when the server is
 * unknown, its tools were not listed yet, or the list is longer than 4 MiB.
 * Errors: NULL for a client that cannot be used.
 * Lifetime: until tmcp_event_free; it may outlive the client.
 */
struct tmcp_event *tmcp_client_known_tools(struct tmcp_client *client,
                                           const char *server);

/**
 * The sentence for this thread's last failed call, if that was on client:
 * lower case, no full stop. It stays until the next call that fails. Copies
 * as much as fits with a NUL and returns the full length, without the NUL.
 *
 * Ownership: buf is the caller's.
 * NULL: client NULL asks about tmcp_client_new; buf NULL only measures.
 * Errors: none; 0 and "" when nothing failed.
 * Lifetime: copied.
 */
size_t tmcp_client_error(const struct tmcp_client *client,
                         char *buf,
                         size_t len);

/**
 * Calls a tool. This may start a server or a connection, and waits for
 * neither; the rest happens in the dispatches that follow. The call ends in
 * exactly one DONE event with user_data, unless it is cancelled or the client
 * ends first.
 *
 * Ownership: user_data stays the caller's.
 * NULL: client, call, and in it server and tool, must not be NULL, nor the key
 * and value of a pair, nor pairs unless npairs is 0; id may be.
 * Errors: TMCP_RESULT_NULL; TMCP_RESULT_INVALID (a size that is none, flags,
 * text that is not UTF-8, arguments that are no JSON object, a wrong traceparent,
 * an unknown server); TMCP_RESULT_BUSY; TMCP_RESULT_CLOSED; TMCP_RESULT_POISONED;
 * TMCP_RESULT_INTERNAL. After an error no event comes.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_call(struct tmcp_client *client,
                         const struct tmcp_call *call,
                         uint64_t *id);

/**
 * Asks a server for its tools. The DONE event's text is a readable listing,
 * its JSON the array of tool definitions.
 *
 * Ownership: user_data stays the caller's.
 * NULL: client and server must not be NULL; id may be.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server),
 * TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
 * TMCP_RESULT_INTERNAL. After an error no event comes.
 * Lifetime: server is copied.
 */
int32_t tmcp_client_list_tools(struct tmcp_client *client,
                               const char *server,
                               uint32_t timeout_ms,
                               void *user_data,
                               uint64_t *id);

/**
 * Ends in a DONE event, TMCP_RESULT_OK, as soon as the configuration has been
 * read for the first time; at once if it has.
 *
 * Ownership: user_data stays the caller's.
 * NULL: client must not be NULL; id may be.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL. After an error no event comes.
 * Lifetime: none.
 */
int32_t tmcp_client_wait_ready(struct tmcp_client *client,
                               void *user_data,
                               uint64_t *id);

/**
 * Takes a request back. After TMCP_RESULT_OK no event of it comes any more,
 * its user_data may be released, and the server is told if it knew of it; it
 * may have run the call all the same.
 *
 * Ownership: user_data is the caller's alone from here on.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_NOT_FOUND (never existed, was cancelled, or its DONE
 * event was pulled), TMCP_RESULT_NULL, TMCP_RESULT_INVALID,
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: ids are never used twice.
 */
int32_t tmcp_client_cancel(struct tmcp_client *client, uint64_t id);

/**
 * Whether text is a traceparent by the rules of W3C Trace Context.
 *
 * Ownership: none.
 * NULL: false.
 * Errors: false for text that is not UTF-8.
 * Lifetime: none.
 */
bool tmcp_traceparent_valid(const char *text);

/**
 * Asks a server for what it has (enum tmcp_list). The DONE event's text is a
 * readable listing, its JSON the array of definitions; tmcp_event_table has one
 * row each.
 *
 * Ownership: user_data stays the caller's.
 * NULL: client and server must not be NULL; id may be.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server, no such list),
 * TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
 * TMCP_RESULT_INTERNAL. After an error no event comes.
 * Lifetime: server is copied.
 */
int32_t tmcp_client_list(struct tmcp_client *client,
                         const char *server,
                         uint32_t what,
                         uint32_t timeout_ms,
                         void *user_data,
                         uint64_t *id);

/**
 * Reads a resource. The DONE event's text is the text of its contents, blobs as
 * "[resource URI image/png 1234 bytes]"; tmcp_event_blob has their bytes.
 *
 * Ownership: user_data stays the caller's.
 * NULL: client, server and uri must not be NULL; id may be.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server),
 * TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
 * TMCP_RESULT_INTERNAL. After an error no event comes.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_read_resource(struct tmcp_client *client,
                                  const char *server,
                                  const char *uri,
                                  uint32_t timeout_ms,
                                  void *user_data,
                                  uint64_t *id);

/**
 * Expands a prompt; values are sent as text, whatever is_json says. The DONE
 * event's text is the text of the messages; when several roles speak, each
 * message of another than the user is preceded by its role: "assistant: ".
 *
 * Ownership: user_data stays the caller's.
 * NULL: client, server and name must not be NULL, nor the key and value of a
 * pair, nor pairs unless npairs is 0; id may be.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server),
 * TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
 * TMCP_RESULT_INTERNAL. After an error no event comes.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_get_prompt(struct tmcp_client *client,
                               const char *server,
                               const char *name,
                               const struct tmcp_pair *pairs,
                               size_t npairs,
                               uint32_t timeout_ms,
                               void *user_data,
                               uint64_t *id);

/**
 * Asks a server how an argument of a prompt or a resource template (enum
 * tmcp_reference) may go on after value; the pairs are arguments that have
 * their values already, sent as text, whatever is_json says. The DONE event's
 * text has one completion a line.
 *
 * Ownership: user_data stays the caller's.
 * NULL: client, server, name, argument and value must not be NULL, nor the key
 * and value of a pair, nor pairs unless npairs is 0; id may be.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server, no such
 * reference), TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
 * TMCP_RESULT_INTERNAL. After an error no event comes.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_complete(struct tmcp_client *client,
                             const char *server,
                             uint32_t reference,
                             const char *name,
                             const char *argument,
                             const char *value,
                             const struct tmcp_pair *pairs,
                             size_t npairs,
                             uint32_t timeout_ms,
                             void *user_data,
                             uint64_t *id);

/**
 * Watches a resource until tmcp_client_unsubscribe. DONE says that the server
 * agreed; from then on RESOURCE_UPDATED comes with every change.
 *
 * Ownership: user_data stays the caller's.
 * NULL: client, server and uri must not be NULL; id may be.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server),
 * TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
 * TMCP_RESULT_INTERNAL. After an error no event comes.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_subscribe(struct tmcp_client *client,
                              const char *server,
                              const char *uri,
                              uint32_t timeout_ms,
                              void *user_data,
                              uint64_t *id);

/**
 * No longer watches a resource.
 *
 * Ownership: none.
 * NULL: client, server and uri must not be NULL.
 * Errors: TMCP_RESULT_NOT_FOUND (it was not watched), TMCP_RESULT_NULL,
 * TMCP_RESULT_INVALID (unknown server), TMCP_RESULT_POISONED,
 * TMCP_RESULT_INTERNAL.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_unsubscribe(struct tmcp_client *client,
                                const char *server,
                                const char *uri);

/**
 * Starts or reaches a server that has no connection, so that the first call
 * finds it warm. It has no event of its own; SERVER_UP comes when it is.
 *
 * Ownership: none.
 * NULL: client and server must not be NULL.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server),
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: server is copied.
 */
int32_t tmcp_client_connect(struct tmcp_client *client, const char *server);

/**
 * Looks whether a tool would take a value for one of its arguments, without
 * asking the server.
 *
 * Ownership: none.
 * NULL: client, server, tool, key and value must not be NULL.
 * Errors: TMCP_RESULT_INVALID (it would not; tmcp_client_error says what is
 * wanted), TMCP_RESULT_NOT_FOUND (the server's tools were not listed yet, or
 * have none of that name), TMCP_RESULT_NULL, TMCP_RESULT_POISONED,
 * TMCP_RESULT_INTERNAL.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_check_argument(struct tmcp_client *client,
                                   const char *server,
                                   const char *tool,
                                   const char *key,
                                   const char *value,
                                   bool is_json);

/**
 * The arguments that tmcp_client_call would send for the pairs of this call: a
 * JSON object on one line. Of the struct only server, tool and pairs are used;
 * server is a name of tmcp_client_find_server. The server is not asked.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: client, call, out, and in call server and tool, must not be NULL, nor
 * the key and value of a pair, nor pairs unless npairs is 0.
 * Errors: TMCP_RESULT_INVALID (the arguments do not fit, tmcp_client_error says
 * why; a size that is none, flags, json or directory that are set),
 * TMCP_RESULT_NOT_FOUND (the server's tools were not listed yet, or have none of
 * that name), TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_client_encode_arguments(struct tmcp_client *client,
                                     const struct tmcp_call *call,
                                     char **out);

/**
 * Arguments for an editor: a JSON object on one line that has the pairs of this
 * call, as tmcp_client_encode_arguments encodes them, and then the arguments
 * that have a default or are required. A value that does not fit is there as a
 * string, a required value that is not known is empty ("", 0, false, [], {}).
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: as tmcp_client_encode_arguments.
 * Errors: as tmcp_client_encode_arguments, but for arguments that do not fit.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_client_draft_arguments(struct tmcp_client *client,
                                    const struct tmcp_call *call,
                                    char **out);

/**
 * JSON with line breaks and two blanks of indentation for each level down to
 * the 16th; deeper values share a line. Strings and numbers keep their bytes.
 * What is not JSON is copied from where it stops being JSON, so that a text that
 * was cut is laid out as well. A MiB takes some ms: of more give a part.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: TMCP_RESULT_NULL; nothing may be NULL. len 0: json is NUL-terminated.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (json is not UTF-8),
 * TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_json_pretty(const char *json,
                         size_t len,
                         char **out);

/**
 * Passes in an exit that the host learnt from waitpid. A host that reaps every
 * child (waitpid(WAIT_ANY, ...)) passes each one in; a host that reaps nothing
 * need not call this, the library then reaps its own. Returns 1 when the child
 * was the library's and 0 when it was not.
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: none.
 */
int32_t tmcp_client_child_exited(struct tmcp_client *client,
                                 int32_t pid,
                                 int32_t status);

/**
 * Reads the configuration again, in the dispatches that follow. A
 * CONFIG_LOADED event says when that is done and what was wrong. Servers that
 * did not change keep their connections.
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: none.
 */
int32_t tmcp_client_reload(struct tmcp_client *client);

/**
 * Names the configuration file. Takes effect with tmcp_client_reload.
 *
 * Ownership: none.
 * NULL: client must not be NULL; path NULL or "" is the default again.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: path is copied.
 */
int32_t tmcp_client_set_config_path(struct tmcp_client *client,
                                    const char *path);

/**
 * Replaces the environment that servers started from now on get and that
 * ${VAR} is taken from.
 *
 * Ownership: none.
 * NULL: client must not be NULL; envp NULL is the process's own.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: envp is copied.
 */
int32_t tmcp_client_set_env(struct tmcp_client *client,
                            const char *const *envp);

/**
 * Sets how loud the log is (enum tmcp_log_level).
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no such level, no living
 * client), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: none.
 */
int32_t tmcp_client_set_log_level(struct tmcp_client *client, uint32_t level);

/**
 * Sets a value for servers whose entry does not say: "pool-max-size",
 * "pool-idle-timeout", "max-in-flight", "timeout", "operation-timeout",
 * "retry-attempts", "retry-backoff", "startup-timeout", "max-answer",
 * "breaker-failures", "breaker-pause".
 *
 * Ownership: none.
 * NULL: client and name must not be NULL; value NULL is the built-in default
 * again.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no such name, or a value out
 * of range), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: name and value are copied.
 */
int32_t tmcp_client_set_default(struct tmcp_client *client,
                                const char *name,
                                const char *value);

/**
 * Looks whether configuration files have changed since they were read, those of
 * the projects at or above a directory among them, and reads those that have in
 * the dispatches that follow. Until then tmcp_client_ready is false, and
 * requests wait. Costs a stat of a few files. The directory stays the one for
 * which tmcp_client_servers and tmcp_client_stats show what is in force.
 *
 * Ownership: none.
 * NULL: client must not be NULL; directory NULL is none: the user's servers.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: directory is copied.
 */
int32_t tmcp_client_refresh(struct tmcp_client *client, const char *directory);

/**
 * The server that a person means by a name at a directory: the nearest one of
 * that name, or the only one it abbreviates. What is given back is the name by
 * which every other function finds that server; that of a project's server has
 * the directory behind an "@". Copies as much as fits with a NUL; *needed gets the
 * full length, without the NUL.
 *
 * Ownership: buf is the caller's.
 * NULL: client and name must not be NULL; directory NULL is none; buf NULL only
 * measures; needed may be NULL.
 * Errors: TMCP_RESULT_INVALID (no such server; tmcp_client_error says why the
 * entry is not used, where there is one, or which there are), TMCP_RESULT_NULL,
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: copied.
 */
int32_t tmcp_client_find_server(struct tmcp_client *client,
                                const char *directory,
                                const char *name,
                                char *buf,
                                size_t len,
                                size_t *needed);

/**
 * The tool that a person means by a name: the one of that name, or the only one
 * it abbreviates. server is a name of tmcp_client_find_server, whose tools were
 * listed. Copies as much as fits with a NUL; *needed gets the full length, without
 * the NUL.
 *
 * Ownership: buf is the caller's.
 * NULL: client, server and name must not be NULL; buf NULL only measures; needed
 * may be NULL.
 * Errors: TMCP_RESULT_INVALID (no such server or tool, or its tools were not
 * listed yet; tmcp_client_error says which there are and which may be meant),
 * TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: copied.
 */
int32_t tmcp_client_find_tool(struct tmcp_client *client,
                              const char *server,
                              const char *name,
                              char *buf,
                              size_t len,
                              size_t *needed);

/**
 * Which configuration files were read, and all that is wrong with them, in
 * lines. Returns 1 if there is something to mend, 0 if not.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: client and out must not be NULL.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_client_configuration(struct tmcp_client *client, char **out);

/**
 * Adds a server that stands in no file, or puts another entry in the place of
 * one that was added before; json is an entry as in mcpServers of a file. It is
 * in force everywhere and a reload keeps it. An entry of this name in the user's
 * files is hidden while it is there; that of a project is nearer in its
 * directory. "${VAR}" is expanded now. A CONFIG_LOADED event follows.
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_INVALID (an empty name, or an entry that cannot be used;
 * tmcp_client_error says why, and what was added before stays),
 * TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_add_server(struct tmcp_client *client,
                               const char *name,
                               const char *json);

/**
 * Removes a server that tmcp_client_add_server added. What is in flight is
 * finished or cancelled first, and an entry of its name in the files is in force
 * again.
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_NOT_FOUND (none of this name was added),
 * TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client, or text that is not
 * UTF-8), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: name is copied.
 */
int32_t tmcp_client_remove_server(struct tmcp_client *client,
                                  const char *name);

/**
 * Switches a server off or on in this client; no file is changed. While it is
 * off, calls to it fail with TMCP_RESULT_INVALID, tmcp_client_servers lists it
 * as "disabled", and its connections are closed as soon as what is in flight on
 * them has ended or was cancelled. A reload keeps that. A CONFIG_LOADED event
 * follows when something changed. Returns 1 if it did, 0 if the server was as
 * wanted already.
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_INVALID (no such server, or its entry is not used for
 * another reason, which tmcp_client_error says), TMCP_RESULT_BUSY (the
 * configuration is being read; see tmcp_client_ready), TMCP_RESULT_NULL,
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: server is copied.
 */
int32_t tmcp_client_set_enabled(struct tmcp_client *client,
                                const char *server,
                                bool enabled);

/**
 * Connects to a server anew, also when it is healthy: idle connections are
 * closed at once, the others when what is in flight on them has ended, and a new
 * one is opened without waiting for a pause between tries to end. Its tools have
 * to be listed again.
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_INVALID (no such server), TMCP_RESULT_NULL,
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: server is copied.
 */
int32_t tmcp_client_reconnect(struct tmcp_client *client,
                              const char *server);

/**
 * Writes the servers of another client's file into our own file, the overlay of
 * the client: Claude Code and Desktop, VS Code, Cursor, Copilot CLI, Codex (TOML),
 * Gemini CLI, Zed, Cline, opencode. The file is read in pieces in the dispatches
 * that follow, and ours is written in pieces, to another name first. All else in
 * it stays as it is, and when it cannot be read nothing is written.
 *
 * The DONE event's table has a row for each entry: name; outcome ("added",
 * "replaced", "same", "left out"); reason (why it was left out, or what of it has
 * no meaning here). Its text has a line for each. The configuration is read again.
 *
 * Ownership: user_data stays the caller's.
 * NULL: client, import and path must not be NULL, nor a name, nor names unless
 * nnames is 0; id may be.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (a size that is none, unknown
 * flags, the client has no file of our own), TMCP_RESULT_IO,
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL. After an error no event comes. In
 * the event: TMCP_RESULT_INVALID and TMCP_RESULT_IO, for a file that cannot be
 * read or written, with a sentence that names it and shows no value of it.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_import(struct tmcp_client *client,
                           const struct tmcp_import *import,
                           uint64_t *id);

/**
 * Logs in at a server that is reached by HTTP (MCP "Authorization"). A LOGIN event
 * brings the page that a person has to open (tmcp_event_url); when the person is
 * done, the browser is led back to a port of this host. The DONE event tells the
 * end: TMCP_RESULT_OK, and the token is kept in tokens.json beside the state file,
 * or TMCP_RESULT_IO with why there is none. A person has ten minutes. A login of
 * the server that goes on ends with TMCP_RESULT_CANCELLED. tmcp_client_cancel gives
 * it up.
 *
 * Ownership: user_data stays the caller's.
 * NULL: client and server must not be NULL; id may be.
 * Errors: TMCP_RESULT_INVALID (no such server, it has no login, tokens.json cannot
 * be used, or logins are not built in), TMCP_RESULT_IO (the system has no random
 * bytes), TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL. After an
 * error no event comes.
 * Lifetime: server is copied.
 */
int32_t tmcp_client_login(struct tmcp_client *client,
                          const char *server,
                          void *user_data,
                          uint64_t *id);

/**
 * Gives a login the address to which the browser was led back, whole or from its
 * "?" on: for a browser on another machine, where that address shows nothing.
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_INVALID (no such server, no page is open for a login of it,
 * or the address belongs to another login, which goes on waiting),
 * TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_login_answer(struct tmcp_client *client,
                                 const char *server,
                                 const char *address);

/**
 * Forgets the tokens of a server, in this client and in tokens.json. The DONE event
 * tells the end; TMCP_RESULT_INVALID in it: there were none.
 *
 * Ownership: user_data stays the caller's.
 * NULL: client and server must not be NULL; id may be.
 * Errors: as tmcp_client_login.
 * Lifetime: server is copied.
 */
int32_t tmcp_client_logout(struct tmcp_client *client,
                           const char *server,
                           void *user_data,
                           uint64_t *id);

/**
 * The hints of a tool, TMCP_HINT_READ_ONLY and the others, added up; 0 if it gives
 * none. *fingerprint gets a hash of its input schema, description and hints, by which
 * a host notices that a tool is not what it was when a person used it last; it is
 * of use in this client alone, and 0 if the definition is too long to be compared.
 * The definition is read anew each time, some microseconds for each KiB of it.
 *
 * Ownership: none.
 * NULL: client, server and tool must not be NULL; fingerprint may be NULL.
 * Errors: TMCP_RESULT_NOT_FOUND (the tools of the server were not listed yet, or
 * there is none of that name), TMCP_RESULT_INVALID (the entry of the server does
 * not allow the tool: tmcp_client_error names the rule and the file; or no living
 * client), TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: until the server lists its tools again.
 */
int32_t tmcp_client_tool_hints(struct tmcp_client *client,
                               const char *server,
                               const char *tool,
                               uint64_t *fingerprint);

/**
 * What a server has, TMCP_OFFERS_DECLARED and the others, added up; 0 if nothing is
 * known of it. No server is asked, and nothing is computed that is not in these bits.
 *
 * Ownership: none.
 * NULL: client and server must not be NULL.
 * Errors: TMCP_RESULT_INVALID (no such server, or no living client),
 * TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: until the next dispatch.
 */
int32_t tmcp_client_server_offers(struct tmcp_client *client,
                                  const char *server);

/**
 * Whether a configuration has been read, and none is being read now.
 *
 * Ownership: none.
 * NULL: false.
 * Errors: false for a client that cannot be used.
 * Lifetime: none.
 */
bool tmcp_client_ready(const struct tmcp_client *client);

/**
 * How many servers are configured.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for a client that cannot be used.
 * Lifetime: until the configuration is read again.
 */
size_t tmcp_client_server_count(const struct tmcp_client *client);

/**
 * The name of the index-th server, sorted by name. Copies as much as fits with
 * a NUL; *needed gets the full length, without the NUL.
 *
 * Ownership: buf is the caller's.
 * NULL: client must not be NULL; buf NULL only measures; needed may be NULL.
 * Errors: TMCP_RESULT_NOT_FOUND past the end, TMCP_RESULT_NULL,
 * TMCP_RESULT_INVALID (no living client), TMCP_RESULT_POISONED,
 * TMCP_RESULT_INTERNAL.
 * Lifetime: copied; the index holds until the configuration is read again.
 */
int32_t tmcp_client_server_name(const struct tmcp_client *client,
                                size_t index,
                                char *buf,
                                size_t len,
                                size_t *needed);

/**
 * The report on one server or on all, in lines: the fixed ones that people
 * search and watch, and no others.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: client and out must not be NULL; server NULL is all of them.
 * Errors: TMCP_RESULT_INVALID (unknown server, no living client),
 * TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_client_stats(struct tmcp_client *client,
                          const char *server,
                          char **out);

/**
 * The same with everything that is known, further lines at the end of the
 * section they belong to.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: client and out must not be NULL; server NULL is all of them.
 * Errors: TMCP_RESULT_INVALID (unknown server, no living client),
 * TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_client_stats_full(struct tmcp_client *client,
                               const char *server,
                               char **out);

/**
 * The figures of one server as a JSON object, or of all as an array of them: numbers
 * as numbers, units in the names, null for what is not known yet. docs/tmux.md has
 * the members; later versions may add some. percentiles are those of the latency, as
 * "50,90,99.9".
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: client and out must not be NULL; server NULL is all of them, percentiles
 * NULL is "50,95,99,99.9".
 * Errors: TMCP_RESULT_INVALID (unknown server, no percentiles, no living client),
 * TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_client_stats_json(struct tmcp_client *client,
                               const char *server,
                               const char *percentiles,
                               char **out);

/**
 * A line for one server or for each: its name, "calls" with how many are counted, and
 * the latency at each of percentiles, separated by tabs.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: client and out must not be NULL; server NULL is all of them, percentiles
 * NULL is "50,95,99,99.9".
 * Errors: TMCP_RESULT_INVALID (unknown server, no percentiles, no living client),
 * TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_client_percentiles(struct tmcp_client *client,
                                const char *server,
                                const char *percentiles,
                                char **out);

/**
 * Frees a string that the library gave away.
 *
 * Ownership: string is consumed.
 * NULL: does nothing.
 * Errors: none.
 * Lifetime: at most once per string, and only strings of tmcp_client_stats,
 * tmcp_client_stats_full, tmcp_client_stats_json, tmcp_client_percentiles,
 * tmcp_client_show, tmcp_client_check, tmcp_client_metrics, tmcp_event_pointer and
 * tmcp_event_pretty.
 */
void tmcp_string_free(char *string);

/**
 * One number or short text for a status line: "mcp_servers", "mcp_p95" of all
 * servers, "mcp_p95_NAME" of one, where NAME may have "_" for all but letters and
 * digits, "mcp_p95:NAME" of one by its exact name, and "mcp_figures" the keys
 * without a name, separated by spaces; docs/tmux.md has all
 * figures. Cheap, no input or output. Copies as much as fits with a NUL;
 * *needed gets the full length, without the NUL.
 *
 * Ownership: buf is the caller's.
 * NULL: client and key must not be NULL; buf NULL only measures; needed may be
 * NULL.
 * Errors: TMCP_RESULT_NOT_FOUND for an unknown key, TMCP_RESULT_NULL,
 * TMCP_RESULT_INVALID (key is not UTF-8, no living client),
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: copied.
 */
int32_t tmcp_client_format(const struct tmcp_client *client,
                           const char *key,
                           char *buf,
                           size_t len,
                           size_t *needed);

/**
 * The figures of one server or of all in a form (enum tmcp_form). Calls, latencies and
 * bytes are those of a window; what belongs to connections and the pool is since the start,
 * and so is all that tmcp_client_stats_full adds.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: client and out must not be NULL; server NULL is all of them, look NULL is
 * everything since the start.
 * Errors: TMCP_RESULT_INVALID (unknown server, no such form, window, percentiles or
 * flags, no living client), TMCP_RESULT_NULL, TMCP_RESULT_POISONED,
 * TMCP_RESULT_INTERNAL.
 * Lifetime: look is copied; *out until tmcp_string_free.
 */
int32_t tmcp_client_show(struct tmcp_client *client,
                         const char *server,
                         uint32_t form,
                         const struct tmcp_look *look,
                         char **out);

/**
 * Goes through checklists for one server or for all. A line passes, fails with advice,
 * or is not known, as when there were too few calls. lists is TMCP_CHECK_SETUP,
 * TMCP_CHECK_MONITORING or both, with TMCP_CHECK_JSON or without. Returns how many lines
 * failed, or an error. Looks at the files of 64 servers at most and waits for none.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: client and out must not be NULL; server NULL is all of them, and the
 * configuration files.
 * Errors: TMCP_RESULT_INVALID (unknown server, no list or an unknown bit, no living
 * client), TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_client_check(struct tmcp_client *client,
                          const char *server,
                          uint32_t lists,
                          char **out);

/**
 * The figures of the client and of all servers in a format of monitoring systems.
 * Durations are counted into the histograms of TMCP_METRICS_FORMAT_PROMETHEUS and
 * TMCP_METRICS_FORMAT_OPEN_METRICS from the first such text on, or from
 * tmcp_client_set_export. The text is made in one go: with many servers use an export.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: client and out must not be NULL.
 * Errors: TMCP_RESULT_INVALID (no such format, no living client), TMCP_RESULT_NULL,
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_client_metrics(struct tmcp_client *client,
                            uint32_t format,
                            char **out);

/**
 * Sets an export, which the dispatches that follow drive; value NULL or "" ends it.
 * The names, with docs/operations.md for the figures:
 * "label": the value of the label "client" of every sample, 256 bytes at most; by
 * default the client's name and the process id;
 * "metrics-file": the absolute path of a file for a textfile collector, ending in
 * ".prom"; it is removed when the client is freed;
 * "metrics-interval": how often it is written, 1 to 3600 seconds; by default 15;
 * "metrics-listen": where GET /metrics is answered: "unix:/path", or "127.0.0.1:PORT"
 * or another loopback address, that of IPv6 in brackets;
 * "statsd": "udp://ADDRESS:PORT" or "unix:///path", with "?dogstatsd" for tags and
 * "?interval=SECONDS" (1 to 600; by default 10), joined by "&".
 *
 * Ownership: none.
 * NULL: client and name must not be NULL; value NULL ends the export.
 * Errors: TMCP_RESULT_INVALID (no such export, a bad value, no living client),
 * TMCP_RESULT_IO (the address cannot be used), TMCP_RESULT_NULL,
 * TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL. The export is off after an error.
 * Lifetime: name and value are copied.
 */
int32_t tmcp_client_set_export(struct tmcp_client *client,
                               const char *name,
                               const char *value);

/**
 * What the event is about: enum tmcp_event_type.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no event.
 * Lifetime: none.
 */
uint32_t tmcp_event_type(const struct tmcp_event *event);

/**
 * The request that DONE, PROGRESS, LOGIN and AGENT_CALL are about, the question that QUESTION
 * and QUESTION_GONE are about; 0 for the others.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no event.
 * Lifetime: none.
 */
uint64_t tmcp_event_id(const struct tmcp_event *event);

/**
 * What the caller attached to the request that DONE, PROGRESS and LOGIN are about,
 * or that made the server ask the QUESTION.
 *
 * Ownership: the caller's, as ever; after DONE it does not come again.
 * NULL: NULL; also for events that are about no request.
 * Errors: NULL for what is no event.
 * Lifetime: the caller's affair.
 */
void *tmcp_event_user_data(const struct tmcp_event *event);

/**
 * How the request of a DONE or AGENT_CALL event went: enum tmcp_result.
 * TMCP_RESULT_OK for every other event.
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_INVALID for what is no event.
 * Lifetime: none.
 */
int32_t tmcp_event_result(const struct tmcp_event *event);

/**
 * The server the event is about; "" when it is about none.
 *
 * Ownership: the event's; do not free it.
 * NULL: ""; never returns NULL.
 * Errors: "" for what is no event.
 * Lifetime: until tmcp_event_free.
 */
const char *tmcp_event_server(const struct tmcp_event *event);

/**
 * The tool that was called, also when it asks a QUESTION; "" when none was.
 *
 * Ownership: the event's; do not free it.
 * NULL: ""; never returns NULL.
 * Errors: "" for what is no event.
 * Lifetime: until tmcp_event_free.
 */
const char *tmcp_event_tool(const struct tmcp_event *event);

/**
 * The event for people. DONE of a call: the joined text of the result, images
 * and the like as "[image image/png 1234 bytes]", or the sentence of the
 * error; of other requests: what their functions say. PROGRESS and QUESTION:
 * the server's words. CONFIG_LOADED: a line per problem. SERVER_DOWN: why.
 * RESOURCE_UPDATED: the URI. UTF-8 as the server sent it, control characters
 * included; *len counts the bytes without the NUL behind them.
 *
 * Ownership: the event's; do not free it.
 * NULL: "" with *len 0; never returns NULL; len may be NULL.
 * Errors: "" with *len 0 for what is no event.
 * Lifetime: until tmcp_event_free.
 */
const char *tmcp_event_text(struct tmcp_event *event, size_t *len);

/**
 * The server's answer as it came: the result object of a call, the array of
 * a list, the error object when it answered with an error; of a QUESTION the
 * schema of its form, or the parameters of its sample; of an AGENT_CALL the
 * arguments, if they have 64 KiB at most. "" when there is none.
 * *len counts the bytes without the NUL behind them.
 *
 * Ownership: the event's; do not free it.
 * NULL: "" with *len 0; never returns NULL; len may be NULL.
 * Errors: "" with *len 0 for what is no event.
 * Lifetime: until tmcp_event_free.
 */
const char *tmcp_event_json(const struct tmcp_event *event, size_t *len);

/**
 * How long the request of a DONE or AGENT_CALL event took, from the call to its
 * end, in microseconds.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no event or about no request that ended.
 * Lifetime: none.
 */
uint64_t tmcp_event_elapsed_us(const struct tmcp_event *event);

/**
 * How far the request of a PROGRESS event has come, 0 to 1; negative when the
 * server did not say where it ends.
 *
 * Ownership: none.
 * NULL: negative.
 * Errors: negative for what is no event or not PROGRESS.
 * Lifetime: none.
 */
double tmcp_event_progress(const struct tmcp_event *event);

/**
 * Frees an event and everything borrowed from it.
 *
 * Ownership: event is consumed.
 * NULL: does nothing.
 * Errors: none; what is no event is left alone.
 * Lifetime: at most once per event.
 */
void tmcp_event_free(struct tmcp_event *event);

/**
 * Goes on making a table for about budget_us microseconds, 0 for the default of
 * 500. The schema of a tool may take milliseconds to look through: a host that
 * has a loop prepares the table of its arguments turn by turn, and a getter of a
 * table that is not prepared makes all of it at once.
 *
 * Returns 1 when there is more to do: call again soon. Returns 0 when the table
 * is whole.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: TMCP_RESULT_INVALID for what is no table, TMCP_RESULT_INTERNAL.
 * Lifetime: none.
 */
int32_t tmcp_table_prepare(const struct tmcp_table *table,
                           uint32_t budget_us);

/**
 * How many rows there are.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no table.
 * Lifetime: none.
 */
size_t tmcp_table_rows(const struct tmcp_table *table);

/**
 * How many columns there are.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no table.
 * Lifetime: none.
 */
size_t tmcp_table_columns(const struct tmcp_table *table);

/**
 * The name of a column; "" past the end.
 *
 * Ownership: the table's; do not free it.
 * NULL: ""; never returns NULL.
 * Errors: "" for what is no table.
 * Lifetime: until tmcp_table_free.
 */
const char *tmcp_table_column(const struct tmcp_table *table, size_t column);

/**
 * A cell by position; "" past the end. UTF-8 as the server sent it, control
 * characters included.
 *
 * Ownership: the table's; do not free it.
 * NULL: ""; never returns NULL.
 * Errors: "" for what is no table.
 * Lifetime: until tmcp_table_free.
 */
const char *tmcp_table_cell(const struct tmcp_table *table,
                            size_t row,
                            size_t column);

/**
 * A cell by the name of its column; "" past the end and for a column that does
 * not exist. UTF-8 as the server sent it, control characters included.
 *
 * Ownership: the table's; do not free it.
 * NULL: ""; never returns NULL.
 * Errors: "" for what is no table.
 * Lifetime: until tmcp_table_free.
 */
const char *tmcp_table_get(const struct tmcp_table *table,
                           size_t row,
                           const char *column);

/**
 * Frees a table and everything borrowed from it.
 *
 * Ownership: table is consumed.
 * NULL: does nothing.
 * Errors: none; what is no table is left alone.
 * Lifetime: at most once per table.
 */
void tmcp_table_free(struct tmcp_table *table);

/**
 * The arguments of a tool, to be made by tmcp_table_prepare: one row each,
 * required ones first, else in the server's order: name type required default
 * choices description title minimum maximum format multiple choice_titles shape open secret choice_values item.
 * Members of an object have rows of their own, named like address.street. type
 * is a type of JSON Schema, or several joined by " or "; required, multiple,
 * open and secret are "1" or ""; choices, choice_titles and choice_values have
 * one a line: the word, the title ("" when no choice has one) and the JSON of
 * each; open is "1" when other values are taken as well; secret is "1" for what
 * must not be seen while it is typed; multiple is "1" for an array of choices;
 * item is the type of an array's items; minimum and maximum are of the length
 * when the type is string; shape is an outline of the JSON that a list or an
 * object wants, such as {"name": string, "age"?: number}, "" when no more is
 * known than the type.
 *
 * Ownership: the caller's, to be given to tmcp_table_free.
 * NULL: client, server and tool must not be NULL; NULL is returned when the
 * server's tools were not listed yet, or have none of that name.
 * Errors: NULL; tmcp_client_error says why.
 * Lifetime: until tmcp_table_free; it may outlive the client.
 */
struct tmcp_table *tmcp_client_tool_arguments(struct tmcp_client *client,
                                              const char *server,
                                              const char *tool);

/**
 * The requests that have not ended, oldest first: id server tool state age_us
 * progress message who. tool is the method when no tool was called; state is
 * "waiting", "running" or "asking"; progress is a whole percentage, "" when it
 * is not known; who is the agent that asked (tmcp_client_listen), "" for requests
 * of the host.
 *
 * Ownership: the caller's, to be given to tmcp_table_free.
 * NULL: NULL.
 * Errors: NULL for a client that cannot be used.
 * Lifetime: until tmcp_table_free; it may outlive the client.
 */
struct tmcp_table *tmcp_client_jobs(struct tmcp_client *client);

/**
 * The last calls that may have run and of which nobody knows, at most 100, the
 * oldest first: id server tool ago_us elapsed_us message. They are never
 * repeated by themselves.
 *
 * Ownership: the caller's, to be given to tmcp_table_free.
 * NULL: NULL.
 * Errors: NULL for a client that cannot be used.
 * Lifetime: until tmcp_table_free; it may outlive the client.
 */
struct tmcp_table *tmcp_client_unknown(struct tmcp_client *client);

/**
 * The servers, sorted by name: name state transport status socket_path inflight
 * queued calls errors p50 p95 p99 p999 avg rate hit_rate tools last_error
 * spark offers scope id reason here. They are those in force at the directory of
 * the last tmcp_client_refresh, with here "1", and those of other projects that
 * are in use. id is the name by which functions find a server, "" for an entry
 * that is not used, whose state and reason say why; scope is "user", or "local" or
 * "project" and a directory. state is one word as in the format key, status is as in the
 * report, tools is a count, "" when they were not listed yet; numbers that are
 * not known are "-". offers are the words of what the server declared (tools
 * resources prompts completions), "" before its first handshake.
 *
 * Ownership: the caller's, to be given to tmcp_table_free.
 * NULL: NULL.
 * Errors: NULL for a client that cannot be used.
 * Lifetime: until tmcp_table_free; it may outlive the client.
 */
struct tmcp_table *tmcp_client_servers(struct tmcp_client *client);

/**
 * What an event lists, one row each. DONE of a list of tools: name title
 * description read_only destructive idempotent arguments required tasks; of
 * resources: uri name title description mime size; of resource templates:
 * uri_template name title description mime; of prompts: name title description
 * arguments. A flag is "1" or "", several names are separated by blanks; tasks is
 * execution.taskSupport as the server says it: this library runs no tool as a
 * task, so a tool with "required" cannot be called. DONE of
 * a resource that was read: uri mime size text; text is "" where size counts the
 * bytes of a blob. DONE of a completion: value.
 * QUESTION of a form: its fields, as tmcp_client_tool_arguments has them.
 *
 * Ownership: the caller's, to be given to tmcp_table_free.
 * NULL: NULL; also for events that list nothing.
 * Errors: NULL for what is no event.
 * Lifetime: until tmcp_table_free; it may outlive the event.
 */
struct tmcp_table *tmcp_event_table(const struct tmcp_event *event);

/**
 * The arguments of a prompt, from the DONE event of a list of prompts: name
 * required description title.
 *
 * Ownership: the caller's, to be given to tmcp_table_free.
 * NULL: list_event and prompt must not be NULL; NULL is returned when there is
 * no such prompt.
 * Errors: NULL for what is no event, or none of a list of prompts.
 * Lifetime: until tmcp_table_free; it may outlive the event.
 */
struct tmcp_table *tmcp_client_prompt_arguments(const struct tmcp_event *list_event,
                                                const char *prompt);

/**
 * How many images, sounds and blobs the answer of a DONE event has.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no event, and for events without an answer.
 * Lifetime: none.
 */
size_t tmcp_event_blob_count(const struct tmcp_event *event);

/**
 * The bytes of the index-th image, sound or blob of a DONE event's answer;
 * *mime is the type the server gave, or "". Decoded when it is first asked for.
 *
 * Ownership: the event's; do not free it.
 * NULL: NULL; mime and size may be NULL.
 * Errors: NULL past the end and for what is no event; then *mime and *size are
 * left alone.
 * Lifetime: until tmcp_event_free.
 */
const uint8_t *tmcp_event_blob(const struct tmcp_event *event,
                               size_t index,
                               const char **mime,
                               size_t *size);

/**
 * Picks a part of a DONE event's answer by a JSON Pointer ("/content/0/text"; ""
 * is all of it): a string bare, anything else as compact JSON. The root is the
 * answer as tmcp_event_json has it. What is not there is looked for in its
 * structuredContent ("/rows/0/name"), and then in its text, should that be JSON.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: TMCP_RESULT_NULL; nothing may be NULL.
 * Errors: TMCP_RESULT_NOT_FOUND (no such part, or no answer),
 * TMCP_RESULT_INVALID (what is no event, or a pointer that is not UTF-8),
 * TMCP_RESULT_NULL, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_event_pointer(const struct tmcp_event *event,
                           const char *pointer,
                           char **out);

/**
 * A DONE event's data with line breaks and indentation: the result's
 * structuredContent; without one its text, should that be JSON; else the answer
 * as tmcp_event_json has it.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: TMCP_RESULT_NULL; nothing may be NULL.
 * Errors: TMCP_RESULT_NOT_FOUND (no answer), TMCP_RESULT_INVALID (what is no
 * event), TMCP_RESULT_NULL, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_event_pretty(const struct tmcp_event *event, char **out);

/**
 * Everything about one tool of the DONE event of a list of tools, as text for
 * people: title, description, annotations, arguments with their members, result.
 * The name is written in full; tmcp_client_find_tool completes it.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: TMCP_RESULT_NULL; nothing may be NULL.
 * Errors: TMCP_RESULT_NOT_FOUND (no such tool, or no list of tools),
 * TMCP_RESULT_INVALID (what is no event, or a name that is not UTF-8),
 * TMCP_RESULT_NULL, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_event_tool_text(const struct tmcp_event *list_event,
                             const char *tool,
                             char **out);

/**
 * The definition of one tool of the DONE event of a list of tools, byte by byte
 * as the server sent it. The name is written in full.
 *
 * Ownership: *out is the caller's, to be given to tmcp_string_free.
 * NULL: TMCP_RESULT_NULL; nothing may be NULL.
 * Errors: TMCP_RESULT_NOT_FOUND (no such tool, or no list of tools),
 * TMCP_RESULT_INVALID (what is no event, or a name that is not UTF-8),
 * TMCP_RESULT_NULL, TMCP_RESULT_INTERNAL.
 * Lifetime: *out until tmcp_string_free.
 */
int32_t tmcp_event_tool_json(const struct tmcp_event *list_event,
                             const char *tool,
                             char **out);

/**
 * Makes what a getter of the event will give, for about budget_us microseconds,
 * 0 for the default of 500. An answer may have 16 MiB, and a getter that is asked
 * without makes all of it at once. want is an enum tmcp_want. pointer is the
 * JSON Pointer that TMCP_WANT_POINTER is about, or the name of the tool for
 * TMCP_WANT_TOOL_TEXT and TMCP_WANT_TOOL_JSON, and NULL for the others.
 *
 * Returns 1 when there is more to do: call again soon. Returns 0 when the getter
 * has what it gives, also when that is nothing or an error.
 *
 * Text and blobs stay with the event. A table, pretty data or a part is kept
 * until its getter gives it away; asked a second time the getter makes it anew.
 * One part, and one tool, is kept at a time: another pointer takes its place.
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL; pointer must not be NULL for TMCP_WANT_POINTER,
 * TMCP_WANT_TOOL_TEXT and TMCP_WANT_TOOL_JSON.
 * Errors: TMCP_RESULT_INVALID (what is no event, an unknown want, a pointer that
 * is not UTF-8), TMCP_RESULT_NULL, TMCP_RESULT_INTERNAL.
 * Lifetime: none.
 */
int32_t tmcp_event_prepare(struct tmcp_event *event,
                           uint32_t want,
                           const char *pointer,
                           uint32_t budget_us);

/**
 * What a QUESTION asks: enum tmcp_question; 0 for every other event.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no event.
 * Lifetime: none.
 */
uint32_t tmcp_event_question(const struct tmcp_event *event);

/**
 * The request that made the server ask the QUESTION; 0 when that is not known
 * and for every other event.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no event.
 * Lifetime: none.
 */
uint64_t tmcp_event_request(const struct tmcp_event *event);

/**
 * The whole address that a QUESTION of kind TMCP_QUESTION_URL or a LOGIN wants
 * visited; "" for every other event. Nobody but the person may decide to open it.
 *
 * Ownership: the event's; do not free it.
 * NULL: ""; never returns NULL.
 * Errors: "" for what is no event.
 * Lifetime: until tmcp_event_free.
 */
const char *tmcp_event_url(const struct tmcp_event *event);

/**
 * Whether the form of an open question takes this value for the field key;
 * is_json: as in tmcp_pair. Nothing is sent.
 *
 * Ownership: none.
 * NULL: client, key and value must not be NULL.
 * Errors: TMCP_RESULT_INVALID (it does not; tmcp_client_error says what is
 * wanted), TMCP_RESULT_NOT_FOUND (the question is not open any more),
 * TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_check_answer(struct tmcp_client *client,
                                 uint64_t question,
                                 const char *key,
                                 const char *value,
                                 bool is_json);

/**
 * Answers a question (enum tmcp_answer). With TMCP_ANSWER_ACCEPT a form takes
 * its fields as pairs, or its content as json; a sample takes a
 * CreateMessageResult as json; an address takes neither. Pairs and json are
 * ignored otherwise.
 *
 * Ownership: none.
 * NULL: client must not be NULL, nor the key and value of a pair, nor pairs
 * unless npairs is 0; json NULL: pairs are used.
 * Errors: TMCP_RESULT_NOT_FOUND (it is not open any more); TMCP_RESULT_INVALID
 * (no such answer, or it does not fit: the question stays open);
 * TMCP_RESULT_NULL; TMCP_RESULT_POISONED; TMCP_RESULT_INTERNAL.
 * Lifetime: everything is copied.
 */
int32_t tmcp_client_answer(struct tmcp_client *client,
                           uint64_t question,
                           uint32_t answer,
                           const struct tmcp_pair *pairs,
                           size_t npairs,
                           const char *json);

/**
 * Says what the host can do for servers: TMCP_ABILITY_ELICITATION,
 * TMCP_ABILITY_ROOTS, TMCP_ABILITY_SAMPLING, added up; 0 at the start. Servers
 * learn it with the next handshake or request; what they ask beyond it is
 * refused for the host.
 *
 * Ownership: none.
 * NULL: TMCP_RESULT_NULL.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (an unknown ability, no living
 * client), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: none.
 */
int32_t tmcp_client_set_abilities(struct tmcp_client *client,
                                  uint32_t abilities);

/**
 * Sets the roots that servers are told when they ask: URIs of directories,
 * NULL-terminated.
 *
 * Ownership: none.
 * NULL: client must not be NULL; uris NULL is none.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (text that is not UTF-8, no
 * living client), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: uris is copied.
 */
int32_t tmcp_client_set_roots(struct tmcp_client *client,
                              const char *const *uris);

/**
 * Listens for agents on a Unix socket at path, or no longer. Its directory is made
 * with mode 0700, or must be ours with that mode; the socket has mode 0600. An agent
 * (tmcp-bridge connect NAME) names a server and speaks MCP from then on. Its calls
 * share the queue, the connections and the figures of the server with those of the
 * host; each ends in an AGENT_CALL event. Agents of another path are let go, and
 * their calls cancelled.
 *
 * Ownership: none.
 * NULL: client must not be NULL; path NULL or "" ends listening.
 * Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client, a path that is
 * relative or too long), TMCP_RESULT_IO (the system or the directory does not let us
 * listen there; nobody listens then), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
 * Lifetime: path is copied. The socket is removed by tmcp_client_free.
 */
int32_t tmcp_client_listen(struct tmcp_client *client,
                           const char *path);

/**
 * Who made the call of an AGENT_CALL event, for a person: the process at the other
 * end of the socket, and the name and version that the agent gave; "" for every
 * other event.
 *
 * Ownership: the event's; do not free it.
 * NULL: ""; never returns NULL.
 * Errors: "" for what is no event.
 * Lifetime: until tmcp_event_free.
 */
const char *tmcp_event_who(const struct tmcp_event *event);

/**
 * The bytes of the result of an AGENT_CALL event, which only the agent gets; 0 for
 * every other event.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no event.
 * Lifetime: none.
 */
size_t tmcp_event_size(const struct tmcp_event *event);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TMCP_H */
