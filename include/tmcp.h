/*
 * tmcp: an MCP client inside somebody else's event loop.
 *
 * The drive loop. A client is one descriptor and one timeout. When the
 * descriptor is readable or the timeout has passed, call
 * tmcp_client_dispatch, pull events with tmcp_client_next_event until it
 * returns NULL, and ask tmcp_client_timeout_ms again. Ask for the timeout
 * after every other call on the client too: a new request changes it.
 * When dispatch returns 1, more is ready but the descriptor will not say
 * so: come back soon. Nothing ever blocks and nothing calls back, except
 * the log sink, which must not call into the library.
 *
 * Requests. tmcp_client_call, tmcp_client_list_tools and
 * tmcp_client_wait_ready return an id at once and end in exactly one DONE
 * event that carries the caller's user_data, unless tmcp_client_cancel
 * said TMCP_RESULT_OK: then no event of that request ever comes. A call
 * is never run twice behind your back; TMCP_RESULT_OUTCOME_UNKNOWN says
 * that it may have run once.
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
 * do nothing. The host should ignore SIGPIPE.
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
   * The server broke the protocol; that connection is closed.
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
   * The configuration was read; text: a line per problem, empty when all is
   * well.
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
 * drive it; tmcp_client_call, tmcp_client_list_tools, tmcp_client_wait_ready,
 * tmcp_client_cancel to use it; tmcp_client_error to ask what went wrong.
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
   * ~/.claude.json.
   */
  const char *config_path;
  /**
   * A second file of the same shape that wins; NULL: ~/.config/tmux/mcp.json.
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
   * None yet, must be 0.
   */
  uint32_t flags;
  /**
   * Comes back in the DONE event.
   */
  void *user_data;
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
 * text that is not UTF-8, arguments that are no JSON object, an unknown
 * server); TMCP_RESULT_BUSY; TMCP_RESULT_CLOSED; TMCP_RESULT_POISONED;
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
 * "retry-attempts", "retry-backoff".
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
 * Whether the configuration has been read for the first time.
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
 * The report on one server or on all, in lines.
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
 * Frees a string that the library gave away.
 *
 * Ownership: string is consumed.
 * NULL: does nothing.
 * Errors: none.
 * Lifetime: at most once per string, and only strings of tmcp_client_stats.
 */
void tmcp_string_free(char *string);

/**
 * One number or word for a status line: "mcp_servers", "mcp_inflight",
 * "mcp_p95_NAME" and the like. Cheap, no input or output. Copies as much as
 * fits with a NUL; *needed gets the full length, without the NUL.
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
 * What the event is about: enum tmcp_event_type.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no event.
 * Lifetime: none.
 */
uint32_t tmcp_event_type(const struct tmcp_event *event);

/**
 * The request that DONE and PROGRESS are about; 0 for the others.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no event.
 * Lifetime: none.
 */
uint64_t tmcp_event_id(const struct tmcp_event *event);

/**
 * What the caller attached to the request that DONE and PROGRESS are about.
 *
 * Ownership: the caller's, as ever; after DONE it does not come again.
 * NULL: NULL; also for events that are about no request.
 * Errors: NULL for what is no event.
 * Lifetime: the caller's affair.
 */
void *tmcp_event_user_data(const struct tmcp_event *event);

/**
 * How the request of a DONE event went: enum tmcp_result. TMCP_RESULT_OK for
 * every other event.
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
 * The tool that was called; "" when none was.
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
 * error; of tmcp_client_list_tools: a readable listing. PROGRESS: the server's
 * message. CONFIG_LOADED: a line per problem. SERVER_DOWN: why. UTF-8 as the
 * server sent it, control characters included; *len counts the bytes without
 * the NUL behind them.
 *
 * Ownership: the event's; do not free it.
 * NULL: "" with *len 0; never returns NULL; len may be NULL.
 * Errors: "" with *len 0 for what is no event.
 * Lifetime: until tmcp_event_free.
 */
const char *tmcp_event_text(struct tmcp_event *event, size_t *len);

/**
 * The server's answer as it came: the result object of a call, the array of
 * tool definitions. "" when there is none. *len counts the bytes without the
 * NUL behind them.
 *
 * Ownership: the event's; do not free it.
 * NULL: "" with *len 0; never returns NULL; len may be NULL.
 * Errors: "" with *len 0 for what is no event.
 * Lifetime: until tmcp_event_free.
 */
const char *tmcp_event_json(const struct tmcp_event *event, size_t *len);

/**
 * How long the request of a DONE event took, from the call to its end, in
 * microseconds.
 *
 * Ownership: none.
 * NULL: 0.
 * Errors: 0 for what is no event or not DONE.
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

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TMCP_H */
