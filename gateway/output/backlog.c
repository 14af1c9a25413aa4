/* SPDX-License-Identifier: MIT */
#include "gateway/output/backlog.h"

#include <string.h>

static uint64_t dropped(const struct backlog *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		n += b->ranges[i].last - b->ranges[i].first + 1;
	return n;
}

static void forget_oldest(struct backlog *b)
{
	memmove(&b->ranges[0], &b->ranges[1], --b->count * sizeof(b->ranges[0]));
}

/* With too many of them the last two become one, and what lies between goes, too. */
static void add_range(struct backlog *b, uint64_t first, uint64_t last)
{
	struct backlog_range *end = b->count > 0 ? &b->ranges[b->count - 1] : NULL;

	if (end != NULL && (end->last + 1 == first || b->count == BACKLOG_RANGES))
		end->last = last;
	else
		b->ranges[b->count++] = (struct backlog_range){ first, last };
}

static void drop_newest(struct backlog *b, uint64_t position, uint64_t head)
{
	uint64_t waiting, over;

	while (b->count > 0 && b->ranges[0].last <= position)
		forget_oldest(b);
	if (b->count > 0 && b->ranges[0].first <= position)
		b->ranges[0].first = position + 1;
	waiting = head - position - dropped(b);
	if (waiting <= b->limit)
		return;
	over = waiting - b->limit;
	if (over > head - b->head)
		over = head - b->head; /* never one that was let in before */
	if (over > 0)
		add_range(b, head - over + 1, head);
}

uint64_t backlog_look(struct backlog *b, uint64_t position, uint64_t head)
{
	if (b->policy == BACKLOG_DROP_OLDEST && head > position && head - position > b->limit)
		position = head - b->limit;
	if (b->head == 0)
		b->head = head; /* what came before the first look was let in */
	if (b->policy == BACKLOG_DROP_NEWEST && head > position && head >= b->head)
		drop_newest(b, position, head);
	b->head = head;
	return position;
}

bool backlog_drops(struct backlog *b, uint64_t sequence)
{
	for (size_t i = 0; i < b->count && b->ranges[i].first <= sequence; i++) {
		if (sequence <= b->ranges[i].last)
			return true;
	}
	return false;
}
