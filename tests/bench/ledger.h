/* SPDX-License-Identifier: MIT */
#ifndef BENCH_LEDGER_H
#define BENCH_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Who received what: one sequence of numbers for every pair of reader and publisher.
 * A number that is ahead leaves a gap; one that comes later and fits a gap arrived in the wrong
 * order; one that fits none was received before. So all counts are exact, and a message in its
 * place costs one comparison.
 */
struct ledger {
	unsigned readers, publishers;
	struct sequence *sequences;
	uint64_t received;   /* without duplicates */
	uint64_t duplicates; /* received more than once */
	uint64_t disorder;   /* received after a later message of the same publisher */
};

struct gap {
	uint32_t first, end; /* end is the first number behind the gap */
};

struct sequence {
	uint32_t next;
	unsigned n, capacity;
	struct gap *gaps;
};

void ledger_init(struct ledger *l, unsigned readers, unsigned publishers);
void ledger_finish(struct ledger *l);

/* The message was not the next one of its sequence. */
void ledger_note_surprise(struct ledger *l, struct sequence *s, uint32_t sequence);

static inline void ledger_note(
		struct ledger *l, unsigned reader, unsigned publisher, uint32_t sequence)
{
	struct sequence *s = &l->sequences[(uint64_t)reader * l->publishers + publisher];

	if (s->next == sequence) {
		s->next++;
		l->received++;
	} else {
		ledger_note_surprise(l, s, sequence);
	}
}

#endif
