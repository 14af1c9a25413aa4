/* SPDX-License-Identifier: MIT */
#include "broker/core/packet_ids.h"

#include "tests/unit/unit.h"

static void a_set_knows_what_was_added_and_not_removed(void **unused)
{
	struct packet_ids set = { 0 };

	(void)unused;
	assert_false(packet_ids_has(&set, 1));
	assert_false(packet_ids_remove(&set, 1));
	assert_true(packet_ids_add(&set, 1));
	assert_false(packet_ids_add(&set, 1));
	assert_true(packet_ids_has(&set, 1));
	assert_int_equal(set.count, 1);
	assert_true(packet_ids_remove(&set, 1));
	assert_false(packet_ids_remove(&set, 1));
	assert_int_equal(set.count, 0);
	packet_ids_finish(&set);
	packet_ids_finish(&set);
}

/* CVE-2023-28366: a client that never releases costs 8 kB and no more. */
static void all_identifiers_fit_and_none_hides_another(void **unused)
{
	struct packet_ids set = { 0 };

	(void)unused;
	for (unsigned id = 1; id <= UINT16_MAX; id++)
		assert_true(packet_ids_add(&set, (uint16_t)id));
	assert_int_equal(set.count, UINT16_MAX);
	for (unsigned id = 1; id <= UINT16_MAX; id += 2)
		assert_true(packet_ids_remove(&set, (uint16_t)id));
	for (unsigned id = 1; id <= UINT16_MAX; id++)
		assert_int_equal(packet_ids_has(&set, (uint16_t)id), id % 2 == 0);
	packet_ids_finish(&set);
}

static void random_changes_agree_with_an_array(void **unused)
{
	static bool there[65536];
	struct packet_ids set = { 0 };
	struct dice dice = { 51 };
	uint32_t count = 0;

	(void)unused;
	for (int i = 0; i < 100000; i++) {
		uint16_t id = (uint16_t)(dice_roll(&dice, 300) * 219);

		if (dice_roll(&dice, 2) == 0) {
			assert_int_equal(packet_ids_add(&set, id), !there[id]);
			count += !there[id];
			there[id] = true;
		} else {
			assert_int_equal(packet_ids_remove(&set, id), there[id]);
			count -= there[id];
			there[id] = false;
		}
		assert_int_equal(set.count, count);
	}
	packet_ids_finish(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_knows_what_was_added_and_not_removed),
		cmocka_unit_test(all_identifiers_fit_and_none_hides_another),
		cmocka_unit_test(random_changes_agree_with_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
