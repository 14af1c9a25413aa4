/* SPDX-License-Identifier: MIT */
/*
 * To connect to a host by its name, without holding the loop up: the name is resolved by a worker,
 * then its addresses are tried one after the other, each for DIAL_SECONDS.
 */
#ifndef BROKER_IO_DIAL_H
#define BROKER_IO_DIAL_H

#include "broker/io/worker.h"
#include "common/str.h"

enum { DIAL_SECONDS = 10, DIAL_MAX_ADDRESSES = 16 };

/* Where, and how. Texts are borrowed until the call is over. */
struct dial_place {
	const char *host;
	uint16_t port;
	const char *bind_address; /* of this machine, a number; NULL: whichever the kernel takes */
	unsigned user_timeout;	  /* milliseconds, TCP_USER_TIMEOUT; 0: the system's */
};

struct dial_attempt;

/* One call at a time. Zeroed memory with the first four set is one that rests. */
struct dial {
	struct ev_loop *loop;  /* borrowed */
	struct worker *worker; /* borrowed */
	void *owner;
	/*
	 * On the loop's thread, once per dial_start(), later than that: a connected non-blocking
	 * socket, which is the owner's now, or -1 and why, for the log. The dial rests.
	 */
	void (*done)(void *owner, int fd, const char *why);
	struct dial_place place;
	struct dial_attempt *attempt; /* NULL: it rests */
	ev_io connected;
	ev_timer patience;
	int fd;
};

void dial_start(struct dial *d, const struct dial_place *place);

/* Have done() not called any more. No effect on one that rests. */
void dial_cancel(struct dial *d);

static inline bool dial_is_busy(const struct dial *d)
{
	return d->attempt != NULL;
}

#endif
