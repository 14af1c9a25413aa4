/* SPDX-License-Identifier: MIT */
/*
 * Commands for Redis, one behind the other in one buffer, and which records of the batch each of
 * them carries. The buffer may be sent and emptied while more commands are added.
 *
 * A command is an array of bulk strings: "*2\r\n$4\r\nLLEN\r\n$3\r\nkey\r\n"
 * (https://redis.io/docs/reference/protocol-spec).
 */
#ifndef PLUGINS_REDIS_REQUEST_H
#define PLUGINS_REDIS_REQUEST_H

#include "common/str.h"

struct command {
	size_t first, count; /* records */
	struct span key;
	int64_t answer; /* where it is a number that is wanted later */
};

/* Zeroed memory is a valid empty one. */
struct request {
	struct str bytes;
	struct str pack; /* for whoever puts an argument together */
	struct command *commands;
	size_t count, capacity;
};

/* Begin a command of so many arguments, its name one of them. */
void request_begin(struct request *r, size_t arguments, struct command command);

/* One argument. */
void request_append(struct request *r, struct span argument);
void request_append_text(struct request *r, const char *argument);
void request_append_number(struct request *r, int64_t argument);

/* A whole command that carries no records: its name, one argument, and another one or NULL. */
void request_simple(struct request *r, const char *name, const char *first, const char *second);

/* Forget the contents, keep the memory. */
void request_clear(struct request *r);

/* As request_finish(), and what was in it, perhaps a password, is overwritten. */
void request_wipe(struct request *r);
void request_finish(struct request *r);

#endif
