/* SPDX-License-Identifier: MIT */
#include "common/hash.h"

#include <stdio.h>

#include "tests/unit/unit.h"

static void seeds_differ(void **unused)
{
	(void)unused;
	assert_true(hash_seed() != hash_seed());
}

static void the_same_bytes_and_seed_give_the_same_hash(void **unused)
{
	char a[] = "nagios/web1/disk", b[] = "nagios/web1/disk";

	(void)unused;
	assert_int_equal(hash_span(7, span_of_text(a)), hash_span(7, span_of_text(b)));
	assert_int_equal(hash_span(7, (struct span){ NULL, 0 }), hash_span(7, BYTES("")));
}

/* Keys that collide under one seed do not under another: collisions cannot be prepared. */
static void another_seed_scatters_the_keys_anew(void **unused)
{
	unsigned same = 0;

	(void)unused;
	for (unsigned i = 0; i < 1000; i++) {
		struct span key = span_of(&i, sizeof(i));

		same += hash_span(1, key) % 1024 == hash_span(2, key) % 1024;
	}
	assert_in_range(same, 0, 10);
}

static void buckets_are_filled_evenly(void **unused)
{
	unsigned buckets[64] = { 0 };

	(void)unused;
	for (unsigned i = 0; i < 6400; i++) {
		char key[16];

		snprintf(key, sizeof(key), "host%u", i);
		buckets[hash_span(99, span_of_text(key)) % 64]++;
	}
	for (size_t i = 0; i < array_size(buckets); i++)
		assert_in_range(buckets[i], 50, 160);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds_differ),
		cmocka_unit_test(the_same_bytes_and_seed_give_the_same_hash),
		cmocka_unit_test(another_seed_scatters_the_keys_anew),
		cmocka_unit_test(buckets_are_filled_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
