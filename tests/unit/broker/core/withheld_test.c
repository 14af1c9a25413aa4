/* SPDX-License-Identifier: MIT */
#include "broker/core/withheld.h"

#include <stdio.h>

#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

/*
 * Clients of one letter at a shard with a ledger. What a client has been sent since it was last
 * asked is text: "puback 1 publish0 x " and so on, with "=97" for a reason.
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

#define CLEAN(id)    BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1" id)
#define LASTING(id)  BYTES("\x10\x0d\0\4MQTT\4\0\0\0\0\1" id)
#define CLEAN5(id)   BYTES("\x10\x0e\0\4MQTT\5\2\0\0\0\0\1" id)
#define LASTING5(id) BYTES("\x10\x13\0\4MQTT\5\0\0\0\5\x11\0\0\0\x3c\0\1" id)

static const char *heard(struct client *c)
{
	static const char *const names[] = { "", "", "connack", "publish", "puback", "pubrec",
		"pubrel", "pubcomp", "", "suback", "", "unsuback", "", "", "disconnect", "" };
	static char text[1024];
	struct served packet;
	struct str output = { 0 };
	size_t at = 0, n = 0;
	int found;

	text[0] = '\0';
	rig_drain(c, &output, SIZE_MAX, now);
	while ((found = rig_next(&output, &at, c->version, &packet)) == 1) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", names[packet.type]);
		if (packet.type == PACKET_PUBLISH)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%d %c",
					served_qos(&packet), packet.payload.data[0]);
		else if (packet.packet_id != 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %u", packet.packet_id);
		if (packet.reason != 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "=%x", packet.reason);
		if (packet.codes.len > 0 && packet.codes.data[0] >= 0x80)
			n += (size_t)snprintf(
					text + n, sizeof(text) - n, "/%x", packet.codes.data[0]);
		n += (size_t)snprintf(text + n, sizeof(text) - n, " ");
	}
	assert_int_equal(found, 0);
	str_finish(&output);
	return text;
}

/* As the broker does at the end of a turn, until there is nothing left to commit. */
static void commit(void)
{
	struct ledger *l = &shard->ledger;

	while (l->sealed != NULL || !ledger_is_empty(l)) {
		if (l->sealed == NULL)
			ledger_seal(l, seconds(0));
		ledger_committed(l);
	}
	ledger_committed(l);
	assert_null(l->waiting);
}

/* p is there for the moment; s has subscribed t with QoS 2 and lasts. Nothing waits. */
static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	ledger_start(&shard->ledger, 1, 1, 1);
	p = join(CLEAN("p"));
	s = join(LASTING("s"));
	say(s, BYTES("\x82\6\0\1\0\1t\2"));
	commit();
	assert_string_equal(heard(p), "connack ");
	assert_string_equal(heard(s), "connack suback 1 ");
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

/* --- what waits ------------------------------------------------------------------------------ */

static void an_acknowledgement_waits_for_what_it_promises(void **unused)
{
	(void)unused;
	say(p, BYTES("\x32\6\0\1t\0\1x"));
	assert_string_equal(heard(p), "");
	ledger_seal(&shard->ledger, seconds(0));
	assert_string_equal(heard(p), "");
	ledger_committed(&shard->ledger);
	assert_string_equal(heard(p), "puback 1 ");
	say(p, BYTES("\x34\6\0\1t\0\2x"));
	assert_string_equal(heard(p), "");
	say(p, BYTES("\x3c\6\0\1t\0\2x")); /* again: there is no PUBREC for it yet either */
	assert_string_equal(heard(p), "");
	commit();
	assert_string_equal(heard(p), "pubrec 2 pubrec 2 ");
}

static void a_lasting_publisher_of_qos2_waits_on_its_own_account(void **unused)
{
	struct client *q = join(LASTING("q"));

	(void)unused;
	commit();
	say(q, BYTES("\x34\6\0\1u\0\2x")); /* nobody receives it */
	assert_string_equal(heard(q), "connack ");
	commit();
	assert_string_equal(heard(q), "pubrec 2 ");
	say(q, BYTES("\x62\2\0\2"));
	assert_string_equal(heard(q), "");
	commit();
	assert_string_equal(heard(q), "pubcomp 2 ");
	client_destroy(q, now);
}

static void what_is_sent_with_qos2_waits_and_so_does_its_release(void **unused)
{
	(void)unused;
	say(p, BYTES("\x34\6\0\1t\0\1x"));
	assert_string_equal(heard(s), "");
	commit();
	assert_string_equal(heard(s), "publish2 x ");
	say(s, BYTES("\x50\2\0\1"));
	assert_string_equal(heard(s), "");
	commit();
	assert_string_equal(heard(s), "pubrel 1 ");
	say(s, BYTES("\x70\2\0\1"));
	commit();
	assert_string_equal(heard(s), "");
}

