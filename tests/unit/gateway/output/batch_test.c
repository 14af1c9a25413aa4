/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "gateway/output/batch.h"

static struct record record_of(const char *host, const char *service, uint64_t sequence)
{
	return (struct record){ .kind = RECORD_RESULT,
		.sequence = sequence,
		.topic = span_of_text("t"),
		.result = { .host = span_of_text(host), .service = span_of_text(service) } };
}

static bool add(struct batch *b, const struct record *record, const char *text, bool coalesce)
{
	size_t at = b->text.len;

	str_append_text(&b->text, text);
	return batch_add(b, record, at, coalesce);
}

static void only_the_newest_of_an_object_is_kept(void **state)
{
	struct record web = record_of("web", "disk", 1), again = record_of("web", "disk", 3);
	struct record other = record_of("web", "dis", 2), host = record_of("web", "", 4);
	struct batch b = { 0 };

	(void)state;
	assert_false(add(&b, &web, "1", true));
	assert_false(add(&b, &other, "22", true));
	assert_true(add(&b, &again, "333", true));
	assert_false(add(&b, &host, "4444", true));
	assert_int_equal(b.outdated, 1);
	batch_compact(&b);
	assert_string_equal(str_text(&b.text), "223334444");
	assert_int_equal(b.results, 3);
	assert_int_equal(b.items[1].sequence, 3);
	assert_int_equal(b.items[1].at, 2);
	assert_int_equal(b.items[2].at, 5);
	batch_finish(&b);
}

static void without_coalesce_all_are_kept(void **state)
{
	struct record web = record_of("web", "disk", 1);
	struct batch b = { 0 };

	(void)state;
	assert_false(add(&b, &web, "1", false));
	assert_false(add(&b, &web, "2", false));
	batch_compact(&b);
	assert_string_equal(str_text(&b.text), "12");
	assert_int_equal(b.results, 2);
	batch_finish(&b);
}

static void many_objects_are_told_apart(void **state)
{
	struct batch b = { 0 };

	(void)state;
	for (uint64_t round = 0; round < 3; round++) {
		for (uint64_t i = 0; i < 2000; i++) {
			char host[16], text[32];
			struct record r;

			snprintf(host, sizeof(host), "h%u", (unsigned)i);
			snprintf(text, sizeof(text), "%u.%u ", (unsigned)round, (unsigned)i);
			r = record_of(host, "s", round * 2000 + i + 1);
			assert_int_equal(add(&b, &r, text, true), round > 0);
		}
	}
	batch_compact(&b);
	assert_int_equal(b.results, 2000);
	for (size_t i = 0; i < b.results; i++)
		assert_int_equal(b.items[i].sequence, 4001 + i);
	batch_clear(&b);
	assert_int_equal(b.text.len, 0);
	batch_finish(&b);
}

static void a_receipt_belongs_to_the_last_of_its_message(void **state)
{
	struct record r = record_of("web", "disk", 1);
	struct batch b = { 0 };

	(void)state;
	r.response_topic = span_of_text("reply/x");
	r.correlation = span_of_text("c1");
	add(&b, &r, "1", false);
	assert_int_equal(b.receipt_count, 1);
	assert_false(b.receipts[0].is_last);
	r.is_last = true;
	add(&b, &r, "2", false);
	assert_int_equal(b.receipt_count, 2);
	assert_true(b.receipts[1].is_last);
	assert_int_equal(b.items[1].receipt, 2);
	assert_span_text(span_of(b.texts.text + b.receipts[0].response, b.receipts[0].response_len),
			"reply/x");
	assert_span_text(span_of(b.texts.text + b.receipts[0].correlation,
					 b.receipts[0].correlation_len),
			"c1");
	assert_span_text(batch_topic(&b, &b.items[1]), "t");
	batch_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_newest_of_an_object_is_kept),
		cmocka_unit_test(without_coalesce_all_are_kept),
		cmocka_unit_test(many_objects_are_told_apart),
		cmocka_unit_test(a_receipt_belongs_to_the_last_of_its_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
