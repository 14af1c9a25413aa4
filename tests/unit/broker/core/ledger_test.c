/* SPDX-License-Identifier: MIT */
#include "broker/core/ledger.h"

#include "broker/core/router.h"
#include "common/store_log.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

/*
 * A lasting session a, version 5, that has subscribed t with QoS 2 and is there, and whoever
 * publishes. Messages begin at 10, deliveries at 20, sessions at 30; all of the beginning is
 * committed.
 */
static struct limits limits;
static struct shard *shard;
static struct instant now;
static struct client *c;
static struct ledger *l;
static struct str output;

static void say(struct client *client, struct span bytes)
{
	assert_int_equal(client_receive(client, bytes, now).consumed, bytes.len);
}

static struct client *join(struct span connect)
{
	struct client *client = rig_client(shard, NULL, now);

	say(client, connect);
	return client;
}

static struct batch *seal(void)
{
	return ledger_seal(l, seconds(100));
}

static void commit(void)
{
	if (l->sealed == NULL)
		seal();
	ledger_committed(l);
}

static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	l = &shard->ledger;
	ledger_start(l, 10, 20, 30);
	c = join(BYTES("\x10\x13\0\4MQTT\5\0\0\0\5\x11\0\0\0\x3c\0\1a"));
	say(c, BYTES("\x82\7\0\1\0\0\1t\2"));
	commit();
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	client_destroy(c, now);
	str_finish(&output);
	shard_destroy(shard);
	return 0;
}

/* Of the topic t or r, by nobody. */
static struct message *publish(const char *topic, uint8_t qos, bool retain)
{
	struct message *m = message_create(span_of_text(topic), NULL, BYTES("x"), qos, retain, now);

	router_publish(shard, NULL, m, NULL, now);
	return m; /* with the caller's reference */
}

static struct batch_delivery *delivery(size_t i)
{
	assert_true(i < l->open->delivery_count);
	return &l->open->deliveries[i];
}

/* --- the open batch ----------------------------------------------------------------------------
 */

static void numbers_are_given_in_order(void **unused)
{
	struct message *m = publish("t", 1, false), *n = publish("t", 2, false);

	(void)unused;
	assert_int_equal(c->session->number, 30);
	assert_int_equal(m->number, 10);
	assert_int_equal(n->number, 11);
	assert_int_equal(l->open->first_message, 10);
	assert_int_equal(l->open->first_delivery, 20);
	assert_ptr_equal(l->open->messages[1].message, n);
	assert_int_equal(delivery(0)->session, 30);
	assert_int_equal(delivery(0)->message, 10);
	assert_int_equal(delivery(0)->packet_id, 1);
	assert_int_equal(delivery(0)->state, INFLIGHT_WAIT_PUBACK);
	assert_int_equal(delivery(1)->message, 11);
	assert_int_equal(delivery(1)->state, INFLIGHT_WAIT_PUBREC);
	assert_int_equal(l->open->live, 4);
	seal();
	assert_int_equal(l->sealed->to_wall.ns, seconds(100).ns);
	assert_int_equal(l->open->number, l->sealed->number + 1);
	assert_int_equal(l->open->first_message, 12);
	assert_int_equal(l->open->first_delivery, 22);
	message_unref(m);
	message_unref(n);
}

static void what_is_over_before_the_seal_is_not_in_the_batch(void **unused)
{
	struct message *m = publish("t", 1, false);

	(void)unused;
	assert_int_equal(m->refs, 3); /* ours, in flight, in the batch; not in the output */
	say(c, BYTES("\x40\2\0\1"));
	assert_int_equal(m->refs, 1);
	assert_int_equal(m->number, 0);
	assert_int_equal(m->kept, 0);
	assert_null(l->open->messages[0].message);
	assert_int_equal(l->open->delivery_count, 0);
	assert_true(ledger_is_empty(l));
	assert_int_equal(l->pace.soon_over, 1);
	/* A number that nothing refers to any more is given again. */
	message_unref(m);
	m = publish("t", 1, false);
	assert_int_equal(m->number, 10);
	message_unref(m);
}

static void an_exchange_of_qos2_goes_on_in_place(void **unused)
{
	struct message *m = publish("t", 2, false);

	(void)unused;
	say(c, BYTES("\x50\2\0\1"));
	assert_int_equal(m->refs, 1);
	assert_int_equal(delivery(0)->message, 0);
	assert_int_equal(delivery(0)->state, INFLIGHT_WAIT_PUBCOMP);
	assert_int_equal(l->open->live, 1);
	assert_int_equal(l->open->change_count, 0);
	say(c, BYTES("\x70\2\0\1"));
	assert_true(ledger_is_empty(l));
	message_unref(m);
}

