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
	template_finish(&r->routes[0].service);
	assert_true(template_parse(span_of_text("x"), "service", &r->routes[0].service, &payload));
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

/* Any bytes, with all that came with them, and no answer to whom the response topic belongs to. */
static void a_message_is_passed_on_as_it_came(void **state)
{
	struct admit_rig *r = *state;
	struct record message = message_of(""), back;

	message.topic = span_of_text("logs/$state");
	message.payload = span_of("\xff\0{", 3);
	message.user_properties = (struct span)SPAN("\0\1a\0\1b");
	message.retain = true;
	admit_rig_take(r, &message);
	assert_int_equal(r->admit.records.count, 1);
	back = record_at(r, 0);
	assert_int_equal(back.kind, RECORD_MESSAGE);
	assert_span_text(back.topic, "logs/$state");
	assert_span_equal(back.payload, message.payload);
	assert_span_equal(back.user_properties, message.user_properties);
	assert_span_text(back.response_topic, "answers/here");
	assert_span_text(back.correlation, "7");
	assert_span_text(back.publisher.client, "c");
	assert_true(back.retain);
	assert_null(r->admit.answers);
	assert_int_equal(count_of(r, COUNT_MESSAGES_PASSED), 1);
	assert_int_equal(count_of(r, COUNT_RECEIPTS_REFUSED), 0);
}

static void an_empty_message_is_passed_on(void **state)
{
	struct admit_rig *r = *state;
	struct record message = message_of("");

	message.topic = span_of_text("logs/x");
	admit_rig_take(r, &message);
	assert_int_equal(record_at(r, 0).kind, RECORD_MESSAGE);
	assert_int_equal(record_at(r, 0).payload.len, 0);
}

static void submit_blocks_say_nothing_of_messages(void **state)
{
	struct admit_rig *r = *state;
	struct record message = message_of("0 up");
	struct submit_rule nobody = { 0 };

	text_list_add(&nobody.users, span_of_text("nobody"));
	r->config.submits = &nobody;
	r->config.submit_count = 1;
	admit_rig_take(r, &message);
	message.topic = span_of_text("logs/x");
	admit_rig_take(r, &message);
	assert_int_equal(record_at(r, 0).kind, RECORD_REFUSAL);
	assert_int_equal(record_at(r, 1).kind, RECORD_MESSAGE);
	assert_int_equal(r->admit.records.count, 2);
	text_list_finish(&nobody.users);
}

static void a_message_can_be_decoded_and_passed_on(void **state)
{
	struct admit_rig *r = *state;
	struct record message = message_of("{\"service\":\"a\",\"state\":0}");

	text_list_add(&r->routes[1].filters, span_of_text("#"));
	text_list_add(&r->routes[1].filters, span_of_text("nagios/web1"));
	admit_rig_take(r, &message);
	assert_int_equal(r->admit.records.count, 2);
	assert_int_equal(record_at(r, 0).kind, RECORD_MESSAGE);
	assert_int_equal(record_at(r, 1).kind, RECORD_RESULT);
	assert_true(record_at(r, 1).is_last);
	assert_span_text(record_at(r, 1).response_topic, "answers/here");
	assert_int_equal(r->admit.answers->kind, OUTBOUND_RECEIPT);
	/* What is refused is passed on all the same. */
	message.payload = span_of_text("{\"service\":\"a\",\"state\":9}");
	admit_rig_take(r, &message);
	assert_int_equal(record_at(r, 2).kind, RECORD_MESSAGE);
	assert_int_equal(record_at(r, 3).kind, RECORD_REFUSAL);
}

/* An output that gets the results has them by the first route, and not the message as well. */
static void an_output_gets_a_message_one_way(void **state)
{
	struct admit_rig *r = *state;
	struct record message = message_of("0 up");

	text_list_add(&r->routes[1].filters, span_of_text("#"));
	r->routes[1].output_set = 1;
	admit_rig_take(r, &message);
	assert_int_equal(r->admit.records.count, 1);
	assert_int_equal(record_at(r, 0).kind, RECORD_RESULT);
}

static struct record own_message(const char *topic)
{
	struct record message = message_of("0 up");

	message.topic = span_of_text(topic);
	return message;
}

/* A reject that is read as a result is a reject again, for ever. */
static void what_gateways_publish_goes_round_in_no_loop(void **state)
{
	static const char *const own[] = { "belfry/reject/x", "belfry/alert/x", "belfry/state/x" };
	struct admit_rig *r = *state;

	text_list_add(&r->routes[0].filters, span_of_text("#"));
	text_list_add(&r->routes[1].filters, span_of_text("#"));
	for (size_t i = 0; i < array_size(own); i++)
		assert_false(admit_takes(&r->config, span_of_text(own[i])));
	text_list_add(&r->routes[1].filters, span_of_text("belfry/reject/#"));
	text_list_add(&r->routes[1].filters, span_of_text("belfry/alert/x"));
	for (size_t i = 0; i < 2; i++) {
		struct record message = own_message(own[i]);

		assert_true(admit_takes(&r->config, message.topic));
		admit_rig_take(r, &message);
		assert_int_equal(r->admit.records.count, i + 1);
		assert_int_equal(record_at(r, i).kind, RECORD_MESSAGE);
		assert_null(r->admit.answers);
	}
	assert_false(admit_takes(&r->config, span_of_text(own[2])));
	assert_true(admit_takes(&r->config, span_of_text("nagios/web1")));
}

/* `#` brings what other programs of belfry's publish; nobody is to be told that it has no route. */
static void what_no_filter_names_below_belfry_is_ignored(void **state)
{
	struct admit_rig *r = *state;
	struct record message = own_message("belfry/else"), other = own_message("other/x");

	text_list_add(&r->routes[1].filters, span_of_text("+/else"));
	admit_rig_take(r, &message);
	assert_int_equal(r->admit.records.count, 0);
	assert_null(r->admit.answers);
	assert_int_equal(count_of(r, COUNT_MESSAGES_OWN), 1);
	admit_rig_take(r, &other);
	assert_int_equal(count_of(r, COUNT_MESSAGES_UNROUTED), 1);
	assert_int_equal(record_at(r, 0).rejection.reject, REJECT_NO_ROUTE);
}

/* A receipt that is passed on is no message that asks for one. */
static void receipts_may_be_passed_on(void **state)
{
	struct admit_rig *r = *state;
	struct record message = message_of("0 up");

	text_list_add(&r->routes[1].filters, span_of_text("answers/#"));
	admit_rig_take(r, &message);
	assert_int_equal(count_of(r, COUNT_RECEIPTS_REFUSED), 0);
	assert_span_text(record_at(r, 0).response_topic, "answers/here");
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
		T(a_message_is_passed_on_as_it_came),
		T(an_empty_message_is_passed_on),
		T(submit_blocks_say_nothing_of_messages),
		T(a_message_can_be_decoded_and_passed_on),
		T(an_output_gets_a_message_one_way),
		T(what_gateways_publish_goes_round_in_no_loop),
		T(what_no_filter_names_below_belfry_is_ignored),
		T(receipts_may_be_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
