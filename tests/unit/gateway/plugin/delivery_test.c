/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/plugin/delivery.h"

/* Record N has sequence N, counted from 0; of the refused ones both are kept. */
struct rig {
	struct delivery d;
	uint64_t refused[1000];
	size_t refused_count;
	char reason[RELAY_REASON];
};

static void take_refused(void *owner, const struct relay_record *r, const char *reason)
{
	struct rig *rig = owner;

	rig->refused[rig->refused_count++] = r->sequence;
	strcpy(rig->reason, reason);
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct rig));
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	delivery_finish(&rig->d);
	free(rig);
	return 0;
}

static void fill(struct delivery *d, size_t count)
{
	delivery_begin(d, count, 0);
	for (size_t i = 0; i < count; i++)
		d->records[d->count++] = (struct relay_record){ .sequence = i, .text.len = 10 };
}

static struct delivery_result settle(
		struct rig *rig, enum relay_verdict verdict, const char *reason)
{
	return delivery_settle(&rig->d, verdict, reason, rig, take_refused);
}

static void all_go_when_all_have_arrived(void **state)
{
	struct rig *rig = *state;
	struct delivery_result result;
	struct relay_batch b;

	fill(&rig->d, 3);
	b = delivery_attempt(&rig->d, 1);
	assert_int_equal(b.count, 3);
	assert_int_equal(b.text_size, 30);
	assert_int_equal(b.attempt, 1);
	assert_int_equal(relay_record_at(&b, 2)->sequence, 2);
	result = settle(rig, RELAY_OK, "");
	assert_int_equal(result.delivered, 3);
	assert_false(result.must_wait);
	assert_int_equal(rig->d.count, 0);
}

static void a_retry_repeats_what_is_not_marked(void **state)
{
	struct rig *rig = *state;
	struct delivery_result result;
	struct relay_batch b;

	fill(&rig->d, 5);
	delivery_attempt(&rig->d, 1);
	delivery_mark(&rig->d, 0, RELAY_OK, NULL);
	delivery_mark(&rig->d, 2, RELAY_REJECT, "no such index");
	delivery_mark(&rig->d, 3, RELAY_OK, NULL);
	result = settle(rig, RELAY_RETRY, "cut");
	assert_int_equal(result.delivered, 2);
	assert_int_equal(result.rejected, 1);
	assert_true(result.must_wait);
	assert_null(result.reason);
	assert_string_equal(rig->reason, "no such index");
	b = delivery_attempt(&rig->d, 2);
	assert_int_equal(b.count, 2);
	assert_int_equal(relay_record_at(&b, 0)->sequence, 1);
	assert_int_equal(relay_record_at(&b, 1)->sequence, 4);
	/* The marks were of the attempt before. */
	result = settle(rig, RELAY_OK, "");
	assert_int_equal(result.delivered, 2);
}

static void a_mark_is_stronger_than_the_verdict(void **state)
{
	struct rig *rig = *state;
	struct delivery_result result;

	fill(&rig->d, 4);
	delivery_attempt(&rig->d, 1);
	delivery_mark(&rig->d, 1, RELAY_RETRY, "too many requests");
	delivery_mark(&rig->d, 2, RELAY_OK, NULL);
	delivery_mark(&rig->d, 2, RELAY_REJECT, "the last word counts");
	delivery_mark(&rig->d, 4, RELAY_RETRY, "there is no such record");
	delivery_mark(&rig->d, SIZE_MAX, RELAY_RETRY, NULL);
	result = settle(rig, RELAY_OK, "");
	assert_int_equal(result.delivered, 2);
	assert_int_equal(result.rejected, 1);
	assert_true(result.must_wait);
	assert_string_equal(result.reason, "too many requests");
	assert_int_equal(rig->d.count, 1);
	assert_int_equal(rig->d.records[0].sequence, 1);
}

static void a_mark_between_attempts_is_none(void **state)
{
	struct rig *rig = *state;

	fill(&rig->d, 2);
	delivery_attempt(&rig->d, 1);
	settle(rig, RELAY_RETRY, "");
	delivery_mark(&rig->d, 0, RELAY_REJECT, "too late");
	delivery_attempt(&rig->d, 2);
	assert_int_equal(settle(rig, RELAY_OK, "").delivered, 2);
	assert_int_equal(rig->refused_count, 0);
}

