/* SPDX-License-Identifier: MIT */
#include "tests/bench/ledger.h"

#include "tests/bench/tally.h"
#include "tests/unit/unit.h"

static void note_all(struct ledger *l, const char *digits)
{
	for (; *digits != '\0'; digits++)
		ledger_note(l, 0, 0, (uint32_t)(*digits - '0'));
}

static void every_number_is_received_duplicate_or_out_of_order(void **unused)
{
	static const struct {
		const char *digits;
		unsigned received, duplicates, disorder;
	} rows[] = {
		{ "01234", 5, 0, 0 },
		{ "0134", 4, 0, 0 },   /* 2 is lost */
		{ "00123", 4, 1, 0 },  /* twice in a row */
		{ "01230", 4, 1, 0 },  /* again, later */
		{ "02134", 5, 0, 1 },  /* late, but there */
		{ "0413", 4, 0, 2 },   /* 2 is lost, two are late */
		{ "041313", 4, 2, 2 }, /* and come again */
		{ "0421344", 5, 2, 3 },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct ledger l;

		print_message("%s\n", rows[i].digits);
		ledger_init(&l, 1, 1);
		note_all(&l, rows[i].digits);
		assert_int_equal(l.received, rows[i].received);
		assert_int_equal(l.duplicates, rows[i].duplicates);
		assert_int_equal(l.disorder, rows[i].disorder);
		ledger_finish(&l);
	}
}

static void each_reader_and_publisher_is_a_sequence_of_its_own(void **unused)
{
	struct ledger l;

	(void)unused;
	ledger_init(&l, 2, 3);
	for (unsigned reader = 0; reader < 2; reader++)
		for (unsigned publisher = 0; publisher < 3; publisher++)
			ledger_note(&l, reader, publisher, 0);
	assert_int_equal(l.received, 6);
	assert_int_equal(l.duplicates, 0);
	ledger_note(&l, 1, 2, 0);
	assert_int_equal(l.duplicates, 1);
	ledger_finish(&l);
}

static void a_tally_takes_each_number_once_in_any_order(void **unused)
{
	struct tally t;

	(void)unused;
	tally_init(&t, 130);
	for (unsigned i = 130; i-- > 0;)
		assert_true(tally_note(&t, i));
	assert_int_equal(t.received, 130);
	assert_true(tally_note(&t, 64));
	assert_int_equal(t.received, 130);
	assert_int_equal(t.duplicates, 1);
	assert_false(tally_note(&t, 130));
	assert_false(tally_note(&t, UINT64_MAX));
	tally_finish(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_is_received_duplicate_or_out_of_order),
		cmocka_unit_test(each_reader_and_publisher_is_a_sequence_of_its_own),
		cmocka_unit_test(a_tally_takes_each_number_once_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
