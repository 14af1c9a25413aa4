/* SPDX-License-Identifier: MIT */
#include "broker/io/credential_cache.h"

#include "tests/unit/unit.h"

static struct credential_key key_of(const struct credential_cache *cache, struct span user,
		struct span password, uint8_t salt)
{
	struct password_hash hash = { .scheme = PASSWORD_SHA512, .salt_len = 1, .salt = { salt } };

	return credential_cache_key(cache, user, password, &hash);
}

static bool knows(struct credential_cache *cache, struct span user, struct span password,
		uint8_t salt)
{
	struct credential_key key = key_of(cache, user, password, salt);

	return credential_cache_knows(cache, &key);
}

static void add(struct credential_cache *cache, struct span user, struct span password,
		uint8_t salt)
{
	struct credential_key key = key_of(cache, user, password, salt);

	credential_cache_add(cache, &key);
}

static void only_the_whole_credential_is_known(void **unused)
{
	struct credential_cache *cache = credential_cache_create(10);

	(void)unused;
	assert_false(knows(cache, BYTES("bob"), BYTES("secret"), 1));
	add(cache, BYTES("bob"), BYTES("secret"), 1);
	assert_true(knows(cache, BYTES("bob"), BYTES("secret"), 1));
	assert_false(knows(cache, BYTES("bob"), BYTES("Secret"), 1));
	assert_false(knows(cache, BYTES("bobs"), BYTES("ecret"), 1));
	assert_false(knows(cache, BYTES("bo"), BYTES("bsecret"), 1));
	assert_false(knows(cache, BYTES("bob"), BYTES("secret\0"), 1));
	assert_false(knows(cache, BYTES("bob"), BYTES(""), 1));
	assert_false(knows(cache, BYTES("bob"), BYTES("secret"), 2)); /* the hash was changed */
	credential_cache_destroy(cache);
}

static void keys_of_two_processes_differ(void **unused)
{
	struct credential_cache *a = credential_cache_create(10), *b = credential_cache_create(10);
	struct credential_key ka = key_of(a, BYTES("bob"), BYTES("secret"), 1);
	struct credential_key kb = key_of(b, BYTES("bob"), BYTES("secret"), 1);

	(void)unused;
	assert_memory_not_equal(&ka, &kb, sizeof(ka));
	credential_cache_destroy(a);
	credential_cache_destroy(b);
}

static void the_one_not_used_for_longest_makes_room(void **unused)
{
	struct credential_cache *cache = credential_cache_create(3);

	(void)unused;
	add(cache, BYTES("a"), BYTES("x"), 1);
	add(cache, BYTES("b"), BYTES("x"), 1);
	add(cache, BYTES("c"), BYTES("x"), 1);
	assert_true(knows(cache, BYTES("a"), BYTES("x"), 1));
	add(cache, BYTES("b"), BYTES("x"), 1); /* again: used as well */
	add(cache, BYTES("d"), BYTES("x"), 1);
	assert_false(knows(cache, BYTES("c"), BYTES("x"), 1));
	assert_true(knows(cache, BYTES("a"), BYTES("x"), 1));
	assert_true(knows(cache, BYTES("b"), BYTES("x"), 1));
	assert_true(knows(cache, BYTES("d"), BYTES("x"), 1));
	credential_cache_destroy(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_whole_credential_is_known),
		cmocka_unit_test(keys_of_two_processes_differ),
		cmocka_unit_test(the_one_not_used_for_longest_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
