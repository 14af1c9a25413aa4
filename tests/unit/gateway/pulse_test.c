/* SPDX-License-Identifier: MIT */
#include "gateway/pulse.h"

#include "tests/unit/unit.h"

static struct instant at(int64_t ms)
{
	return instant_after((struct instant){ 1000000000000 }, milliseconds(ms));
}

static void a_thread_that_turns_is_alive(void **unused)
{
	struct pulse p = { 0 };

	(void)unused;
	assert_true(pulse_beats(&p, 0, at(0), milliseconds(100)));
	assert_true(pulse_beats(&p, 1, at(1000), milliseconds(100)));
	assert_true(pulse_beats(&p, 900, at(2000), milliseconds(100)));
}

static void one_that_does_not_is_dead_after_a_while_and_may_come_back(void **unused)
{
	struct pulse p = { 0 };

	(void)unused;
	assert_true(pulse_beats(&p, 7, at(0), milliseconds(100)));
	assert_true(pulse_beats(&p, 7, at(100), milliseconds(100)));
	assert_false(pulse_beats(&p, 7, at(101), milliseconds(100)));
	assert_false(pulse_beats(&p, 7, at(5000), milliseconds(100)));
	assert_true(pulse_beats(&p, 8, at(5001), milliseconds(100)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_that_turns_is_alive),
		cmocka_unit_test(one_that_does_not_is_dead_after_a_while_and_may_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
