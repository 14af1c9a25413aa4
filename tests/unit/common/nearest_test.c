/* SPDX-License-Identifier: MIT */
#include "common/nearest.h"

#include "tests/unit/unit.h"

static const char *const known[] = { "port", "persistence", "pid_file", "listener",
	"max_connections", "max_queued_messages", "max_queued_bytes" };

static const char *best(const char *word)
{
	struct nearest n = { 0 };

	for (size_t i = 0; i < array_size(known); i++)
		nearest_offer(&n, span_of_text(word), known[i]);
	return n.best;
}

static void a_mistyped_word_finds_the_right_one(void **unused)
{
	static const struct {
		const char *word;
		const char *best;
	} rows[] = {
		{ "prot", "port" },  /* swapped: one step */
		{ "ports", "port" }, /* added */
		{ "pot", "port" },   /* dropped */
		{ "part", "port" },  /* changed */
		{ "lisener", "listener" },
		{ "listner", "listener" },
		{ "Listener", "listener" },
		{ "max_connection", "max_connections" },
		{ "max-connections", "max_connections" },
		{ "max_queued_message", "max_queued_messages" },
		{ "max_queued_byte", "max_queued_bytes" },
		{ "pidfile", "pid_file" },
		{ "", NULL },
		{ "po", NULL }, /* two of four letters are too many */
		{ "opertunity", NULL },
		{ "zzzz", NULL },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		const char *found = best(rows[i].word);

		print_message("%s\n", rows[i].word);
		if (rows[i].best == NULL) {
			assert_null(found);
		} else {
			assert_non_null(found);
			assert_string_equal(found, rows[i].best);
		}
	}
}

static void the_word_itself_is_no_suggestion(void **unused)
{
	struct nearest n = { 0 };

	(void)unused;
	nearest_offer(&n, BYTES("port"), "port");
	assert_null(n.best);
}

static void the_first_of_equally_near_words_stays(void **unused)
{
	struct nearest n = { 0 };

	(void)unused;
	nearest_offer(&n, BYTES("abcdef"), "abcdeg");
	nearest_offer(&n, BYTES("abcdef"), "abcdeh");
	assert_string_equal(n.best, "abcdeg");
}

static void words_that_are_too_long_are_passed_over(void **unused)
{
	char word[200];
	struct nearest n = { 0 };

	(void)unused;
	memset(word, 'a', sizeof(word));
	nearest_offer(&n, span_of(word, sizeof(word)), "aaaa");
	nearest_offer(&n, span_of(word, 65), "aaaa");
	nearest_offer(&n, span_of(word, 64), "aaaa");
	assert_null(n.best);
	word[64] = '\0';
	nearest_offer(&n, span_of(word, 63), word);
	assert_string_equal(n.best, word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mistyped_word_finds_the_right_one),
		cmocka_unit_test(the_word_itself_is_no_suggestion),
		cmocka_unit_test(the_first_of_equally_near_words_stays),
		cmocka_unit_test(words_that_are_too_long_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
