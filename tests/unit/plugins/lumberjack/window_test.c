/* SPDX-License-Identifier: MIT */
#include "plugins/lumberjack/window.h"

#include <zlib.h>

#include "common/wire.h"

#include "tests/unit/unit.h"

static const struct span none = { NULL, 0 };

static void frames_are_as_the_protocol_has_them(void **unused)
{
	struct window w;

	(void)unused;
	window_init(&w, 0);
	window_add(&w, BYTES("{\"a\":1}"), none);
	window_add(&w, BYTES("{}"), none);
	assert_span_equal(window_bytes(&w), BYTES("2W\0\0\0\x02"
						  "2J\0\0\0\x01\0\0\0\x07{\"a\":1}"
						  "2J\0\0\0\x02\0\0\0\x02{}"));
	window_finish(&w);
}

static void the_next_window_counts_from_one(void **unused)
{
	struct window w;

	(void)unused;
	window_init(&w, 0);
	window_add(&w, BYTES("{}"), none);
	window_bytes(&w);
	window_clear(&w);
	assert_int_equal(w.count, 0);
	window_add(&w, BYTES("{ }"), none);
	assert_span_equal(window_bytes(&w), BYTES("2W\0\0\0\x01"
						  "2J\0\0\0\x01\0\0\0\x03{ }"));
	window_finish(&w);
}

static void a_member_goes_to_the_end_of_the_object(void **unused)
{
	struct window w;

	(void)unused;
	window_init(&w, 0);
	window_add(&w, BYTES("{\"a\":1}"), BYTES("\"m\":{}"));
	window_add(&w, BYTES("{}"), BYTES("\"m\":{}"));
	window_add(&w, BYTES("{ \t}"), BYTES("\"m\":{}"));
	assert_span_equal(window_bytes(&w), BYTES("2W\0\0\0\x03"
						  "2J\0\0\0\x01\0\0\0\x0e{\"a\":1,\"m\":{}}"
						  "2J\0\0\0\x02\0\0\0\x08{\"m\":{}}"
						  "2J\0\0\0\x03\0\0\0\x0a{ \t\"m\":{}}"));
	window_finish(&w);
}

static void lengths_have_four_bytes(void **unused)
{
	struct window w;
	struct str object = { 0 };
	struct span bytes;

	(void)unused;
	str_printf(&object, "{\"a\":\"%0*d\"}", 0x010203 - 8, 0);
	window_init(&w, 0);
	window_add(&w, str_span(&object), none);
	bytes = window_bytes(&w);
	assert_int_equal(bytes.len, 16 + 0x010203);
	assert_memory_equal(bytes.data + 12, "\0\1\2\3", 4);
	window_finish(&w);
	str_finish(&object);
}

/* What a server reads from the C frame is what it would have read without one. */
static void compressed_frames_are_the_same_frames(void **unused)
{
	(void)unused;
	for (int level = 1; level <= 9; level++) {
		struct window plain, packed;
		struct span wanted, got;
		struct reader r;
		struct str unpacked = { 0 };
		uLongf len;

		window_init(&plain, 0);
		window_init(&packed, level);
		for (int round = 0; round < 3; round++) {
			window_clear(&plain);
			window_clear(&packed);
			for (int i = 0; i < 1000 * round + 1; i++) {
				window_add(&plain, BYTES("{\"a\":\"bcdef\"}"), BYTES("\"m\":1"));
				window_add(&packed, BYTES("{\"a\":\"bcdef\"}"), BYTES("\"m\":1"));
			}
			wanted = window_bytes(&plain);
			got = window_bytes(&packed);
			r = reader_of(got);
			assert_span_equal(read_bytes(&r, 6), span_first(wanted, 6));
			assert_span_equal(read_bytes(&r, 2), BYTES("2C"));
			len = read_u32(&r);
			assert_int_equal(len, reader_left(&r));
			assert_true(round == 0 || got.len < wanted.len / 4);
			len = wanted.len;
			str_clear(&unpacked);
			str_reserve(&unpacked, len);
			got = read_rest(&r);
			assert_int_equal(
					uncompress((Bytef *)unpacked.text, &len, got.data, got.len),
					Z_OK);
			assert_span_equal(span_of(unpacked.text, len), span_from(wanted, 6));
		}
		str_finish(&unpacked);
		window_finish(&plain);
		window_finish(&packed);
	}
}

/* Bytes without any pattern become more, not fewer. */
static void what_does_not_shrink_fits(void **unused)
{
	struct dice d = { 1 };
	struct str object = { 0 };
	struct window w;

	(void)unused;
	str_append_text(&object, "{\"a\":\"");
	for (int i = 0; i < 300000; i++)
		str_append_byte(&object, (char)(dice_next(&d) | 0x80));
	str_append_text(&object, "\"}");
	window_init(&w, 1);
	window_add(&w, str_span(&object), none);
	assert_true(window_bytes(&w).len > object.len * 7 / 8);
	window_finish(&w);
	str_finish(&object);
}

static void a_window_is_full_by_count_and_by_bytes(void **unused)
{
	struct str object = { 0 };
	struct window w;

	(void)unused;
	window_init(&w, 0);
	assert_false(window_is_full(&w, 2));
	window_add(&w, BYTES("{}"), none);
	assert_false(window_is_full(&w, 2));
	window_add(&w, BYTES("{}"), none);
	assert_true(window_is_full(&w, 2));
	window_clear(&w);
	str_printf(&object, "{\"a\":\"%0*d\"}", WINDOW_BYTES / 2, 0);
	window_add(&w, str_span(&object), none);
	assert_false(window_is_full(&w, 1000));
	window_add(&w, str_span(&object), none);
	assert_true(window_is_full(&w, 1000));
	window_finish(&w);
	str_finish(&object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_as_the_protocol_has_them),
		cmocka_unit_test(the_next_window_counts_from_one),
		cmocka_unit_test(a_member_goes_to_the_end_of_the_object),
		cmocka_unit_test(lengths_have_four_bytes),
		cmocka_unit_test(compressed_frames_are_the_same_frames),
		cmocka_unit_test(what_does_not_shrink_fits),
		cmocka_unit_test(a_window_is_full_by_count_and_by_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
