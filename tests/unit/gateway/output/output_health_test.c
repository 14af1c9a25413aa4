/* SPDX-License-Identifier: MIT */
#include "gateway/output/output_health.h"

#include "tests/unit/unit.h"

static void a_batch_of_nothing_is_confirmed_by_nobody(void **state)
{
	struct output_health h = { 0 };
	struct output_view view;

	(void)state;
	output_health_init(&h);
	output_health_confirm(&h, 0);
	view = output_health_view(&h);
	assert_int_equal(view.last_confirmed.ns, 0);
	assert_int_equal(h.counters.batches, 1);
	output_health_confirm(&h, 3);
	view = output_health_view(&h);
	assert_int_not_equal(view.last_confirmed.ns, 0);
	assert_int_equal(h.counters.results, 3);
	output_health_finish(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_of_nothing_is_confirmed_by_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
