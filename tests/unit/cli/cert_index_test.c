/* SPDX-License-Identifier: MIT */
#include "cli/cert_index.h"

#include "tests/unit/unit.h"

#define SERIAL	"0123456789abcdef0123456789abcdef"
#define SERIAL2 "fedcba9876543210fedcba9876543210"

static void what_is_written_is_read_again(void **unused)
{
	struct cert_index before = { 0 }, after = { 0 };
	struct str text = { 0 }, problem = { 0 }, again = { 0 };

	(void)unused;
	cert_index_add(&before, SERIAL, CERT_SERVER, 1861420260, BYTES("broker"));
	cert_index_add(&before, SERIAL2, CERT_CLIENT, 4102444800, BYTES("web 1"))->revoked =
			1795411186;
	cert_index_format(&before, &text);
	assert_non_null(strstr(str_text(&text),
			"\n" SERIAL " server 2028-12-26T05:11:00Z - broker\n" SERIAL2
			" client 2100-01-01T00:00:00Z 2026-11-23T05:19:46Z web 1\n"));
	assert_true(cert_index_parse(str_span(&text), "index", &after, &problem));
	assert_int_equal(after.count, 2);
	assert_string_equal(after.entries[0].serial, SERIAL);
	assert_int_equal(after.entries[0].kind, CERT_SERVER);
	assert_int_equal(after.entries[0].revoked, 0);
	assert_int_equal(after.entries[1].until, 4102444800);
	assert_int_equal(after.entries[1].revoked, 1795411186);
	assert_string_equal(after.entries[1].name, "web 1");
	cert_index_format(&after, &again);
	assert_string_equal(str_text(&again), str_text(&text));
	str_finish(&text);
	str_finish(&again);
	cert_index_finish(&before);
	cert_index_finish(&after);
}

static void the_newest_of_a_name_is_found(void **unused)
{
	struct cert_index index = { 0 };

	(void)unused;
	cert_index_add(&index, SERIAL, CERT_CLIENT, 1, BYTES("a"))->revoked = 1;
	cert_index_add(&index, SERIAL, CERT_CLIENT, 2, BYTES("a"));
	cert_index_add(&index, SERIAL, CERT_CLIENT, 3, BYTES("a"));
	cert_index_add(&index, SERIAL, CERT_CLIENT, 4, BYTES("b"));
	assert_int_equal(cert_index_find(&index, "a", false)->until, 3);
	assert_int_equal(cert_index_find(&index, "a", true)->until, 1);
	assert_null(cert_index_find(&index, "b", true));
	assert_null(cert_index_find(&index, "c", false));
	cert_index_finish(&index);
}

static void comments_and_empty_lines_are_passed_over(void **unused)
{
	struct cert_index index = { 0 };
	struct str problem = { 0 };

	(void)unused;
	assert_true(cert_index_parse(
			BYTES("# a\n\n \n" SERIAL " client 2028-12-26T05:11:00Z - a\r\n"), "index",
			&index, &problem));
	assert_int_equal(index.count, 1);
	assert_string_equal(index.entries[0].name, "a");
	cert_index_finish(&index);
	assert_true(cert_index_parse(BYTES(""), "index", &index, &problem));
	assert_int_equal(index.count, 0);
}

/* A line that is not understood could be one that is revoked: it is never passed over. */
static void a_broken_line_is_named(void **unused)
{
	static const char *const lines[] = {
		"x",
		SERIAL "0 client 2028-12-26T05:11:00Z - a",
		"0123456789ABCDEF0123456789abcdef client 2028-12-26T05:11:00Z - a",
		SERIAL " user 2028-12-26T05:11:00Z - a",
		SERIAL " client 2028-12-26 - a",
		SERIAL " client 2028-12-26T05:11:00Zx - a",
		SERIAL " client 2028-13-26T05:11:00Z - a",
		SERIAL " client 2028-12-26T05:11:00Z x a",
		SERIAL " client 2028-12-26T05:11:00Z -",
		SERIAL " client 2028-12-26T05:11:00Z - ",
		SERIAL " client 2028-12-26T05:11:00Z - a\x01",
		SERIAL " client",
	};

	(void)unused;
	for (size_t i = 0; i < array_size(lines); i++) {
		struct cert_index index = { 0 };
		struct str text = { 0 }, problem = { 0 };

		str_printf(&text, "# a\n" SERIAL " client 2028-12-26T05:11:00Z - a\n%s\n",
				lines[i]);
		if (cert_index_parse(str_span(&text), "folder/index", &index, &problem))
			fail_msg("'%s' was read", lines[i]);
		assert_non_null(strstr(str_text(&problem), "folder/index:3: the line "));
		str_finish(&text);
		str_finish(&problem);
		cert_index_finish(&index);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(the_newest_of_a_name_is_found),
		cmocka_unit_test(comments_and_empty_lines_are_passed_over),
		cmocka_unit_test(a_broken_line_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
