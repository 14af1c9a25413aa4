/* SPDX-License-Identifier: MIT */
#include "gateway/relay/filter.h"

#include "tests/unit/gateway/relay/records.h"
#include "tests/unit/unit.h"

/* A filter, the sequence that comes next, and the time. */
struct rig {
	struct filter *filter;
	uint64_t sequence;
	struct wall_time now;
};

static struct rig rig_of(struct filter_options options)
{
	return (struct rig){ filter_create(&options), 1, { 5000000000 } };
}

static enum filter_verdict ask_at(struct rig *rig, struct record record, uint64_t sequence)
{
	record.sequence = sequence;
	record.received = rig->now;
	return filter_passes(rig->filter, &record);
}

static enum filter_verdict ask(struct rig *rig, struct record record)
{
	return ask_at(rig, record, rig->sequence++);
}

static struct record result_of(const char *host, const char *service, enum check_state state)
{
	struct record r = service_record();

	r.result.host = span_of_text(host);
	r.result.service = span_of_text(service);
	r.result.state = state;
	return r;
}

static struct record on_topic(const char *topic)
{
	struct record r = message_record(span_of(NULL, 0));

	r.topic = span_of_text(topic);
	return r;
}

static void without_rules_results_and_messages_pass(void **state)
{
	struct rig rig = rig_of((struct filter_options){ .max_rate = 0 });
	struct record r = host_record();

	(void)state;
	assert_int_equal(ask(&rig, service_record()), FILTER_PASS);
	assert_int_equal(ask(&rig, r), FILTER_PASS);
	assert_int_equal(ask(&rig, on_topic("$SYS/x")), FILTER_PASS);
	r.kind = RECORD_REFUSAL;
	assert_int_equal(ask(&rig, r), FILTER_KIND);
	r.kind = RECORD_PRESENCE;
	assert_int_equal(ask(&rig, r), FILTER_KIND);
	r.kind = RECORD_COMMAND;
	assert_int_equal(ask(&rig, r), FILTER_KIND);
	filter_destroy(rig.filter);
	filter_destroy(NULL);
}

static void topics_and_excludes(void **state)
{
	char logs[] = "logs/#", dns[] = "dns/+", debug[] = "+/debug/#";
	char *passed[] = { logs, dns }, *not_passed[] = { debug };
	struct text_list topics = { .texts = passed, .count = 2 },
			 exclude = { .texts = not_passed, .count = 1 };
	struct rig rig = rig_of((struct filter_options){ .topics = &topics, .exclude = &exclude });

	(void)state;
	assert_int_equal(ask(&rig, on_topic("logs/a")), FILTER_PASS);
	assert_int_equal(ask(&rig, on_topic("dns/a")), FILTER_PASS);
	assert_int_equal(ask(&rig, on_topic("dns/a/b")), FILTER_TOPIC);
	assert_int_equal(ask(&rig, on_topic("logs/debug/a")), FILTER_EXCLUDED);
	filter_destroy(rig.filter);
	rig = rig_of((struct filter_options){ .exclude = &exclude });
	assert_int_equal(ask(&rig, on_topic("x")), FILTER_PASS);
	assert_int_equal(ask(&rig, on_topic("x/debug")), FILTER_EXCLUDED);
	filter_destroy(rig.filter);
}

static void retained_is_skipped_on_request(void **state)
{
	struct rig rig = rig_of((struct filter_options){ .skip_retained = true });
	struct record r = on_topic("x");

	(void)state;
	assert_int_equal(ask(&rig, r), FILTER_PASS);
	r.retain = true;
	assert_int_equal(ask(&rig, r), FILTER_RETAINED);
	filter_destroy(rig.filter);
}

static void lower_states_are_held_back(void **state)
{
	struct rig rig = rig_of((struct filter_options){ .min_state = CHECK_CRITICAL });

	(void)state;
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_OK)), FILTER_STATE);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_WARNING)), FILTER_STATE);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_CRITICAL)), FILTER_PASS);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_UNKNOWN)), FILTER_PASS);
	/* UP, DOWN and UNREACHABLE */
	assert_int_equal(ask(&rig, result_of("h", "", CHECK_OK)), FILTER_STATE);
	assert_int_equal(ask(&rig, result_of("h", "", CHECK_WARNING)), FILTER_PASS);
	assert_int_equal(ask(&rig, result_of("h", "", CHECK_CRITICAL)), FILTER_PASS);
	assert_int_equal(ask(&rig, on_topic("x")), FILTER_PASS);
	filter_destroy(rig.filter);
}

