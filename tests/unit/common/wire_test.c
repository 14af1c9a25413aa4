/* SPDX-License-Identifier: MIT */
#include "common/wire.h"

#include "tests/unit/unit.h"

static void numbers_are_big_endian(void **unused)
{
	struct reader r = reader_of(
			BYTES("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"));

	(void)unused;
	assert_int_equal(read_u8(&r), 0x01);
	assert_int_equal(read_u16(&r), 0x0203);
	assert_int_equal(read_u32(&r), 0x04050607);
	assert_true(read_u64(&r) == 0x08090a0b0c0d0e0fU);
	assert_int_equal(reader_left(&r), 0);
	assert_false(reader_failed(&r));
}

static void the_largest_numbers_do_not_overflow(void **unused)
{
	struct reader r = reader_of(
			BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));

	(void)unused;
	assert_int_equal(read_u16(&r), UINT16_MAX);
	assert_true(read_u32(&r) == UINT32_MAX);
	assert_true(read_u64(&r) == UINT64_MAX);
}

static void a_read_behind_the_end_fails_for_good(void **unused)
{
	struct reader r = reader_of(BYTES("\x01\x02\x03"));

	(void)unused;
	assert_int_equal(read_u32(&r), 0);
	assert_true(reader_failed(&r));
	assert_int_equal(reader_left(&r), 0);
	assert_int_equal(read_u8(&r), 0); /* the three bytes are not handed out any more */
	assert_int_equal(read_rest(&r).len, 0);
	assert_true(reader_failed(&r));
}

static void each_read_needs_all_of_its_bytes(void **unused)
{
	static const struct span bytes = SPAN("\x00\x03xyz");

	(void)unused;
	for (size_t len = 0; len <= bytes.len; len++) {
		struct reader r = reader_of(span_first(bytes, len));
		struct span block = read_block16(&r);

		assert_int_equal(reader_failed(&r), len < bytes.len);
		assert_int_equal(block.len, len < bytes.len ? 0 : 3);
	}
}

static void an_empty_reader_has_nothing(void **unused)
{
	struct reader r = reader_of((struct span){ NULL, 0 });

	(void)unused;
	assert_int_equal(reader_left(&r), 0);
	assert_int_equal(read_rest(&r).len, 0);
	assert_false(reader_failed(&r));
	read_u8(&r);
	assert_true(reader_failed(&r));
}

static const struct {
	uint32_t value;
	struct span bytes;
} varints[] = {
	/* v5 table 1-1 */
	{ 0, SPAN("\x00") },
	{ 127, SPAN("\x7f") },
	{ 128, SPAN("\x80\x01") },
	{ 16383, SPAN("\xff\x7f") },
	{ 16384, SPAN("\x80\x80\x01") },
	{ 2097151, SPAN("\xff\xff\x7f") },
	{ 2097152, SPAN("\x80\x80\x80\x01") },
	{ 268435455, SPAN("\xff\xff\xff\x7f") },
};

static void varints_are_written_in_their_shortest_form_and_read_back(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(varints); i++) {
		uint8_t at[8];
		struct writer w = writer_of(at, sizeof(at));
		struct reader r = reader_of(varints[i].bytes);

		write_varint(&w, varints[i].value);
		assert_span_equal(writer_span(&w), varints[i].bytes);
		assert_int_equal(varint_size(varints[i].value), varints[i].bytes.len);
		assert_int_equal(read_varint(&r), varints[i].value);
		assert_int_equal(reader_left(&r), 0);
		assert_false(reader_failed(&r));
	}
}

static void varint_of_five_bytes_is_malformed(void **unused)
{
	struct reader r = reader_of(BYTES("\x80\x80\x80\x80\x01"));

	(void)unused;
	assert_int_equal(read_varint(&r), 0);
	assert_true(reader_failed(&r));
}

/* [v5 MQTT-1.5.5-1] */
static void varint_that_is_longer_than_needed_is_malformed(void **unused)
{
	static const struct span longer[] = { SPAN("\x80\x00"), SPAN("\x81\x00"),
		SPAN("\xff\x80\x00"), SPAN("\xff\xff\xff\x00") };

	(void)unused;
	for (size_t i = 0; i < array_size(longer); i++) {
		struct reader r = reader_of(longer[i]);

		read_varint(&r);
		assert_true(reader_failed(&r));
	}
}

static void varint_that_breaks_off_is_malformed(void **unused)
{
	struct reader r = reader_of(BYTES("\x80\x80"));

	(void)unused;
	read_varint(&r);
	assert_true(reader_failed(&r));
}

static void varint_above_four_bytes_is_not_written(void **unused)
{
	uint8_t at[8];
	struct writer w = writer_of(at, sizeof(at));

	(void)unused;
	write_varint(&w, 268435456);
	assert_true(writer_failed(&w));
	assert_int_equal(writer_span(&w).len, 0);
}

static void a_write_that_does_not_fit_fails_for_good(void **unused)
{
	uint8_t at[4] = "....";
	struct writer w = writer_of(at, 3);

	(void)unused;
	write_u16(&w, 0x0102);
	write_u16(&w, 0x0304);
	assert_true(writer_failed(&w));
	write_u8(&w, 5); /* would fit, but what came before is missing */
	assert_span_equal(writer_span(&w), BYTES("\x01\x02"));
	assert_int_equal(at[2], '.');
	assert_int_equal(at[3], '.');
}

static void what_is_written_reads_back(void **unused)
{
	uint8_t at[64];
	struct writer w = writer_of(at, sizeof(at));
	struct reader r;

	(void)unused;
	write_u8(&w, 0xfe);
	write_u16(&w, 0xfedc);
	write_u32(&w, 0xfedcba98);
	write_u64(&w, 0xfedcba9876543210);
	write_block16(&w, BYTES("topic"));
	write_block16(&w, (struct span){ NULL, 0 });
	write_bytes(&w, BYTES("rest"));
	assert_false(writer_failed(&w));
	r = reader_of(writer_span(&w));
	assert_int_equal(read_u8(&r), 0xfe);
	assert_int_equal(read_u16(&r), 0xfedc);
	assert_true(read_u32(&r) == 0xfedcba98);
	assert_true(read_u64(&r) == 0xfedcba9876543210);
	assert_span_text(read_block16(&r), "topic");
	assert_span_text(read_block16(&r), "");
	assert_span_text(read_rest(&r), "rest");
	assert_false(reader_failed(&r));
}

static void a_block_has_at_most_65535_bytes(void **unused)
{
	static uint8_t from[65536], to[65540];
	struct writer w = writer_of(to, sizeof(to));

	(void)unused;
	write_block16(&w, span_of(from, 65535));
	assert_false(writer_failed(&w));
	assert_int_equal(writer_span(&w).len, 65537);
	w = writer_of(to, sizeof(to));
	write_block16(&w, span_of(from, 65536));
	assert_true(writer_failed(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(the_largest_numbers_do_not_overflow),
		cmocka_unit_test(a_read_behind_the_end_fails_for_good),
		cmocka_unit_test(each_read_needs_all_of_its_bytes),
		cmocka_unit_test(an_empty_reader_has_nothing),
		cmocka_unit_test(varints_are_written_in_their_shortest_form_and_read_back),
		cmocka_unit_test(varint_of_five_bytes_is_malformed),
		cmocka_unit_test(varint_that_is_longer_than_needed_is_malformed),
		cmocka_unit_test(varint_that_breaks_off_is_malformed),
		cmocka_unit_test(varint_above_four_bytes_is_not_written),
		cmocka_unit_test(a_write_that_does_not_fit_fails_for_good),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(a_block_has_at_most_65535_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
