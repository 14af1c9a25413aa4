/* SPDX-License-Identifier: MIT */
#include "broker/core/bridge_topics.h"

#include "tests/unit/unit.h"

static struct bridge_topics topics;
static struct settings_report report;
static struct str mapped;

static int begin(void **unused)
{
	(void)unused;
	topics = (struct bridge_topics){ 0 };
	report = (struct settings_report){ 0 };
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	bridge_topics_finish(&topics);
	str_finish(&report.text);
	str_finish(&mapped);
	return 0;
}

static bool add(const char *text)
{
	struct settings_line line = { .file = "bridge.conf",
		.number = 7,
		.keyword = BYTES("topic"),
		.rest = span_of_text(text),
		.report = &report };

	return bridge_topics_add(&topics, &line);
}

static void assert_mapped(bool was_mapped, const char *wanted)
{
	assert_int_equal(was_mapped, wanted != NULL);
	if (wanted != NULL)
		assert_span_text(str_span(&mapped), wanted);
	str_clear(&mapped);
}

static void assert_out(const char *topic, const char *wanted)
{
	assert_mapped(bridge_topics_map_out(&topics, span_of_text(topic), &mapped), wanted);
}

static void assert_in(const char *topic, const char *wanted)
{
	assert_mapped(bridge_topics_map_in(&topics, span_of_text(topic), &mapped), wanted);
}

/* The table of mosquitto.conf(5). */
static void combinations_are_valid_as_in_the_manual_of_mosquitto(void **unused)
{
	static const struct {
		const char *line, *local, *remote; /* NULL: invalid */
	} rows[] = {
		{ "pattern both 2 L/ R/", "L/pattern", "R/pattern" },
		{ "pattern both 2 L/ \"\"", "L/pattern", "pattern" },
		{ "pattern both 2 \"\" R/", "pattern", "R/pattern" },
		{ "pattern both 2 \"\" \"\"", "pattern", "pattern" },
		{ "\"\" both 2 local remote", "local", "remote" },
		{ "\"\" both 2 local \"\"", NULL, NULL },
		{ "\"\" both 2 \"\" remote", NULL, NULL },
		{ "\"\" both 2 \"\" \"\"", NULL, NULL },
		{ "pattern both 2 L/", "L/pattern", "pattern" },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		begin(NULL);
		assert_int_equal(add(rows[i].line), rows[i].local != NULL);
		assert_int_equal(topics.count, rows[i].local != NULL);
		if (rows[i].local != NULL) {
			assert_string_equal(topics.topics[0].local_filter, rows[i].local);
			assert_string_equal(topics.topics[0].remote_filter, rows[i].remote);
			assert_int_equal(topics.topics[0].qos, 2);
			assert_out(rows[i].local, rows[i].remote);
			assert_in(rows[i].remote, rows[i].local);
		}
		end(NULL);
	}
}

static void direction_is_out_and_qos_0_when_nothing_is_said(void **unused)
{
	(void)unused;
	assert_true(add("a/#"));
	assert_int_equal(topics.topics[0].direction, BRIDGE_OUT);
	assert_int_equal(topics.topics[0].qos, 0);
	assert_true(add("b/# in"));
	assert_int_equal(topics.topics[1].direction, BRIDGE_IN);
	assert_true(add("c both 1"));
	assert_int_equal(topics.topics[2].direction, BRIDGE_BOTH);
	assert_int_equal(topics.topics[2].qos, 1);
}

