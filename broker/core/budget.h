/* SPDX-License-Identifier: MIT */
/*
 * The memory that clients make the broker hold, all of them together.
 *
 * Each client, session and topic has limits of its own (limits.h); these counters are for what
 * many of them add up to. Whoever lets one of them grow asks first.
 */
#ifndef BROKER_CORE_BUDGET_H
#define BROKER_CORE_BUDGET_H

#include "broker/core/message.h"

enum {
	/* What a connection may hold before it is known who it is. */
	STRANGER_BYTES = 4096,
	/* What all of those share that need more: a CONNECT with a will, a long password. */
	STRANGERS_BYTES = 8 * 1024 * 1024,
};

/* Zeroed memory is an empty budget. */
struct budget {
	struct message_sum messages;
	size_t waiting;	  /* places in the queues of sessions */
	size_t strangers; /* bytes of those who hold more than STRANGER_BYTES each */
};

/*
 * A stranger wants to hold `size` bytes and has been counted with *charged so far. False when all
 * strangers together hold too much: then this one has to go.
 */
static inline bool budget_take_stranger(struct budget *b, uint32_t *charged, size_t size)
{
	if (size <= STRANGER_BYTES || size <= *charged)
		return true;
	if (b->strangers - *charged + size > STRANGERS_BYTES)
		return false;
	b->strangers += size - *charged;
	*charged = (uint32_t)size;
	return true;
}

/* It holds nothing any more, or is none. */
static inline void budget_forget_stranger(struct budget *b, uint32_t *charged)
{
	b->strangers -= *charged;
	*charged = 0;
}

#endif
