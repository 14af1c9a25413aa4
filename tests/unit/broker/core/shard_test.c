/* SPDX-License-Identifier: MIT */
#include "broker/core/shard.h"

#include "broker/core/router.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

#define CONNECT_A BYTES("\x10\x0d\0\4MQTT\4\0\0\0\0\1a")

static struct limits limits;
static struct shard *shard;
static struct instant now;

static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	shard_destroy(shard);
	return 0;
}

static struct client *join(struct span connect)
{
	struct client *c = rig_client(shard, NULL, now);

	client_receive(c, connect, now);
	assert_int_equal(c->state, CLIENT_CONNECTED);
	return c;
}

static void drain(struct client *c)
{
	struct str ignored = { 0 };

	rig_drain(c, &ignored, SIZE_MAX, now);
	str_finish(&ignored);
}

static void publish_expiring(
		const char *topic, struct span payload, uint8_t qos, bool retain, struct instant at)
{
	struct message *m = message_create(span_of_text(topic), NULL, payload, qos, retain, now);

	m->expires = at;
	router_publish(shard, NULL, m, NULL, now);
	message_unref(m);
}

static void publish(const char *topic, struct span payload, uint8_t qos, bool retain)
{
	publish_expiring(topic, payload, qos, retain, INSTANT_NEVER);
}

static void memory_that_is_taken_comes_back(void **unused)
{
	uint8_t payload[5000] = { 0 };
	size_t before, most;
	struct client *c;

	(void)unused;
	limits.max_inflight_messages = 1;
	c = join(CONNECT_A);
	drain(c);
	before = shard_memory(shard);
	client_receive(c, BYTES("\x82\x06\0\1\0\1#\1"), now);
	publish("a", span_of(payload, 1000), 1, true);
	publish("a", span_of(payload, 5000), 1, false);
	publish("a", span_of(payload, 1000), 0, false);
	publish("b", span_of(payload, 3000), 0, false);
	most = shard_memory(shard);
	assert_true(most > before + 1000 + 5000 + 1000 + 3000 + sizeof(struct delivery));
	assert_int_equal(c->session->outbox.count, 1);
	drain(c);
	client_receive(c, BYTES("\x40\2\0\1"), now);
	drain(c);
	client_receive(c, BYTES("\x40\2\0\2\xa2\5\0\2\0\1#"), now);
	publish("a", BYTES(""), 0, true);
	drain(c);
	assert_int_equal(shard->budget.waiting, 0);
	assert_int_equal(shard->chunks.used, 0);
	assert_in_range(shard_memory(shard), before, before + 600); /* the match cache */
	client_destroy(c, now);
}

