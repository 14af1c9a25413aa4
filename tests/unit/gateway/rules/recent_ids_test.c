/* SPDX-License-Identifier: MIT */
#include "gateway/rules/recent_ids.h"

#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct id_hash hash_of(const struct recent_ids *ids, unsigned n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	return recent_ids_hash(
			ids, (struct span)SPAN("h"), (struct span)SPAN("s"), span_of_text(text));
}

static void add(struct recent_ids *ids, unsigned n, int64_t t)
{
	struct id_hash hash = hash_of(ids, n);

	recent_ids_add(ids, &hash, (struct instant){ seconds(t).ns },
			(struct wall_time){ seconds(1000000 + t).ns });
}

static bool has(const struct recent_ids *ids, unsigned n, int64_t t)
{
	struct id_hash hash = hash_of(ids, n);

	return recent_ids_has(ids, &hash, (struct instant){ seconds(t).ns });
}

static void one_is_remembered_for_the_window(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(10), 100);

	assert_false(has(ids, 1, 0));
	add(ids, 1, 0);
	assert_true(has(ids, 1, 10));
	assert_false(has(ids, 1, 11));
	add(ids, 1, 5);
	assert_false(has(ids, 1, 11));
	add(ids, 1, 11);
	assert_true(has(ids, 1, 21));
	recent_ids_destroy(ids);
}

static void beyond_the_bound_the_oldest_is_forgotten(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(1000), 1000);

	for (unsigned n = 0; n < 5000; n++) {
		add(ids, n, 0);
		assert_true(has(ids, n, 0));
		if (n >= 1000)
			assert_false(has(ids, n - 1000, 0));
	}
	for (unsigned n = 4000; n < 5000; n++)
		assert_true(has(ids, n, 0));
	assert_int_equal(recent_ids_count(ids), 1000);
	recent_ids_set_limits(ids, seconds(1000), 10);
	assert_int_equal(recent_ids_count(ids), 10);
	assert_true(has(ids, 4990, 0));
	assert_false(has(ids, 4989, 0));
	recent_ids_set_limits(ids, seconds(0), 10);
	assert_int_equal(recent_ids_count(ids), 0);
	add(ids, 1, 0);
	assert_false(has(ids, 1, 0));
	recent_ids_destroy(ids);
}

static void the_parts_of_an_id_do_not_run_together(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(10), 100);
	struct id_hash a = recent_ids_hash(ids, (struct span)SPAN("ab"), (struct span)SPAN("c"),
			(struct span)SPAN("d"));
	struct id_hash b = recent_ids_hash(ids, (struct span)SPAN("a"), (struct span)SPAN("bc"),
			(struct span)SPAN("d"));
	struct id_hash c = recent_ids_hash(
			ids, (struct span)SPAN("ab"), (struct span)SPAN("cd"), (struct span){ 0 });

	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_memory_not_equal(&a, &c, sizeof(a));
	recent_ids_destroy(ids);
}

/* --- on disk --- */

struct disk {
	bool used[100];
	struct id_hash hash[100];
	int64_t received[100];
	size_t writes;
};

static void write_id(
		void *owner, uint64_t number, const struct id_hash *hash, struct wall_time received)
{
	struct disk *d = owner;

	assert_true(number < array_size(d->used));
	d->writes++;
	d->used[number] = hash != NULL;
	if (hash != NULL)
		d->hash[number] = *hash;
	d->received[number] = received.ns;
}

static size_t flush(struct recent_ids *ids, struct disk *d, bool works)
{
	d->writes = 0;
	recent_ids_flush(ids, write_id, d);
	if (works)
		recent_ids_flushed(ids);
	return d->writes;
}

static size_t load(struct recent_ids *ids, const struct disk *d, int64_t t, int64_t wall)
{
	size_t refused = 0;

	for (size_t n = 0; n < array_size(d->used); n++) {
		if (d->used[n] && !recent_ids_load(ids, n, &d->hash[n],
						  (struct wall_time){ d->received[n] },
						  (struct instant){ seconds(t).ns },
						  (struct wall_time){ seconds(wall).ns }))
			refused++;
	}
	return refused;
}

