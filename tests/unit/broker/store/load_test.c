/* SPDX-License-Identifier: MIT */
/*
 * What one process commits another one finds: every table, and what is not as it should be.
 */
#include "tests/unit/broker/store/fixture.h"

#include "broker/core/source.h"

static void an_empty_store_is_loaded(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	load_store(f);
	assert_int_equal(f->found.sessions, 0);
	assert_int_equal(f->found.messages, 0);
	assert_int_equal(f->found.lost, 0);
}

static void a_session_is_found_again(void **state)
{
	static const struct stored_session record = {
		.client_id = SPAN("probe"),
		.username = SPAN("user"),
		.listener = SPAN("8883"),
		.expiry_interval = 77,
		.ends = 5060000000000,
		.keeps_qos0 = true,
	};
	struct fixture *f = *state;
	struct session *s;

	open_store(f);
	put_session_record(&f->batch, 9, &record);
	commit_batch(f);
	reopen_and_load(f);
	assert_int_equal(f->found.sessions, 1);
	assert_span_text(f->asked_listener, "8883");
	s = session_named(f, "probe");
	assert_non_null(s);
	assert_int_equal(s->number, 9);
	assert_string_equal(s->username, "user");
	assert_int_equal(s->expiry_interval, 77);
	assert_true(s->keeps_qos0 && s->is_durable);
	/* A minute after what is now by the wall clock. */
	assert_true(s->expiry.at.ns == seconds(1060).ns);
	assert_ptr_equal(s->policy, f->policy);
}

static void subscriptions_are_found_again(void **state)
{
	static const struct stored_subscription plain = { .filter = SPAN("a/+"), .qos = 2 };
	static const struct stored_subscription shared = {
		.filter = SPAN("b/#"), .group = SPAN("g"), .group_id = 7, .identifier = 3, .qos = 1
	};
	struct fixture *f = *state;
	const struct match *match;

	open_store(f);
	put_session(&f->batch, 1, "c");
	put_subscription(&f->batch, 1, 1, &plain);
	put_subscription(&f->batch, 1, 2, &shared);
	commit_batch(f);
	reopen_and_load(f);
	assert_int_equal(f->found.subscriptions, 2);
	match = topic_tree_match(&f->shard->topics, BYTES("a/x"));
	assert_int_equal(match->count, 1);
	assert_int_equal(match->targets[0].qos, 2);
	match = topic_tree_match(&f->shard->topics, BYTES("b/x"));
	assert_int_equal(match->count, 1);
	assert_int_equal(match->targets[0].group->id, 7);
}

static void a_retained_message_is_found_again_with_its_publisher(void **state)
{
	struct fixture *f = *state;
	struct source_table sources = { .seed = 1 };
	struct policy *policy = policy_create();
	struct message *m = message_create(
			BYTES("a/b"), NULL, BYTES("payload"), 2, true, (struct instant){ 0 });
	struct retained_cursor *c;
	const struct message *got;

	policy->listener = xstrdup("1883");
	m->source = source_open(&sources, BYTES("user"), BYTES("client"), policy);
	m->expires = (struct instant){ seconds(400).ns };
	f->batch.to_wall = seconds(4700);
	open_store(f);
	put_message(&f->batch, m, true);
	commit_batch(f);
	policy_unref(policy);
	reopen_and_load(f);
	assert_int_equal(f->found.retained, 1);
	assert_int_equal(f->shard->retained.count, 1);
	assert_span_text(f->asked_listener, "1883");
	c = retained_cursor_open(&f->shard->retained, BYTES("#"));
	while ((got = retained_cursor_message(c, (struct instant){ 0 })) == NULL) {
		assert_false(retained_cursor_at_end(c));
		retained_cursor_step(c);
	}
	assert_span_text(message_topic(got), "a/b");
	assert_span_text(message_payload(got), "payload");
	assert_int_equal(got->qos, 2);
	assert_true(got->retain);
	assert_span_text(source_username(got->source), "user");
	assert_span_text(source_client_id(got->source), "client");
	/* It was to expire at 5100 s by the wall clock, which is 1100 of the new process. */
	assert_true(got->expires.ns == seconds(1100).ns);
	retained_cursor_close(c);
}

