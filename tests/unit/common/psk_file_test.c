/* SPDX-License-Identifier: MIT */
#include "common/psk_file.h"

#include "tests/unit/unit.h"

static struct psk_file *parsed(const char *text)
{
	struct settings_report report = { 0 };
	struct psk_file *f = psk_file_parse(span_of_text(text), "psk", 7, &report);

	if (f == NULL)
		fail_msg("%s", str_text(&report.text));
	return f;
}

static void identities_have_their_keys(void **unused)
{
	struct psk_file *f = parsed("# keys\r\n\npump-7:0123456789abcdef\r\n"
				    " door 9 : 00FFaB \nodd:abc\nzero:000");

	(void)unused;
	assert_span_equal(psk_file_key(f, BYTES("pump-7")),
			BYTES("\x01\x23\x45\x67\x89\xab\xcd\xef"));
	assert_span_equal(psk_file_key(f, BYTES("door 9")), BYTES("\x00\xff\xab"));
	assert_span_equal(psk_file_key(f, BYTES("odd")), BYTES("\x0a\xbc"));
	assert_span_equal(psk_file_key(f, BYTES("zero")), BYTES("\x00\x00"));
	assert_null(psk_file_key(f, BYTES("pump")).data);
	assert_null(psk_file_key(f, BYTES("pump-7\0")).data);
	assert_null(psk_file_key(f, BYTES("")).data);
	assert_null(psk_file_key(f, BYTES("# keys")).data);
	psk_file_unref(f);
}

static void a_wrong_line_is_never_a_key(void **unused)
{
	static const struct {
		const char *line, *error;
	} bad[] = {
		{ "pump", "psk:2: this line is not of the form IDENTITY:HEXKEY" },
		{ "pump:", "psk:2: this line" },
		{ ":5ec2e7", "psk:2: this line" },
		{ "pump:5ec2e7g", "psk:2: this line" },
		{ "pump:0x5ec2e7", "psk:2: this line" },
		{ "pump:5ec2 e7", "psk:2: this line" },
		{ "pump:5ec2e7:5ec2e7", "psk:2: this line" },
		{ "pu\x02mp:5ec2e7", "psk:2: 'pu\\x02mp': is not an identity" },
		{ "root:5ec2e7", "psk:2: 'root': has a key on line 1 already" },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct settings_report report = { 0 };
		struct str text = { 0 };

		str_printf(&text, "root:01\n%s\n", bad[i].line);
		assert_null(psk_file_parse(str_span(&text), "psk", 7, &report));
		assert_int_equal(report.errors, 1);
		if (strstr(str_text(&report.text), bad[i].error) == NULL)
			fail_msg("'%s': %s", bad[i].line, str_text(&report.text));
		assert_null(strstr(str_text(&report.text), "5ec2"));
		str_finish(&text);
		str_finish(&report.text);
	}
}

static void all_errors_are_collected(void **unused)
{
	struct settings_report report = { 0 };

	(void)unused;
	assert_null(psk_file_parse(BYTES("a\nb:01\nb:02\n:03"), "psk", 7, &report));
	assert_int_equal(report.errors, 3);
	str_finish(&report.text);
}

/* A line with an identity and a key of so many bytes. */
static bool takes(size_t identity, size_t key)
{
	struct settings_report report = { 0 };
	struct str text = { 0 };
	struct psk_file *f;

	for (size_t i = 0; i < identity; i++)
		str_append_byte(&text, 'i');
	str_append_byte(&text, ':');
	for (size_t i = 0; i < key; i++)
		str_append_text(&text, "5a");
	f = psk_file_parse(str_span(&text), "psk", 7, &report);
	if (f != NULL)
		assert_int_equal(psk_file_key(f, span_first(str_span(&text), identity)).len, key);
	psk_file_unref(f);
	str_finish(&text);
	str_finish(&report.text);
	return f != NULL;
}

static void lengths_are_bounded(void **unused)
{
	(void)unused;
	assert_true(takes(1, 1));
	assert_true(takes(PSK_MAX_IDENTITY, PSK_MAX_KEY));
	assert_false(takes(PSK_MAX_IDENTITY + 1, 16));
	assert_false(takes(16, PSK_MAX_KEY + 1));
}

static void a_file_of_one_key_needs_no_name(void **unused)
{
	struct psk_file *one = parsed("# c\na:01\n"), *two = parsed("a:01\nb:02"),
			*none = parsed("");
	struct span identity;

	(void)unused;
	assert_true(psk_file_single(one, &identity));
	assert_span_text(identity, "a");
	assert_false(psk_file_single(two, &identity));
	assert_false(psk_file_single(none, &identity));
	psk_file_unref(one);
	psk_file_unref(two);
	psk_file_unref(none);
}

static void it_lives_as_long_as_its_last_reference(void **unused)
{
	struct psk_file *f = parsed("a:01");

	(void)unused;
	assert_ptr_equal(psk_file_ref(f), f);
	psk_file_unref(f);
	assert_int_equal(psk_file_key(f, BYTES("a")).len, 1);
	psk_file_unref(f);
	psk_file_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identities_have_their_keys),
		cmocka_unit_test(a_wrong_line_is_never_a_key),
		cmocka_unit_test(all_errors_are_collected),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(a_file_of_one_key_needs_no_name),
		cmocka_unit_test(it_lives_as_long_as_its_last_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