static void answers_about_subscriptions_wait(void **unused)
{
	(void)unused;
	say(s, BYTES("\x82\6\0\2\0\1u\1\xa2\5\0\3\0\1t"));
	assert_string_equal(heard(s), "");
	commit();
	assert_string_equal(heard(s), "suback 2 unsuback 3 ");
}

static void a_session_is_announced_when_it_is_there(void **unused)
{
	struct client *a = join(LASTING("a")), *b;

	(void)unused;
	ledger_seal(&shard->ledger, seconds(0));
	assert_string_equal(heard(a), "");
	b = join(LASTING("a")); /* it is present, but not on disk */
	assert_string_equal(heard(b), "");
	ledger_committed(&shard->ledger);
	commit();
	assert_string_equal(heard(b), "connack ");
	client_destroy(a, now);
	a = join(LASTING("a"));
	assert_string_equal(heard(a), "connack "); /* that it is present needs no promise */
	client_destroy(b, now);
	b = join(CLEAN("a")); /* but that it is not any more does */
	assert_string_equal(heard(b), "");
	commit();
	assert_string_equal(heard(b), "connack ");
	client_destroy(a, now);
	client_destroy(b, now);
}

/* --- what does not ---------------------------------------------------------------------------- */

static void what_lasts_nowhere_is_acknowledged_at_once(void **unused)
{
	struct client *q = join(CLEAN("q"));

	(void)unused;
	say(q, BYTES("\x82\6\0\1\0\1u\2"));
	assert_string_equal(heard(q), "connack suback 1 ");
	say(p, BYTES("\x32\6\0\1u\0\1x\x34\6\0\1u\0\2y\x30\4\0\1tz"));
	assert_string_equal(heard(p), "puback 1 pubrec 2 ");
	assert_string_equal(heard(q), "publish1 x publish2 y ");
	assert_string_equal(heard(s), "publish0 z ");
	assert_true(ledger_is_empty(&shard->ledger));
	client_destroy(q, now);
}

static void nothing_waits_without_a_store_or_for_one_that_is_not_prompt(void **unused)
{
	(void)unused;
	shard->ledger.is_prompt = false;
	say(p, BYTES("\x32\6\0\1t\0\1x\x34\6\0\1t\0\2y"));
	assert_string_equal(heard(p), "puback 1 pubrec 2 ");
	assert_string_equal(heard(s), "publish1 x publish2 y ");
	assert_false(ledger_is_empty(&shard->ledger));
	commit();
	shard->ledger.is_prompt = true;
	ledger_stop(&shard->ledger);
	say(p, BYTES("\x32\6\0\1t\0\3x"));
	assert_string_equal(heard(p), "puback 3 ");
	assert_null(shard->ledger.waiting);
}

static void nobody_waits_for_what_all_receivers_have(void **unused)
{
	(void)unused;
	say(p, BYTES("\x32\6\0\1t\0\1x"));
	assert_string_equal(heard(s), "publish1 x ");
	say(s, BYTES("\x40\2\0\1"));
	assert_true(ledger_is_empty(&shard->ledger));
	ledger_committed(&shard->ledger);
	assert_string_equal(heard(p), "puback 1 ");
	assert_null(p->withheld);
}

/* --- who passes whom ------------------------------------------------------------------------- */

static void what_needs_no_promise_passes_acknowledgements(void **unused)
{
	(void)unused;
	say(s, BYTES("\x32\6\0\1t\0\1x")); /* to itself too */
	say(p, BYTES("\x30\4\0\1ty"));
	assert_string_equal(heard(s), "publish1 x publish0 y ");
	commit();
	assert_string_equal(heard(s), "puback 1 ");
}

static void nothing_passes_a_connack(void **unused)
{
	struct client *a = join(LASTING("a"));

	(void)unused;
	say(a, BYTES("\x82\6\0\1\0\1t\1"));
	say(p, BYTES("\x30\4\0\1tx\x32\6\0\1t\0\1y"));
	ledger_seal(&shard->ledger, seconds(0));
	say(p, BYTES("\x30\4\0\1tz\xc0\0"));
	assert_string_equal(heard(a), "");
	ledger_committed(&shard->ledger);
	assert_string_equal(heard(a), "connack suback 1 publish0 x publish1 y publish0 z ");
	client_destroy(a, now);
}

static void nothing_passes_a_publish_of_qos2(void **unused)
{
	(void)unused;
	say(p, BYTES("\x30\4\0\1ta\x34\6\0\1t\0\1b\x30\4\0\1tc\x32\6\0\1t\0\2d"));
	ledger_seal(&shard->ledger, seconds(0));
	say(p, BYTES("\x30\4\0\1te\x34\6\0\1t\0\3f\x30\4\0\1tg"));
	assert_string_equal(heard(s), "publish0 a ");
	ledger_committed(&shard->ledger);
	assert_string_equal(heard(s), "publish2 b publish0 c publish1 d publish0 e ");
	commit();
	assert_string_equal(heard(s), "publish2 f publish0 g ");
}