static void only_changes_pass(void **state)
{
	struct rig rig = rig_of((struct filter_options){ .changes_only = true });

	(void)state;
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_OK)), FILTER_PASS);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_OK)), FILTER_UNCHANGED);
	assert_int_equal(ask(&rig, result_of("h", "t", CHECK_OK)), FILTER_PASS);
	assert_int_equal(ask(&rig, result_of("h", "", CHECK_OK)), FILTER_PASS);
	/* Where the host ends counts. */
	assert_int_equal(ask(&rig, result_of("hs", "", CHECK_OK)), FILTER_PASS);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_CRITICAL)), FILTER_PASS);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_CRITICAL)), FILTER_UNCHANGED);
	assert_int_equal(ask(&rig, result_of("h", "t", CHECK_OK)), FILTER_UNCHANGED);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_OK)), FILTER_PASS);
	assert_int_equal(ask(&rig, on_topic("x")), FILTER_PASS);
	assert_int_equal(ask(&rig, on_topic("x")), FILTER_PASS);
	assert_int_equal(filter_objects(rig.filter), 4);
	filter_destroy(rig.filter);
}

static void the_second_outage_is_a_change(void **state)
{
	struct rig rig = rig_of((struct filter_options){
			.changes_only = true, .min_state = CHECK_WARNING });

	(void)state;
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_CRITICAL)), FILTER_PASS);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_OK)), FILTER_STATE);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_CRITICAL)), FILTER_PASS);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_CRITICAL)), FILTER_UNCHANGED);
	assert_int_equal(ask(&rig, result_of("h", "new", CHECK_OK)), FILTER_STATE);
	assert_int_equal(filter_objects(rig.filter), 1);
	filter_destroy(rig.filter);
}

static void what_the_rate_held_back_was_not_told(void **state)
{
	struct rig rig = rig_of((struct filter_options){ .changes_only = true, .max_rate = 1 });

	(void)state;
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_OK)), FILTER_PASS);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_CRITICAL)), FILTER_RATE);
	rig.now.ns += 1000000000;
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_CRITICAL)), FILTER_PASS);
	filter_destroy(rig.filter);
}

static void the_objects_are_bounded(void **state)
{
	struct rig rig = rig_of((struct filter_options){ .changes_only = true, .max_objects = 3 });

	(void)state;
	ask(&rig, result_of("a", "", CHECK_OK));
	ask(&rig, result_of("b", "", CHECK_OK));
	ask(&rig, result_of("c", "", CHECK_OK));
	assert_int_equal(ask(&rig, result_of("a", "", CHECK_OK)), FILTER_UNCHANGED);
	/* b is the one that was not heard of for longest. */
	assert_int_equal(ask(&rig, result_of("d", "", CHECK_OK)), FILTER_PASS);
	assert_int_equal(filter_objects(rig.filter), 3);
	assert_int_equal(ask(&rig, result_of("a", "", CHECK_OK)), FILTER_UNCHANGED);
	assert_int_equal(ask(&rig, result_of("c", "", CHECK_OK)), FILTER_UNCHANGED);
	assert_int_equal(ask(&rig, result_of("d", "", CHECK_OK)), FILTER_UNCHANGED);
	/* All were heard of: one of them is forgotten all the same. */
	assert_int_equal(ask(&rig, result_of("b", "", CHECK_OK)), FILTER_PASS);
	assert_int_equal(filter_objects(rig.filter), 3);
	filter_destroy(rig.filter);
}

static unsigned passed_of(struct rig *rig, unsigned count)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < count; i++)
		passed += ask(rig, on_topic("x")) == FILTER_PASS;
	return passed;
}

static void the_rate_is_bounded(void **state)
{
	struct rig rig = rig_of((struct filter_options){ .max_rate = 100 });

	(void)state;
	assert_int_equal(passed_of(&rig, 500), 100);
	rig.now.ns += 100000000;
	assert_int_equal(passed_of(&rig, 500), 10);
	/* What is not used for longer than a second is gone. */
	rig.now.ns += 60000000000;
	assert_int_equal(passed_of(&rig, 500), 100);
	filter_destroy(rig.filter);
}

