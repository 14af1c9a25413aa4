/* SPDX-License-Identifier: MIT */
#include "broker/core/password_file.h"

#include "tests/unit/unit.h"

#define ALICE_HASH                                                                                 \
	"$7$101$Z5BjRQf+yXUT6ge5$qfti4d6vwZ7EVO7KMOZKWMYCqFaaWcOO2vCsoAIGSBVCMt2vUvDh5uJ2ba4FWMib" \
	"krRNkB+D7qScLDdl0lgHCQ=="
#define BOB_HASH                                                                                   \
	"$6$cyF8dRmSWKdFFzxn$djTY1y4OfnDBkH3l6YMl57petKviGxiPtkifYSlJU26ZUDdU1qkdpACiuW+"          \
	"9EGJZvhRGExOBIIqMdTWQuwsUpw=="
#define CAROL_HASH                                                                                 \
	"$scrypt$ln=4,r=1,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static struct password_file *parsed(const char *text)
{
	struct settings_report report = { 0 };
	struct password_file *f = password_file_parse(span_of_text(text), "pw", 7, &report);

	if (f == NULL)
		fail_msg("%s", str_text(&report.text));
	assert_int_equal(report.errors, 0);
	return f;
}

static void users_are_found_with_their_hashes(void **unused)
{
	/* as mosquitto_passwd and editors leave it: comments, empty lines, CR LF, blanks */
	struct password_file *f = parsed("# users\n\nalice:" ALICE_HASH "\r\n  \n"
					 "  bob : " BOB_HASH " \n # x:y\ncarol:" CAROL_HASH);

	(void)unused;
	assert_int_equal(password_file_count(f), 3);
	assert_true(password_verify(password_file_find(f, BYTES("alice")), BYTES("correct horse")));
	assert_true(password_verify(password_file_find(f, BYTES("bob")), BYTES("p@ss:word$")));
	assert_int_equal(password_file_find(f, BYTES("carol"))->scheme, PASSWORD_SCRYPT);
	assert_null(password_file_find(f, BYTES("Alice")));
	assert_null(password_file_find(f, BYTES("alic")));
	assert_null(password_file_find(f, BYTES("alice\0")));
	assert_null(password_file_find(f, BYTES("")));
	assert_null(password_file_find(f, BYTES("# users")));
	assert_null(password_file_find(f, BYTES("# x")));
	password_file_unref(f);
}

static void an_empty_file_has_no_users(void **unused)
{
	struct password_file *f = parsed("");

	(void)unused;
	assert_int_equal(password_file_count(f), 0);
	assert_null(password_file_find(f, BYTES("")));
	assert_null(password_file_decoy(f, BYTES("alice")));
	password_file_unref(f);
}

/* One wrong line, the place and the remedy that its error names. */
static void a_wrong_line_is_never_a_user(void **unused)
{
	static const struct {
		const char *line, *error;
	} bad[] = {
		{ "alice", "pw:2: this line is not of the form USER:HASH" },
		{ "alice:", "pw:2: this line" },
		{ "alice: ", "pw:2: this line" },
		{ ":" ALICE_HASH, "pw:2: this line" },
		{ " :" ALICE_HASH, "pw:2: this line" },
		{ ALICE_HASH, "pw:2: this line" },
		{ "alice:hunter2", "pw:2: 'alice': has a plain-text password; run: belfry passwd "
				   "-U pw" },
		{ "alice:$6$hunter2", "pw:2: 'alice': has no salt" },
		{ "alice:" ALICE_HASH ":x", "pw:2: 'alice': has no hash" },
		{ "alice:$argon2id$v=19$x", "pw:2: 'alice': is an Argon2 hash" },
		{ "al\x01"
		  "ice:" ALICE_HASH,
				"pw:2: 'al\\x01ice': is not a user name" },
		{ "al\xff"
		  "ice:" ALICE_HASH,
				"is not a user name" },
		{ "root:" ALICE_HASH, "pw:2: 'root': is a user on line 1 already" },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct settings_report report = { 0 };
		struct str text = { 0 };

		str_printf(&text, "root:%s\n%s\n", BOB_HASH, bad[i].line);
		assert_null(password_file_parse(str_span(&text), "pw", 7, &report));
		assert_int_equal(report.errors, 1);
		if (strstr(str_text(&report.text), bad[i].error) == NULL)
			fail_msg("'%s': %s", bad[i].line, str_text(&report.text));
		/* nothing secret in the log */
		assert_null(strstr(str_text(&report.text), "hunter2"));
		assert_null(strstr(str_text(&report.text), "Z5BjRQf"));
		str_finish(&text);
		str_finish(&report.text);
	}
}

