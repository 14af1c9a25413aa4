/* SPDX-License-Identifier: MIT */
#include "broker/core/lifecycle.h"

#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

/* Client a: clean start or not, session expiry, a will on "w" with a delay; all one byte. */
static struct limits limits;
static struct shard *shard;
static struct instant now;
static struct client *watcher;
static struct str output;

static struct client *join(struct span connect)
{
	struct client *c = rig_client(shard, NULL, now);

	assert_int_equal(client_receive(c, connect, now).consumed, connect.len);
	return c;
}

static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	watcher = join(BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1z"));
	client_receive(watcher, BYTES("\x82\6\0\1\0\1w\0"), now);
	rig_drain(watcher, &output, SIZE_MAX, now);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	client_destroy(watcher, now);
	str_finish(&output);
	shard_destroy(shard);
	return 0;
}

static struct client *join_v5(uint8_t flags, uint8_t expiry, uint8_t delay)
{
	uint8_t packet[] = "\x10\x1f\0\4MQTT\5\4\0\0\5\x11\0\0\0\0\0\1a\5\x18\0\0\0\0\0\1w\0\1x";

	packet[9] = (uint8_t)(4 | flags);
	packet[17] = expiry;
	packet[26] = delay;
	return join(span_of(packet, sizeof(packet) - 1));
}

static void pass(int64_t n)
{
	now = instant_after(now, seconds(n));
	shard_run_timers(shard, now);
}

static bool will_was_published(void)
{
	str_clear(&output);
	rig_drain(watcher, &output, SIZE_MAX, now);
	if (output.len == 0)
		return false;
	assert_span_equal(str_span(&output), BYTES("\x30\4\0\1wx"));
	return true;
}

static struct session *session_of_a(void)
{
	return session_table_find(&shard->sessions, BYTES("a"));
}

static void a_lost_connection_publishes_the_will_at_once(void **unused)
{
	(void)unused;
	client_destroy(join_v5(2, 0, 0), now);
	assert_true(will_was_published());
	assert_null(session_of_a());
}

static void a_normal_disconnect_drops_the_will(void **unused)
{
	struct client *c = join_v5(2, 5, 0);

	(void)unused;
	client_receive(c, BYTES("\xe0\0"), now);
	client_destroy(c, now);
	pass(10);
	assert_false(will_was_published());
}

static void a_disconnect_with_will_publishes_it(void **unused)
{
	struct client *c = join_v5(2, 0, 0);

	(void)unused;
	client_receive(c, BYTES("\xe0\1\4"), now);
	assert_true(will_was_published());
	client_destroy(c, now);
	assert_false(will_was_published());
}

static void a_delayed_will_waits(void **unused)
{
	(void)unused;
	client_destroy(join_v5(2, 60, 5), now);
	pass(4);
	assert_false(will_was_published());
	pass(1);
	assert_true(will_was_published());
	assert_non_null(session_of_a());
	pass(54);
	assert_non_null(session_of_a());
	pass(1);
	assert_null(session_of_a());
	assert_false(will_was_published());
}

/* [v5 MQTT-3.1.2-8], and CVE-2019-11778: will delay longer than session expiry */
static void a_will_is_published_when_its_session_ends_first(void **unused)
{
	(void)unused;
	client_destroy(join_v5(2, 3, 9), now);
	pass(2);
	assert_false(will_was_published());
	pass(1);
	assert_true(will_was_published());
	assert_null(session_of_a());
	pass(10);
	assert_false(will_was_published());
	client_destroy(join_v5(2, 0, 9), now); /* no session to wait in */
	assert_true(will_was_published());
}

/* [v5 MQTT-3.1.3-9] */
static void a_client_that_is_back_in_time_drops_its_delayed_will(void **unused)
{
	struct client *c;

	(void)unused;
	client_destroy(join_v5(2, 60, 5), now);
	pass(4);
	c = join_v5(0, 60, 5);
	pass(100);
	assert_false(will_was_published());
	assert_non_null(session_of_a());
	client_destroy(c, now);
	pass(5);
	assert_true(will_was_published());
}

static void a_clean_start_ends_the_old_session_with_its_will(void **unused)
{
	struct client *c;

	(void)unused;
	client_destroy(join_v5(2, 60, 5), now);
	c = join_v5(2, 60, 5);
	assert_true(will_was_published());
	client_destroy(c, now);
}

