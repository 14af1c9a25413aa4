/* SPDX-License-Identifier: MIT */
#include "plugins/lumberjack/acks.h"

#include "common/wire.h"

void acks_expect(struct acks *a, uint32_t events)
{
	a->sizes[a->windows++] = events;
}

static void end_oldest(struct acks *a)
{
	a->windows--;
	a->done = 0;
	memmove(a->sizes, a->sizes + 1, a->windows * sizeof(a->sizes[0]));
}

static enum ack take_sequence(struct acks *a, uint32_t *ret_events)
{
	if (a->sequence == 0)
		return ACK_ALIVE;
	if (a->windows == 0 || a->sequence > a->sizes[0] || a->sequence < a->done)
		return ACK_WRONG;
	if (a->sequence == a->done)
		return ACK_ALIVE;
	*ret_events = a->sequence - a->done;
	a->done = a->sequence;
	if (a->done == a->sizes[0])
		end_oldest(a);
	return ACK_PROGRESS;
}

enum ack acks_take(struct acks *a, struct span *in, uint32_t *ret_events)
{
	struct reader whole;

	while (in->len > 0 && a->have < ACK_FRAME) {
		a->frame[a->have++] = in->data[0];
		*in = span_from(*in, 1);
		if (a->frame[0] != '2' || (a->have > 1 && a->frame[1] != 'A'))
			return ACK_STRANGE;
	}
	if (a->have < ACK_FRAME)
		return ACK_NONE;
	whole = reader_of(span_of(a->frame + 2, 4));
	a->sequence = read_u32(&whole);
	a->have = 0;
	return take_sequence(a, ret_events);
}
