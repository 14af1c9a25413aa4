/* SPDX-License-Identifier: MIT */
#include "broker/core/ledger.h"

#include <stdio.h>

#include "broker/core/withheld.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

/* A publisher p and a lasting session s that has subscribed t with QoS 2; all is committed. */
static struct limits limits;
static struct shard *shard;
static struct instant now;
static struct client *p, *s;
static struct ledger *l;

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
	while (l->sealed != NULL || !ledger_is_empty(l)) {
		if (l->sealed == NULL)
			ledger_seal(l, seconds(0));
		ledger_committed(l);
	}
	ledger_committed(l);
}

static void publish(uint8_t packet_id)
{
	const uint8_t packet[] = { 0x32, 6, 0, 1, 't', 0, packet_id, 'x' };

	say(p, span_of(packet, sizeof(packet)));
}

static void acknowledge(uint8_t packet_id)
{
	const uint8_t packet[] = { 0x40, 2, 0, packet_id };

	say(s, span_of(packet, sizeof(packet)));
}

/* The packet identifiers of the PUBACKs that p has been sent since it was last asked. */
static const char *acknowledged(void)
{
	static char text[256];
	struct str output = { 0 };
	size_t n = 0;

	text[0] = '\0';
	rig_drain(p, &output, SIZE_MAX, now);
	for (size_t at = 0; at < output.len; at += 4) {
		assert_int_equal((uint8_t)output.text[at], 0x40);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%d ", output.text[at + 3]);
	}
	str_finish(&output);
	return text;
}

