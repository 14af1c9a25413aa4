/* SPDX-License-Identifier: MIT */
/*
 * The store begins to fail while packets wait for it: whom it refuses and how; and what need not be
 * on disk goes out, in its order, before anything that comes later.
 */
#include "tests/unit/broker/core/withheld_rig.h"

/* --- who is refused -------------------------------------------------------------------------- */

/* A version 5 publisher with three exchanges that wait, and the store begins to fail. */
static struct client *fail_with_waiting(struct span connect)
{
	struct client *q = join(connect);

	commit();
	heard(q);
	say(q, q->version == MQTT_5 ? BYTES("\x32\7\0\1t\0\1\0x\x34\7\0\1t\0\2\0x")
				    : BYTES("\x32\6\0\1t\0\1x\x34\6\0\1t\0\2x"));
	ledger_seal(&shard->ledger, seconds(0));
	say(q, q->version == MQTT_5 ? BYTES("\x32\7\0\1t\0\3\0x") : BYTES("\x32\6\0\1t\0\3x"));
	shard_set_failing(shard, true, now);
	return q;
}

/* A commit is under way that does not succeed. */
static void begin_to_fail(void)
{
	say(p, BYTES("\x31\4\0\1rz"));
	ledger_seal(&shard->ledger, seconds(0));
	shard_set_failing(shard, true, now);
}

static void recover(void)
{
	shard_set_failing(shard, false, now);
	commit();
}

static void a_puback_that_waits_becomes_a_refusal(void **unused)
{
	struct client *q = fail_with_waiting(CLEAN5("q"));

	(void)unused;
	assert_string_equal(heard(q), "puback 1=97 puback 3=97 ");
	recover();
	assert_string_equal(heard(q), "pubrec 2 ");
	client_destroy(q, now);
}

static void a_refusal_fits_into_what_the_client_takes(void **unused)
{
	struct client *q =
			fail_with_waiting(BYTES("\x10\x13\0\4MQTT\5\2\0\0\5\x27\0\0\0\x14\0\1q"));

	(void)unused;
	assert_int_equal(q->output.bytes, 2 * 5); /* no reason string */
	client_destroy(q, now);
	recover();
}

static void before_version_5_the_connection_says_it(void **unused)
{
	struct client *q = fail_with_waiting(CLEAN("q"));

	(void)unused;
	assert_int_equal(q->state, CLIENT_CLOSING);
	assert_string_equal(heard(q), "");
	client_destroy(q, now);
	recover();
}

static void who_waits_for_its_session_is_refused(void **unused)
{
	struct client *a = join(LASTING5("a")), *b, *c;

	(void)unused;
	ledger_seal(&shard->ledger, seconds(0));
	shard_set_failing(shard, true, now);
	assert_string_equal(heard(a), "connack=97 ");
	b = join(LASTING5("a")); /* it is there, and still not on disk */
	assert_string_equal(heard(b), "connack=97 ");
	c = join(LASTING5("c"));
	assert_string_equal(heard(c), "connack=97 ");
	client_destroy(c, now);
	c = join(CLEAN5("c")); /* this needs no store */
	assert_string_equal(heard(c), "connack ");
	client_destroy(c, now);
	client_destroy(s, now);
	c = join(CLEAN("s")); /* this does: a session would have to end */
	assert_string_equal(heard(c), "connack=3 ");
	s = join(LASTING("s")); /* who has one gets it */
	assert_string_equal(heard(s), "connack ");
	recover();
	client_destroy(a, now);
	client_destroy(b, now);
	client_destroy(c, now);
}

static void what_would_have_to_be_kept_is_refused(void **unused)
{
	struct client *q = join(LASTING5("q"));

	(void)unused;
	commit();
	heard(q);
	say(q, BYTES("\x82\7\0\1\0\0\1u\0"));
	commit();
	heard(q);
	begin_to_fail();
	say(q, BYTES("\x82\7\0\1\0\0\1v\1"));
	assert_string_equal(heard(q), "suback 1/97 ");
	say(q, BYTES("\x32\7\0\1t\0\1\0x\x34\7\0\1u\0\2\0x\x33\7\0\1v\0\3\0x"));
	assert_string_equal(heard(q), "puback 1=97 pubrec 2=97 puback 3=97 ");
	/* QoS 0, and QoS 1 for whoever subscribes with QoS 0, go on. */
	say(q, BYTES("\x30\5\0\1t\0y\x32\7\0\1u\0\4\0x"));
	assert_string_equal(heard(q), "publish0 x puback 4 ");
	assert_string_equal(heard(s), "publish0 y ");
	say(p, BYTES("\x32\6\0\1t\0\1x"));
	assert_int_equal(p->state, CLIENT_CLOSING);
	assert_int_equal(shard->counters.refused_store, 5);
	recover();
	say(q, BYTES("\x32\7\0\1t\0\1\0x"));
	commit();
	assert_string_equal(heard(q), "puback 1 ");
	client_destroy(q, now);
}

