/* SPDX-License-Identifier: MIT */
/*
 * A stream in memory, for tests of a stream above it: the test is the peer.
 */
#ifndef TESTS_UNIT_BROKER_IO_MEMORY_STREAM_H
#define TESTS_UNIT_BROKER_IO_MEMORY_STREAM_H

#include <errno.h>

#include "broker/io/stream.h"
#include "common/str.h"
#include "tests/unit/unit.h"

struct memory_stream {
	struct stream base;
	struct str coming; /* what the peer has sent */
	struct str gone;   /* what it has received */
	size_t step;	   /* bytes that one receive() brings at most */
	size_t room;	   /* bytes that are taken before the stream is full */
	unsigned sends;	   /* calls */
	bool is_closed;	   /* by the peer, behind what comes */
	bool is_shut_down;
};

static inline struct memory_stream *memory_of(struct stream *s)
{
	return container_of(s, struct memory_stream, base);
}

static inline ssize_t memory_receive(struct stream *s, uint8_t *to, size_t size)
{
	struct memory_stream *m = memory_of(s);
	size_t len = m->coming.len < size ? m->coming.len : size;

	if (len > m->step)
		len = m->step;
	if (len == 0)
		return m->is_closed ? 0 : -EAGAIN;
	memcpy(to, m->coming.text, len);
	str_remove_front(&m->coming, len);
	return (ssize_t)len;
}

static inline ssize_t memory_send(struct stream *s, const struct span *spans, size_t count)
{
	struct memory_stream *m = memory_of(s);
	size_t taken = 0;

	assert_in_range(count, 0, STREAM_MAX_SPANS);
	m->sends++;
	for (size_t i = 0; i < count; i++) {
		struct span part = span_first(spans[i], m->room);

		str_append(&m->gone, part);
		m->room -= part.len;
		taken += part.len;
	}
	return taken == 0 && count > 0 ? -EAGAIN : (ssize_t)taken;
}

static inline void memory_shutdown(struct stream *s)
{
	assert_false(memory_of(s)->is_shut_down);
	memory_of(s)->is_shut_down = true;
}

/* The memory is the test's. */
static inline void memory_destroy(struct stream *s)
{
	(void)s;
}

static inline void memory_stream_init(struct memory_stream *m)
{
	static const struct stream_class class = {
		.name = "memory",
		.receive = memory_receive,
		.send = memory_send,
		.shutdown = memory_shutdown,
		.destroy = memory_destroy,
	};

	*m = (struct memory_stream){
		.base = { .class = &class, .is_open = true }, .step = SIZE_MAX, .room = SIZE_MAX
	};
}

static inline void memory_stream_finish(struct memory_stream *m)
{
	str_finish(&m->coming);
	str_finish(&m->gone);
}

#endif
