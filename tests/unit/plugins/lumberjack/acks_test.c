/* SPDX-License-Identifier: MIT */
#include "plugins/lumberjack/acks.h"

#include "tests/unit/unit.h"

/* Take one answer of these bytes; nothing of them may be left. */
static enum ack take(struct acks *a, struct span bytes, uint32_t *ret_events)
{
	enum ack ack = acks_take(a, &bytes, ret_events);

	assert_int_equal(bytes.len, 0);
	return ack;
}

static void the_last_event_ends_a_window(void **unused)
{
	struct acks a = { 0 };
	uint32_t events = 0;

	(void)unused;
	acks_expect(&a, 0x0102);
	assert_int_equal(take(&a, BYTES("2A\0\0\x01\x02"), &events), ACK_PROGRESS);
	assert_int_equal(events, 0x0102);
	assert_int_equal(a.windows, 0);
}

static void a_part_of_a_window_moves_on(void **unused)
{
	struct acks a = { 0 };
	uint32_t events = 0;

	(void)unused;
	acks_expect(&a, 10);
	assert_int_equal(take(&a, BYTES("2A\0\0\0\x03"), &events), ACK_PROGRESS);
	assert_int_equal(events, 3);
	assert_int_equal(take(&a, BYTES("2A\0\0\0\x09"), &events), ACK_PROGRESS);
	assert_int_equal(events, 6);
	assert_int_equal(a.windows, 1);
	assert_int_equal(take(&a, BYTES("2A\0\0\0\x0a"), &events), ACK_PROGRESS);
	assert_int_equal(events, 1);
	assert_int_equal(a.windows, 0);
}

static void windows_are_acknowledged_in_their_order(void **unused)
{
	struct acks a = { 0 };
	struct span in = BYTES("2A\0\0\0\x02"
			       "2A\0\0\0\x04"
			       "2A\0\0\0\x01");
	uint32_t events = 0;

	(void)unused;
	acks_expect(&a, 2);
	acks_expect(&a, 5);
	assert_int_equal(acks_take(&a, &in, &events), ACK_PROGRESS);
	assert_int_equal(events, 2);
	assert_int_equal(acks_take(&a, &in, &events), ACK_PROGRESS);
	assert_int_equal(events, 4);
	assert_int_equal(acks_take(&a, &in, &events), ACK_WRONG);
	assert_int_equal(a.sequence, 1);
}

static void zero_and_the_same_again_are_no_progress(void **unused)
{
	struct acks a = { 0 };
	uint32_t events = 77;

	(void)unused;
	assert_int_equal(take(&a, BYTES("2A\0\0\0\0"), &events), ACK_ALIVE);
	acks_expect(&a, 3);
	assert_int_equal(take(&a, BYTES("2A\0\0\0\0"), &events), ACK_ALIVE);
	assert_int_equal(events, 77);
	assert_int_equal(take(&a, BYTES("2A\0\0\0\x02"), &events), ACK_PROGRESS);
	assert_int_equal(take(&a, BYTES("2A\0\0\0\x02"), &events), ACK_ALIVE);
	assert_int_equal(take(&a, BYTES("2A\0\0\0\0"), &events), ACK_ALIVE);
	assert_int_equal(a.done, 2);
}

static void events_that_were_not_sent_are_not_acknowledged(void **unused)
{
	struct acks a = { 0 };
	uint32_t events = 0;

	(void)unused;
	assert_int_equal(take(&a, BYTES("2A\0\0\0\x01"), &events), ACK_WRONG);
	acks_expect(&a, 3);
	assert_int_equal(take(&a, BYTES("2A\0\0\0\x04"), &events), ACK_WRONG);
	assert_int_equal(a.sequence, 4);
	assert_int_equal(take(&a, BYTES("2A\xff\xff\xff\xff"), &events), ACK_WRONG);
}

static void any_byte_may_be_the_last_that_came(void **unused)
{
	const struct span whole = BYTES("2A\0\0\0\x03");

	(void)unused;
	for (size_t cut = 0; cut < whole.len; cut++) {
		struct acks a = { 0 };
		uint32_t events = 0;

		acks_expect(&a, 3);
		assert_int_equal(take(&a, span_first(whole, cut), &events), ACK_NONE);
		assert_int_equal(take(&a, span_from(whole, cut), &events), ACK_PROGRESS);
		assert_int_equal(events, 3);
	}
}

static void what_is_no_acknowledgement_is_known_at_once(void **unused)
{
	static const struct span strangers[] = { SPAN("H"), SPAN("\x15"), SPAN("1"), SPAN("2W"),
		SPAN("2\n") };

	(void)unused;
	for (size_t i = 0; i < array_size(strangers); i++) {
		struct acks a = { 0 };
		uint32_t events = 0;

		acks_expect(&a, 3);
		assert_int_equal(take(&a, strangers[i], &events), ACK_STRANGE);
		assert_memory_equal(a.frame, strangers[i].data, a.have);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_event_ends_a_window),
		cmocka_unit_test(a_part_of_a_window_moves_on),
		cmocka_unit_test(windows_are_acknowledged_in_their_order),
		cmocka_unit_test(zero_and_the_same_again_are_no_progress),
		cmocka_unit_test(events_that_were_not_sent_are_not_acknowledged),
		cmocka_unit_test(any_byte_may_be_the_last_that_came),
		cmocka_unit_test(what_is_no_acknowledgement_is_known_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
