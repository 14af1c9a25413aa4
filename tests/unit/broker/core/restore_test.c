/* SPDX-License-Identifier: MIT */
#include "broker/core/restore.h"

#include "common/store_log.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

static struct limits limits;
static struct shard *shard;
static struct policy *policy;
static struct instant now;
static struct duration to_wall;
static struct restore r;

static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	now = (struct instant){ seconds(1000).ns };
	to_wall = seconds(1700000000);
	policy = policy_create();
	shard = shard_create(&limits, NULL, 7, 8);
	r = (struct restore){ .shard = shard, .now = now, .to_wall = to_wall };
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	shard_destroy(shard);
	policy_unref(policy);
	return 0;
}

static struct session *restored(uint64_t number, const char *id, uint32_t expiry, int64_t ends)
{
	const struct stored_session record = {
		.client_id = span_of_text(id),
		.listener = BYTES(""),
		.expiry_interval = expiry,
		.ends = ends,
	};

	return restore_session(&r, number, &record, policy);
}

static struct message *restored_message(uint64_t number)
{
	const struct stored_message record = {
		.topic = BYTES("g/x"), .payload = BYTES("p"), .qos = 1, .expires = STORE_NEVER
	};

	return restore_message(&r, number, &record, policy);
}

static void a_client_identifier_is_taken_once(void **unused)
{
	(void)unused;
	assert_non_null(restored(1, "a", 5, 0));
	assert_null(restored(2, "a", 5, 0));
	restore_end(&r);
	assert_int_equal(shard->ledger.last_session, 2);
}

static void an_absence_goes_on_by_the_wall(void **unused)
{
	int64_t wall = now.ns + to_wall.ns;

	(void)unused;
	restored(1, "a", 60, wall + seconds(7).ns);
	restored(2, "b", 60, wall - seconds(7).ns);
	restored(3, "c", 60, STORE_NEVER);
	restore_end(&r);
	shard_run_timers(shard, now);
	assert_int_equal(shard->sessions.count, 2);
	assert_int_equal(shard_next_deadline(shard).ns, now.ns + seconds(7).ns);
}

/* Whose client was connected begins to be away now, once: the next start goes on with that. */
static void the_time_of_who_was_connected_begins_once(void **unused)
{
	struct stored_session record;
	struct store_log_entry e;
	struct span log;

	(void)unused;
	restored(1, "a", 60, 0);
	restored(2, "b", MQTT_EXPIRY_NEVER, 0);
	restore_end(&r);
	assert_int_equal(shard_next_deadline(shard).ns, now.ns + seconds(60).ns);
	log = str_span(&ledger_seal(&shard->ledger, to_wall)->records);
	assert_true(store_log_next(&log, &e));
	assert_true(stored_session_read(e.key, e.value, &record));
	assert_int_equal(record.ends, now.ns + to_wall.ns + seconds(60).ns);
	assert_false(store_log_next(&log, &e));
}

static void persistent_client_expiration_holds_after_a_restart(void **unused)
{
	(void)unused;
	limits.persistent_client_expiration = 90;
	restored(1, "a", MQTT_EXPIRY_NEVER, 0);
	restore_end(&r);
	assert_int_equal(shard_next_deadline(shard).ns, now.ns + seconds(90).ns);
}