static void mistakes_are_named_with_their_place(void **unused)
{
	static const char *const rows[][2] = {
		{ "a sideways", "bridge.conf:7: 'sideways': is no direction; write out, in or "
				"both" },
		{ "a in 3", "bridge.conf:7: '3': is no QoS; write 0, 1 or 2" },
		{ "a in 10", "bridge.conf:7: '10': is no QoS; write 0, 1 or 2" },
		{ "a in 1 x/+/ y/", "bridge.conf:7: 'x/+/': is no local prefix" },
		{ "a in 1 x/ #", "bridge.conf:7: '#': is no remote prefix" },
		{ "a#", "bridge.conf:7: 'a#': is no topic filter" },
		{ "+b in 0 x y/", "bridge.conf:7: '+b': is no topic filter" },
		{ "# in 1 x y/", "bridge.conf:7: '#': is no topic filter" },
		{ "a in 1 x/ y/ z/", "bridge.conf:7: 'z/': is one word too many" },
		{ "\"\" in 1 x", "bridge.conf:7: 'topic': has an empty pattern" },
		{ "$share/g/a out", "bridge.conf:7: '$share/g/a': is a shared subscription" },
		{ "$share/g in", "bridge.conf:7: '$share/g': is no shared subscription" },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		str_clear(&report.text);
		assert_false(add(rows[i][0]));
		assert_int_equal(topics.count, 0);
		if (!span_starts_with(str_span(&report.text), span_of_text(rows[i][1])))
			assert_string_equal(str_text(&report.text), rows[i][1]);
	}
}

static void names_are_mapped_by_the_first_line_with_a_prefix(void **unused)
{
	(void)unused;
	add("# out");
	add("sensor/# out 1 site/ plant/7/");
	add("sensor/x out 1 site/ other/");
	add("alarm in 1 \"\" central/");
	add("both/+ both 1 l/ r/");
	assert_out("site/sensor/x", "plant/7/sensor/x");
	assert_out("site/sensor", "plant/7/sensor");
	assert_out("site/elsewhere", "site/elsewhere");
	assert_out("l/both/1", "r/both/1");
	assert_in("r/both/1", "l/both/1");
	assert_in("central/alarm", "alarm");
	assert_in("alarm", NULL); /* not asked for */
	assert_in("plant/7/sensor/x", NULL);
}

static void parent_of_a_whole_subtree_is_mapped_to_the_parent(void **unused)
{
	(void)unused;
	add("# both 1 here/ over/there/");
	assert_out("here", "over/there");
	assert_out("here/", "over/there/");
	assert_out("here/a", "over/there/a");
	assert_in("over/there", "here");
	bridge_topics_finish(&topics);
	add("# both 1 here/ \"\"");
	assert_out("here", NULL); /* it has no name there */
	assert_in("a", "here/a");
}

static void shared_subscription_is_passed_in_under_the_names_behind_it(void **unused)
{
	(void)unused;
	assert_true(add("$share/g/a/# in 1"));
	assert_string_equal(topics.topics[0].remote_filter, "$share/g/a/#");
	assert_in("a/b", "a/b");
	assert_in("b", NULL);
}

static void wildcards_do_not_pass_what_the_other_broker_says_of_itself(void **unused)
{
	(void)unused;
	add("# in");
	assert_in("$SYS/broker/version", NULL);
	add("broker/version in 0 there/ $SYS/");
	assert_in("$SYS/broker/version", "there/broker/version");
}

static void names_that_become_too_long_are_not_passed(void **unused)
{
	static char line[300], name[65600];

	(void)unused;
	memset(line, 'p', 200);
	memcpy(line, "# out 0 \"\" ", 11);
	line[199] = '/';
	assert_true(add(line));
	memset(name, 'n', 65400);
	assert_false(bridge_topics_map_out(&topics, span_of_text(name), &mapped));
	str_clear(&mapped);
	name[65000] = '\0';
	assert_true(bridge_topics_map_out(&topics, span_of_text(name), &mapped));
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(combinations_are_valid_as_in_the_manual_of_mosquitto),
		T(direction_is_out_and_qos_0_when_nothing_is_said),
		T(mistakes_are_named_with_their_place),
		T(names_are_mapped_by_the_first_line_with_a_prefix),
		T(parent_of_a_whole_subtree_is_mapped_to_the_parent),
		T(shared_subscription_is_passed_in_under_the_names_behind_it),
		T(wildcards_do_not_pass_what_the_other_broker_says_of_itself),
		T(names_that_become_too_long_are_not_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