static void a_take_over_closes_the_first_connection_only(void **unused)
{
	struct client *first = join_v5(2, 60, 0), *second;
	struct session *s = session_of_a();

	(void)unused;
	second = join_v5(0, 60, 0);
	assert_int_equal(first->state, CLIENT_CLOSING);
	assert_int_equal(first->close_reason, MQTT_SESSION_TAKEN_OVER);
	assert_null(first->session);
	assert_true(will_was_published());
	assert_ptr_equal(second->session, s);
	assert_ptr_equal(s->client, second);
	client_destroy(first, now); /* the session is not its own any more */
	assert_ptr_equal(s->client, second);
	assert_false(will_was_published());
	client_destroy(second, now);
}

static void a_take_over_of_a_session_without_expiry_begins_a_new_one(void **unused)
{
	struct client *first = join_v5(2, 0, 0), *second = join_v5(0, 0, 0);

	(void)unused;
	assert_ptr_equal(second->session, session_of_a());
	assert_ptr_equal(second->session->client, second);
	assert_int_equal(shard->sessions.count, 2);
	client_destroy(second, now);
	client_destroy(first, now);
	assert_null(session_of_a());
}

static void the_operator_may_shorten_the_expiry(void **unused)
{
	(void)unused;
	limits.persistent_client_expiration = 7;
	client_destroy(join_v5(2, 60, 0), now);
	pass(6);
	assert_non_null(session_of_a());
	pass(1);
	assert_null(session_of_a());
	assert_int_equal(shard->counters.sessions_expired, 1);
}

static void expiry_counts_from_the_last_disconnect(void **unused)
{
	struct client *c;

	(void)unused;
	client_destroy(join_v5(2, 5, 0), now);
	pass(4);
	c = join_v5(0, 5, 0);
	pass(20);
	assert_non_null(session_of_a());
	client_destroy(c, now);
	pass(4);
	assert_non_null(session_of_a());
	pass(1);
	assert_null(session_of_a());
}

/* v5 3.1.3.2.4: the interval begins when the will is published, not with the CONNECT */
static void a_wills_expiry_begins_when_it_is_published(void **unused)
{
	struct client *c = join(BYTES("\x10\x1f\0\4MQTT\5\x26\0\0\0\0\1a\5\2\0\0\0\x0a\0\1w\0\6"
				      "expiry"));

	(void)unused;
	assert_int_equal(c->state, CLIENT_CONNECTED);
	pass(3600);
	client_destroy(c, now);
	assert_int_equal(shard->retained.count, 1);
	assert_int_equal(shard->retained.bytes > 0, 1);
	rig_drain(watcher, &output, SIZE_MAX, now);
	str_clear(&output);
	pass(9);
	client_receive(watcher, BYTES("\x82\6\0\1\0\1w\0"), now);
	rig_drain(watcher, &output, SIZE_MAX, now);
	assert_int_equal(output.len, 5 + 11); /* SUBACK and the retained will */
	pass(1);
	str_clear(&output);
	client_receive(watcher, BYTES("\x82\6\0\1\0\1w\0"), now);
	rig_drain(watcher, &output, SIZE_MAX, now);
	assert_int_equal(output.len, 5);
}

static void a_will_may_not_speak_for_the_broker(void **unused)
{
	static const struct span connects[] = {
		SPAN("\x10\x16\0\4MQTT\4\6\0\0\0\1a\0\6$SYS/x\0\1"), /* and its payload: */
		SPAN("\x10\x1a\0\4MQTT\4\6\0\0\0\1a\0\x0a$share/g/x\0\1"),
	};

	(void)unused;
	for (size_t i = 0; i < array_size(connects); i++) {
		uint8_t packet[64];
		struct client *c;

		memcpy(packet, connects[i].data, connects[i].len);
		packet[connects[i].len] = 'x';
		packet[1] = (uint8_t)(connects[i].len - 1);
		c = join(span_of(packet, connects[i].len + 1));
		assert_int_equal(c->state, CLIENT_CLOSING);
		assert_int_equal(c->close_reason, MQTT_NOT_AUTHORIZED);
		client_destroy(c, now);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_lost_connection_publishes_the_will_at_once),
		TEST(a_normal_disconnect_drops_the_will),
		TEST(a_disconnect_with_will_publishes_it),
		TEST(a_delayed_will_waits),
		TEST(a_will_is_published_when_its_session_ends_first),
		TEST(a_client_that_is_back_in_time_drops_its_delayed_will),
		TEST(a_clean_start_ends_the_old_session_with_its_will),
		TEST(a_take_over_closes_the_first_connection_only),
		TEST(a_take_over_of_a_session_without_expiry_begins_a_new_one),
		TEST(the_operator_may_shorten_the_expiry),
		TEST(expiry_counts_from_the_last_disconnect),
		TEST(a_wills_expiry_begins_when_it_is_published),
		TEST(a_will_may_not_speak_for_the_broker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
