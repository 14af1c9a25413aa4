/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "gateway/output/backlog.h"

static void block_drops_nothing(void **state)
{
	struct backlog b = { .policy = BACKLOG_BLOCK, .limit = 1 };

	(void)state;
	assert_int_equal(backlog_look(&b, 10, 1000000), 10);
	assert_false(backlog_drops(&b, 11));
	assert_false(backlog_drops(&b, 1000000));
}

static void drop_oldest_jumps_ahead(void **state)
{
	struct backlog b = { .policy = BACKLOG_DROP_OLDEST, .limit = 100 };

	(void)state;
	assert_int_equal(backlog_look(&b, 0, 100), 0);
	assert_int_equal(backlog_look(&b, 0, 101), 1);
	assert_int_equal(backlog_look(&b, 1, 1000), 900);
	assert_int_equal(backlog_look(&b, 900, 1000), 900);
	assert_false(backlog_drops(&b, 901));
	/* The output may be ahead of what the journal has said last. */
	assert_int_equal(backlog_look(&b, 1200, 1000), 1200);
}

static void drop_newest_keeps_what_came_first(void **state)
{
	struct backlog b = { .policy = BACKLOG_DROP_NEWEST, .limit = 100 };

	(void)state;
	assert_int_equal(backlog_look(&b, 0, 90), 0);
	assert_int_equal(backlog_look(&b, 0, 150), 0);
	assert_false(backlog_drops(&b, 100));
	assert_true(backlog_drops(&b, 101));
	assert_true(backlog_drops(&b, 150));
	assert_false(backlog_drops(&b, 151));
	/* Room again: 50 have gone. What came meanwhile is let in, what was dropped is dropped. */
	assert_int_equal(backlog_look(&b, 50, 180), 50);
	assert_true(backlog_drops(&b, 150));
	assert_false(backlog_drops(&b, 151));
	assert_false(backlog_drops(&b, 180));
}

static void ranges_that_touch_are_one(void **state)
{
	struct backlog b = { .policy = BACKLOG_DROP_NEWEST, .limit = 10 };

	(void)state;
	backlog_look(&b, 0, 10);
	for (uint64_t head = 11; head <= 1000; head++)
		backlog_look(&b, 0, head);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.ranges[0].first, 11);
	assert_int_equal(b.ranges[0].last, 1000);
	/* Passed: forgotten. */
	backlog_look(&b, 1000, 1001);
	assert_int_equal(b.count, 0);
}

/* One is let in, one is not, and so on: many ranges. */
static void ranges_beyond_the_bound_are_merged(void **state)
{
	struct backlog b = { .policy = BACKLOG_DROP_NEWEST, .limit = 1000 };
	uint64_t head = 1000, position = 0, dropped = 0;

	(void)state;
	backlog_look(&b, position, head);
	for (int i = 0; i < BACKLOG_RANGES + 20; i++) {
		backlog_look(&b, ++position, ++head); /* room for one */
		backlog_look(&b, position, ++head);
	}
	assert_int_equal(b.count, BACKLOG_RANGES);
	for (size_t i = 1; i < b.count; i++)
		assert_true(b.ranges[i].first > b.ranges[i - 1].last + 1);
	/* Never more than the limit waits. */
	for (uint64_t s = position + 1; s <= head; s++)
		dropped += backlog_drops(&b, s);
	assert_true(head - position - dropped <= 1000);
}

/* An own count of what is let in, record by record. */
static void never_more_than_the_limit_waits(void **state)
{
	enum { MOST = 20000, LIMIT = 50 };
	static bool is_let_in[MOST + 1];
	struct backlog b = { .policy = BACKLOG_DROP_NEWEST, .limit = LIMIT };
	struct dice dice = { 11 };
	uint64_t head = 1, position = 0, waiting = 1;

	(void)state;
	is_let_in[1] = true;
	backlog_look(&b, 0, 1);
	while (head < MOST) {
		if (dice_roll(&dice, 3) > 0 || position == head) {
			is_let_in[++head] = waiting < LIMIT;
			waiting += is_let_in[head];
		} else {
			position++;
			assert_int_equal(!backlog_drops(&b, position), is_let_in[position]);
			waiting -= is_let_in[position];
		}
		assert_int_equal(backlog_look(&b, position, head), position);
		assert_true(b.count < BACKLOG_RANGES);
	}
}

/* What was decided is not kept: what waits is let in at the start, and nothing more. */
static void a_restart_lets_in_what_waits(void **state)
{
	struct backlog b = { .policy = BACKLOG_DROP_NEWEST, .limit = 10 };

	(void)state;
	backlog_look(&b, 100, 500);
	assert_false(backlog_drops(&b, 101));
	assert_false(backlog_drops(&b, 500));
	backlog_look(&b, 100, 501);
	assert_false(backlog_drops(&b, 500));
	assert_true(backlog_drops(&b, 501));
	/* Set back, because what was handed over was lost: no range is wrong. */
	backlog_look(&b, 300, 600);
	backlog_look(&b, 100, 600);
	assert_false(backlog_drops(&b, 101));
	assert_true(backlog_drops(&b, 600));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block_drops_nothing),
		cmocka_unit_test(drop_oldest_jumps_ahead),
		cmocka_unit_test(drop_newest_keeps_what_came_first),
		cmocka_unit_test(ranges_that_touch_are_one),
		cmocka_unit_test(ranges_beyond_the_bound_are_merged),
		cmocka_unit_test(never_more_than_the_limit_waits),
		cmocka_unit_test(a_restart_lets_in_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
