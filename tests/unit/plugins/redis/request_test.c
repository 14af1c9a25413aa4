/* SPDX-License-Identifier: MIT */
#include "plugins/redis/request.h"

#include "tests/unit/unit.h"

static void a_command_is_an_array_of_counted_strings(void **state)
{
	struct request r = { 0 };

	(void)state;
	request_begin(&r, 3, (struct command){ .first = 4, .count = 1 });
	request_append_text(&r, "RPUSH");
	request_append(&r, BYTES("k\r\n\0y"));
	request_append(&r, BYTES(""));
	assert_span_equal(str_span(&r.bytes),
			BYTES("*3\r\n$5\r\nRPUSH\r\n$5\r\nk\r\n\0y\r\n$0\r\n\r\n"));
	assert_int_equal(r.count, 1);
	assert_int_equal(r.commands[0].first, 4);
	request_finish(&r);
}

static void commands_follow_one_another_and_are_counted(void **state)
{
	struct request r = { 0 };

	(void)state;
	request_simple(&r, "PING", NULL, NULL);
	request_simple(&r, "AUTH", "user", "secret");
	assert_span_text(str_span(&r.bytes),
			"*1\r\n$4\r\nPING\r\n*3\r\n$4\r\nAUTH\r\n$4\r\nuser\r\n$6\r\nsecret\r\n");
	assert_int_equal(r.count, 2);
	request_clear(&r);
	assert_int_equal(r.count + r.bytes.len, 0);
	request_wipe(&r);
}

static void lengths_and_numbers_of_any_size_are_written(void **state)
{
	struct request r = { 0 };

	(void)state;
	request_begin(&r, 1234567890, (struct command){ 0 });
	request_begin(&r, SIZE_MAX, (struct command){ 0 });
	request_append_text(&r, "");
	request_append_number(&r, -100);
	assert_span_text(str_span(&r.bytes),
			"*1234567890\r\n*18446744073709551615\r\n$0\r\n\r\n$4\r\n-100\r\n");
	request_finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_an_array_of_counted_strings),
		cmocka_unit_test(commands_follow_one_another_and_are_counted),
		cmocka_unit_test(lengths_and_numbers_of_any_size_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
