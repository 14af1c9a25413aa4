/* SPDX-License-Identifier: MIT */
#include "tests/unit/broker/core/withheld_rig.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
