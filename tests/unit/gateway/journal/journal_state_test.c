/* SPDX-License-Identifier: MIT */
#include "tests/unit/gateway/journal/journal_rig.h"

struct entries {
	char text[128];
};

static void note_entry(void *owner, struct span key, struct span value)
{
	struct entries *e = owner;
	size_t at = strlen(e->text);

	snprintf(e->text + at, sizeof(e->text) - at, "%.*s=%.*s ", SPAN_ARGS(key),
			SPAN_ARGS(value));
}

static void the_state_is_kept_with_the_records_behind_it(void **state)
{
	static const struct journal_change first[] = { { SPAN("a"), SPAN("1") },
		{ SPAN("b"), SPAN("2") } };
	static const struct journal_change second[] = { { SPAN("a"), SPAN("") },
		{ SPAN("c"), SPAN("3") }, { SPAN("never there"), SPAN("") } };
	struct fixture *f = *state;
	struct entries e = { "" };
	uint64_t sequence;

	journal_close(f->journal);
	f->options.has_state = true;
	open_it(f);
	append(f, 100, 10);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 100);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 100);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 1);
	assert_int_equal(journal_state_put(f->journal, 30, first, array_size(first)), 0);
	assert_int_equal(journal_state_put(f->journal, 60, second, array_size(second)), 0);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 61);
	journal_close(f->journal);
	open_it(f);
	assert_int_equal(journal_state_each(f->journal, note_entry, &e, &sequence), 0);
	assert_int_equal(sequence, 60);
	assert_string_equal(e.text, "b=2 c=3 ");
}

static void a_time_is_found_in_the_sequence(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(journal_before(f->journal, (struct wall_time){ 1 }), 0);
	append(f, 50, 10); /* record N is received at N microseconds */
	for (int64_t n = 1; n <= 50; n++) {
		struct wall_time at = { n * 1000 }, later = { n * 1000 + 1 };

		assert_int_equal(journal_before(f->journal, at), n - 1);
		assert_int_equal(journal_before(f->journal, later), n);
	}
	assert_int_equal(journal_before(f->journal, (struct wall_time){ INT64_MAX }), 50);
	assert_int_equal(journal_before(f->journal, (struct wall_time){ 0 }), 0);
}

static void notes_are_kept(void **state)
{
	struct fixture *f = *state;
	struct str text = { 0 };

	journal_note_get(f->journal, "n", &text);
	assert_int_equal(text.len, 0);
	assert_int_equal(journal_note_put(f->journal, "n", span_of_text("a/#\nb")), 0);
	journal_close(f->journal);
	open_it(f);
	journal_note_get(f->journal, "n", &text);
	assert_string_equal(str_text(&text), "a/#\nb");
	str_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_state_is_kept_with_the_records_behind_it),
		TEST(a_time_is_found_in_the_sequence),
		TEST(notes_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
