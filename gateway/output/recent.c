/* SPDX-License-Identifier: MIT */
#include "gateway/output/recent.h"

#include <string.h>

#include "common/mem.h"

/* Deliveries this close together share an entry. */
enum { PIECE_MS = 100 };

void recent_finish(struct recent *r)
{
	free(r->entries);
	*r = (struct recent){ 0 };
}

void recent_add(struct recent *r, struct instant now, uint64_t first)
{
	struct recent_entry *last = r->count > 0 ? &r->entries[r->count - 1] : NULL;

	if (last != NULL && instant_between(last->from, now).ns < milliseconds(PIECE_MS).ns) {
		last->until = now;
		return;
	}
	r->entries = grow_array(r->entries, r->count, &r->capacity, sizeof(*r->entries));
	r->entries[r->count++] = (struct recent_entry){ now, now, first };
}

void recent_forget(struct recent *r, struct instant moment)
{
	size_t old = 0;

	while (old < r->count && instant_before(r->entries[old].until, moment))
		old++;
	r->count -= old;
	if (old > 0)
		memmove(r->entries, r->entries + old, r->count * sizeof(*r->entries));
}

uint64_t recent_before(const struct recent *r)
{
	return r->count > 0 ? r->entries[0].first - 1 : UINT64_MAX;
}

void recent_clear(struct recent *r)
{
	r->count = 0;
}