static void a_session_that_ends_gives_back_what_waits(void **unused)
{
	struct client *c = join(CONNECT_A);

	(void)unused;
	client_receive(c, BYTES("\x82\x06\0\1\0\1#\1"), now);
	client_destroy(c, now);
	publish("a", BYTES("x"), 1, false);
	assert_int_equal(shard->budget.waiting, 1);
	assert_true(shard->budget.messages.bytes > 0);
	c = rig_client(shard, NULL, now);
	client_receive(c, BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1a"), now); /* clean session */
	assert_int_equal(shard->budget.waiting, 0);
	assert_int_equal(shard->budget.messages.bytes, 0);
	assert_int_equal(shard->budget.messages.count, 0);
	client_destroy(c, now);
}

static void near_the_limit_qos_0_is_for_those_who_keep_up(void **unused)
{
	uint8_t payload[2000] = { 0 };
	struct client *c = join(CONNECT_A);
	uint64_t before;

	(void)unused;
	client_receive(c, BYTES("\x82\x06\0\1\0\1#\0"), now);
	for (int i = 0; i < 100; i++)
		publish("a", span_of(payload, 2000), 0, false);
	assert_in_range(c->output.bytes, 200000, 210000);
	limits.memory_limit = shard_memory(shard) + 1;
	assert_true(shard_is_tight(shard) && !shard_is_full(shard));
	before = c->output.bytes;
	publish("a", span_of(payload, 2000), 0, false);
	assert_int_equal(c->output.bytes, before);
	assert_int_equal(shard->counters.dropped_memory, 1);
	drain(c);
	publish("a", span_of(payload, 2000), 0, false);
	assert_in_range(c->output.bytes, 2000, 2010);
	limits.memory_limit = shard_memory(shard);
	assert_true(shard_is_full(shard));
	client_destroy(c, now);
}

static void qos_0_is_not_queued_near_the_limit(void **unused)
{
	struct client *c = join(CONNECT_A);

	(void)unused;
	limits.queue_qos0_messages = true;
	client_receive(c, BYTES("\x82\x06\0\1\0\1#\1"), now);
	client_destroy(c, now);
	limits.memory_limit = shard_memory(shard) + 1;
	publish("a", BYTES("x"), 0, false);
	assert_int_equal(shard->budget.waiting, 0);
	assert_int_equal(shard->counters.dropped_memory, 1);
	publish("a", BYTES("x"), 1, false);
	assert_int_equal(shard->budget.waiting, 1);
}

static void expired_retained_messages_go_in_the_background(void **unused)
{
	struct instant soon = instant_after(now, seconds(10));
	struct instant later = instant_after(now, seconds(70));

	(void)unused;
	limits.retain_expiry_interval = 1;
	publish("stays", BYTES("x"), 0, true);
	assert_int_equal(shard_next_deadline(shard).ns, INSTANT_NEVER.ns);
	publish_expiring("a/b", BYTES("x"), 0, true, soon);
	publish_expiring("$x/y", BYTES("x"), 0, true, later);
	now = instant_after(now, seconds(59));
	shard_run_timers(shard, now);
	assert_false(shard_has_work(shard));
	now = instant_after(now, seconds(1));
	shard_run_timers(shard, now);
	assert_true(shard_has_work(shard));
	shard_work(shard, now);
	assert_false(shard_has_work(shard));
	assert_int_equal(shard->retained.count, 2);
	now = instant_after(now, seconds(60));
	shard_run_timers(shard, now);
	shard_work(shard, now);
	assert_int_equal(shard->retained.count, 1);
	assert_int_equal(shard->retained.topics.nodes, 1);
	assert_int_equal(shard_next_deadline(shard).ns, INSTANT_NEVER.ns);
}

static void a_sweep_takes_as_many_turns_as_it_needs(void **unused)
{
	enum { MANY = 2 * WORK_BESIDE };
	char topic[] = "AAAA";
	unsigned turns = 0;

	(void)unused;
	limits.retain_expiry_interval = 1;
	for (unsigned i = 0; i < MANY; i++) {
		for (unsigned k = 0; k < 4; k++)
			topic[k] = (char)('A' + (i >> (4 * k) & 15));
		publish_expiring(topic, BYTES("x"), 0, true, instant_after(now, seconds(1)));
	}
	now = instant_after(now, seconds(60));
	shard_run_timers(shard, now);
	for (; shard_has_work(shard); turns++)
		shard_work(shard, now);
	assert_int_equal(turns, 3);
	assert_int_equal(shard->retained.count, 0);
}

static void many_timers_are_spread_over_turns(void **unused)
{
	enum { MANY = 3 * WORK_SHARE / WORK_CLOSE };
	struct client **all = xcalloc(MANY, sizeof(struct client *));
	size_t closed = 0, turns = 1;

	(void)unused;
	for (size_t i = 0; i < MANY; i++)
		all[i] = rig_client(shard, NULL, now);
	now = instant_after(now, seconds(10));
	shard_run_timers(shard, now);
	for (size_t i = 0; i < MANY; i++)
		closed += all[i]->state == CLIENT_CLOSING;
	assert_in_range(closed, WORK_SHARE / WORK_CLOSE / 2, WORK_SHARE / WORK_CLOSE);
	for (; instant_reached(shard_next_deadline(shard), now); turns++)
		shard_run_timers(shard, now);
	assert_in_range(turns, 3, 6);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(all[i]->state, CLIENT_CLOSING);
		client_destroy(all[i], now);
	}
	free(all);
}

static void strangers_share_a_budget(void **unused)
{
	struct budget b = { 0 };
	uint32_t charged[STRANGERS_BYTES / 100000] = { 0 }, more = 0;

	(void)unused;
	assert_true(budget_take_stranger(&b, &more, STRANGER_BYTES));
	assert_int_equal(b.strangers, 0); /* so much each may have */
	for (size_t i = 0; i < array_size(charged); i++) {
		assert_true(budget_take_stranger(&b, &charged[i], 50000));
		assert_true(budget_take_stranger(&b, &charged[i], 100000));
	}
	assert_false(budget_take_stranger(&b, &more, 100000));
	assert_int_equal(more, 0);
	assert_true(budget_take_stranger(&b, &charged[0], 60000));
	budget_forget_stranger(&b, &charged[0]);
	assert_true(budget_take_stranger(&b, &more, 100000));
	budget_forget_stranger(&b, &more);
	for (size_t i = 0; i < array_size(charged); i++)
		budget_forget_stranger(&b, &charged[i]);
	assert_int_equal(b.strangers, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_that_is_taken_comes_back),
		TEST(a_session_that_ends_gives_back_what_waits),
		TEST(near_the_limit_qos_0_is_for_those_who_keep_up),
		TEST(qos_0_is_not_queued_near_the_limit),
		TEST(expired_retained_messages_go_in_the_background),
		TEST(a_sweep_takes_as_many_turns_as_it_needs),
		TEST(many_timers_are_spread_over_turns),
		TEST(strangers_share_a_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