static void deliveries_are_found_again_in_their_order(void **state)
{
	struct fixture *f = *state;
	struct subscription_ids *ids = subscription_ids_add(NULL, 5);
	uint64_t first, second;
	struct inflight_entry *entry;
	struct session *s;

	open_store(f);
	put_session(&f->batch, 1, "c");
	first = put_text(&f->batch, "t", "first", false);
	second = put_text(&f->batch, "t", "second", false);
	put_delivery(&f->batch, (struct batch_delivery){ .session = 1,
						.message = first,
						.qos = 2,
						.packet_id = 7,
						.state = INFLIGHT_WAIT_PUBREC });
	put_delivery(&f->batch, (struct batch_delivery){ .session = 1,
						.qos = 2,
						.packet_id = 8,
						.state = INFLIGHT_WAIT_PUBCOMP });
	put_delivery(&f->batch,
			(struct batch_delivery){ .session = 1, .message = first, .qos = 1 });
	put_delivery(&f->batch, (struct batch_delivery){ .session = 1,
						.message = second,
						.qos = 1,
						.ids = ids,
						.retain = true,
						.group = 3 });
	commit_batch(f);
	reopen_and_load(f);
	assert_int_equal(f->found.deliveries, 4);
	assert_int_equal(f->found.messages, 2);
	assert_int_equal(f->found.lost, 0);
	s = session_named(f, "c");
	assert_int_equal(s->inflight.count, 2);
	entry = inflight_find(&s->inflight, 7);
	assert_int_equal(entry->state, INFLIGHT_WAIT_PUBREC);
	assert_span_text(message_payload(entry->delivery.message), "first");
	assert_int_equal(inflight_find(&s->inflight, 8)->state, INFLIGHT_WAIT_PUBCOMP);
	assert_int_equal(s->outbox.count, 2);
	/* One message on disk is one in memory. */
	assert_ptr_equal(outbox_at(&s->outbox, 0)->message, entry->delivery.message);
	assert_span_text(message_payload(outbox_at(&s->outbox, 1)->message), "second");
	assert_int_equal(outbox_at(&s->outbox, 1)->ids->len, 2);
	assert_int_equal(outbox_at(&s->outbox, 1)->group, 3);
	assert_true(outbox_at(&s->outbox, 1)->retain);
}

static void a_will_is_found_again(void **state)
{
	static const struct stored_will record = {
		.message = { .topic = SPAN("w"), .payload = SPAN("gone"), .qos = 1 },
		.delay = 60,
		.due = 5030000000000,
	};
	struct fixture *f = *state;
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_key(at, 1);
	size_t size = stored_will_size(&record);
	struct session *s;

	open_store(f);
	put_session(&f->batch, 1, "c");
	stored_will_write(store_log_put(&f->batch.records, STORE_WILLS, key, size), size, key,
			&record);
	commit_batch(f);
	reopen_and_load(f);
	s = session_named(f, "c");
	assert_span_text(message_payload(s->will.message), "gone");
	assert_int_equal(s->will.delay, 60);
	assert_true(s->will_timer.at.ns == seconds(1030).ns);
}

static void received_identifiers_are_found_again(void **state)
{
	static const uint16_t ids[] = { 3, 65535 };
	struct fixture *f = *state;
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_key(at, 1);
	size_t size = stored_received_size(2);
	struct session *s;

	open_store(f);
	put_session(&f->batch, 1, "c");
	stored_received_write(store_log_put(&f->batch.records, STORE_RECEIVED, key, size), size,
			key, ids, 2);
	commit_batch(f);
	reopen_and_load(f);
	s = session_named(f, "c");
	assert_false(packet_ids_add(&s->received, 3));
	assert_false(packet_ids_add(&s->received, 65535));
	assert_true(packet_ids_add(&s->received, 4));
}

static void changes_and_removals_are_found_again(void **state)
{
	struct fixture *f = *state;
	uint64_t kept, over, sent, taken, waiting;
	uint8_t at[STORE_KEY_SIZE];
	struct session *s;

	open_store(f);
	put_session(&f->batch, 1, "c");
	put_session(&f->batch, 2, "gone");
	kept = put_text(&f->batch, "t", "kept", true);
	over = put_text(&f->batch, "t/over", "over", true);
	sent = put_delivery(&f->batch,
			(struct batch_delivery){ .session = 1, .message = kept, .qos = 2 });
	taken = put_delivery(&f->batch,
			(struct batch_delivery){ .session = 1, .message = over, .qos = 2 });
	waiting = put_delivery(&f->batch,
			(struct batch_delivery){ .session = 1, .message = kept, .qos = 1 });
	commit_batch(f);
	put_change(&f->batch, (struct batch_change){ .delivery = sent,
					      .packet_id = 5,
					      .qos = 2,
					      .state = INFLIGHT_WAIT_PUBREC });
	put_change(&f->batch, (struct batch_change){ .delivery = taken,
					      .packet_id = 6,
					      .qos = 2,
					      .state = INFLIGHT_WAIT_PUBCOMP,
					      .is_taken = true });
	put_number(&f->batch.over_deliveries, waiting);
	put_number(&f->batch.over_messages, over);
	put_number(&f->batch.unretained, kept);
	store_log_removal(&f->batch.records, STORE_SESSIONS, store_key(at, 2));
	commit_batch(f);
	reopen_and_load(f);
	assert_int_equal(f->found.lost, 0);
	assert_int_equal(f->found.sessions, 1);
	assert_int_equal(f->found.messages, 1);
	assert_int_equal(f->found.retained, 0);
	assert_int_equal(f->found.deliveries, 2);
	s = session_named(f, "c");
	assert_int_equal(inflight_find(&s->inflight, 5)->state, INFLIGHT_WAIT_PUBREC);
	assert_int_equal(inflight_find(&s->inflight, 6)->state, INFLIGHT_WAIT_PUBCOMP);
	assert_int_equal(s->outbox.count, 0);
	assert_int_equal(store_status(f->store).records_removed, 0);
}

