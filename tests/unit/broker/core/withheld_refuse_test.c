/* SPDX-License-Identifier: MIT */
#include "broker/core/withheld.h"

#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

/*
 * The store begins to fail while packets wait for it: what need not be on disk goes out, in its
 * order, before anything that comes later.
 */
static struct limits limits;
static struct shard *shard;
static struct instant now;
static struct client *p, *s; /* who publishes and who subscribes */

static void say(struct client *c, struct span bytes)
{
	assert_int_equal(client_receive(c, bytes, now).consumed, bytes.len);
}

static struct client *join(struct span connect)
{
	struct client *c = rig_client(shard, NULL, now);

	say(c, connect);
	return c;
}

static void commit(void)
{
	struct ledger *l = &shard->ledger;

	while (l->sealed != NULL || !ledger_is_empty(l)) {
		if (l->sealed == NULL)
			ledger_seal(l, seconds(0));
		ledger_committed(l);
	}
	ledger_committed(l);
}

static void forget_output(struct client *c)
{
	struct str output = { 0 };

	rig_drain(c, &output, SIZE_MAX, now);
	str_finish(&output);
}

/* s takes topic aliases, lasts, and has subscribed t with QoS 2 and what begins with u, QoS 1. */
static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	ledger_start(&shard->ledger, 1, 1, 1);
	p = join(BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1p"));
	s = join(BYTES("\x10\x16\0\4MQTT\5\0\0\0\x08\x11\0\0\0\x3c\x22\0\x0a\0\1s"));
	say(s, BYTES("\x82\x0d\0\1\0\0\1t\2\0\3u/#\1"));
	commit();
	forget_output(p);
	forget_output(s);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	client_destroy(p, now);
	client_destroy(s, now);
	shard_destroy(shard);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_alias_is_told_before_it_is_used, begin, end),
		cmocka_unit_test_setup_teardown(the_order_of_qos1_stays, begin, end),
		cmocka_unit_test_setup_teardown(
				unsuback_holds_nothing_up_while_the_store_fails, begin, end),
		cmocka_unit_test_setup_teardown(
				stored_qos2_holds_nothing_up_while_the_store_fails, begin, end),
		cmocka_unit_test_setup_teardown(
				a_client_that_comes_again_is_answered_while_the_store_fails, begin,
				end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
