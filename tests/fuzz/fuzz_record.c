/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a record of the journal. What is read as one is written again as the same record.
 */
#include "gateway/journal/record.h"

#include "tests/fuzz/nagios_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct record *r)
{
	struct record_batch first = { 0 }, second = { 0 };
	struct record again;

	record_batch_add(&first, r);
	MUST(record_decode(str_span(&first.bytes), &again));
	MUST(again.kind == r->kind && again.received.ns == r->received.ns);
	record_batch_add(&second, &again);
	MUST(span_equal(str_span(&first.bytes), str_span(&second.bytes)));
	record_batch_finish(&first);
	record_batch_finish(&second);
}

/* What can be read of the properties is what can be written of them. */
static void check_properties(const struct record *r)
{
	struct span rest = r->user_properties, name, value;
	struct str again = { 0 };

	while (record_next_property(&rest, &name, &value))
		record_add_property(&again, name, value);
	MUST(again.len <= r->user_properties.len);
	MUST(span_starts_with(r->user_properties, str_span(&again)));
	MUST(record_first_properties(r->user_properties, 100).len <= 100);
	str_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size);
	struct wall_time received;
	struct record record;

	if (!record_decode(bytes, &record))
		return 0;
	MUST(record_decode_received(bytes, &received) && received.ns == record.received.ns);
	check_again(&record);
	check_properties(&record);
	return 0;
}