static void what_waits_is_noted_when_it_is_queued_and_when_it_is_sent(void **unused)
{
	(void)unused;
	client_destroy(c, now);
	message_unref(publish("t", 1, false));
	assert_int_equal(delivery(0)->packet_id, 0);
	assert_int_equal(delivery(0)->state, INFLIGHT_FREE);
	commit();
	c = join(BYTES("\x10\x13\0\4MQTT\5\0\0\0\5\x11\0\0\0\x3c\0\1a"));
	assert_int_equal(l->open->change_count, 1);
	assert_int_equal(l->open->changes[0].delivery, 20);
	assert_int_equal(l->open->changes[0].packet_id, 1);
	assert_int_equal(l->open->changes[0].state, INFLIGHT_WAIT_PUBACK);
	assert_false(l->open->changes[0].is_taken);
}

/* --- what an earlier batch has ------------------------------------------------------------------
 */

static void what_is_older_is_changed_and_removed(void **unused)
{
	struct message *m = publish("t", 2, false);

	(void)unused;
	seal(); /* not committed, and yet it cannot be taken out any more */
	say(c, BYTES("\x50\2\0\1"));
	assert_int_equal(l->open->change_count, 1);
	assert_int_equal(l->open->changes[0].delivery, 20);
	assert_true(l->open->changes[0].is_taken);
	assert_int_equal(l->open->over_messages.count, 1);
	assert_int_equal(l->open->over_messages.all[0], 10);
	say(c, BYTES("\x70\2\0\1"));
	assert_int_equal(l->open->over_deliveries.count, 1);
	assert_int_equal(l->open->over_deliveries.all[0], 20);
	assert_int_equal(l->open->over_messages.count, 1);
	assert_int_equal(m->refs, 2); /* ours, and the batch that is being written */
	assert_ptr_equal(l->sealed->messages[0].message, m);
	ledger_committed(l);
	assert_int_equal(m->refs, 1);
	message_unref(m);
}

static void a_message_is_kept_as_long_as_anybody_waits(void **unused)
{
	struct client *b = join(BYTES("\x10\x0d\0\4MQTT\4\0\0\0\0\1b"));
	struct message *m;

	(void)unused;
	say(b, BYTES("\x82\6\0\1\0\1t\1"));
	m = publish("t", 1, true);
	assert_int_equal(m->kept, 3);
	assert_int_equal(l->open->message_count, 1);
	assert_true(l->open->messages[0].is_retained);
	say(b, BYTES("\x40\2\0\1"));
	commit();
	say(c, BYTES("\x40\2\0\1"));
	assert_int_equal(m->kept, 1);
	assert_int_equal(l->open->over_messages.count, 0);
	message_unref(publish("t", 0, true)); /* in its place */
	assert_int_equal(l->open->over_messages.count, 1);
	assert_int_equal(l->open->unretained.count, 0);
	assert_int_equal(m->refs, 1);
	message_unref(m);
	client_destroy(b, now);
}

static void a_message_that_is_waited_for_may_be_retained_no_more(void **unused)
{
	struct message *m = publish("t", 1, true), *n;

	(void)unused;
	n = publish("t", 1, true);
	assert_false(l->open->messages[0].is_retained);
	assert_int_equal(l->open->unretained.count, 0);
	commit();
	message_unref(publish("t", 0, true));
	assert_int_equal(l->open->unretained.count, 1);
	assert_int_equal(l->open->unretained.all[0], n->number);
	assert_int_equal(l->open->over_messages.count, 0);
	message_unref(m);
	message_unref(n);
}

/* They are retained in memory alone, and yet a delivery of one is kept. */
static void what_is_retained_below_sys_is_not_noted(void **unused)
{
	static const char *const topic = "$SYS/broker/connection/b/state";
	struct message *m;

	(void)unused;
	say(c, BYTES("\x82\x0c\0\2\0\0\6$SYS/#\1"));
	commit();
	m = publish(topic, 1, true);
	assert_int_equal(m->kept, 1);
	assert_false(l->open->messages[0].is_retained);
	message_unref(publish(topic, 0, true));
	assert_int_equal(m->kept, 1);
	assert_non_null(l->open->messages[0].message);
	say(c, BYTES("\x40\2\0\1"));
	assert_true(ledger_is_empty(l));
	message_unref(m);
}

