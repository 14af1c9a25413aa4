/* SPDX-License-Identifier: MIT */
/* The plugin as its host sees it. */
#include <math.h>

#include "tests/unit/plugins/host.h"

static uint64_t config[32]; /* as plugins/graphite/plugin.c has it, and its table of settings */

static void configure(void)
{
	assert_true(belfry_relay.config_size <= sizeof(config));
	memset(config, 0, sizeof(config));
	*(const char **)relay_member(config, "url") = "tcp://carbon";
	*(uint64_t *)relay_member(config, "timeout") = 1;
}

static struct relay_metric metrics[2];
static struct relay_text paths[3];

static struct relay_record check_of(size_t index, const char *path)
{
	metrics[0] = (struct relay_metric){ .label = relay_text_of("used"), .value = 98 };
	metrics[1] = (struct relay_metric){ .label = relay_text_of("free"), .value = (double)NAN };
	paths[index] = relay_text_of(path);
	return (struct relay_record){ .kind = RELAY_CHECK,
		.rendered = &paths[index],
		.time_ns = 5000000000,
		.metrics = metrics,
		.metric_count = 2 };
}

static void values_are_lines(void **state)
{
	struct relay_record records[] = { check_of(0, "a.disk"), check_of(1, "."),
		check_of(2, "b.") };
	struct relay_batch batch = batch_of(records, 3);

	(void)state;
	configure();
	assert_int_equal(deliver_once(config, &batch), RELAY_OK);
	assert_int_equal(fake.place.port, 2003);
	assert_string_equal(str_text(&fake.sent), "a.disk.used 98 5\nb.used 98 5\n");
	assert_int_equal(fake.counters[0], 2);
	assert_int_equal(fake.counters[1], 2);
	assert_true(!fake.is_marked[0] && fake.is_marked[1] && !fake.is_marked[2]);
	assert_int_equal(fake.marks[1], RELAY_REJECT);
}

static void what_has_no_values_needs_no_carbon(void **state)
{
	struct relay_record record = check_of(0, "a");
	struct relay_batch batch = batch_of(&record, 1);

	(void)state;
	configure();
	fake.refuses = true;
	record.metric_count = 0;
	assert_int_equal(deliver_once(config, &batch), RELAY_OK);
	record.metric_count = 2;
	assert_int_equal(deliver_once(config, &batch), RELAY_RETRY);
	assert_int_equal(fake.counters[0], 0); /* not counted before they are sent */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_begin, fake_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_are_lines),
		TEST(what_has_no_values_needs_no_carbon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
