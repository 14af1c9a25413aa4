/* SPDX-License-Identifier: MIT */
/*
 * What an error of a Redis server means for who has sent the command: one table.
 */
#ifndef PLUGINS_REDIS_REFUSAL_H
#define PLUGINS_REDIS_REFUSAL_H

#include "common/span.h"
#include "plugins/relay.h"

enum refusal {
	REFUSAL_NONE = 0,
	REFUSAL_LOST,	   /* no error: the connection broke, or was never there */
	REFUSAL_PASSES,	   /* by itself: the same again, later */
	REFUSAL_ELSEWHERE, /* another one may be master by now: connect anew, ask the sentinels */
	REFUSAL_MOVED,	   /* the error names the server to go to */
	REFUSAL_SETTINGS,  /* not before an operator has changed something here or there */
	REFUSAL_RECORD,	   /* never, with these records */
	REFUSAL_KEY,	   /* as REFUSAL_SETTINGS, for this key */
	REFUSAL_OLD_ID,	   /* a stream has this id, or a greater one, already */
};

/* Why something did not work. */
struct failure {
	enum refusal kind; /* REFUSAL_NONE: it did */
	char reason[RELAY_REASON];
};

struct refusal_row {
	const char *start; /* of the server's words */
	enum refusal kind;
	const char *remedy; /* what the operator can do or expect; NULL: the words say it */
};

/* Of an error without the "-" in front of it. Never NULL. */
const struct refusal_row *refusal_find(struct span error);

/* The failure that an error is: the server's words, fit for a log, and the remedy. */
struct failure refusal_failure(struct span error);

/*
 * The same of an error in answer to a command that held a password (NULL: none): a server that does
 * not know AUTH by that name repeats what it was given, and a reason is for many eyes.
 */
struct failure refusal_failure_without(struct span error, const char *password);

struct failure failure_of(enum refusal kind, const char *format, ...) RELAY_PRINTF_LIKE(2, 3);

/*
 * Where "MOVED 3999 127.0.0.1:6381" points to. *ret_host is a part of `error`, empty when it is the
 * host that has said so. False: it does not look like that.
 */
bool refusal_moved_to(struct span error, struct span *ret_host, uint16_t *ret_port);

#endif