static void a_will_without_a_session_to_last_is_published_or_forgotten(void **unused)
{
	const struct stored_will will = { .message = { .topic = BYTES("w"),
							  .payload = BYTES("x") } };
	struct client *c;

	(void)unused;
	restore_will(&r, restored(1, "a", 0, 0), &will);
	restore_will(&r, restored(2, "b", 0, 0), &will);
	assert_false(restore_will(&r, session_table_find(&shard->sessions, BYTES("b")), &will));
	restore_end(&r);
	/* a is back in time: it never noticed. */
	c = rig_client(shard, NULL, now);
	client_receive(c, BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1a"), now);
	assert_int_equal(shard->counters.wills_published, 0);
	now = instant_after(now, seconds(5));
	shard_run_timers(shard, now);
	assert_int_equal(shard->counters.wills_published, 1);
	assert_int_equal(shard->sessions.count, 1);
	client_destroy(c, now);
}

/* A delivery may know a group that has gone since: no other gets that number. */
static void the_number_of_a_group_that_is_gone_is_not_given_again(void **unused)
{
	const struct stored_delivery d = { .session = 1, .message = 1, .group = 9, .qos = 1 };
	const struct stored_subscription sub = {
		.filter = BYTES("g/#"), .group = BYTES("x"), .group_id = 4
	};
	struct session *s = restored(1, "a", 60, 0);
	struct message *m = restored_message(1);

	(void)unused;
	assert_true(restore_subscription(&r, s, 1, &sub));
	assert_false(restore_subscription(&r, s, 2, &sub));
	assert_true(restore_delivery(&r, s, 1, m, &d));
	restore_end(&r);
	restore_release(&r, m);
	assert_int_equal(s->subscriptions->group->id, 4);
	assert_true(shard->topics.shares.last_id >= 9);
}

static void a_delivery_that_cannot_be_is_refused(void **unused)
{
	struct stored_delivery d = {
		.session = 1, .message = 1, .packet_id = 5, .qos = 1, .state = INFLIGHT_WAIT_PUBACK
	};
	struct session *s = restored(1, "a", 60, 0);
	struct message *m = restored_message(3);

	(void)unused;
	assert_true(restore_delivery(&r, s, 1, m, &d));
	assert_false(restore_delivery(&r, s, 2, m, &d)); /* the identifier */
	d.packet_id = 0;
	assert_false(restore_delivery(&r, s, 3, m, &d));
	d = (struct stored_delivery){ .session = 1, .message = 1, .qos = 1 };
	assert_false(restore_delivery(&r, s, 4, NULL, &d));
	assert_false(restore_received(s, 0));
	assert_true(restore_received(s, 7));
	assert_false(restore_received(s, 7));
	restore_end(&r);
	assert_int_equal(m->kept, 1);
	restore_release(&r, m);
	assert_int_equal(shard->ledger.open->first_message, 4);
	assert_int_equal(shard->ledger.open->first_delivery, 5);
}

static void what_nobody_needs_is_removed(void **unused)
{
	struct message *m = restored_message(3);

	(void)unused;
	restore_end(&r);
	assert_true(ledger_is_empty(&shard->ledger));
	restore_release(&r, m);
	assert_int_equal(shard->ledger.open->over_messages.count, 1);
	assert_int_equal(shard->ledger.open->over_messages.all[0], 3);
}

/* The clock was an hour ahead when they were written; or somebody has written them. */
static void a_clock_that_was_set_back_makes_nothing_last_longer(void **unused)
{
	static const int64_t times[] = { 0, INT64_MAX - 1 };
	struct message *m;

	(void)unused;
	for (size_t i = 0; i < array_size(times); i++) {
		const char id[] = { (char)('a' + i), '\0' };
		int64_t wall = times[i] != 0 ? times[i] : now.ns + to_wall.ns + seconds(3600).ns;
		const struct stored_will will = { .delay = 60,
			.due = wall,
			.message = { .topic = BYTES("w"), .expires = STORE_NEVER } };
		const struct stored_message record = {
			.topic = BYTES("m"), .payload = BYTES("p"), .expires = wall
		};
		struct session *s = restored(i + 1, id, 100, wall);

		assert_int_equal(s->expiry.at.ns, now.ns + seconds(100).ns);
		assert_int_equal(s->changes, SESSION_CHANGED_RECORD);
		assert_true(restore_will(&r, s, &will));
		assert_int_equal(s->will_timer.at.ns, now.ns + seconds(60).ns);
		m = restore_message(&r, i + 1, &record, policy);
		assert_true(m->expires.ns <= now.ns + seconds(UINT32_MAX).ns);
		message_unref(m);
		r.to_wall = seconds(-100000); /* for the largest there is */
	}
	restore_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_client_identifier_is_taken_once, begin, end),
		cmocka_unit_test_setup_teardown(an_absence_goes_on_by_the_wall, begin, end),
		cmocka_unit_test_setup_teardown(
				the_time_of_who_was_connected_begins_once, begin, end),
		cmocka_unit_test_setup_teardown(
				persistent_client_expiration_holds_after_a_restart, begin, end),
		cmocka_unit_test_setup_teardown(
				a_will_without_a_session_to_last_is_published_or_forgotten, begin,
				end),
		cmocka_unit_test_setup_teardown(
				the_number_of_a_group_that_is_gone_is_not_given_again, begin, end),
		cmocka_unit_test_setup_teardown(a_delivery_that_cannot_be_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(what_nobody_needs_is_removed, begin, end),
		cmocka_unit_test_setup_teardown(
				a_clock_that_was_set_back_makes_nothing_last_longer, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
