/*
 * A tiny harness: checks that say where they failed, and a client with its
 * loop on a private configuration.
 *
 * The environment names the scripted server (TMCP_TEST_SERVER) and a scratch
 * directory (TMCP_TEST_DIR); tests/c/run sets both.
 */

#ifndef HARNESS_H
#define HARNESS_H

#include <sys/types.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tmcp.h"

#define CHECK(what) do {						\
	if (!(what)) 							\
		check_failed(__FILE__, __LINE__, #what, NULL);		\
} while (0)
#define CHECK_INT(a, b) check_int(__FILE__, __LINE__, #a, (a), (b))
#define CHECK_STR(a, b) check_str(__FILE__, __LINE__, #a, (a), (b))
#define CHECK_HAS(a, b) check_has(__FILE__, __LINE__, #a, (a), (b))

struct test {
	const char	 *name;
	void		(*run)(void);
};

/* A client, its log, and what was seen while it was driven. */
struct rig {
	struct tmcp_client	*client;
	char			 config[1024];
	char			 log[1 << 16];
	size_t			 loglen;
	int			 reap;		/* waitpid(-1) in every turn */
	unsigned		 reaped;	/* exits that were the library's */
	unsigned		 strangers;	/* exits that were not */
	uint64_t		 forbidden;	/* an id whose events must not come */
	int			 unread;	/* leave texts of events alone */
	unsigned		 seen[10];	/* events by type */
	char			 last_text[10][1024];
};

extern const char *rig_overlay;

void	 check_failed(const char *, int, const char *, const char *)
	    __attribute__((noreturn));
void	 check_int(const char *, int, const char *, int64_t, int64_t);
void	 check_str(const char *, int, const char *, const char *, const char *);
void	 check_has(const char *, int, const char *, const char *, const char *);
int	 run_tests(const struct test *, size_t);
int64_t	 now_ms(void);

void	 write_config(const struct rig *, const char *);
void	 rig_start(struct rig *, const char *);
void	 rig_stop(struct rig *);
int	 rig_turn(struct rig *, int);
struct tmcp_event *rig_wait(struct rig *, uint32_t, uint64_t);
void rig_error_has(struct rig *, const char *);
struct tmcp_event *rig_call(struct rig *, const char *, const char *,
	    const char *, uint32_t, void *);
struct tmcp_event *rig_ready(struct rig *);
const char *one_server(const char *);

#endif /* HARNESS_H */
