/* SPDX-License-Identifier: MIT */
#include "broker/core/outbox.h"

#include "tests/unit/unit.h"

static struct delivery make(uint64_t number)
{
	struct span payload = span_of(&number, sizeof(number));

	return (struct delivery){ .message = message_create(BYTES("t"), NULL, payload, 1, false,
						  (struct instant){ 0 }),
		.qos = 1 };
}

static uint64_t number_of(const struct delivery *d)
{
	uint64_t number;

	memcpy(&number, message_payload(d->message).data, sizeof(number));
	return number;
}

static void check(struct outbox *o)
{
	size_t bytes = 0;

	assert_true(o->count <= o->capacity);
	assert_int_equal(o->capacity & (o->capacity - 1), 0);
	assert_int_equal(outbox_first(o) == NULL, o->count == 0);
	for (uint32_t i = 0; i < o->count; i++)
		bytes += message_size(o->ring[(o->first + i) & (o->capacity - 1)].message);
	assert_int_equal(bytes, o->bytes);
}

static void first_in_is_first_out_through_growing_and_wrapping(void **unused)
{
	struct dice dice = { 31 };
	struct outbox o = { 0 };
	uint64_t in = 0, out = 0;

	(void)unused;
	for (int i = 0; i < 20000; i++) {
		/* up to a few hundred, then down to none, several times */
		bool push = dice_roll(&dice, 10) < (i / 2500 % 2 == 0 ? 6U : 4U);

		if (push) {
			outbox_push(&o, make(in++));
		} else if (o.count > 0) {
			struct delivery d;

			assert_int_equal(number_of(outbox_first(&o)), out);
			d = outbox_pop(&o);
			assert_int_equal(number_of(&d), out++);
			delivery_finish(&d);
		}
		assert_int_equal(o.count, in - out);
		if (i % 16 == 0)
			check(&o);
	}
	outbox_finish(&o); /* what is left is let go of: the sanitizer would tell */
	check(&o);
}

static void a_ring_that_was_large_is_given_back_when_it_runs_empty(void **unused)
{
	struct outbox o = { 0 };

	(void)unused;
	for (uint64_t i = 0; i < 1000; i++)
		outbox_push(&o, make(i));
	assert_int_equal(o.capacity, 1024);
	while (o.count > 0) {
		struct delivery d = outbox_pop(&o);

		delivery_finish(&d);
	}
	assert_null(o.ring);
	assert_int_equal(o.bytes, 0);
	outbox_push(&o, make(1));
	check(&o);
	outbox_finish(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_in_is_first_out_through_growing_and_wrapping),
		cmocka_unit_test(a_ring_that_was_large_is_given_back_when_it_runs_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
