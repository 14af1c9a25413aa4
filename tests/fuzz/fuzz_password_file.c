/* SPDX-License-Identifier: MIT */
/*
 * A password file: what is accepted has only users whose lines are right by a naive reading, each
 * hash comes back from its own text, and every refused line is one line of the report.
 */
#include "broker/core/password_file.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "tests/fuzz/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text of a hash, the hash, and the text made of it mean the same. */
static void check_hash(const struct password_hash *h, struct span text)
{
	struct password_hash again;
	struct str formatted = { 0 }, problem = { 0 };

	REQUIRE(password_is_hashed(text));
	REQUIRE(h->salt_len > 0 && h->salt_len <= PASSWORD_MAX_SALT);
	REQUIRE(h->hash_len >= 16 && h->hash_len <= PASSWORD_MAX_HASH);
	REQUIRE(h->scheme != PASSWORD_SCRYPT || (128ULL * h->r << h->cost) <= 256ULL << 20);
	REQUIRE(h->scheme != PASSWORD_SCRYPT || ((uint64_t)h->r * h->p << h->cost) <= 1 << 21);
	REQUIRE(h->scheme != PASSWORD_PBKDF2_SHA512 || h->cost <= PASSWORD_MAX_ITERATIONS);
	password_hash_format(h, &formatted);
	REQUIRE(password_hash_parse(str_span(&formatted), &again, &problem));
	REQUIRE(password_hash_equal(h, &again));
	REQUIRE(password_hash_parse(text, &again, &problem));
	REQUIRE(password_hash_equal(h, &again));
	str_finish(&formatted);
	str_finish(&problem);
}

/* Every line of an accepted file that is not blank or a comment is a user, and no other is. */
static void check_users(const struct password_file *f, struct span text)
{
	size_t users = 0;

	while (text.data != NULL) {
		struct span rest = span_trim(span_cut(&text, '\n')), name;

		if (rest.len == 0 || rest.data[0] == '#')
			continue;
		name = span_trim(span_cut(&rest, ':'));
		REQUIRE(name.len > 0 && name.len <= 65535 && utf8_valid_mqtt(name));
		REQUIRE(password_file_find(f, name) != NULL);
		check_hash(password_file_find(f, name), span_trim(rest));
		users++;
	}
	REQUIRE(users == password_file_count(f));
	REQUIRE(password_file_still_holds(f, f, (struct span){ NULL, 0 }) == false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings_report report = { 0 };
	struct password_file *f = password_file_parse(span_of(data, size), "fuzz", 7, &report);

	REQUIRE((f == NULL) == (report.errors > 0));
	require_clean_report(&report);
	if (f != NULL)
		check_users(f, span_of(data, size));
	password_file_unref(f);
	str_finish(&report.text);
	return 0;
}
