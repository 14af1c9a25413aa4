/* SPDX-License-Identifier: MIT */
#include "common/tls_certificate.h"

#include <time.h>

#include "tests/unit/common/tls_rig.h"

static size_t no_key(void *owner, struct span identity, uint8_t key[TLS_MAX_KEY])
{
	(void)owner;
	(void)identity;
	(void)key;
	return 0;
}

/* A server that has keys and no certificate. */
static struct tls_context *keyed(void)
{
	struct tls_settings s = { .psk_hint = "x", .keys = { .find = no_key } };
	struct tls_context *context = server_of(&s);

	assert_non_null(context);
	return context;
}

/* A server with the certificate of that name as it is now. */
static struct tls_context *showing(const char *name)
{
	struct setup u = setup_of(name);
	struct tls_context *context = server_of(&u.s);

	assert_non_null(context);
	setup_finish(&u);
	return context;
}

static void assert_described(const struct tls_context *context, const char *beginning)
{
	struct str text = { 0 };

	tls_certificate_describe(context, &text);
	if (strncmp(str_text(&text), beginning, strlen(beginning)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", str_text(&text), beginning);
	str_finish(&text);
}

static void certificate_is_told_by_name_serial_and_end(void **unused)
{
	struct tls_context *context;
	time_t until;
	struct tm parts;
	char wanted[128], end[40];

	(void)unused;
	pki.serial = 0x1a2a;
	pki_issue_to(&pki, "told", pki_name("site", "broker", -1), -1, 50);
	context = showing("told");
	until = (time_t)tls_certificate_expiry(context);
	assert_in_range(until, time(NULL) + 50L * PKI_DAY - 60, time(NULL) + 50L * PKI_DAY);
	assert_non_null(gmtime_r(&until, &parts));
	strftime(end, sizeof(end), "%Y-%m-%d %H:%M:%S", &parts);
	snprintf(wanted, sizeof(wanted), "CN=broker,O=site (serial 1A2B, until %s UTC)", end);
	assert_described(context, wanted);
	tls_context_unref(context);
}

static void name_is_fit_for_a_log(void **unused)
{
	struct tls_context *context;

	(void)unused;
	pki_issue_to(&pki, "odd", pki_name(NULL, "a\nb\033c", -1), -1, 50);
	context = showing("odd");
	assert_described(context, "CN=a\\0Ab\\1Bc (serial ");
	tls_context_unref(context);
	pki_issue_to(&pki, "odd", pki_name(NULL, NULL, -1), -1, 50);
	context = showing("odd");
	assert_described(context, "a nameless one (serial ");
	tls_context_unref(context);
}

static void renewed_certificate_is_another(void **unused)
{
	struct tls_context *before, *same, *after;

	(void)unused;
	pki_issue_to(&pki, "renewed", pki_name("site", "broker", -1), -1, 50);
	before = showing("renewed");
	same = showing("renewed");
	pki.serial--; /* a bad authority gives a number twice */
	pki_issue_to(&pki, "renewed", pki_name("site", "broker", -1), -1, 50);
	after = showing("renewed");
	assert_true(tls_certificate_equal(before, same));
	assert_false(tls_certificate_equal(before, after));
	tls_context_unref(before);
	tls_context_unref(same);
	tls_context_unref(after);
}

static void who_has_keys_shows_none(void **unused)
{
	struct tls_context *context = keyed(), *other = keyed(), *certified = showing("server");

	(void)unused;
	assert_described(context, "none");
	assert_int_equal(tls_certificate_expiry(context), 0);
	assert_true(tls_certificate_equal(context, other));
	assert_false(tls_certificate_equal(context, certified));
	assert_false(tls_certificate_equal(certified, context));
	tls_context_unref(context);
	tls_context_unref(other);
	tls_context_unref(certified);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificate_is_told_by_name_serial_and_end),
		cmocka_unit_test(name_is_fit_for_a_log),
		cmocka_unit_test(renewed_certificate_is_another),
		cmocka_unit_test(who_has_keys_shows_none),
	};

	return cmocka_run_group_tests(tests, open_pki, close_pki);
}
