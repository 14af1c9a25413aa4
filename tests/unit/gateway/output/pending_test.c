/* SPDX-License-Identifier: MIT */
#include "gateway/output/pending.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "tests/unit/unit.h"

static const char *const outputs[] = { "nagios", "second" };

static void add(struct pending *p, size_t output, const char *host, const char *service, int64_t at)
{
	struct check_result result = { .host = span_of_text(host),
		.service = span_of_text(service),
		.state = CHECK_CRITICAL,
		.output = SPAN("disk \"full\"\n\x1b") };
	struct publisher publisher = { .client = SPAN("agent"), .known = true };
	struct pending_note note = { .output = output,
		.result = &result,
		.missing = OBJECT_NO_HOST,
		.publisher = &publisher,
		.received = { at * 1000000000 } };

	pending_add(p, &note);
}

struct pages {
	cJSON *arrays[64];
	size_t count;
	bool is_over;
};

static void take_page(void *owner, struct span array, bool is_last)
{
	struct pages *pages = owner;

	assert_false(pages->is_over);
	assert_true(pages->count < array_size(pages->arrays));
	pages->arrays[pages->count] = cJSON_ParseWithLength((const char *)array.data, array.len);
	assert_true(cJSON_IsArray(pages->arrays[pages->count]));
	pages->count++;
	pages->is_over = is_last;
}

static struct pages format(struct pending *p, size_t page_bytes)
{
	struct pages pages = { .count = 0 };

	pending_format_json(p, outputs, array_size(outputs), page_bytes, take_page, &pages);
	assert_true(pages.is_over);
	return pages;
}

static void pages_finish(struct pages *pages)
{
	for (size_t i = 0; i < pages->count; i++)
		cJSON_Delete(pages->arrays[i]);
}

static const char *text_of(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(object, key));
}

static void an_object_is_remembered_with_what_is_known_of_it(void **unused)
{
	struct pending *p = pending_create(10);
	struct pages pages;
	const cJSON *o;

	(void)unused;
	add(p, 0, "web9", "Disk", 1000);
	add(p, 1, "web9", "Disk", 1060);
	pages = format(p, 100000);
	assert_int_equal(pages.count, 1);
	assert_int_equal(cJSON_GetArraySize(pages.arrays[0]), 1);
	o = cJSON_GetArrayItem(pages.arrays[0], 0);
	assert_string_equal(text_of(o, "host"), "web9");
	assert_string_equal(text_of(o, "service"), "Disk");
	assert_string_equal(text_of(o, "missing"), "host");
	assert_string_equal(text_of(o, "first"), "1970-01-01T00:16:40.000Z");
	assert_string_equal(text_of(o, "last"), "1970-01-01T00:17:40.000Z");
	assert_string_equal(text_of(o, "state"), "CRITICAL");
	assert_string_equal(text_of(o, "output"), "disk \"full\"\n\x1b");
	assert_string_equal(text_of(o, "publisher"), "client agent");
	assert_int_equal((int)cJSON_GetNumberValue(cJSON_GetObjectItem(o, "count")), 2);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(o, "outputs")), 2);
	pages_finish(&pages);
	pending_destroy(p);
}

static void a_host_and_its_services_are_several(void **unused)
{
	struct pending *p = pending_create(10);

	(void)unused;
	add(p, 0, "h", "", 1);
	add(p, 0, "h", "s", 1);
	add(p, 0, "hs", "", 1);
	assert_int_equal(pending_count(p), 3);
	assert_true(pending_remove(p, span_of_text("h"), span_of_text("")));
	assert_false(pending_remove(p, span_of_text("h"), span_of_text("")));
	assert_true(pending_remove(p, span_of_text("h"), span_of_text("s")));
	assert_int_equal(pending_count(p), 1);
	pending_destroy(p);
}

static void what_was_not_heard_of_for_longest_goes(void **unused)
{
	struct pending *p = pending_create(3);

	(void)unused;
	add(p, 0, "a", "", 1);
	add(p, 0, "b", "", 2);
	add(p, 0, "c", "", 3);
	add(p, 0, "a", "", 4);
	add(p, 0, "d", "", 5);
	assert_int_equal(pending_count(p), 3);
	assert_false(pending_remove(p, span_of_text("b"), span_of_text("")));
	assert_true(pending_remove(p, span_of_text("a"), span_of_text("")));
	pending_set_limit(p, 1);
	add(p, 0, "e", "", 6);
	assert_int_equal(pending_count(p), 1);
	assert_true(pending_remove(p, span_of_text("e"), span_of_text("")));
	pending_destroy(p);
}

static bool is_h(void *owner, struct span host, struct span service)
{
	(*(size_t *)owner)++;
	return span_equal_text(host, "h") && span_equal_text(service, "s");
}

static void an_object_that_every_core_has_is_not_pending(void **unused)
{
	struct pending *p = pending_create(10);
	size_t asked = 0;

	(void)unused;
	add(p, 0, "h", "s", 1);
	add(p, 1, "h", "s", 1);
	add(p, 0, "h", "", 1);
	pending_prune(p, 0, is_h, &asked);
	assert_int_equal(asked, 2);
	assert_int_equal(pending_count(p), 2);
	pending_prune(p, 1, is_h, &asked);
	assert_int_equal(asked, 3);
	assert_int_equal(pending_count(p), 1);
	pending_destroy(p);
}

static void an_object_that_was_found_is_not_pending(void **unused)
{
	struct pending *p = pending_create(10);

	(void)unused;
	pending_found(p, 0, span_of_text("h"), span_of_text("s"));
	add(p, 0, "h", "s", 1);
	add(p, 1, "h", "s", 1);
	add(p, 0, "h", "t", 1);
	pending_found(p, 0, span_of_text("h"), span_of_text("s"));
	assert_int_equal(pending_count(p), 2);
	pending_found(p, 1, span_of_text("h"), span_of_text("s"));
	assert_int_equal(pending_count(p), 1);
	assert_true(pending_remove(p, span_of_text("h"), span_of_text("t")));
	pending_destroy(p);
}

static void pages_hold_all_in_order(void **unused)
{
	struct pending *p = pending_create(100);
	struct pages pages;
	size_t total = 0;
	char name[16];

	(void)unused;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		add(p, 0, name, "", i);
	}
	pages = format(p, 1000);
	assert_in_range(pages.count, 10, 40);
	for (size_t i = 0; i < pages.count; i++) {
		const cJSON *o;

		cJSON_ArrayForEach(o, pages.arrays[i])
		{
			snprintf(name, sizeof(name), "h%zu", total++);
			assert_string_equal(text_of(o, "host"), name);
		}
	}
	assert_int_equal(total, 100);
	pages_finish(&pages);
	pending_destroy(p);
}

static void an_empty_list_is_a_page(void **unused)
{
	struct pending *p = pending_create(1);
	struct pages pages = format(p, 1);

	(void)unused;
	assert_int_equal(pages.count, 1);
	assert_int_equal(cJSON_GetArraySize(pages.arrays[0]), 0);
	pages_finish(&pages);
	pending_destroy(p);
	pending_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_is_remembered_with_what_is_known_of_it),
		cmocka_unit_test(a_host_and_its_services_are_several),
		cmocka_unit_test(what_was_not_heard_of_for_longest_goes),
		cmocka_unit_test(an_object_that_every_core_has_is_not_pending),
		cmocka_unit_test(an_object_that_was_found_is_not_pending),
		cmocka_unit_test(pages_hold_all_in_order),
		cmocka_unit_test(an_empty_list_is_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
