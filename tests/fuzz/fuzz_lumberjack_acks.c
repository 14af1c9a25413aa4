/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what a Lumberjack server answers: never are more events acknowledged than were sent,
 * and cut into pieces the answers are the same. The first byte is the size of a piece, the next
 * four are the sizes of windows.
 */
#include "plugins/lumberjack/acks.h"

#include "tests/fuzz/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 5 };

struct outcome {
	enum ack last;
	uint64_t events, alive;
};

static uint64_t on_their_way(const struct acks *a)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < a->windows; i++)
		sum += a->sizes[i];
	return sum - a->done;
}

static struct outcome read_all(const uint8_t *head, struct span input, size_t piece)
{
	struct acks acks = { 0 };
	struct outcome o = { .last = ACK_NONE };
	uint64_t sent = 0;

	for (int i = 1; i < HEAD; i++) {
		acks_expect(&acks, head[i] + 1u);
		sent += head[i] + 1u;
	}
	while (input.len > 0) {
		struct span in = span_first(input, piece);

		input = span_from(input, piece);
		do {
			uint32_t events = 0;

			o.last = acks_take(&acks, &in, &events);
			o.events += events;
			o.alive += o.last == ACK_ALIVE;
			REQUIRE((o.last == ACK_PROGRESS) == (events > 0));
			REQUIRE(o.events + on_their_way(&acks) == sent);
			if (o.last == ACK_STRANGE || o.last == ACK_WRONG)
				return o;
		} while (o.last != ACK_NONE);
		REQUIRE(in.len == 0);
	}
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_from(span_of(data, size), HEAD);
	struct outcome whole, pieces;

	if (size < HEAD)
		return 0;
	whole = read_all(data, input, SIZE_MAX);
	pieces = read_all(data, input, data[0] % 8u + 1);
	REQUIRE(whole.last == pieces.last && whole.events == pieces.events &&
			whole.alive == pieces.alive);
	return 0;
}
