/* SPDX-License-Identifier: MIT */
/*
 * A batch on its way into a program: lines are written as fast as it takes them, while its answers
 * and what it says on standard error are read, so that neither side waits for the other.
 *
 * For one thread.
 */
#ifndef PLUGINS_EXEC_EXCHANGE_H
#define PLUGINS_EXEC_EXCHANGE_H

#include "common/clock.h"
#include "plugins/exec/program.h"
#include "plugins/relay.h"

/* Zeroed memory but for `host` and `program` is one without a batch. */
struct exchange {
	const struct relay_host *host;
	struct program *program;
	struct str lines;   /* of the batch */
	size_t *ends;	    /* of each record's line in them */
	size_t capacity;    /* of `ends` */
	size_t count, sent; /* records; bytes */
	size_t answered;    /* records */
	bool wants_answers;
	struct str answers; /* a line that has not ended yet */
	struct str errors;  /* likewise */
	char last_words[120];
	uint64_t error_lines;
};

enum exchange_end {
	EXCHANGE_DONE,	  /* all is written and, where it is wanted, answered */
	EXCHANGE_STOPPED, /* the output is to end */
	EXCHANGE_FAILED,  /* the program is of no further use; *why says why */
};

/* Take the batch's lines; all of them have yet to be sent. */
void exchange_begin(struct exchange *x, const struct relay_batch *batch, bool wants_answers);

/*
 * Until the end, or until nothing has moved for so long. Records that were answered are marked with
 * the host, also when it fails later.
 */
enum exchange_end exchange_run(struct exchange *x, struct duration patience, struct str *why);

/* While there is nothing to send: has it ended, or said something? */
enum exchange_end exchange_look(struct exchange *x, struct str *why);

/* The program has ended: its last words into the log, and nothing is left of it. */
void exchange_close(struct exchange *x);
void exchange_finish(struct exchange *x);

#endif
