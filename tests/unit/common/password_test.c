/* SPDX-License-Identifier: MIT */
#include "common/password.h"

#include "tests/unit/unit.h"

static struct password_hash parsed(const char *text)
{
	struct password_hash h;
	struct str problem = { 0 };

	if (!password_hash_parse(span_of_text(text), &h, &problem))
		fail_msg("%s: %s", text, str_text(&problem));
	str_finish(&problem);
	return h;
}

/* A hash, the password it was made of, and where both come from. */
static const struct {
	const char *hash;
	struct span password;
} known[] = {
	/* RFC 7914 section 12 */
	{ "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/"
	  "xCSedmDDaxyevuUqD7m2DYMvfoswGQA",
			SPAN("password") },
	{ "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLV"
	  "QylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
			SPAN("pleaseletmein") },
	/* another writer of the PHC form: the documentation of Python's passlib */
	{ "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+"
	  "iCs5E",
			SPAN("password") },
	/* mosquitto_passwd 2.0.11: as it comes, with -I 1000, with -H sha512, of no password */
	{ "$7$101$Z5BjRQf+yXUT6ge5$qfti4d6vwZ7EVO7KMOZKWMYCqFaaWcOO2vCsoAIGSBVCMt2vUvDh5uJ2ba4FWM"
	  "ibkrRNkB+D7qScLDdl0lgHCQ==",
			SPAN("correct horse") },
	{ "$7$1000$M6ZM/DKoexau3He1$xUSlUb8xn+hdS83QvPKKGVaphwXoOK3OklEsXpgmdovBYow4ZQx1Qtlrja8/"
	  "3mz0rHZXRlkILbk4AmrS52YPEA==",
			SPAN("Gr\xc3\xbc\xc3\x9f"
			     "e") },
	{ "$6$cyF8dRmSWKdFFzxn$djTY1y4OfnDBkH3l6YMl57petKviGxiPtkifYSlJU26ZUDdU1qkdpACiuW+"
	  "9EGJZvhRGExOBIIqMdTWQuwsUpw==",
			SPAN("p@ss:word$") },
	{ "$7$101$OtZGELgXvtcw+onS$LFydPG9HqcnaU3PFjTRvvPuidQGS5W3Sdo63fi0kZ2EgYhIxqgDQ0HXeV8mTBW"
	  "yWRAfKY5xOSmT4ZcGYODvIlg==",
			SPAN("") },
};

static void known_hashes_are_verified(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(known); i++) {
		struct password_hash h = parsed(known[i].hash);

		assert_true(password_hash_parse(span_of_text(known[i].hash), &h, NULL));
		assert_true(password_verify(&h, known[i].password));
	}
}

static void nothing_but_the_password_is_right(void **unused)
{
	/* as long, shorter, longer, with a NUL behind it, in the other case */
	static const struct span wrong[] = { SPAN("correct horsf"), SPAN("correct hors"),
		SPAN("correct horse "), SPAN("correct horse\0"), SPAN("Correct horse"), SPAN(""),
		{ NULL, 0 } };
	struct password_hash h = parsed(known[3].hash);

	(void)unused;
	for (size_t i = 0; i < array_size(wrong); i++)
		assert_false(password_verify(&h, wrong[i]));
	h.hash[h.hash_len - 1] ^= 1;
	assert_false(password_verify(&h, known[3].password));
}

static void the_text_comes_back_as_it_was_read(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(known); i++) {
		struct password_hash h = parsed(known[i].hash);
		struct str text = { 0 };

		password_hash_format(&h, &text);
		assert_string_equal(str_text(&text), known[i].hash);
		str_finish(&text);
	}
}

static void a_new_hash_is_read_back_and_verified(void **unused)
{
	static const enum password_scheme schemes[] = { PASSWORD_SCRYPT, PASSWORD_PBKDF2_SHA512,
		PASSWORD_SHA512 };
	static const char *const beginnings[] = { "$scrypt$ln=14,r=8,p=1$", "$7$25000$", "$6$" };

	(void)unused;
	for (size_t i = 0; i < array_size(schemes); i++) {
		struct password_hash h, again, other;
		struct str text = { 0 };

		assert_true(password_hash_create(schemes[i], 0, BYTES("s3cret"), &h));
		password_hash_format(&h, &text);
		assert_true(span_starts_with(str_span(&text), span_of_text(beginnings[i])));
		assert_true(password_is_hashed(str_span(&text)));
		again = parsed(str_text(&text));
		assert_true(password_hash_equal(&h, &again));
		assert_true(password_verify(&again, BYTES("s3cret")));
		assert_false(password_verify(&again, BYTES("s3creT")));
		assert_true(password_hash_create(schemes[i], 0, BYTES("s3cret"), &other));
		assert_false(password_hash_equal(&h, &other)); /* another salt */
		str_finish(&text);
	}
}

static void the_cost_of_a_new_hash_can_be_chosen(void **unused)
{
	struct password_hash h;
	struct str text = { 0 };

	(void)unused;
	assert_true(password_hash_create(PASSWORD_PBKDF2_SHA512, 101, BYTES("x"), &h));
	password_hash_format(&h, &text);
	assert_true(span_starts_with(str_span(&text), BYTES("$7$101$")));
	assert_true(password_verify(&h, BYTES("x")));
	str_finish(&text);
}