/* [v5 MQTT-4.6.0-2, MQTT-4.6.0-3], and of PUBREL [v5 MQTT-4.6.0-4] */
static void acknowledgements_keep_their_order(void **unused)
{
	(void)unused;
	say(p, BYTES("\x32\6\0\1t\0\1x\x34\6\0\1t\0\2x"));
	ledger_seal(&shard->ledger, seconds(0));
	say(p, BYTES("\x32\6\0\1t\0\3x"));
	/* Nobody receives these, and yet they stay behind. */
	say(p, BYTES("\x32\6\0\1u\0\4x\x34\6\0\1u\0\5x"));
	assert_string_equal(heard(p), "");
	ledger_committed(&shard->ledger);
	assert_string_equal(heard(p), "puback 1 pubrec 2 ");
	commit();
	assert_string_equal(heard(p), "puback 3 puback 4 pubrec 5 ");
	assert_string_equal(heard(s), "publish1 x publish2 x publish1 x ");
	say(s, BYTES("\x50\2\0\2\x50\2\0\x7f")); /* the second is not known */
	assert_string_equal(heard(s), "");
	commit();
	assert_string_equal(heard(s), "pubrel 2 pubrel 127 ");
}

static void a_large_payload_stays_with_its_packet(void **unused)
{
	struct str packet = { 0 };

	(void)unused;
	for (int qos = 2; qos >= 0; qos--) {
		str_clear(&packet);
		str_append_byte(&packet, (char)(0x30 | qos << 1));
		str_append(&packet, qos > 0 ? BYTES("\x85\x27\0\1t\0\1") : BYTES("\x83\x27\0\1t"));
		for (int i = 0; i < 39 * 128; i++)
			str_append_byte(&packet, (char)('0' + qos));
		say(p, str_span(&packet));
	}
	str_finish(&packet);
	assert_string_equal(heard(s), "");
	assert_true(s->held > (size_t)3 * 39 * 128);
	assert_int_equal(client_unsent(s), s->held);
	commit();
	assert_string_equal(heard(s), "publish2 2 publish1 1 publish0 0 ");
}

/* --- the connection ends --------------------------------------------------------------------- */

static void who_leaves_gets_nothing_of_it(void **unused)
{
	(void)unused;
	say(s, BYTES("\x32\6\0\1u\0\1x\x32\6\0\1t\0\2x\x34\6\0\1t\0\3x"));
	assert_non_null(s->withheld);
	client_destroy(s, now); /* lost */
	say(p, BYTES("\x32\6\0\1t\0\1x"));
	ledger_seal(&shard->ledger, seconds(0));
	client_close(p, MQTT_UNSPECIFIED_ERROR, now);
	assert_null(shard->ledger.waiting);
	ledger_committed(&shard->ledger);
	assert_string_equal(heard(p), "");
	s = join(LASTING("s"));
	commit();
	assert_string_equal(heard(s), "connack publish1 x publish2 x publish1 x ");
}

static void who_is_taken_over_before_its_connack_is_refused(void **unused)
{
	struct client *a = join(LASTING5("a")), *b = join(LASTING5("a"));

	(void)unused;
	assert_int_equal(a->state, CLIENT_CLOSING);
	assert_string_equal(heard(a), "connack=97 ");
	commit();
	assert_string_equal(heard(b), "connack ");
	client_destroy(a, now);
	client_destroy(b, now);
}

/* --- the store fails ------------------------------------------------------------------------- */

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

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(an_acknowledgement_waits_for_what_it_promises),
		CASE(a_lasting_publisher_of_qos2_waits_on_its_own_account),
		CASE(what_is_sent_with_qos2_waits_and_so_does_its_release),
		CASE(answers_about_subscriptions_wait),
		CASE(a_session_is_announced_when_it_is_there),
		CASE(what_lasts_nowhere_is_acknowledged_at_once),
		CASE(nothing_waits_without_a_store_or_for_one_that_is_not_prompt),
		CASE(nobody_waits_for_what_all_receivers_have),
		CASE(what_needs_no_promise_passes_acknowledgements),
		CASE(nothing_passes_a_connack),
		CASE(nothing_passes_a_publish_of_qos2),
		CASE(acknowledgements_keep_their_order),
		CASE(a_large_payload_stays_with_its_packet),
		CASE(who_leaves_gets_nothing_of_it),
		CASE(who_is_taken_over_before_its_connack_is_refused),
		CASE(a_puback_that_waits_becomes_a_refusal),
		CASE(a_refusal_fits_into_what_the_client_takes),
		CASE(before_version_5_the_connection_says_it),
		CASE(who_waits_for_its_session_is_refused),
		CASE(what_would_have_to_be_kept_is_refused),
		CASE(what_is_stored_is_delivered_while_the_store_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