/* A client that comes back asks for what it has, as most do. */
static void what_is_subscribed_is_granted_again_while_the_store_fails(void **unused)
{
	(void)unused;
	begin_to_fail();
	say(s, BYTES("\x82\6\0\2\0\1t\2"));
	assert_string_equal(heard(s), "suback 2 ");
	say(s, BYTES("\x82\6\0\3\0\1t\1"));
	assert_string_equal(heard(s), "suback 3/80 ");
	recover();
}

static void a_full_store_lets_retained_messages_be_cleared(void **unused)
{
	struct client *q = join(CLEAN5("q"));

	(void)unused;
	say(q, BYTES("\x31\5\0\1r\0x"));
	commit();
	heard(q);
	begin_to_fail();
	say(q, BYTES("\x33\6\0\1r\0\1\0"));
	assert_string_equal(heard(q), "puback 1=97 ");
	recover();
	shard->ledger.is_full = true;
	begin_to_fail();
	say(q, BYTES("\x33\6\0\1r\0\2\0"));
	assert_int_equal(shard->retained.count, 0);
	recover();
	assert_string_equal(heard(q), "puback 2=10 ");
	shard->ledger.is_full = false;
	client_destroy(q, now);
}

static void what_is_stored_is_delivered_while_the_store_fails(void **unused)
{
	(void)unused;
	client_destroy(s, now);
	say(p, BYTES("\x32\6\0\1t\0\1x\x34\6\0\1t\0\2y"));
	commit();
	begin_to_fail();
	s = join(LASTING("s"));
	assert_string_equal(heard(s), "connack publish1 x ");
	say(s, BYTES("\x40\2\0\1"));
	recover();
	assert_string_equal(heard(s), "publish2 y ");
}

/* --- who stood behind ------------------------------------------------------------------------ */

static void forget_output(struct client *c)
{
	struct str output = { 0 };

	rig_drain(c, &output, SIZE_MAX, now);
	str_finish(&output);
}