/* It was undone before it was sealed. */
static void what_a_batch_has_given_up_is_not_written(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	put_session(&f->batch, 1, "c");
	put_message(&f->batch, NULL, false);
	put_delivery(&f->batch, (struct batch_delivery){ .session = 0, .message = 1, .qos = 1 });
	commit_batch(f);
	assert_int_equal(store_status(f->store).records_put, 1);
	reopen_and_load(f);
	assert_int_equal(f->found.messages + f->found.deliveries + f->found.lost, 0);
}

static void removing_what_is_not_there_is_no_error(void **state)
{
	struct fixture *f = *state;
	uint8_t at[STORE_KEY_SIZE];

	open_store(f);
	put_number(&f->batch.over_deliveries, 77);
	put_number(&f->batch.over_messages, 78);
	put_number(&f->batch.unretained, 79);
	put_change(&f->batch, (struct batch_change){ .delivery = 80, .packet_id = 1, .qos = 1 });
	store_log_removal(&f->batch.records, STORE_WILLS, store_key(at, 81));
	commit_batch(f);
	assert_int_equal(store_status(f->store).records_removed, 0);
	assert_int_equal(store_status(f->store).records_put, 0);
}

static void references_to_nothing_are_lost_and_removed(void **state)
{
	static const struct stored_subscription sub = { .filter = SPAN("#") };
	struct fixture *f = *state;
	uint64_t message;

	open_store(f);
	put_session(&f->batch, 1, "c");
	message = put_text(&f->batch, "t", "x", false);
	put_subscription(&f->batch, 5, 1, &sub);
	put_delivery(&f->batch, (struct batch_delivery){ .session = 1, .message = 99, .qos = 1 });
	put_delivery(&f->batch,
			(struct batch_delivery){ .session = 5, .message = message, .qos = 1 });
	put_delivery(&f->batch,
			(struct batch_delivery){ .session = 1, .message = message, .qos = 1 });
	commit_batch(f);
	reopen_and_load(f);
	assert_int_equal(f->found.lost, 3);
	assert_int_equal(f->found.deliveries, 1);
	reopen_and_load(f);
	assert_int_equal(f->found.lost, 0);
	assert_int_equal(f->found.deliveries, 1);
}

static void damaged_records_are_lost_and_removed(void **state)
{
	static const uint8_t long_key[300] = { 1 };
	struct fixture *f = *state;
	uint8_t at[STORE_KEY_SIZE];
	unsigned table;

	open_store(f);
	put_session(&f->batch, 1, "c");
	for (table = STORE_MESSAGES; table < STORE_TABLES; table++) {
		memset(store_log_put(&f->batch.records, (enum store_table)table, store_key(at, 2),
				       40),
				'x', 40);
		memset(store_log_put(&f->batch.records, (enum store_table)table,
				       span_of(long_key, sizeof(long_key)), 3),
				'x', 3);
	}
	commit_batch(f);
	reopen_and_load(f);
	assert_int_equal(f->found.lost, 12);
	assert_int_equal(f->found.sessions, 1);
	reopen_and_load(f);
	assert_int_equal(f->found.lost, 0);
	assert_int_equal(f->found.sessions, 1);
}

/* The number of a record that was lost may be given again. */
static void a_number_that_is_in_use_is_written_over(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	put_session(&f->batch, 1, "c");
	f->batch.first_message = 10;
	put_text(&f->batch, "t", "old", true);
	commit_batch(f);
	f->batch.first_message = 9;
	put_text(&f->batch, "t/9", "9", true);
	put_text(&f->batch, "t", "new", true);
	put_text(&f->batch, "t/11", "11", true);
	commit_batch(f);
	reopen_and_load(f);
	assert_int_equal(f->found.retained, 3);
	assert_int_equal(f->found.lost, 0);
}

static void a_message_that_nobody_refers_to_is_removed_by_the_first_batch(void **state)
{
	struct fixture *f = *state;
	struct ledger *ledger;

	open_store(f);
	put_text(&f->batch, "t", "nobody's", false);
	commit_batch(f);
	reopen_and_load(f);
	assert_int_equal(f->found.messages, 1);
	ledger = &f->shard->ledger;
	assert_int_equal(ledger->open->over_messages.count, 1);
	assert_int_equal(ledger->open->over_messages.all[0], 1);
	/* Its number is not given again. */
	assert_int_equal(ledger->open->first_message, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(an_empty_store_is_loaded),
		TEST(a_session_is_found_again),
		TEST(subscriptions_are_found_again),
		TEST(a_retained_message_is_found_again_with_its_publisher),
		TEST(deliveries_are_found_again_in_their_order),
		TEST(a_will_is_found_again),
		TEST(received_identifiers_are_found_again),
		TEST(changes_and_removals_are_found_again),
		TEST(what_a_batch_has_given_up_is_not_written),
		TEST(removing_what_is_not_there_is_no_error),
		TEST(references_to_nothing_are_lost_and_removed),
		TEST(damaged_records_are_lost_and_removed),
		TEST(a_number_that_is_in_use_is_written_over),
		TEST(a_message_that_nobody_refers_to_is_removed_by_the_first_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