static void only_what_changed_is_written(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(10), 3);
	struct disk d = { 0 };

	add(ids, 1, 0);
	add(ids, 2, 0);
	assert_int_equal(flush(ids, &d, false), 2);
	assert_int_equal(flush(ids, &d, true), 2);
	assert_int_equal(flush(ids, &d, true), 0);
	add(ids, 3, 0);
	add(ids, 4, 0);
	assert_int_equal(flush(ids, &d, false), 3);
	assert_false(d.used[0]);
	assert_int_equal(flush(ids, &d, true), 3);
	assert_int_equal(flush(ids, &d, true), 0);
	/* What comes and goes between two flushes never was on disk. */
	for (unsigned n = 5; n < 20; n++)
		add(ids, n, 0);
	assert_int_equal(flush(ids, &d, true), 6);
	assert_int_equal(flush(ids, &d, true), 0);
	recent_ids_destroy(ids);
}

static void what_a_flush_that_failed_had_written_is_removed(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(10), 2);
	struct disk d = { 0 };
	size_t left = 0;

	add(ids, 1, 0);
	add(ids, 2, 0);
	flush(ids, &d, false);
	add(ids, 3, 0);
	add(ids, 4, 0);
	flush(ids, &d, true);
	for (size_t n = 0; n < array_size(d.used); n++)
		left += d.used[n];
	assert_int_equal(left, 2);
	recent_ids_destroy(ids);
}

static void they_come_back_with_their_age(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(10), 50), *again;
	struct disk d = { 0 };

	add(ids, 1, 0);
	add(ids, 2, 4);
	flush(ids, &d, true);
	again = recent_ids_create(seconds(10), 50);
	assert_int_equal(load(again, &d, 500, 1000006), 0);
	assert_true(has(again, 1, 504));
	assert_false(has(again, 1, 505));
	assert_true(has(again, 2, 508));
	assert_false(has(again, 2, 509));
	/* The numbers go on, and what is forgotten is removed. */
	add(again, 3, 506);
	flush(again, &d, true);
	assert_false(d.used[0]);
	assert_true(d.used[1] && d.used[2]);
	recent_ids_destroy(again);
	recent_ids_destroy(ids);
}

static void a_clock_that_was_set_back_does_not_make_them_younger_than_now(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(10), 50), *again;
	struct disk d = { 0 };

	add(ids, 1, 0);
	flush(ids, &d, true);
	again = recent_ids_create(seconds(10), 50);
	assert_int_equal(load(again, &d, 500, 0), 0);
	assert_true(has(again, 1, 510));
	assert_false(has(again, 1, 511));
	recent_ids_destroy(again);
	recent_ids_destroy(ids);
}

static void a_gap_on_disk_is_bridged(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(10), 5), *again;
	struct disk d = { 0 };

	for (unsigned n = 0; n < 5; n++)
		add(ids, n, n);
	flush(ids, &d, true);
	d.used[2] = false;
	again = recent_ids_create(seconds(10), 5);
	assert_int_equal(load(again, &d, 500, 1000006), 0);
	assert_true(has(again, 1, 500) && has(again, 3, 500));
	assert_false(has(again, 2, 500));
	add(again, 2, 500);
	assert_true(has(again, 2, 500) && has(again, 1, 500) && !has(again, 0, 500));
	assert_int_equal(recent_ids_count(again), 5);
	recent_ids_destroy(again);
	recent_ids_destroy(ids);
}

static void numbers_that_cannot_be_are_refused(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(10), 5);
	struct id_hash a = hash_of(ids, 1), b = hash_of(ids, 2);
	struct instant now = { 0 };
	struct wall_time wall = { 0 };

	assert_false(recent_ids_load(ids, UINT64_MAX, &a, wall, now, wall));
	assert_false(recent_ids_load(ids, 0, &a, (struct wall_time){ -1 }, now, wall));
	assert_true(recent_ids_load(ids, 7, &a, wall, now, wall));
	assert_false(recent_ids_load(ids, 7, &b, wall, now, wall));
	assert_false(recent_ids_load(ids, 6, &b, wall, now, wall));
	assert_false(recent_ids_load(ids, 14, &b, wall, now, wall));
	assert_true(recent_ids_load(ids, 13, &b, wall, now, wall));
	recent_ids_destroy(ids);
}