static void the_end_of_a_session_takes_everything_along(void **unused)
{
	(void)unused;
	message_unref(publish("t", 1, false));
	message_unref(publish("t", 2, false));
	say(c, BYTES("\x50\2\0\2"));
	commit();
	message_unref(publish("t", 1, false));
	client_destroy(c, now);
	message_unref(publish("t", 1, false));
	now = instant_after(now, seconds(61));
	shard_run_timers(shard, now);
	assert_int_equal(l->open->over_deliveries.count, 2);
	assert_int_equal(l->open->over_messages.count, 1);
	assert_int_equal(l->open->live, 3);
	assert_null(l->changed);
	c = NULL;
}

/* --- records -----------------------------------------------------------------------------------
 */

/* The records of the batch, as letters of their tables: a put is a capital. */
static const char *records(const struct batch *b)
{
	static const char puts[] = "...SWRU", removals[] = "...swru";
	struct span log = str_span(&b->records);
	struct store_log_entry e;

	str_clear(&output);
	while (store_log_next(&log, &e)) {
		str_append_byte(&output, (e.value.data != NULL ? puts : removals)[e.table]);
		assert_true(e.value.data == NULL || stored_record_is_good(e.table, e.key, e.value));
		assert_int_equal(store_key_number(e.key), 30);
	}
	return str_text(&output);
}

static struct store_log_entry record(const struct batch *b, enum store_table table)
{
	struct span log = str_span(&b->records);
	struct store_log_entry e;

	while (store_log_next(&log, &e)) {
		if (e.table == table && e.value.data != NULL)
			return e;
	}
	fail();
	return e;
}

static void a_session_is_written_as_it_is_when_the_batch_is_sealed(void **unused)
{
	struct stored_session session;
	struct store_log_entry e;

	(void)unused;
	client_close(c, MQTT_UNSPECIFIED_ERROR, now);
	assert_non_null(l->changed);
	assert_int_equal(l->open->records.len, 0);
	assert_string_equal(records(seal()), "Sw");
	assert_null(l->changed);
	e = record(l->sealed, STORE_SESSIONS);
	assert_true(stored_session_read(e.key, e.value, &session));
	assert_span_text(session.client_id, "a");
	assert_int_equal(session.expiry_interval, 60);
	assert_int_equal(session.ends, now.ns + seconds(100 + 60).ns);
	client_destroy(c, now);
	ledger_committed(l);
	c = join(BYTES("\x10\x13\0\4MQTT\5\0\0\0\5\x11\0\0\0\x3d\0\1a"));
	e = record(seal(), STORE_SESSIONS);
	assert_true(stored_session_read(e.key, e.value, &session));
	assert_int_equal(session.expiry_interval, 61);
	assert_int_equal(session.ends, 0);
}

static void a_will_is_written_and_removed(void **unused)
{
	struct stored_will will;
	struct store_log_entry e;

	(void)unused;
	client_destroy(c, now);
	c = join(BYTES("\x10\x1f\0\4MQTT\5\4\0\0\5\x11\0\0\0\x3c\0\1a\5\x18\0\0\0\7\0\1w\0\1x"));
	e = record(seal(), STORE_WILLS);
	assert_true(stored_will_read(e.key, e.value, &will));
	assert_int_equal(will.delay, 7);
	assert_int_equal(will.due, 0);
	ledger_committed(l);
	client_close(c, MQTT_UNSPECIFIED_ERROR, now);
	e = record(seal(), STORE_WILLS);
	assert_true(stored_will_read(e.key, e.value, &will));
	assert_int_equal(will.due, now.ns + seconds(100 + 7).ns);
	ledger_committed(l);
	now = instant_after(now, seconds(7));
	shard_run_timers(shard, now);
	assert_string_equal(records(seal()), "w");
}

