/* SPDX-License-Identifier: MIT */
#include "cli/cert_name.h"

#include "tests/unit/unit.h"

typedef bool check_name(struct span name, struct str *problem);

/* A name that is refused leaves a reason, one that is valid none. */
static void assert_valid(check_name *check, const char *name, bool wanted)
{
	struct str problem = { 0 };
	bool got = check(span_of_text(name), &problem);

	if (got != wanted)
		fail_msg("'%s': %s", name, got ? "is valid" : str_text(&problem));
	assert_int_equal(problem.len == 0, wanted);
	str_finish(&problem);
}

static void a_user_is_fit_for_a_file_and_an_access_rule(void **unused)
{
	static const char *const good[] = { "bob", "web 1", "B\303\266b", "a.b", "a-b", "$x", "ca1",
		"::1" };
	static const char *const bad[] = { "", "a/b", "/", "..", ".", ".bob", "-x", "--days", " b",
		"b ", "b\n", "b\x7f", "b\xff", "\xc2\x80", "a+", "#", "ca", "CA" };

	(void)unused;
	for (size_t i = 0; i < array_size(good); i++)
		assert_valid(cert_user_valid, good[i], true);
	for (size_t i = 0; i < array_size(bad); i++)
		assert_valid(cert_user_valid, bad[i], false);
}

/* 64 characters, whatever their number of bytes. */
static void a_name_fits_into_a_certificate(void **unused)
{
	struct str name = { 0 };

	(void)unused;
	for (int i = 0; i < CERT_MAX_NAME; i++)
		str_append_text(&name, "\xc3\xb6");
	assert_valid(cert_user_valid, str_text(&name), true);
	assert_valid(cert_authority_name_valid, str_text(&name), true);
	str_append_byte(&name, 'x');
	assert_valid(cert_user_valid, str_text(&name), false);
	assert_valid(cert_authority_name_valid, str_text(&name), false);
	str_finish(&name);
}

static void an_authority_has_any_name(void **unused)
{
	(void)unused;
	assert_valid(cert_authority_name_valid, "ACME / plant #2 + 3", true);
	assert_valid(cert_authority_name_valid, "", false);
	assert_valid(cert_authority_name_valid, "a\tb", false);
}

static void a_server_has_host_names_and_addresses(void **unused)
{
	static const char *const good[] = { "broker", "broker.example.org", "a-1.b_2.x1", "1x",
		"192.0.2.7", "::1", "2001:db8::7", "xn--brcke-lva.example", "3com.example" };
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "a/b",
		"10.0.0.300", "10.0.0", "1", "a:b", "::g", "fe80::1%eth0", "br\303\274cke", "*",
		"*.", "*.org", "a.*.org", "a*.b.org", "*.*.org", "a\n", "localhost:8883" };

	(void)unused;
	for (size_t i = 0; i < array_size(good); i++) {
		assert_valid(cert_host_valid, good[i], true);
		assert_valid(cert_server_valid, good[i], true);
	}
	for (size_t i = 0; i < array_size(bad); i++) {
		assert_valid(cert_host_valid, bad[i], false);
		assert_valid(cert_server_valid, bad[i], false);
	}
}

static void what_names_no_file_is_one_more_name(void **unused)
{
	static const char label[] =
			"a23456789b123456789c123456789d123456789e123456789f123456789g123";
	struct str name = { 0 };

	(void)unused;
	assert_valid(cert_host_valid, "*.example.org", true);
	assert_valid(cert_server_valid, "*.example.org", false);
	assert_valid(cert_host_valid, "ca", true);
	assert_valid(cert_server_valid, "ca", false);
	str_printf(&name, "%s.org", label);
	assert_valid(cert_host_valid, str_text(&name), true);
	assert_valid(cert_server_valid, str_text(&name), false);
	str_clear(&name);
	str_printf(&name, "%s4.org", label);
	assert_valid(cert_host_valid, str_text(&name), false);
	str_clear(&name);
	str_printf(&name, "%s.%s.%s.%s", label, label, label, label);
	assert_valid(cert_host_valid, str_text(&name) + 2, true);
	assert_valid(cert_host_valid, str_text(&name) + 1, false);
	str_finish(&name);
}

static void an_address_is_told_from_a_name(void **unused)
{
	uint8_t address[16];

	(void)unused;
	assert_int_equal(cert_host_address("192.0.2.7", address), 4);
	assert_memory_equal(address, "\xc0\x00\x02\x07", 4);
	assert_int_equal(cert_host_address("::1", address), 16);
	assert_int_equal(address[15], 1);
	assert_int_equal(cert_host_address("broker", address), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_fit_for_a_file_and_an_access_rule),
		cmocka_unit_test(a_name_fits_into_a_certificate),
		cmocka_unit_test(an_authority_has_any_name),
		cmocka_unit_test(a_server_has_host_names_and_addresses),
		cmocka_unit_test(what_names_no_file_is_one_more_name),
		cmocka_unit_test(an_address_is_told_from_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