/* s takes topic aliases, lasts, and has subscribed t with QoS 2 and what begins with u, QoS 1. */
static int begin_with_aliases(void **unused)
{
	(void)unused;
	open_shard();
	p = join(BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1p"));
	s = join(BYTES("\x10\x16\0\4MQTT\5\0\0\0\x08\x11\0\0\0\x3c\x22\0\x0a\0\1s"));
	say(s, BYTES("\x82\x0d\0\1\0\0\1t\2\0\3u/#\1"));
	commit();
	forget_output(p);
	forget_output(s);
	return 0;
}

/* The next packet that s gets, a PUBLISH with this payload. */
static struct served next_publish(struct str *output, size_t *at, char payload)
{
	struct served packet;

	rig_drain(s, output, SIZE_MAX, now);
	assert_int_equal(rig_next(output, at, MQTT_5, &packet), 1);
	assert_int_equal(packet.type, PACKET_PUBLISH);
	assert_int_equal(packet.payload.data[0], payload);
	return packet;
}

static void an_alias_is_told_before_it_is_used(void **unused)
{
	struct str output = { 0 };
	struct served packet;
	size_t at = 0;

	(void)unused;
	say(p, BYTES("\x34\6\0\1t\0\1a"));	      /* waits for the disk */
	say(p, BYTES("\x30\x0f\0\x0cu/0123456789b")); /* behind it */
	shard_set_failing(shard, true, now);
	say(p, BYTES("\x30\x0f\0\x0cu/0123456789c"));
	packet = next_publish(&output, &at, 'b');
	assert_int_equal(packet.topic.len, 12);
	assert_int_equal(packet.alias, 1);
	packet = next_publish(&output, &at, 'c');
	assert_int_equal(packet.alias, 1);
	str_finish(&output);
}

static void the_order_of_qos1_stays(void **unused)
{
	struct client *q = join(BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1q"));
	struct str output = { 0 };
	size_t at = 0;

	(void)unused;
	/* With a part for each of the two batches, whichever of them has the even number. */
	for (char round = 0; round < 2; round++) {
		say(p, BYTES("\x34\6\0\1t\0\1a"));
		say(q, BYTES("\x32\6\0\1u\0\1b"));
		ledger_seal(&shard->ledger, seconds(0));
		say(q, BYTES("\x32\6\0\1u\0\2c"));
		shard_set_failing(shard, true, now);
		next_publish(&output, &at, 'b');
		next_publish(&output, &at, 'c');
		shard_set_failing(shard, false, now);
		ledger_committed(&shard->ledger);
		next_publish(&output, &at, 'a');
		client_destroy(q, now);
		q = join(BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1q"));
		say(p, BYTES("\x62\2\0\1"));
		commit(); /* and the next batch has another parity than the first of this round */
	}
	client_destroy(q, now);
	str_finish(&output);
}

/* A batch is with the store, which fails, and another one gathers. */
static void let_store_fail(void)
{
	say(p, BYTES("\x31\4\0\1rx"));
	ledger_seal(&shard->ledger, seconds(0));
	shard_set_failing(shard, true, now);
	forget_output(p);
}

static void unsuback_holds_nothing_up_while_the_store_fails(void **unused)
{
	struct str output = { 0 };
	size_t at = 0;

	(void)unused;
	let_store_fail();
	say(s, BYTES("\xa2\6\0\2\0\0\1t"));
	say(p, BYTES("\x30\6\0\3u/1b"));
	next_publish(&output, &at, 'b');
	str_finish(&output);
}

static void stored_qos2_holds_nothing_up_while_the_store_fails(void **unused)
{
	struct str output = { 0 };
	struct served packet;
	size_t at = 0;

	(void)unused;
	client_destroy(s, now);
	say(p, BYTES("\x34\6\0\1t\0\1a"));
	commit();
	forget_output(p);
	let_store_fail();
	s = join(BYTES("\x10\x16\0\4MQTT\5\0\0\0\x08\x11\0\0\0\x3c\x22\0\x0a\0\1s"));
	rig_drain(s, &output, SIZE_MAX, now);
	assert_int_equal(rig_next(&output, &at, MQTT_5, &packet), 1);
	assert_int_equal(packet.type, PACKET_CONNACK);
	assert_true(packet.session_present);
	say(p, BYTES("\x30\6\0\3u/1b"));
	next_publish(&output, &at, 'b');
	shard_set_failing(shard, false, now);
	ledger_committed(&shard->ledger);
	commit();
	next_publish(&output, &at, 'a');
	str_finish(&output);
}

/* That the will of its last connection has to be kept is nothing that the client waits for. */
static void a_client_that_comes_again_is_answered_while_the_store_fails(void **unused)
{
	static const struct span connect = SPAN("\x10\x13\0\4MQTT\4\x26\0\0\0\1w\0\1w\0\1w");
	struct client *first, *second;

	(void)unused;
	let_store_fail();
	first = join(connect);
	assert_true(first->output.bytes > 0);
	second = join(connect);
	assert_true(second->output.bytes > 0);
	client_destroy(first, now);
	client_destroy(second, now);
}

int main(void)
{
#define CASE(test)	   cmocka_unit_test_setup_teardown(test, begin, end)
#define WITH_ALIASES(test) cmocka_unit_test_setup_teardown(test, begin_with_aliases, end)
	const struct CMUnitTest tests[] = {
		CASE(a_puback_that_waits_becomes_a_refusal),
		CASE(a_refusal_fits_into_what_the_client_takes),
		CASE(before_version_5_the_connection_says_it),
		CASE(who_waits_for_its_session_is_refused),
		CASE(what_would_have_to_be_kept_is_refused),
		CASE(what_is_subscribed_is_granted_again_while_the_store_fails),
		CASE(a_full_store_lets_retained_messages_be_cleared),
		CASE(what_is_stored_is_delivered_while_the_store_fails),
		WITH_ALIASES(an_alias_is_told_before_it_is_used),
		WITH_ALIASES(the_order_of_qos1_stays),
		WITH_ALIASES(unsuback_holds_nothing_up_while_the_store_fails),
		WITH_ALIASES(stored_qos2_holds_nothing_up_while_the_store_fails),
		WITH_ALIASES(a_client_that_comes_again_is_answered_while_the_store_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
