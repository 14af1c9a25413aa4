/* SPDX-License-Identifier: MIT */
#include "plugins/deflate.h"

#include <zlib.h>

#include "tests/unit/unit.h"

/* A deflater of each frame, with the window bits that take no other one. */
static const struct {
	enum deflate_frame frame;
	int window;
} frames[] = { { DEFLATE_ZLIB, MAX_WBITS }, { DEFLATE_GZIP, MAX_WBITS + 16 } };

static void check_round_trip(struct deflater *d, int window, struct span bytes)
{
	struct str packed = { 0 };
	uint8_t *back = malloc(bytes.len + 1);
	z_stream z = { 0 };

	str_append_text(&packed, "<");
	deflater_append(d, &packed, bytes);
	assert_int_equal(packed.text[packed.len], '\0');
	z.next_in = (Bytef *)packed.text + 1;
	z.avail_in = (uInt)(packed.len - 1);
	z.next_out = back;
	z.avail_out = (uInt)(bytes.len + 1);
	assert_int_equal(inflateInit2(&z, window), Z_OK);
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
	for (size_t i = 0; i < 300000; i++)
		str_append_byte(&noise, (char)dice_roll(&dice, 256));
	for (size_t i = 0; i < array_size(frames); i++) {
		struct deflater *d = deflater_create(3, frames[i].frame);

		check_round_trip(d, frames[i].window, BYTES(""));
		check_round_trip(d, frames[i].window, BYTES("{\"a\":1}\n"));
		check_round_trip(d, frames[i].window, str_span(&noise));
		for (size_t len = 0; len < 5000; len += 97)
			check_round_trip(d, frames[i].window, span_first(str_span(&noise), len));
		deflater_destroy(d);
	}
	str_finish(&noise);
}

/* Servers know GELF that is compressed by its first byte. */
static void each_frame_is_known_by_its_beginning(void **state)
{
	struct deflater *zlib = deflater_create(DEFLATE_USUAL, DEFLATE_ZLIB);
	struct deflater *gzip = deflater_create(9, DEFLATE_GZIP);
	struct str packed = { 0 };

	(void)state;
	deflater_append(zlib, &packed, BYTES("text"));
	assert_int_equal(packed.text[0], 0x78);
	str_clear(&packed);
	deflater_append(gzip, &packed, BYTES("text"));
	assert_span_equal(span_first(str_span(&packed), 2), BYTES("\x1f\x8b"));
	str_finish(&packed);
	deflater_destroy(zlib);
	deflater_destroy(gzip);
	deflater_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_packed_reads_back),
		cmocka_unit_test(each_frame_is_known_by_its_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