/* A session that ends with its connection is there for its will, which is owed to others. */
static void a_will_alone_makes_a_session_be_noted(void **unused)
{
	struct client *b = join(BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1b"));

	(void)unused;
	assert_int_equal(b->session->number, 0);
	client_destroy(b, now);
	assert_true(ledger_is_empty(l));
	b = join(BYTES("\x10\x13\0\4MQTT\4\6\0\0\0\1b\0\1w\0\1x"));
	assert_int_equal(b->session->number, 31);
	assert_false(b->session->is_durable);
	say(b, BYTES("\x82\6\0\1\0\1t\1"));
	message_unref(publish("t", 0, false));
	message_unref(publish("u", 1, false));
	assert_int_equal(l->open->live, 0);
	assert_int_equal(l->open->records.len, 0); /* no subscription */
	client_destroy(b, now);
	commit();
}

static void received_identifiers_are_written(void **unused)
{
	struct store_log_entry e;
	struct span ids;

	(void)unused;
	say(c, BYTES("\x34\7\0\1u\0\5\0x\x34\7\0\1u\0\3\0x"));
	e = record(seal(), STORE_RECEIVED);
	assert_true(stored_received_read(e.key, e.value, &ids));
	assert_span_equal(ids, BYTES("\0\3\0\5"));
	ledger_committed(l);
	say(c, BYTES("\x62\2\0\3\x62\2\0\5"));
	assert_string_equal(records(seal()), "r");
}

static void subscriptions_are_written_under_their_number(void **unused)
{
	struct stored_subscription sub;
	struct store_log_entry e;

	(void)unused;
	say(c, BYTES("\x82\x10\0\2\0\0\x0a$share/g/t\1"));
	commit();
	say(c, BYTES("\x82\x0d\0\2\2\x0b\7\0\5u/+/#\x2d"));
	e = record(seal(), STORE_SUBSCRIPTIONS);
	assert_true(stored_subscription_read(e.key, e.value, &sub));
	assert_span_text(sub.filter, "u/+/#");
	assert_int_equal(sub.identifier, 7);
	assert_int_equal(sub.qos, 1);
	assert_true(sub.no_local && sub.retain_as_published);
	ledger_committed(l);
	say(c, BYTES("\x82\x0b\0\3\0\0\5u/+/#\2")); /* other options, the same record */
	assert_int_equal(store_key_subscription(record(l->open, STORE_SUBSCRIPTIONS).key),
			store_key_subscription(e.key));
	commit();
	say(c, BYTES("\xa2\x0a\0\4\0\0\5u/+/#\xa2\x0a\0\5\0\0\5u/+/#"));
	assert_string_equal(records(seal()), "u");
}

/* --- batches -----------------------------------------------------------------------------------
 */

static void there_are_two_batches_at_most(void **unused)
{
	struct batch *first, *second;

	(void)unused;
	assert_int_equal(ledger_part(l), 0);
	message_unref(publish("t", 1, false));
	assert_int_equal(ledger_part(l), l->open->number);
	first = seal();
	assert_int_equal(ledger_part(l), l->open->number); /* what is sealed is not yet committed */
	second = l->open;
	assert_ptr_not_equal(first, second);
	ledger_committed(l);
	assert_int_equal(first->message_count, 0);
	assert_int_equal(ledger_part(l), 0);
	assert_ptr_equal(l->open, second);
	assert_ptr_equal(seal(), second);
	assert_ptr_equal(l->open, first);
	ledger_committed(l);
}

static void an_empty_batch_passes(void **unused)
{
	uint64_t number = l->open->number;

	(void)unused;
	message_unref(publish("t", 1, false));
	say(c, BYTES("\x40\2\0\1"));
	assert_true(ledger_is_empty(l));
	ledger_committed(l);
	assert_int_equal(l->open->number, number + 1);
	assert_int_equal(l->open->message_count, 0);
	message_unref(publish("t", 1, false));
	assert_int_equal(l->open->first_message, 11);
	assert_int_equal(l->open->first_delivery, 20); /* nothing of it was left */
	assert_int_equal(delivery(0)->message, 11);
}

static void nothing_is_noted_while_it_is_off(void **unused)
{
	struct client *b;

	(void)unused;
	commit();
	ledger_stop(l);
	b = join(BYTES("\x10\x0d\0\4MQTT\4\0\0\0\0\1b"));
	say(b, BYTES("\x82\6\0\1\0\1t\1"));
	message_unref(publish("t", 1, true));
	assert_int_equal(b->session->number, 0);
	assert_int_equal(l->open->message_count, 0);
	assert_int_equal(ledger_part(l), 0);
	client_destroy(b, now);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(numbers_are_given_in_order),
		CASE(what_is_over_before_the_seal_is_not_in_the_batch),
		CASE(an_exchange_of_qos2_goes_on_in_place),
		CASE(what_waits_is_noted_when_it_is_queued_and_when_it_is_sent),
		CASE(what_is_older_is_changed_and_removed),
		CASE(a_message_is_kept_as_long_as_anybody_waits),
		CASE(a_message_that_is_waited_for_may_be_retained_no_more),
		CASE(what_is_retained_below_sys_is_not_noted),
		CASE(the_end_of_a_session_takes_everything_along),
		CASE(a_session_is_written_as_it_is_when_the_batch_is_sealed),
		CASE(a_will_is_written_and_removed),
		CASE(a_will_alone_makes_a_session_be_noted),
		CASE(received_identifiers_are_written),
		CASE(subscriptions_are_written_under_their_number),
		CASE(there_are_two_batches_at_most),
		CASE(an_empty_batch_passes),
		CASE(nothing_is_noted_while_it_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
