/* SPDX-License-Identifier: MIT */
#include "plugins/gelf/chunk.h"

#include "tests/unit/unit.h"

static void a_short_message_is_one_datagram(void **state)
{
	struct datagrams d = { 0 };

	(void)state;
	assert_true(gelf_append_chunks(&d, BYTES("0123456789abcdef"), 16, 1));
	assert_int_equal(d.count, 1);
	assert_span_text(datagrams_at(&d, 0), "0123456789abcdef");
	datagrams_finish(&d);
}

static void a_long_one_is_chunks(void **state)
{
	struct datagrams d = { 0 };

	(void)state;
	assert_true(gelf_append_chunks(&d, BYTES("0123456789abcdefg"), 16, 0x0102030405060708U));
	assert_int_equal(d.count, 5);
	assert_span_equal(datagrams_at(&d, 0), BYTES("\x1e\x0f\1\2\3\4\5\6\7\x08\0\5"
						     "0123"));
	assert_span_equal(datagrams_at(&d, 3), BYTES("\x1e\x0f\1\2\3\4\5\6\7\x08\3\5"
						     "cdef"));
	assert_span_equal(datagrams_at(&d, 4), BYTES("\x1e\x0f\1\2\3\4\5\6\7\x08\4\5"
						     "g"));
	datagrams_finish(&d);
}

static void there_are_at_most_128(void **state)
{
	static const uint8_t message[128 * 4 + 1];
	struct datagrams d = { 0 };

	(void)state;
	assert_true(gelf_append_chunks(&d, span_of(message, 128 * 4), 16, 1));
	assert_int_equal(d.count, 128);
	datagrams_clear(&d);
	assert_false(gelf_append_chunks(&d, span_of(message, 128 * 4 + 1), 16, 1));
	assert_int_equal(d.count, 0);
	assert_int_equal(d.bytes.len, 0);
	datagrams_finish(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_message_is_one_datagram),
		cmocka_unit_test(a_long_one_is_chunks),
		cmocka_unit_test(there_are_at_most_128),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
