/* SPDX-License-Identifier: MIT */
/*
 * What no attempt will ever deliver, kept for people: a file of JSON lines, one for each record,
 * with the reason. When it has grown to its bound it is renamed to "PATH.1" and a new one begun.
 *
 *     {"time":"...","output":"logstash","reason":"...","id":"...","topic":"...","record":"..."}
 *
 * A record that is no UTF-8 text stands as base64 under "record_base64". Belongs to one thread.
 */
#ifndef GATEWAY_PLUGIN_DEAD_LETTERS_H
#define GATEWAY_PLUGIN_DEAD_LETTERS_H

#include "common/str.h"
#include "plugins/relay.h"

struct dead_letters {
	char *path;	   /* owned */
	char *output;	   /* owned */
	uint64_t max_size; /* bytes */
	struct str lines;  /* not yet written */
};

void dead_letters_add(
		struct dead_letters *d, const struct relay_record *record, const char *reason);

/* Write what was added, to the disk. 0, or -errno: it is kept, to be written later. */
int dead_letters_write(struct dead_letters *d);

void dead_letters_finish(struct dead_letters *d);

#endif