static int begin(void **unused)
{
	struct str greeting = { 0 };

	(void)unused;
	limits = rig_limits();
	limits.max_queued_messages = 0;
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	l = &shard->ledger;
	ledger_start(l, 1, 1, 1);
	p = join(BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1p"));
	s = join(BYTES("\x10\x0d\0\4MQTT\4\0\0\0\0\1s"));
	say(s, BYTES("\x82\6\0\1\0\1t\2"));
	commit();
	rig_drain(p, &greeting, SIZE_MAX, now);
	str_finish(&greeting);
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

/* --- promises that need no commit ------------------------------------------------------------ */

static void what_has_passed_on_is_acknowledged_part_by_part(void **unused)
{
	(void)unused;
	publish(1);
	publish(2);
	assert_true(ledger_settle(l)); /* these are the earlier part now */
	publish(3);
	acknowledge(1);
	acknowledge(3);
	assert_false(ledger_settle(l));
	assert_string_equal(acknowledged(), "");
	publish(4);
	acknowledge(2);
	assert_true(ledger_settle(l));
	assert_string_equal(acknowledged(), "1 2 ");
	assert_false(ledger_settle(l));
	acknowledge(4);
	assert_true(ledger_is_empty(l));
	ledger_committed(l);
	assert_string_equal(acknowledged(), "3 4 ");
	assert_null(l->waiting);
}

static void a_commit_of_both_parts_keeps_the_order(void **unused)
{
	(void)unused;
	publish(1);
	ledger_settle(l);
	publish(2);
	ledger_seal(l, seconds(0));
	publish(3);
	for (uint8_t i = 1; i <= 3; i++)
		acknowledge(i);
	assert_string_equal(acknowledged(), "");
	ledger_committed(l);
	assert_string_equal(acknowledged(), "1 2 ");
	assert_true(ledger_settle(l)); /* what is left are traces of the first two */
	assert_string_equal(acknowledged(), "3 ");
	assert_false(ledger_is_empty(l));
	assert_int_equal(l->open->over_deliveries.count, 2);
}

static void traces_of_what_is_over_hold_nobody_up(void **unused)
{
	(void)unused;
	publish(1);
	commit();
	assert_string_equal(acknowledged(), "1 ");
	acknowledge(1);
	publish(2);
	assert_false(ledger_is_pressing(l));
	ledger_settle(l);
	publish(3);
	acknowledge(3);
	acknowledge(2); /* places at the end are given up: fewer are left than the earlier part had
			 */
	assert_true(ledger_settle(l));
	assert_string_equal(acknowledged(), "2 3 ");
	assert_null(l->waiting);
	assert_int_equal(l->open->live, 2);
}

/* --- what only a commit will do for ---------------------------------------------------------- */

static void expect_pressing(bool is_pressing)
{
	assert_int_equal(ledger_is_pressing(l), is_pressing);
	publish(9);
	if (is_pressing)
		assert_false(ledger_settle(l));
	else
		assert_true(ledger_settle(l));
	assert_string_equal(acknowledged(), "");
}

static void messages_for_who_is_away_press(void **unused)
{
	(void)unused;
	client_destroy(s, now);
	commit();
	publish(1);
	assert_false(ledger_settle(l));
	expect_pressing(true);
	s = join(BYTES("\x10\x0d\0\4MQTT\4\0\0\0\0\1s"));
	commit();
	acknowledged();
	expect_pressing(false);
}

static void retained_messages_press_until_they_are_gone(void **unused)
{
	(void)unused;
	say(p, BYTES("\x31\4\0\1rx"));
	expect_pressing(true);
	say(p, BYTES("\x31\3\0\1r")); /* none has been on disk */
	expect_pressing(false);
	say(p, BYTES("\x31\4\0\1rx"));
	commit();
	acknowledged();
	expect_pressing(false);
	say(p, BYTES("\x31\3\0\1r"));
	expect_pressing(true);
}

static void a_retained_message_that_is_waited_for_presses_when_it_is_no_more(void **unused)
{
	(void)unused;
	say(p, BYTES("\x33\6\0\1t\0\1x"));
	commit();
	acknowledged();
	say(p, BYTES("\x31\3\0\1t"));
	expect_pressing(true);
}

static void sessions_and_subscriptions_press(void **unused)
{
	(void)unused;
	say(s, BYTES("\x82\6\0\2\0\1u\1"));
	expect_pressing(true);
	commit();
	acknowledged();
	expect_pressing(false);
	client_close(s, MQTT_UNSPECIFIED_ERROR, now);
	expect_pressing(true);
}

static void what_is_sent_with_qos2_presses_until_it_is_over(void **unused)
{
	(void)unused;
	say(p, BYTES("\x34\6\0\1t\0\1x"));
	assert_true(ledger_is_pressing(l));
	commit();
	assert_false(ledger_is_pressing(l));
	say(s, BYTES("\x50\2\0\1"));
	assert_true(ledger_is_pressing(l)); /* PUBREL waits for it */
	commit();
	say(s, BYTES("\x70\2\0\1"));
	assert_false(ledger_is_pressing(l));
}

static void what_waits_for_the_window_of_qos2_presses_when_it_is_sent(void **unused)
{
	(void)unused;
	s->max_inflight = 1;
	publish(1);
	say(p, BYTES("\x34\6\0\1t\0\2x"));
	assert_false(ledger_is_pressing(l));
	acknowledge(1);
	assert_true(ledger_is_pressing(l));
	say(s, BYTES("\x50\2\0\2\x70\2\0\2"));
	assert_false(ledger_is_pressing(l));
}

/* --- a batch that gathers for long ----------------------------------------------------------- */

/* The identifier that s has got for what is published now. */
static uint16_t send(void)
{
	publish(1);
	return s->session->inflight.last_id;
}

static void receive(uint16_t packet_id)
{
	const uint8_t packet[] = { 0x40, 2, (uint8_t)(packet_id >> 8), (uint8_t)packet_id };

	say(s, span_of(packet, sizeof(packet)));
}

static void what_is_over_does_not_stay_in_the_batch(void **unused)
{
	uint16_t ids[3] = { send(), send(), send() };

	(void)unused;
	for (unsigned i = 0; i < 10000; i++) {
		receive(ids[i % 3]);
		ids[i % 3] = send(); /* three are always under way */
		ledger_settle(l);
		assert_true(l->open->delivery_count <= 6);
		assert_true(l->open->message_count <= 4);
	}
}

static void a_place_that_was_passed_counts_again_when_it_is_taken_again(void **unused)
{
	(void)unused;
	send();
	commit();
	for (int i = 2; i <= 6; i++)
		assert_int_equal(send(), i);
	receive(2);
	assert_true(ledger_settle(l));
	assert_int_equal(l->open->deliveries_passed, 1);
	for (uint16_t i = 6; i > 2; i--)
		receive(i);
	receive(1);
	assert_true(ledger_settle(l));
	acknowledged();
	send();
	ledger_settle(l);
	ledger_settle(l);
	assert_string_equal(acknowledged(), "");
}

/* --- whether it flows ------------------------------------------------------------------------ */

static void messages_flow_when_they_are_over_soon(void **unused)
{
	(void)unused;
	ledger_pace(l);
	assert_false(l->pace.is_flowing);
	publish(1);
	publish(2);
	acknowledge(1);
	ledger_pace(l);
	assert_true(l->pace.is_flowing);
	ledger_pace(l); /* nothing happened */
	assert_true(l->pace.is_flowing);
	publish(3);
	ledger_pace(l);
	assert_false(l->pace.is_flowing);
	acknowledge(3); /* a moment later */
	ledger_pace(l);
	assert_true(l->pace.is_flowing);
}

static void what_is_over_late_does_not_flow(void **unused)
{
	(void)unused;
	publish(1);
	ledger_pace(l);
	ledger_pace(l);
	publish(2);
	acknowledge(1);
	ledger_pace(l);
	assert_false(l->pace.is_flowing);
}

static void many_that_wait_for_each_other_may_take_longer(void **unused)
{
	(void)unused;
	for (unsigned moment = 0; moment < 4; moment++) {
		for (int i = 0; i <= LEDGER_BUSY; i++)
			publish(1);
		for (unsigned i = 1; moment > 2 && i <= LEDGER_BUSY; i++) {
			const uint8_t packet[] = { 0x40, 2, (uint8_t)(i >> 8), (uint8_t)i };

			say(s, span_of(packet, sizeof(packet)));
		}
		ledger_pace(l);
		assert_true(l->pace.is_busy);
	}
	assert_true(l->pace.is_flowing);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(what_has_passed_on_is_acknowledged_part_by_part),
		CASE(a_commit_of_both_parts_keeps_the_order),
		CASE(traces_of_what_is_over_hold_nobody_up),
		CASE(messages_for_who_is_away_press),
		CASE(retained_messages_press_until_they_are_gone),
		CASE(a_retained_message_that_is_waited_for_presses_when_it_is_no_more),
		CASE(sessions_and_subscriptions_press),
		CASE(what_is_sent_with_qos2_presses_until_it_is_over),
		CASE(what_waits_for_the_window_of_qos2_presses_when_it_is_sent),
		CASE(what_is_over_does_not_stay_in_the_batch),
		CASE(a_place_that_was_passed_counts_again_when_it_is_taken_again),
		CASE(messages_flow_when_they_are_over_soon),
		CASE(what_is_over_late_does_not_flow),
		CASE(many_that_wait_for_each_other_may_take_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
