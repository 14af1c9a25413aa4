/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <mqtt_protocol.h>

#include "common/mem.h"
#include "gateway/intake/message.h"

struct fixture {
	mosquitto_property *properties;
	struct message message;
};

static int setup(void **state)
{
	*state = xcalloc(1, sizeof(struct fixture));
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mosquitto_property_free_all(&f->properties);
	message_finish(&f->message);
	free(f);
	return 0;
}

static void add_user(struct fixture *f, const char *name, const char *value)
{
	assert_int_equal(mosquitto_property_add_string_pair(
					 &f->properties, MQTT_PROP_USER_PROPERTY, name, value),
			0);
}

static const struct record *read_message(struct fixture *f)
{
	static char topic[] = "logs/web1", payload[] = { 0, 'x', '\xff' };
	struct mosquitto_message from = {
		.topic = topic, .payload = payload, .payloadlen = 3, .qos = 1, .retain = true
	};

	message_read(&f->message, &from, f->properties);
	return &f->message.record;
}

static void expect_user(const struct record *r, const char *const (*expected)[2], size_t count)
{
	struct span rest = r->user_properties, name, value;

	for (size_t i = 0; i < count; i++) {
		assert_true(record_next_property(&rest, &name, &value));
		assert_span_text(name, expected[i][0]);
		assert_span_text(value, expected[i][1]);
	}
	assert_false(record_next_property(&rest, &name, &value));
}

static void a_message_without_properties_is_topic_and_payload(void **state)
{
	const struct record *r = read_message(*state);

	assert_int_equal(r->kind, RECORD_MESSAGE);
	assert_span_text(r->topic, "logs/web1");
	assert_int_equal(r->payload.len, 3);
	assert_int_equal(r->qos, 1);
	assert_true(r->retain);
	assert_false(r->is_utf8 || r->expires || r->publisher.known);
	assert_int_equal(r->content_type.len, 0);
	assert_int_equal(r->user_properties.len, 0);
}

static void every_property_is_kept(void **state)
{
	struct fixture *f = *state;
	mosquitto_property **p = &f->properties;
	const struct record *r;

	mosquitto_property_add_byte(p, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, 1);
	mosquitto_property_add_int32(p, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, 0);
	mosquitto_property_add_string(p, MQTT_PROP_CONTENT_TYPE, "text/plain");
	mosquitto_property_add_string(p, MQTT_PROP_RESPONSE_TOPIC, "answers/here");
	mosquitto_property_add_binary(p, MQTT_PROP_CORRELATION_DATA, "\0\1", 2);
	r = read_message(f);
	assert_true(r->is_utf8);
	assert_true(r->expires);
	assert_int_equal(r->expiry, 0);
	assert_span_text(r->content_type, "text/plain");
	assert_span_text(r->response_topic, "answers/here");
	assert_span_equal(r->correlation, span_of("\0\1", 2));
}

static void user_properties_keep_their_order_and_the_publisher_is_none_of_them(void **state)
{
	static const char *const expected[][2] = { { "zone", "b" }, { "belfry-x", "1" },
		{ "zone", "a" }, { "empty", "" } };
	struct fixture *f = *state;
	const struct record *r;

	add_user(f, "zone", "b");
	add_user(f, "belfry-client", "agent");
	add_user(f, "belfry-x", "1");
	add_user(f, "zone", "a");
	add_user(f, "belfry-user", "web");
	add_user(f, "empty", "");
	add_user(f, "belfry-address", "10.0.0.1:5");
	r = read_message(f);
	assert_true(r->publisher.known);
	assert_span_text(r->publisher.client, "agent");
	assert_span_text(r->publisher.user, "web");
	assert_span_text(r->publisher.address, "10.0.0.1:5");
	expect_user(r, expected, array_size(expected));
}

/* However many a publisher adds, and whatever their names begin with. */
static void the_publisher_is_found_behind_many_properties(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 100; i++)
		add_user(f, "belfry-more", "x");
	add_user(f, "belfry-client", "agent");
	assert_span_text(read_message(f)->publisher.client, "agent");
}

static void a_publisher_that_is_said_twice_is_nobody(void **state)
{
	static const char *const names[] = { "belfry-client", "belfry-user", "belfry-address",
		"belfry-client" };
	struct fixture *f = *state;
	const struct record *r;

	for (size_t i = 0; i < array_size(names); i++)
		add_user(f, names[i], "x");
	r = read_message(f);
	assert_false(r->publisher.known);
	assert_int_equal(r->publisher.client.len, 0);
	assert_int_equal(r->user_properties.len, 0);
}

static void nothing_stays_of_the_message_before(void **state)
{
	struct fixture *f = *state;
	const struct record *r;

	add_user(f, "zone", "b");
	mosquitto_property_add_int32(&f->properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, 5);
	read_message(f);
	mosquitto_property_free_all(&f->properties);
	mosquitto_property_add_string(&f->properties, MQTT_PROP_CONTENT_TYPE, "a/b");
	r = read_message(f);
	assert_int_equal(r->user_properties.len, 0);
	assert_false(r->expires);
	assert_span_text(r->content_type, "a/b");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_message_without_properties_is_topic_and_payload),
		T(every_property_is_kept),
		T(user_properties_keep_their_order_and_the_publisher_is_none_of_them),
		T(the_publisher_is_found_behind_many_properties),
		T(a_publisher_that_is_said_twice_is_nobody),
		T(nothing_stays_of_the_message_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