static void a_clock_set_back_does_not_hold_back(void **state)
{
	struct rig rig = rig_of((struct filter_options){ .max_rate = 100 });

	(void)state;
	rig.now.ns += 3600 * 1000000000LL;
	assert_int_equal(passed_of(&rig, 500), 100);
	rig.now.ns -= 3600 * 1000000000LL;
	assert_int_equal(passed_of(&rig, 500), 100);
	/* By a little: the bucket is as empty as it was. */
	rig.now.ns -= 500000000;
	assert_int_equal(passed_of(&rig, 500), 0);
	rig.now.ns += 600000000;
	assert_int_equal(passed_of(&rig, 500), 10);
	filter_destroy(rig.filter);
}

/* A batch was not confirmed and is read again, in the middle of the next. */
static void what_was_decided_stays_decided(void **state)
{
	static const enum check_state states[] = { CHECK_OK, CHECK_OK, CHECK_CRITICAL,
		CHECK_CRITICAL, CHECK_OK, CHECK_WARNING, CHECK_OK, CHECK_OK };
	struct rig rig = rig_of((struct filter_options){ .changes_only = true, .max_rate = 4 });
	enum filter_verdict first[array_size(states)];

	(void)state;
	for (size_t i = 0; i < array_size(states); i++)
		first[i] = ask(&rig, result_of("h", "s", states[i]));
	assert_int_equal(first[0], FILTER_PASS);
	assert_int_equal(first[1], FILTER_UNCHANGED);
	assert_int_equal(first[4], FILTER_PASS);
	assert_int_equal(first[5], FILTER_PASS);
	assert_int_equal(first[6], FILTER_RATE);
	for (int again = 0; again < 3; again++) {
		for (size_t i = 0; i < array_size(states); i++)
			assert_int_equal(ask_at(&rig, result_of("h", "s", states[i]), i + 1),
					first[i]);
	}
	/* It was neither counted nor noted: the last that passed is the WARNING. */
	rig.now.ns += 1000000000;
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_WARNING)), FILTER_UNCHANGED);
	assert_int_equal(ask(&rig, result_of("h", "s", CHECK_OK)), FILTER_PASS);
	filter_destroy(rig.filter);
}

static void what_is_not_remembered_passes_again(void **state)
{
	char only[] = "nagios/#", *texts[] = { only };
	struct text_list topics = { .texts = texts, .count = 1 };
	struct rig rig = rig_of((struct filter_options){
			.topics = &topics, .changes_only = true, .max_rate = 1, .window = 4 });

	(void)state;
	assert_int_equal(ask_at(&rig, result_of("h", "s", CHECK_OK), 10), FILTER_PASS);
	assert_int_equal(ask_at(&rig, result_of("h", "s", CHECK_OK), 11), FILTER_UNCHANGED);
	assert_int_equal(ask_at(&rig, result_of("h", "s", CHECK_OK), 14), FILTER_UNCHANGED);
	/* In the window, one that was asked about and one that was not; then one before it. */
	assert_int_equal(ask_at(&rig, result_of("h", "s", CHECK_OK), 11), FILTER_UNCHANGED);
	assert_int_equal(ask_at(&rig, result_of("h", "s", CHECK_OK), 12), FILTER_PASS);
	assert_int_equal(ask_at(&rig, result_of("h", "s", CHECK_OK), 10), FILTER_PASS);
	assert_int_equal(ask_at(&rig, result_of("h", "s", CHECK_OK), 9), FILTER_PASS);
	assert_int_equal(ask_at(&rig, on_topic("x"), 9), FILTER_TOPIC);
	/* A leap over the whole window leaves nothing of it. */
	assert_int_equal(ask_at(&rig, result_of("h", "s", CHECK_OK), 1000000000000),
			FILTER_UNCHANGED);
	assert_int_equal(ask_at(&rig, result_of("h", "s", CHECK_OK), 999999999998), FILTER_PASS);
	filter_destroy(rig.filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_results_and_messages_pass),
		cmocka_unit_test(topics_and_excludes),
		cmocka_unit_test(retained_is_skipped_on_request),
		cmocka_unit_test(lower_states_are_held_back),
		cmocka_unit_test(only_changes_pass),
		cmocka_unit_test(the_second_outage_is_a_change),
		cmocka_unit_test(what_the_rate_held_back_was_not_told),
		cmocka_unit_test(the_objects_are_bounded),
		cmocka_unit_test(the_rate_is_bounded),
		cmocka_unit_test(a_clock_set_back_does_not_hold_back),
		cmocka_unit_test(what_was_decided_stays_decided),
		cmocka_unit_test(what_is_not_remembered_passes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
