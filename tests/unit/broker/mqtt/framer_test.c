/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/framer.h"

#include "tests/unit/unit.h"

static const struct {
	struct span input;
	size_t max;
	enum frame_status status;
	size_t size;
} rows[] = {
	{ SPAN(""), 100, FRAME_PARTIAL, 0 },
	{ SPAN("\xc0"), 100, FRAME_PARTIAL, 0 },
	{ SPAN("\xc0\0"), 100, FRAME_COMPLETE, 2 },
	{ SPAN("\xc0\0\xc0"), 100, FRAME_COMPLETE, 2 },
	{ SPAN("\x30\x05"), 100, FRAME_PARTIAL, 7 },
	{ SPAN("\x30\5ABCD"), 100, FRAME_PARTIAL, 7 },
	{ SPAN("\x30\5ABCDE"), 100, FRAME_COMPLETE, 7 },
	{ SPAN("\x30\x05"), 7, FRAME_PARTIAL, 7 },
	{ SPAN("\x30\x05"), 6, FRAME_TOO_LARGE, 7 },
	{ SPAN("\x30\x80"), 1000, FRAME_PARTIAL, 0 },
	{ SPAN("\x30\x80\x01"), 1000, FRAME_PARTIAL, 131 },
	{ SPAN("\x30\x80\x80\x80"), 1000, FRAME_PARTIAL, 0 },
	{ SPAN("\x30\x80\x80\x80\x01"), SIZE_MAX, FRAME_PARTIAL, 2097157 },
	{ SPAN("\x30\xff\xff\xff\x7f"), SIZE_MAX, FRAME_PARTIAL, 268435460 },
	{ SPAN("\x30\xff\xff\xff\x7f"), 268435459, FRAME_TOO_LARGE, 268435460 },
	{ SPAN("\x30\xff\xff\xff\xff"), SIZE_MAX, FRAME_MALFORMED, 0 },
	{ SPAN("\x30\x80\x80\x80\x80\x01"), SIZE_MAX, FRAME_MALFORMED, 0 },
};

static void packets_end_where_their_length_says(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct frame f;

		print_message("row %zu\n", i);
		assert_int_equal(frame_next(rows[i].input, rows[i].max, &f), rows[i].status);
		assert_int_equal(f.size, rows[i].size);
	}
}

static void type_and_flags_are_known_from_the_first_byte(void **unused)
{
	struct frame f = { 0 };

	(void)unused;
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t input = (uint8_t)byte;

		assert_int_equal(frame_next(span_of(&input, 1), 100, &f), FRAME_PARTIAL);
		assert_int_equal(f.type, byte >> 4);
		assert_int_equal(f.flags, byte & 15);
	}
}

static void the_body_is_what_stands_behind_the_length(void **unused)
{
	struct frame f;

	(void)unused;
	assert_int_equal(frame_next(BYTES("\x32\x83\x00xyzrest"), 100, &f), FRAME_COMPLETE);
	assert_span_text(f.body, "xyz");
	assert_int_equal(f.size, 6);
}

static void a_length_with_bytes_to_spare_is_known(void **unused)
{
	static const struct {
		struct span start; /* as many zeros follow as it says */
		bool is_overlong;
	} lengths[] = {
		{ SPAN("\x30\0"), false },
		{ SPAN("\x30\x7f"), false },
		{ SPAN("\x30\x80\1"), false },
		{ SPAN("\x30\x80\x80\1"), false },
		{ SPAN("\x30\x80\0"), true },
		{ SPAN("\x30\xff\0"), true },
		{ SPAN("\x30\x80\x81\0"), true },
		{ SPAN("\x30\x80\x80\x80\0"), true },
	};
	static uint8_t input[20000];

	(void)unused;
	for (size_t i = 0; i < array_size(lengths); i++) {
		struct frame f = { 0 };

		memcpy(input, lengths[i].start.data, lengths[i].start.len);
		assert_int_equal(frame_next(span_of(input, sizeof(input)), SIZE_MAX, &f),
				FRAME_COMPLETE);
		assert_int_equal(frame_is_overlong(&f), lengths[i].is_overlong);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_end_where_their_length_says),
		cmocka_unit_test(type_and_flags_are_known_from_the_first_byte),
		cmocka_unit_test(the_body_is_what_stands_behind_the_length),
		cmocka_unit_test(a_length_with_bytes_to_spare_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
