/* SPDX-License-Identifier: MIT */
#include "cli/password_lines.h"

#include "tests/unit/unit.h"

static void assert_set(const char *before, const char *user, const char *hash, bool is_known,
		const char *after)
{
	struct str text = { 0 };

	assert_int_equal(password_lines_set(span_of_text(before), span_of_text(user),
					 span_of_text(hash), &text),
			is_known);
	assert_string_equal(str_text(&text), after);
	str_finish(&text);
}

static void a_user_is_added_at_the_end(void **unused)
{
	(void)unused;
	assert_set("", "bob", "h", false, "bob:h\n");
	assert_set("al:x\n", "bob", "h", false, "al:x\nbob:h\n");
	assert_set("al:x", "bob", "h", false, "al:x\nbob:h\n");
	assert_set("# bob:x\n\nbobby:x\n", "bob", "h", false, "# bob:x\n\nbobby:x\nbob:h\n");
}

static void a_user_is_changed_in_his_place(void **unused)
{
	(void)unused;
	assert_set("al:x\nbob:y\ncy:z\n", "bob", "h", true, "al:x\nbob:h\ncy:z\n");
	assert_set("al:x\n bob : y\r\n", "bob", "h", true, "al:x\nbob:h\n");
	assert_set("bob\ncy:z\n", "bob", "h", true, "bob:h\ncy:z\n");
	assert_set("bob:x\ncy:z\nbob:y\n", "bob", "h", true, "bob:h\ncy:z\n");
}

static void everything_else_stays_as_it_is(void **unused)
{
	(void)unused;
	assert_set("# c \r\n \t\n no colon\n:x\nbob:y", "bob", "h", true,
			"# c \r\n \t\n no colon\n:x\nbob:h\n");
}

static void a_user_is_removed(void **unused)
{
	(void)unused;
	assert_set("al:x\nbob:y\ncy:z\n", "bob", "", true, "al:x\ncy:z\n");
	assert_set("bob:y\nbob:z\n", "bob", "", true, "");
	assert_set("al:x\n", "bob", "", false, "al:x\n");
}

static void only_names_that_a_file_and_mqtt_can_hold_are_valid(void **unused)
{
	static const char *const good[] = { "bob", "b b", "B\303\266b", "b#", "$SYS", "-D" };
	static const char *const bad[] = { "", ":", "b:b", "b\nb", "b\x7f", "b\tb", " b", "b ",
		"#b", "b\xff", "\r" };
	struct str problem = { 0 }, longest = { 0 };

	(void)unused;
	for (size_t i = 0; i < array_size(good); i++)
		assert_true(password_user_valid(span_of_text(good[i]), &problem));
	assert_int_equal(problem.len, 0);
	for (size_t i = 0; i < array_size(bad); i++) {
		str_clear(&problem);
		assert_false(password_user_valid(span_of_text(bad[i]), &problem));
		assert_true(problem.len > 0);
	}
	for (int i = 0; i < 65535; i++)
		str_append_byte(&longest, 'b');
	assert_true(password_user_valid(str_span(&longest), &problem));
	str_append_byte(&longest, 'b');
	assert_false(password_user_valid(str_span(&longest), &problem));
	str_finish(&longest);
	str_finish(&problem);
}

/* The hash of the `n`th line is one of `password`. */
static void assert_hash_of(struct span text, unsigned n, const char *user, struct span password)
{
	struct password_hash hash;
	struct str problem = { 0 };
	struct span line = { NULL, 0 };

	while (n-- > 0)
		line = span_cut(&text, '\n');
	assert_span_text(span_cut(&line, ':'), user);
	assert_true(password_hash_parse(line, &hash, &problem));
	assert_true(password_verify(&hash, password));
}

static void plain_passwords_are_hashed_and_hashes_stay(void **unused)
{
	static const char before[] = "# c\nal:secret\n\n bob : two words \r\n"
				     "cy:$6$x$y\nd:a:b:c\ne:$ecret";
	struct settings_report report = { 0 };
	struct str text = { 0 };

	(void)unused;
	password_lines_hash(span_of_text(before), "pw", PASSWORD_SHA512, 0, &report, &text);
	assert_int_equal(report.errors, 0);
	assert_true(span_starts_with(str_span(&text), BYTES("# c\nal:$6$")));
	assert_hash_of(str_span(&text), 2, "al", BYTES("secret"));
	assert_hash_of(str_span(&text), 4, "bob", BYTES("two words"));
	assert_non_null(strstr(str_text(&text), "\ncy:$6$x$y\n"));
	assert_hash_of(str_span(&text), 6, "d", BYTES("a:b:c"));
	assert_hash_of(str_span(&text), 7, "e", BYTES("$ecret"));
	str_finish(&text);
}

static void lines_that_cannot_be_hashed_are_all_reported(void **unused)
{
	struct settings_report report = { 0 };
	struct str text = { 0 };

	(void)unused;
	password_lines_hash(BYTES("hunter2\nal:\n:hunter2\nb\x01:hunter2\nok:x\n"), "pw",
			PASSWORD_SHA512, 0, &report, &text);
	assert_int_equal(report.errors, 4);
	assert_non_null(strstr(str_text(&report.text), "pw:1: "));
	assert_non_null(strstr(str_text(&report.text), "pw:2: "));
	assert_non_null(strstr(str_text(&report.text), "pw:3: "));
	assert_non_null(strstr(str_text(&report.text), "pw:4: 'b\\x01': "));
	assert_null(strstr(str_text(&report.text), "hunter2"));
	str_finish(&report.text);
	str_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_added_at_the_end),
		cmocka_unit_test(a_user_is_changed_in_his_place),
		cmocka_unit_test(everything_else_stays_as_it_is),
		cmocka_unit_test(a_user_is_removed),
		cmocka_unit_test(only_names_that_a_file_and_mqtt_can_hold_are_valid),
		cmocka_unit_test(plain_passwords_are_hashed_and_hashes_stay),
		cmocka_unit_test(lines_that_cannot_be_hashed_are_all_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
