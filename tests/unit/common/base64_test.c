/* SPDX-License-Identifier: MIT */
#include "common/base64.h"

#include "tests/unit/unit.h"

/* RFC 4648 section 10, and all of the alphabet's ends */
static const struct {
	struct span bytes;
	const char *padded, *unpadded;
} vectors[] = {
	{ SPAN(""), "", "" },
	{ SPAN("f"), "Zg==", "Zg" },
	{ SPAN("fo"), "Zm8=", "Zm8" },
	{ SPAN("foo"), "Zm9v", "Zm9v" },
	{ SPAN("foob"), "Zm9vYg==", "Zm9vYg" },
	{ SPAN("fooba"), "Zm9vYmE=", "Zm9vYmE" },
	{ SPAN("foobar"), "Zm9vYmFy", "Zm9vYmFy" },
	{ SPAN("\xfb\xff\x00\xbf"), "+/8Avw==", "+/8Avw" },
};

static void known_vectors_in_both_directions(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(vectors); i++) {
		struct str text = { 0 };
		uint8_t bytes[8];
		size_t len;

		base64_encode(vectors[i].bytes, true, &text);
		assert_string_equal(str_text(&text), vectors[i].padded);
		str_clear(&text);
		base64_encode(vectors[i].bytes, false, &text);
		assert_string_equal(str_text(&text), vectors[i].unpadded);
		str_finish(&text);
		assert_true(base64_decode(
				span_of_text(vectors[i].padded), bytes, sizeof(bytes), &len));
		assert_span_equal(span_of(bytes, len), vectors[i].bytes);
		assert_true(base64_decode(
				span_of_text(vectors[i].unpadded), bytes, sizeof(bytes), &len));
		assert_span_equal(span_of(bytes, len), vectors[i].bytes);
	}
}

static void what_is_not_base64_is_refused(void **unused)
{
	static const char *const bad[] = { "Z", "Zg=", "Zg===", "Zm8==", "Zm9v=", "=",
		"==", "====", "Z===", "Zm9vY", "Zm 9v", "Zm9v\n", "Zm-_", "Zg==Zg==", "Zh==", "Zh",
		"Zm9=", "Zm9", "Zm9v!" };
	uint8_t bytes[16];
	size_t len = 77;

	(void)unused;
	for (size_t i = 0; i < array_size(bad); i++) {
		if (base64_decode(span_of_text(bad[i]), bytes, sizeof(bytes), &len))
			fail_msg("'%s' was taken", bad[i]);
	}
	assert_false(base64_decode(BYTES("Zm9v\0"), bytes, sizeof(bytes), &len));
	assert_int_equal(len, 77);
}

static void what_does_not_fit_is_refused(void **unused)
{
	uint8_t bytes[3];
	size_t len;

	(void)unused;
	assert_false(base64_decode(BYTES("Zm9v"), bytes, 2, &len));
	assert_true(base64_decode(BYTES("Zm9v"), bytes, 3, &len));
	assert_false(base64_decode(BYTES("Zm9vYg"), bytes, 3, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_vectors_in_both_directions),
		cmocka_unit_test(what_is_not_base64_is_refused),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
