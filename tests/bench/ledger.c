/* SPDX-License-Identifier: MIT */
/*
 * The slow path of the ledger: gaps. They are few (a broker that works leaves none), so a list in
 * order of appearance is enough.
 */
#include "tests/bench/ledger.h"

#include <stdlib.h>

#include "tests/bench/memory.h"

void ledger_init(struct ledger *l, unsigned readers, unsigned publishers)
{
	*l = (struct ledger){ .readers = readers, .publishers = publishers };
	l->sequences = memory_zeroed((size_t)readers * publishers, sizeof(*l->sequences));
}

void ledger_finish(struct ledger *l)
{
	for (size_t i = 0; l->sequences != NULL && i < (size_t)l->readers * l->publishers; i++)
		free(l->sequences[i].gaps);
	free(l->sequences);
	l->sequences = NULL;
}

static void gap_add(struct sequence *s, uint32_t first, uint32_t end)
{
	if (first == end)
		return;
	if (s->n == s->capacity) {
		s->capacity = s->capacity > 0 ? s->capacity * 2 : 4;
		s->gaps = memory_resized(s->gaps, s->capacity * sizeof(*s->gaps));
	}
	s->gaps[s->n++] = (struct gap){ first, end };
}

/* Whether the number was missing until now. */
static bool gap_fill(struct sequence *s, uint32_t sequence)
{
	for (unsigned i = 0; i < s->n; i++) {
		struct gap g = s->gaps[i];

		if (sequence < g.first || sequence >= g.end)
			continue;
		s->gaps[i] = s->gaps[--s->n];
		gap_add(s, g.first, sequence);
		gap_add(s, sequence + 1, g.end);
		return true;
	}
	return false;
}

void ledger_note_surprise(struct ledger *l, struct sequence *s, uint32_t sequence)
{
	if (sequence > s->next) {
		gap_add(s, s->next, sequence);
		s->next = sequence + 1;
		l->received++;
	} else if (gap_fill(s, sequence)) {
		l->disorder++;
		l->received++;
	} else {
		l->duplicates++;
	}
}
