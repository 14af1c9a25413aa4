/* SPDX-License-Identifier: MIT */
#include <poll.h>

#include "tests/unit/gateway/journal/journal_rig.h"

static void records_are_read_in_order_by_each_reader(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_behind(f, 0, 0), 0);
	assert_int_equal(append(f, 10, 100), 0);
	assert_int_equal(append(f, 5, 0), 0);
	assert_int_equal(append(f, 3, 20000), 0);
	assert_int_equal(read_behind(f, 0, 0), 18);
	assert_int_equal(read_behind(f, 1, 12), 6);
	f->stop_after = 4;
	assert_int_equal(read_behind(f, 0, 0), 4);
}

static bool is_readable(struct fixture *f, size_t reader)
{
	struct pollfd p = { journal_reader_fd(journal_reader_at(f->journal, reader)), POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

static void an_append_wakes_every_reader(void **state)
{
	struct fixture *f = *state;

	assert_false(is_readable(f, 0));
	append(f, 1, 1);
	assert_true(is_readable(f, 0));
	assert_true(is_readable(f, 1));
	journal_reader_rest(journal_reader_at(f->journal, 0));
	assert_false(is_readable(f, 0));
}

static void places_survive_and_are_separate(void **state)
{
	struct fixture *f = *state;
	uint64_t id = journal_id(f->journal);

	append(f, 20, 10);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 15);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 7);
	journal_close(f->journal);
	open_it(f);
	assert_int_equal(journal_id(f->journal), id);
	assert_int_equal(journal_reader_confirmed(journal_reader_at(f->journal, 0)), 15);
	assert_int_equal(journal_reader_confirmed(journal_reader_at(f->journal, 1)), 7);
	assert_int_equal(journal_status(f->journal).first, 8);
	assert_int_equal(read_behind(f, 1, 7), 13);
}

static void what_all_have_confirmed_is_trimmed_but_the_last(void **state)
{
	struct fixture *f = *state;

	append(f, 1000, 500);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 1000);
	assert_false(journal_maintain(f->journal));
	assert_int_equal(journal_status(f->journal).first, 1);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 1000);
	assert_false(journal_maintain(f->journal));
	assert_int_equal(journal_status(f->journal).first, 1000);
	assert_true(journal_status(f->journal).bytes < 20000);
	journal_close(f->journal);
	open_it(f);
	append(f, 1, 1);
	assert_int_equal(journal_status(f->journal).head, 1001);
	assert_int_equal(read_behind(f, 0, 1000), 1);
}

static void what_is_held_stays_though_it_is_confirmed(void **state)
{
	struct fixture *f = *state;

	append(f, 1000, 500);
	journal_reader_hold(journal_reader_at(f->journal, 1), 600);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 1000);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 900);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 601);
	journal_reader_hold(journal_reader_at(f->journal, 1), UINT64_MAX);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 901);
}

static void appends_trim_by_themselves_under_load(void **state)
{
	struct fixture *f = *state;

	for (uint64_t n = 1; n <= 100; n++) {
		append(f, 200, 300);
		journal_reader_confirm(journal_reader_at(f->journal, 0), n * 200);
		journal_reader_confirm(journal_reader_at(f->journal, 1), n * 200);
		assert_true(journal_has_room(f->journal));
	}
	assert_true(journal_status(f->journal).first > 10000);
}

static void a_full_journal_has_no_room_until_it_was_trimmed(void **state)
{
	struct fixture *f = *state;
	uint64_t head;

	while (journal_has_room(f->journal))
		assert_int_equal(append(f, 100, 1000), 0);
	assert_true(journal_status(f->journal).bytes >= f->options.max_bytes);
	assert_true(journal_status(f->journal).bytes < f->options.max_bytes * 5 / 4);
	head = journal_status(f->journal).head;
	journal_close(f->journal);
	open_it(f);
	assert_false(journal_has_room(f->journal));
	journal_reader_confirm(journal_reader_at(f->journal, 0), head);
	journal_reader_confirm(journal_reader_at(f->journal, 1), head / 2);
	while (journal_maintain(f->journal))
		;
	assert_true(journal_has_room(f->journal));
	assert_int_equal(read_behind(f, 1, head / 2), head - head / 2);
}

static void what_is_confirmed_stays_for_a_while(void **state)
{
	struct fixture *f = *state;
	struct record_batch batch = { 0 };
	struct record record = { .kind = RECORD_MESSAGE, .topic = SPAN("t") };

	journal_close(f->journal);
	f->options.keep = seconds(3600);
	open_it(f);
	append(f, 100, 10); /* received in 1970 */
	for (int i = 0; i < 100; i++) {
		record.received = wall_time_now();
		record_batch_add(&batch, &record);
	}
	assert_int_equal(journal_append(f->journal, &batch, NULL, NULL), 0);
	record_batch_finish(&batch);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 200);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 200);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 101);
}

static void what_is_confirmed_gives_way_when_the_journal_is_half_full(void **state)
{
	struct fixture *f = *state;

	journal_close(f->journal);
	f->options.keep = seconds(4000000000);
	open_it(f);
	append(f, 1000, 1000);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 1000);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 1000);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 1);
	append(f, 2000, 1000);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 2500);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 2500);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 2501);
}

/* On disk, and no reader has got them. */
static void look_before_the_readers(void *owner)
{
	struct fixture *f = owner;
	struct journal_reader *r = journal_reader_at(f->journal, 0);
	struct pollfd fd = { journal_reader_fd(r), POLLIN, 0 };
	uint64_t after = 0, all = 0;

	f->seen = 0;
	f->expected = 1;
	assert_int_equal(journal_scan(f->journal, &all, check_record, f), 0);
	assert_int_equal(f->seen, 2);
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_int_equal(journal_reader_read(r, &after, check_record, f), 0);
	assert_int_equal(f->seen, 2);
	assert_int_equal(after, 0);
}

static void what_is_said_of_records_is_said_before_they_are_read(void **state)
{
	struct fixture *f = *state;

	f->committed = look_before_the_readers;
	assert_int_equal(append(f, 2, 10), 0);
	f->committed = NULL;
	assert_int_equal(read_behind(f, 0, 0), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_are_read_in_order_by_each_reader),
		TEST(an_append_wakes_every_reader),
		TEST(what_is_said_of_records_is_said_before_they_are_read),
		TEST(places_survive_and_are_separate),
		TEST(what_all_have_confirmed_is_trimmed_but_the_last),
		TEST(what_is_held_stays_though_it_is_confirmed),
		TEST(appends_trim_by_themselves_under_load),
		TEST(a_full_journal_has_no_room_until_it_was_trimmed),
		TEST(what_is_confirmed_stays_for_a_while),
		TEST(what_is_confirmed_gives_way_when_the_journal_is_half_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
