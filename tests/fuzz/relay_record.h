/* SPDX-License-Identifier: MIT */
/*
 * A record for a plugin's encoder out of any bytes: flags, state, time, then each text behind one
 * byte of length; `text` is the rest.
 */
#ifndef TESTS_FUZZ_RELAY_RECORD_H
#define TESTS_FUZZ_RELAY_RECORD_H

#include <stdlib.h>

#include "common/wire.h"
#include "plugins/relay.h"

#define MUST(what)                                                                                 \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

static inline struct relay_text take_text(struct reader *r)
{
	size_t len = read_u8(r);
	struct span s = read_bytes(r, len < reader_left(r) ? len : reader_left(r));

	return (struct relay_text){ (const char *)s.data, s.len };
}

/* The first bit of *ret_flags says whether it is a check; the others are the caller's. */
static inline struct relay_record take_record(struct reader *r, uint8_t *ret_flags)
{
	struct relay_record record = { 0 };
	struct span text;

	*ret_flags = read_u8(r);
	record.kind = (*ret_flags & 1) != 0 ? RELAY_CHECK : RELAY_MESSAGE;
	record.state = (int)read_u8(r) - 1;
	record.time_ns = (int64_t)((uint64_t)read_u32(r) << 31);
	record.id = take_text(r);
	record.host = take_text(r);
	record.service = take_text(r);
	record.topic = take_text(r);
	record.perfdata = take_text(r);
	record.long_output = take_text(r);
	text = read_rest(r);
	record.text = (struct relay_text){ (const char *)text.data, text.len };
	return record;
}

#endif
