/* SPDX-License-Identifier: MIT */
/*
 * What was delivered lately, by the sequences of the journal. It answers where to begin again when
 * the other side turns out to have forgotten what it confirmed since some moment. The moment alone
 * does not tell: what had waited for an hour was received an hour before it was delivered.
 *
 * Pure: time comes in as a value. Zeroed memory knows of nothing.
 */
#ifndef GATEWAY_OUTPUT_RECENT_H
#define GATEWAY_OUTPUT_RECENT_H

#include "common/clock.h"

struct recent_entry {
	struct instant from, until; /* of its deliveries */
	uint64_t first;		    /* sequence of the earliest */
};

struct recent {
	struct recent_entry *entries;
	size_t count, capacity;
};

void recent_finish(struct recent *r);

/* Delivered `now`: `first` and what follows. Deliveries come in the order of their sequences. */
void recent_add(struct recent *r, struct instant now, uint64_t first);

/* What was delivered before `moment` is held for good. */
void recent_forget(struct recent *r, struct instant moment);

/* The sequence before the earliest of what is left; UINT64_MAX: nothing is. */
uint64_t recent_before(const struct recent *r);

void recent_clear(struct recent *r);

#endif