#define SALT   "$c2FsdHNhbHRzYWx0"
#define HASH32 "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define HASH64                                                                                     \
	"$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" \
	"=" /* 64 NULs */

static void what_is_no_hash_is_refused_with_a_reason(void **unused)
{
	static const struct {
		const char *text, *reason;
	} bad[] = {
		{ "", "is not hashed" },
		{ "secret", "is not hashed" },
		{ "$1$abc$def", "is not hashed" },
		{ "$6", "is not hashed" },
		{ "$argon2id$v=19$m=65536,t=1,p=1" SALT HASH32, "Argon2" },
		{ "$6$", "salt" },
		{ "$6$$", "salt" },
		{ "$6" SALT, "hash" },
		{ "$6" SALT "$", "length" },
		{ "$6" SALT HASH32, "length" },
		{ "$6" SALT HASH64 "$", "hash" },
		{ "$6" SALT HASH64 " ", "hash" },
		{ "$6$!!!!" HASH64, "salt" },
		{ "$7" SALT HASH64, "iterations" },
		{ "$7$" SALT HASH64, "iterations" },
		{ "$7$-1" SALT HASH64, "iterations" },
		{ "$7$0" SALT HASH64, "iterations" },
		{ "$7$1000001" SALT HASH64, "1000000" },
		{ "$7$99999999999999999999" SALT HASH64, "iterations" },
		{ "$7$101" SALT HASH32, "length" },
		{ "$scrypt$", "ln=" },
		{ "$scrypt$ln=14,r=8" SALT HASH32, "ln=" },
		{ "$scrypt$ln=14,p=1,r=8" SALT HASH32, "ln=" },
		{ "$scrypt$ln=14,r=8,p=1,q=1" SALT HASH32, "ln=" },
		{ "$scrypt$ln=0,r=8,p=1" SALT HASH32, "ln=" },
		{ "$scrypt$ln=14,r=0,p=1" SALT HASH32, "ln=" },
		{ "$scrypt$ln=14,r=8,p=0" SALT HASH32, "ln=" },
		{ "$scrypt$ln=22,r=1,p=1" SALT HASH32, "ln=" },
		{ "$scrypt$ln=64,r=1,p=1" SALT HASH32, "ln=" },
		{ "$scrypt$ln=14,r=33,p=1" SALT HASH32, "ln=" },
		{ "$scrypt$ln=14,r=8,p=17" SALT HASH32, "ln=" },
		{ "$scrypt$ln=19,r=8,p=1" SALT HASH32, "256 MiB" },
		{ "$scrypt$ln=15,r=32,p=16" SALT HASH32, "seconds" },
		{ "$scrypt$ln=14,r=8,p=1" SALT "$AAAA", "length" },
		{ "$scrypt$ln=14,r=8,p=1$" HASH32, "salt" },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct password_hash h;
		struct str problem = { 0 };

		if (password_hash_parse(span_of_text(bad[i].text), &h, &problem))
			fail_msg("'%s' was taken", bad[i].text);
		if (strstr(str_text(&problem), bad[i].reason) == NULL)
			fail_msg("'%s': %s", bad[i].text, str_text(&problem));
		str_finish(&problem);
	}
}

static void the_most_expensive_parameters_are_accepted(void **unused)
{
	static const char *const good[] = { "$scrypt$ln=18,r=8,p=1" SALT HASH32,
		"$scrypt$ln=21,r=1,p=1" SALT HASH32, "$scrypt$ln=13,r=16,p=16" SALT HASH64,
		"$7$1000000" SALT HASH64, "$6" SALT HASH64 };

	(void)unused;
	for (size_t i = 0; i < array_size(good); i++)
		parsed(good[i]);
}

static void a_salt_or_hash_that_is_too_long_is_refused(void **unused)
{
	struct str salt = { 0 }, problem = { 0 };
	struct password_hash h;

	(void)unused;
	str_append_text(&salt, "$6$");
	for (int i = 0; i < 22; i++)
		str_append_text(&salt, "AAAA"); /* 66 bytes */
	str_append_text(&salt, HASH64);
	assert_false(password_hash_parse(str_span(&salt), &h, &problem));
	str_finish(&salt);
	str_finish(&problem);
}

static void a_plain_password_is_told_from_a_hash(void **unused)
{
	(void)unused;
	assert_true(password_is_hashed(BYTES("$6$x")));
	assert_true(password_is_hashed(BYTES("$7$101$x$y")));
	assert_true(password_is_hashed(BYTES("$scrypt$")));
	assert_true(password_is_hashed(BYTES("$argon2id$v=19$")));
	assert_false(password_is_hashed(BYTES("$ecret")));
	assert_false(password_is_hashed(BYTES("$")));
	assert_false(password_is_hashed(BYTES("secret$6$")));
	assert_false(password_is_hashed(BYTES("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_hashes_are_verified),
		cmocka_unit_test(nothing_but_the_password_is_right),
		cmocka_unit_test(the_text_comes_back_as_it_was_read),
		cmocka_unit_test(a_new_hash_is_read_back_and_verified),
		cmocka_unit_test(the_cost_of_a_new_hash_can_be_chosen),
		cmocka_unit_test(what_is_no_hash_is_refused_with_a_reason),
		cmocka_unit_test(the_most_expensive_parameters_are_accepted),
		cmocka_unit_test(a_salt_or_hash_that_is_too_long_is_refused),
		cmocka_unit_test(a_plain_password_is_told_from_a_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
