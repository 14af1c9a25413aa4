/* SPDX-License-Identifier: MIT */
#include "plugins/http/gzip.h"

#include "tests/unit/unit.h"

#include <zlib.h>

static void check_round_trip(struct span bytes)
{
	struct str packed = { 0 };
	uint8_t *back = malloc(bytes.len + 1);
	z_stream z = { 0 };

	str_append_text(&packed, "<");
	gzip_append(&packed, bytes);
	assert_int_equal(packed.text[packed.len], '\0');
	z.next_in = (Bytef *)packed.text + 1;
	z.avail_in = (uInt)(packed.len - 1);
	z.next_out = back;
	z.avail_out = (uInt)(bytes.len + 1);
	assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK); /* gzip's frame only */
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_span_equal(span_of(back, z.total_out), bytes);
	inflateEnd(&z);
	free(back);
	str_finish(&packed);
}

static void what_was_packed_reads_back(void **state)
{
	struct str noise = { 0 };
	struct dice dice = { 7 };

	(void)state;
	check_round_trip(BYTES(""));
	check_round_trip(BYTES("{\"a\":1}\n"));
	for (size_t i = 0; i < 300000; i++)
		str_append_byte(&noise, (char)dice_roll(&dice, 256));
	check_round_trip(str_span(&noise));
	str_finish(&noise);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_was_packed_reads_back) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
