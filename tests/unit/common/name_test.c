/* SPDX-License-Identifier: MIT */
#include "common/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const good[] = {
	"a",
	"web1",
	"Disk /var",
	"Drive C: (100%) a,b=c",
	"M\xc3\xbcnchen",
	"C:\\Windows",
	"\xe2\x82\xac",
	"a!b",
	"[1] PROCESS",
	"$HOSTNAME$",
};

static const char *const bad[] = {
	"",
	" a",
	"a ",
	"a;b",
	";",
	"a\nb",
	"a\n",
	"\ra",
	"a\tb",
	"a\x1b[31m",
	"a\x7f",
	"a\xc2\x85z", /* next line, a C1 control */
	"a\xff",      /* not UTF-8 */
	"\xc0\xbb",   /* `;` in two bytes */
	"\xed\xa0\x80",
};

static void names_that_fit_a_command_are_valid(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(good); i++) {
		print_message("%s\n", good[i]);
		assert_true(name_valid(span_of_text(good[i])));
	}
}

static void names_that_could_end_a_field_or_a_line_are_not(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(bad); i++) {
		print_message("case %zu\n", i);
		assert_false(name_valid(span_of_text(bad[i])));
	}
	assert_false(name_valid(span_of("a\0b", 3)));
}

static void a_name_has_at_most_255_bytes(void **unused)
{
	uint8_t name[MAX_NAME_BYTES + 1];

	(void)unused;
	memset(name, 'x', sizeof(name));
	assert_true(name_valid(span_of(name, MAX_NAME_BYTES)));
	assert_false(name_valid(span_of(name, MAX_NAME_BYTES + 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_fit_a_command_are_valid),
		cmocka_unit_test(names_that_could_end_a_field_or_a_line_are_not),
		cmocka_unit_test(a_name_has_at_most_255_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
