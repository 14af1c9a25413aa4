/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "tests/unit/gateway/intake/admit_rig.h"

static int setup(void **state)
{
	struct admit_rig *r = xmalloc(sizeof(*r));

	admit_rig_init(r);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	admit_rig_finish(*state);
	free(*state);
	return 0;
}

static struct record message_of(const char *payload)
{
	return (struct record){ .kind = RECORD_MESSAGE,
		.received = { 1795384096000000000 },
		.topic = SPAN("nagios/web1"),
		.publisher = { .client = SPAN("c"), .known = true },
		.response_topic = SPAN("answers/here"),
		.correlation = SPAN("7"),
		.payload = span_of_text(payload) };
}

static struct record record_at(const struct admit_rig *r, size_t index)
{
	struct record record;

	assert_true(index < r->admit.records.count);
	assert_true(admit_rig_record(r, index, &record));
	return record;
}

static size_t count_of(const struct admit_rig *r, enum counter which)
{
	return (size_t)r->counters.values[which];
}

static void the_last_result_of_a_message_alone_says_where_receipts_go(void **state)
{
	struct admit_rig *r = *state;
	struct record message = message_of("[{\"service\":\"a\",\"state\":0},"
					   "{\"service\":\"b\",\"state\":1},"
					   "{\"service\":\"c\",\"state\":9}]");

	admit_rig_take(r, &message);
	assert_int_equal(r->admit.records.count, 3);
	assert_int_equal(record_at(r, 0).response_topic.len, 0);
	assert_false(record_at(r, 0).is_last);
	assert_span_text(record_at(r, 1).response_topic, "answers/here");
	assert_span_text(record_at(r, 1).correlation, "7");
	assert_true(record_at(r, 1).is_last);
	assert_int_equal(record_at(r, 2).kind, RECORD_REFUSAL);
	assert_int_equal(record_at(r, 2).response_topic.len, 0);
}

/* Else the outputs would publish there when the result has arrived. */
static void a_response_topic_that_is_refused_is_not_kept(void **state)
{
	static const char *const refused[] = { "nagios/db1/ping", "belfry/state/web1", "$SYS/x" };
	struct admit_rig *r = *state;
	struct record message = message_of("{\"service\":\"a\",\"state\":0}");

	for (size_t i = 0; i < array_size(refused); i++) {
		message.response_topic = span_of_text(refused[i]);
		admit_rig_take(r, &message);
		assert_int_equal(record_at(r, i).response_topic.len, 0);
		assert_int_equal(count_of(r, COUNT_RECEIPTS_REFUSED), i + 1);
	}
}

static void a_response_topic_that_is_very_long_is_refused(void **state)
{
	struct admit_rig *r = *state;
	struct record message = message_of("{\"service\":\"a\",\"state\":0}");
	uint8_t data[4096] = { 0 };

	message.correlation = span_of(data, sizeof(data));
	admit_rig_take(r, &message);
	assert_int_equal(count_of(r, COUNT_RECEIPTS_REFUSED), 1);
	assert_int_equal(count_of(r, COUNT_RESULTS_ACCEPTED), 1);
	message.correlation.len -= message.response_topic.len;
	admit_rig_take(r, &message);
	assert_int_equal(count_of(r, COUNT_RECEIPTS_REFUSED), 1);
}

/* A topic of 60 kB with an array of 2000 would be 120 MB. */
static void one_message_does_not_fill_the_memory(void **state)
{
	enum { RESULTS = 2000, TOPIC = 60000 };
	struct admit_rig *r = *state;
	struct str payload = { 0 }, topic = { 0 };
	struct record message = message_of("");
	struct record last;

	str_append_text(&topic, "nagios/web1/x");
	while (topic.len < TOPIC)
		str_append_byte(&topic, '/');
	template_finish(&r->route.service);
	assert_true(template_parse(span_of_text("x"), "service", &r->route.service, &payload));
	for (int i = 0; i < RESULTS; i++)
		str_append_text(&payload, i == 0 ? "[{\"state\":0}" : ",{\"state\":0}");
	str_append_byte(&payload, ']');
	message.topic = str_span(&topic);
	message.payload = str_span(&payload);
	message.publisher.client = str_span(&topic);
	admit_rig_take(r, &message);
	assert_int_equal(count_of(r, COUNT_RESULTS_ACCEPTED) + count_of(r, COUNT_RESULTS_REJECTED),
			RESULTS);
	assert_in_range(count_of(r, COUNT_RESULTS_ACCEPTED), 500, 1500);
	last = record_at(r, r->admit.records.count - 1);
	assert_int_equal(last.rejection.reject, REJECT_TOO_LARGE);
	assert_in_range(last.publisher.client.len, 1, 1024);
	str_finish(&payload);
	str_finish(&topic);
}

/* Else an array would be a journal full of them. */
static void a_result_keeps_the_first_of_many_properties(void **state)
{
	struct admit_rig *r = *state;
	struct record message = message_of("{\"service\":\"a\",\"state\":0}"), back;
	struct str properties = { 0 };

	for (int i = 0; i < 300; i++)
		record_add_property(&properties, span_of_text("name"), span_of_text("value"));
	message.user_properties = str_span(&properties);
	message.content_type = span_of_text("application/json");
	message.qos = 1;
	admit_rig_take(r, &message);
	back = record_at(r, 0);
	assert_int_equal(back.user_properties.len, 1024 / 13 * 13);
	assert_span_text(back.content_type, "application/json");
	assert_int_equal(back.qos, 1);
	message.content_type = str_span(&properties);
	admit_rig_take(r, &message);
	assert_int_equal(record_at(r, 1).content_type.len, 0);
	str_finish(&properties);
}

static void objects_beyond_the_most_are_taken_and_not_remembered(void **state)
{
	struct admit_rig *r = *state;
	struct record message = message_of("[{\"service\":\"a\",\"state\":0},"
					   "{\"service\":\"b\",\"state\":0},"
					   "{\"service\":\"c\",\"state\":0},"
					   "{\"service\":\"a\",\"state\":2}]");
	struct record gone = message_of("gone");

	admit_rig_take(r, &message);
	gone.topic = span_of_text("nagios/web2/$state");
	admit_rig_take(r, &gone);
	assert_int_equal(count_of(r, COUNT_RESULTS_ACCEPTED), 4);
	assert_int_equal(count_of(r, COUNT_OBJECTS_LEFT_OUT), 2);
	assert_int_equal(standings_count(r->admit.standings), 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_last_result_of_a_message_alone_says_where_receipts_go),
		T(a_response_topic_that_is_refused_is_not_kept),
		T(a_response_topic_that_is_very_long_is_refused),
		T(one_message_does_not_fill_the_memory),
		T(a_result_keeps_the_first_of_many_properties),
		T(objects_beyond_the_most_are_taken_and_not_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