static void an_id_that_is_there_twice_counts_as_the_later(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(10), 5);
	struct id_hash a = hash_of(ids, 1);
	struct instant now = { seconds(100).ns };
	struct wall_time wall = { seconds(100).ns };

	assert_true(recent_ids_load(ids, 1, &a, (struct wall_time){ 0 }, now, wall));
	assert_true(recent_ids_load(ids, 2, &a, wall, now, wall));
	assert_true(has(ids, 1, 110));
	assert_false(has(ids, 1, 111));
	recent_ids_destroy(ids);
}

/* The clock was set back between them: the second one is the older one. */
static void one_that_is_over_behind_a_younger_one_counts_anew(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(10), 5);
	struct id_hash a = hash_of(ids, 1), b = hash_of(ids, 2);
	struct instant now = { seconds(100).ns };
	struct wall_time wall = { seconds(100).ns };

	assert_true(recent_ids_load(ids, 1, &a, wall, now, wall));
	assert_true(recent_ids_load(ids, 2, &b, (struct wall_time){ 0 }, now, wall));
	assert_false(has(ids, 2, 101));
	add(ids, 2, 101);
	assert_true(has(ids, 1, 101) && has(ids, 2, 101) && has(ids, 2, 111));
	recent_ids_destroy(ids);
}

static void switched_off_they_leave_the_disk(void **state)
{
	(void)state;
	struct recent_ids *ids = recent_ids_create(seconds(10), 50), *again;
	struct disk d = { 0 };

	add(ids, 1, 0);
	add(ids, 2, 0);
	flush(ids, &d, true);
	again = recent_ids_create(seconds(0), 50);
	assert_int_equal(load(again, &d, 0, 1000000), 0);
	assert_false(has(again, 1, 0));
	assert_int_equal(flush(again, &d, true), 2);
	assert_false(d.used[0] || d.used[1]);
	recent_ids_destroy(again);
	recent_ids_destroy(ids);
}

/* Against a list, with ids that come again and again. */
static void the_table_holds_what_a_list_would(void **state)
{
	(void)state;
	enum { IDS = 300, MAX = 64 };
	struct recent_ids *ids = recent_ids_create(seconds(50), MAX);
	struct {
		unsigned id;
		int64_t at;
	} list[MAX];
	size_t count = 0;
	uint32_t random = 7;

	for (int64_t t = 0; t < 100000; t += (random >> 16) % 3) {
		unsigned id;
		bool known = false;

		random = random * 1664525 + 1013904223;
		id = (random >> 8) % IDS;
		while (count > 0 && t - list[0].at > 50)
			memmove(&list[0], &list[1], --count * sizeof(list[0]));
		for (size_t i = 0; i < count; i++)
			known = known || list[i].id == id;
		assert_int_equal(has(ids, id, t), known);
		add(ids, id, t);
		if (known)
			continue;
		if (count == MAX)
			memmove(&list[0], &list[1], --count * sizeof(list[0]));
		list[count].id = id;
		list[count++].at = t;
	}
	recent_ids_destroy(ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_remembered_for_the_window),
		cmocka_unit_test(beyond_the_bound_the_oldest_is_forgotten),
		cmocka_unit_test(the_parts_of_an_id_do_not_run_together),
		cmocka_unit_test(only_what_changed_is_written),
		cmocka_unit_test(what_a_flush_that_failed_had_written_is_removed),
		cmocka_unit_test(they_come_back_with_their_age),
		cmocka_unit_test(a_clock_that_was_set_back_does_not_make_them_younger_than_now),
		cmocka_unit_test(a_gap_on_disk_is_bridged),
		cmocka_unit_test(numbers_that_cannot_be_are_refused),
		cmocka_unit_test(an_id_that_is_there_twice_counts_as_the_later),
		cmocka_unit_test(one_that_is_over_behind_a_younger_one_counts_anew),
		cmocka_unit_test(switched_off_they_leave_the_disk),
		cmocka_unit_test(the_table_holds_what_a_list_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
