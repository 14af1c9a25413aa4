/* SPDX-License-Identifier: MIT */
/*
 * What no attempt will ever deliver, kept for people: a file of JSON lines, one for each record,
 * with the reason. When it has grown to its bound it is renamed to "PATH.1" and a new one begun.
 *
 *     {"time":"...","output":"logstash","reason":"...","id":"...","topic":"...","record":"..."}
 *
 * A record that is no UTF-8 text stands as base64 under "record_base64". The log is told of the
 * first, and then every ten seconds at most of how many there are: a server that refuses all it is
 * given must not fill it. Belongs to one thread.
 */
#ifndef GATEWAY_PLUGIN_DEAD_LETTERS_H
#define GATEWAY_PLUGIN_DEAD_LETTERS_H

#include "common/clock.h"
#include "common/str.h"
#include "plugins/relay.h"

enum { DEAD_LETTERS_QUIET = 10 }; /* seconds between two lines of the log */

struct dead_letters {
	char *path;	   /* owned */
	char *output;	   /* owned */
	uint64_t max_size; /* bytes */
	struct str lines;  /* not yet written */
	uint64_t untold;   /* that the log has not been told of */
	struct str told;   /* what it is told: the first of those, with the reason */
	struct instant quiet_until;
};

void dead_letters_add(
		struct dead_letters *d, const struct relay_record *record, const char *reason);

/* Write what was added, to the disk. 0, or -errno: it is kept, to be written later. */
int dead_letters_write(struct dead_letters *d);

/*
 * Append what the log is to be told now, if anything, and forget it: true. Nothing is before it is
 * written, nor within DEAD_LETTERS_QUIET of the last time, unless it `is_last`.
 */
bool dead_letters_tell(struct dead_letters *d, struct instant now, bool is_last, struct str *into);

void dead_letters_finish(struct dead_letters *d);

#endif
