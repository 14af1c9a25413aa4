/* SPDX-License-Identifier: MIT */
#include "plugins/exec/answer.h"

#include "tests/unit/unit.h"

static void assert_answer(const char *line, enum relay_verdict verdict, const char *reason)
{
	enum relay_verdict got;
	struct span why;

	assert_true(answer_parse(span_of_text(line), &got, &why));
	assert_int_equal(got, verdict);
	assert_span_text(why, reason);
}

static void verdicts_are_read(void **state)
{
	(void)state;
	assert_answer("OK", RELAY_OK, "");
	assert_answer("OK\r", RELAY_OK, "");
	assert_answer("RETRY", RELAY_RETRY, "");
	assert_answer("RETRY  later, please", RELAY_RETRY, "later, please");
	assert_answer("REJECT no host", RELAY_REJECT, "no host");
	assert_answer("REJECT", RELAY_REJECT, "");
}

static void anything_else_is_none(void **state)
{
	const char *const lines[] = { "", " ", "ok", "OKAY", "OK fine", "REJECTED", "0", "O",
		"RETRY:" };
	enum relay_verdict got;
	struct span why;

	(void)state;
	for (size_t i = 0; i < array_size(lines); i++)
		assert_false(answer_parse(span_of_text(lines[i]), &got, &why));
	assert_false(answer_parse(BYTES("OK\0"), &got, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_are_read),
		cmocka_unit_test(anything_else_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