static void a_record_that_is_alone_is_refused(void **state)
{
	struct rig *rig = *state;

	fill(&rig->d, 1);
	delivery_attempt(&rig->d, 1);
	assert_int_equal(settle(rig, RELAY_REJECT, "bad").rejected, 1);
	assert_string_equal(rig->reason, "bad");
	assert_int_equal(rig->d.count, 0);
}

/* The other side refuses any batch with a poisonous record in it, and says not which it is. */
static void deliver_all(struct rig *rig, const bool *is_poison, size_t count, size_t most_attempts)
{
	uint64_t next = 0;
	size_t attempts = 0;

	fill(&rig->d, count);
	while (rig->d.count > 0) {
		struct relay_batch b = delivery_attempt(&rig->d, (uint32_t)++attempts);
		bool bad = false;

		assert_true(attempts <= most_attempts);
		assert_true(b.count > 0);
		for (size_t i = 0; i < b.count; i++) {
			assert_int_equal(relay_record_at(&b, i)->sequence, next + i);
			bad = bad || is_poison[next + i];
		}
		if (!bad || b.count == 1)
			next += b.count;
		assert_false(settle(rig, bad ? RELAY_REJECT : RELAY_OK, "poison").must_wait);
	}
	assert_int_equal(next, count);
}

static void the_poisonous_one_alone_is_refused(void **state)
{
	struct rig *rig = *state;

	for (size_t at = 0; at < 1000; at += 37) {
		bool is_poison[1000] = { 0 };

		is_poison[at] = true;
		rig->refused_count = 0;
		deliver_all(rig, is_poison, 1000, 40);
		assert_int_equal(rig->refused_count, 1);
		assert_int_equal(rig->refused[0], at);
	}
}

static void several_poisonous_ones_are_found(void **state)
{
	struct rig *rig = *state;
	struct dice dice = { 7 };

	for (int round = 0; round < 50; round++) {
		bool is_poison[200] = { 0 };
		size_t poisons = 0, found = 0;

		for (size_t i = 0; i < 200; i++) {
			is_poison[i] = dice_roll(&dice, 20) == 0;
			poisons += is_poison[i];
		}
		rig->refused_count = 0;
		deliver_all(rig, is_poison, 200, 400);
		assert_int_equal(rig->refused_count, poisons);
		for (size_t i = 0; i < 200; i++) {
			if (is_poison[i])
				assert_int_equal(rig->refused[found++], i);
		}
	}
}

static void the_next_batch_is_whole_again(void **state)
{
	struct rig *rig = *state;

	fill(&rig->d, 8);
	delivery_attempt(&rig->d, 1);
	assert_true(settle(rig, RELAY_REJECT, "").was_split);
	assert_int_equal(delivery_attempt(&rig->d, 2).count, 4);
	settle(rig, RELAY_OK, "");
	assert_int_equal(delivery_attempt(&rig->d, 3).count, 4);
	settle(rig, RELAY_OK, "");
	fill(&rig->d, 8);
	assert_int_equal(delivery_attempt(&rig->d, 1).count, 8);
}

static void what_waits_keeps_its_size(void **state)
{
	struct rig *rig = *state;

	fill(&rig->d, 8);
	delivery_attempt(&rig->d, 1);
	settle(rig, RELAY_REJECT, "");
	delivery_attempt(&rig->d, 2);
	settle(rig, RELAY_RETRY, "");
	assert_int_equal(delivery_attempt(&rig->d, 3).count, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_go_when_all_have_arrived),
		TEST(a_retry_repeats_what_is_not_marked),
		TEST(a_mark_is_stronger_than_the_verdict),
		TEST(a_mark_between_attempts_is_none),
		TEST(a_record_that_is_alone_is_refused),
		TEST(the_poisonous_one_alone_is_refused),
		TEST(several_poisonous_ones_are_found),
		TEST(the_next_batch_is_whole_again),
		TEST(what_waits_keeps_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
