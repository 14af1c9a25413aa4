/* SPDX-License-Identifier: MIT */
#include "broker/core/timer.h"

#include "tests/unit/unit.h"

static void check(const struct timers *t)
{
	const struct deadlines *d = &t->deadlines;

	for (size_t i = 0; i < d->count; i++) {
		assert_int_equal(d->heap[i].who->place, i + 1);
		if (i > 0)
			assert_false(instant_before(d->heap[i].at, d->heap[(i + 1) / 2 - 1].at));
	}
	assert_true(timers_next(t).ns == (d->count > 0 ? d->heap[0].at.ns : INT64_MAX));
}

static void nothing_is_due_without_timers(void **unused)
{
	struct timers t = { 0 };
	struct timer timer = { 0 };

	(void)unused;
	check(&t);
	assert_null(timers_due(&t, (struct instant){ INT64_MAX - 1 }));
	timer_clear(&t, &timer);
	timers_finish(&t);
}

static void a_timer_is_due_at_its_instant_once(void **unused)
{
	struct timers t = { 0 };
	struct timer timer = { 0 };

	(void)unused;
	timer_set(&t, &timer, (struct instant){ 10 });
	assert_null(timers_due(&t, (struct instant){ 9 }));
	assert_ptr_equal(timers_due(&t, (struct instant){ 10 }), &timer);
	assert_false(timer_is_set(&timer));
	assert_null(timers_due(&t, (struct instant){ 10 }));
	timers_finish(&t);
}

static void never_clears(void **unused)
{
	struct timers t = { 0 };
	struct timer timer = { 0 };

	(void)unused;
	timer_set(&t, &timer, (struct instant){ 10 });
	timer_set(&t, &timer, INSTANT_NEVER);
	assert_false(timer_is_set(&timer));
	assert_int_equal(t.deadlines.count, 0);
	timers_finish(&t);
}

/* Against an array that is searched for its least element. */
static void random_changes_agree_with_an_array(void **unused)
{
	enum { TIMERS = 60 };
	struct timer timers[TIMERS] = { 0 };
	int64_t at[TIMERS]; /* 0: not set */
	struct dice dice = { 21 };
	struct timers t = { 0 };
	int64_t now = 0;

	(void)unused;
	memset(at, 0, sizeof(at));
	for (int i = 0; i < 20000; i++) {
		size_t k = dice_roll(&dice, TIMERS);
		struct timer *due;
		int64_t least = INT64_MAX;

		switch (dice_roll(&dice, 4)) {
		case 0:
			at[k] = 0;
			timer_clear(&t, &timers[k]);
			break;
		case 1:
			now += dice_roll(&dice, 20);
			while ((due = timers_due(&t, (struct instant){ now })) != NULL) {
				k = (size_t)(due - timers);
				assert_true(at[k] > 0 && at[k] <= now);
				for (size_t j = 0; j < TIMERS; j++)
					assert_true(at[j] == 0 || at[j] >= at[k]);
				at[k] = 0;
				check(&t);
			}
			break;
		default:
			at[k] = now + 1 + dice_roll(&dice, 100);
			timer_set(&t, &timers[k], (struct instant){ at[k] });
			break;
		}
		check(&t);
		for (size_t j = 0; j < TIMERS; j++) {
			assert_int_equal(at[j] > 0, timer_is_set(&timers[j]));
			least = at[j] > 0 && at[j] < least ? at[j] : least;
		}
		assert_true(timers_next(&t).ns == least);
	}
	timers_finish(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_due_without_timers),
		cmocka_unit_test(a_timer_is_due_at_its_instant_once),
		cmocka_unit_test(never_clears),
		cmocka_unit_test(random_changes_agree_with_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