static void all_errors_are_collected(void **unused)
{
	struct settings_report report = { 0 };

	(void)unused;
	assert_null(password_file_parse(
			BYTES("a:1\nb:2\n\nc\nd:" BOB_HASH "\nd:" BOB_HASH), "pw", 7, &report));
	assert_int_equal(report.errors, 4);
	assert_non_null(strstr(str_text(&report.text), "pw:1:"));
	assert_non_null(strstr(str_text(&report.text), "pw:2:"));
	assert_non_null(strstr(str_text(&report.text), "pw:4:"));
	assert_non_null(strstr(str_text(&report.text), "pw:6:"));
	str_finish(&report.text);
}

static void names_are_bounded_by_what_mqtt_can_carry(void **unused)
{
	struct str text = { 0 };
	struct settings_report report = { 0 };
	struct password_file *f;

	(void)unused;
	for (int i = 0; i < 65535; i++)
		str_append_byte(&text, 'u');
	str_append_text(&text, ":" BOB_HASH);
	f = password_file_parse(str_span(&text), "pw", 7, &report);
	assert_non_null(f);
	assert_non_null(password_file_find(f, span_first(str_span(&text), 65535)));
	password_file_unref(f);
	str_clear(&text);
	for (int i = 0; i < 65536; i++)
		str_append_byte(&text, 'u');
	str_append_text(&text, ":" BOB_HASH);
	assert_null(password_file_parse(str_span(&text), "pw", 7, &report));
	str_finish(&text);
	str_finish(&report.text);
}

/* The same name always has the same decoy, and decoys come from the whole file. */
static void a_decoy_is_some_users_hash(void **unused)
{
	struct password_file *f = parsed("a:" ALICE_HASH "\nb:" BOB_HASH "\nc:" CAROL_HASH "\n");
	bool seen[3] = { false };

	(void)unused;
	for (unsigned i = 0; i < 200; i++) {
		struct span name = span_of(&i, sizeof(i));
		const struct password_hash *decoy = password_file_decoy(f, name);

		assert_non_null(decoy);
		assert_ptr_equal(decoy, password_file_decoy(f, name));
		assert_true(decoy->scheme <= PASSWORD_SHA512);
		seen[decoy->scheme] = true;
	}
	assert_true(seen[0] && seen[1] && seen[2]);
	password_file_unref(f);
}

static void a_login_holds_while_user_and_hash_are_the_same(void **unused)
{
	struct password_file *before = parsed("a:" ALICE_HASH "\nb:" BOB_HASH "\n");
	struct password_file *now = parsed("b:" ALICE_HASH "\na:" ALICE_HASH "\nc:" BOB_HASH "\n");

	(void)unused;
	assert_true(password_file_still_holds(before, now, BYTES("a")));
	assert_false(password_file_still_holds(before, now, BYTES("b"))); /* another password */
	assert_false(password_file_still_holds(now, before, BYTES("c"))); /* removed */
	assert_false(password_file_still_holds(before, now, BYTES("c"))); /* was not there */
	assert_false(password_file_still_holds(before, NULL, BYTES("a")));
	assert_false(password_file_still_holds(NULL, now, BYTES("a")));
	password_file_unref(before);
	password_file_unref(now);
}

static void it_lives_as_long_as_its_last_reference(void **unused)
{
	struct password_file *f = parsed("a:" ALICE_HASH);

	(void)unused;
	assert_ptr_equal(password_file_ref(f), f);
	password_file_unref(f);
	assert_non_null(password_file_find(f, BYTES("a")));
	password_file_unref(f);
	password_file_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_found_with_their_hashes),
		cmocka_unit_test(an_empty_file_has_no_users),
		cmocka_unit_test(a_wrong_line_is_never_a_user),
		cmocka_unit_test(all_errors_are_collected),
		cmocka_unit_test(names_are_bounded_by_what_mqtt_can_carry),
		cmocka_unit_test(a_decoy_is_some_users_hash),
		cmocka_unit_test(a_login_holds_while_user_and_hash_are_the_same),
		cmocka_unit_test(it_lives_as_long_as_its_last_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
