/* SPDX-License-Identifier: MIT */
#include "cli/awaited.h"

#include "tests/unit/unit.h"

static bool take(struct awaited *a, const char *text, struct str *refusals)
{
	cJSON *receipt = cJSON_Parse(text);
	bool is_over = awaited_take(a, 0, receipt, refusals);

	cJSON_Delete(receipt);
	return is_over;
}

static const char journaled[] = "{\"receipt\":\"journaled\",\"journaled_ms\":1.5,"
				"\"outputs\":[\"a\",\"b\"],\"rejects\":[]}";
static const char a_confirms[] = "{\"receipt\":\"confirmed\",\"output\":\"a\",\"confirmed_ms\":2}";
static const char b_refuses[] = "{\"receipt\":\"rejected\",\"output\":\"b\",\"code\":\"x\","
				"\"reason\":\"No.\",\"remedy\":\"Do.\"}";

static void a_message_is_over_when_all_outputs_have_answered(void **state)
{
	static const char *const orders[][3] = {
		{ journaled, a_confirms, b_refuses },
		{ a_confirms, b_refuses, journaled },
		{ b_refuses, journaled, a_confirms },
	};

	(void)state;
	for (size_t i = 0; i < array_size(orders); i++) {
		struct str refusals = { 0 }, text = { 0 };
		struct awaited a;

		awaited_init(&a, 1);
		assert_false(take(&a, orders[i][0], &refusals));
		assert_false(take(&a, orders[i][1], &refusals));
		assert_int_equal(a.missing, 1);
		assert_true(take(&a, orders[i][2], &refusals));
		assert_int_equal(a.missing, 0);
		assert_string_equal(str_text(&refusals), "x: No. Do.");
		awaited_describe(&a, 0, &text);
		assert_non_null(strstr(str_text(&text), "journaled after 1.5"));
		assert_non_null(strstr(str_text(&text), "a confirmed after 2"));
		assert_non_null(strstr(str_text(&text), "b refused it"));
		assert_false(take(&a, a_confirms, &refusals)); /* once is enough */
		str_finish(&text);
		str_finish(&refusals);
		awaited_finish(&a);
	}
}

static void nonsense_is_no_receipt(void **state)
{
	struct str refusals = { 0 };
	struct awaited a;

	(void)state;
	awaited_init(&a, 1);
	assert_false(take(&a, "{}", &refusals));
	assert_false(take(&a, "{\"receipt\":7}", &refusals));
	assert_false(take(&a, "{\"receipt\":\"confirmed\"}", &refusals));
	assert_false(take(&a, "{\"receipt\":\"confirmed\",\"output\":7}", &refusals));
	assert_true(take(&a, "{\"receipt\":\"journaled\",\"outputs\":[7],\"rejects\":{}}",
			&refusals));
	assert_int_equal(refusals.len, 0);
	awaited_finish(&a);
}

static void what_is_dropped_is_not_missing(void **state)
{
	struct awaited a, none = { 0 };

	(void)state;
	awaited_drop(&none, 3);
	awaited_init(&a, 2);
	awaited_drop(&a, 1);
	awaited_drop(&a, 1);
	assert_int_equal(a.missing, 1);
	awaited_finish(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_over_when_all_outputs_have_answered),
		cmocka_unit_test(nonsense_is_no_receipt),
		cmocka_unit_test(what_is_dropped_is_not_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
