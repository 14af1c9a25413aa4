/* SPDX-License-Identifier: MIT */
#include "broker/core/ledger.h"

#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

/*
 * A batch is with the store, which does not come to an end of it: the other one gathers for hours.
 * It must not grow with what is done and undone meanwhile.
 */
static struct limits limits;
static struct shard *shard;
static struct instant now;

enum { MANY = 1000, FEW = 4 };

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

static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	ledger_start(&shard->ledger, 1, 1, 1);
	ledger_seal(&shard->ledger, seconds(0));
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	shard_destroy(shard);
	return 0;
}

static void retained_messages_that_replace_each_other_need_the_room_of_one(void **unused)
{
	struct client *p = join(BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1p"));

	(void)unused;
	for (int i = 0; i < MANY; i++)
		say(p, BYTES("\x31\4\0\1ax\x31\4\0\1bx"));
	assert_true(shard->ledger.open->message_count <= FEW);
	assert_int_equal(shard->ledger.open->live, 2);
	ledger_committed(&shard->ledger);
	/* Both are written, once, and what is old goes when it is replaced. */
	ledger_seal(&shard->ledger, seconds(0));
	for (int i = 0; i < MANY; i++)
		say(p, BYTES("\x31\4\0\1ax\x31\4\0\1bx"));
	assert_true(shard->ledger.open->message_count <= FEW);
	assert_int_equal(shard->ledger.open->over_messages.count, 2);
	assert_int_equal(shard->ledger.open->live, 4);
	client_destroy(p, now);
}

/* A number that is given again belongs to one message at a time. */
static void a_place_that_is_free_is_taken_once(void **unused)
{
	struct client *p = join(BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1p"));
	const struct batch *open = shard->ledger.open;
	size_t found = 0;

	(void)unused;
	say(p, BYTES("\x31\4\0\1ax\x31\4\0\1bx\x31\4\0\1cx"));
	say(p, BYTES("\x31\3\0\1a\x31\3\0\1b\x31\3\0\1c"));
	assert_true(ledger_is_empty(&shard->ledger));
	say(p, BYTES("\x31\4\0\1dx\x31\4\0\1ex\x31\4\0\1fx\x31\4\0\1gx"));
	assert_int_equal(open->message_count, 4);
	for (size_t i = 0; i < open->message_count; i++) {
		assert_int_equal(open->messages[i].message->number, open->first_message + i);
		assert_true(open->messages[i].is_retained);
		found |= 1U << (message_topic(open->messages[i].message).data[0] - 'd');
	}
	assert_int_equal(found, 15);
	client_destroy(p, now);
}

static void deliveries_that_are_acknowledged_need_no_room(void **unused)
{
	struct client *p = join(BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1p"));
	struct client *s = join(BYTES("\x10\x0d\0\4MQTT\4\0\0\0\0\1s"));

	(void)unused;
	say(s, BYTES("\x82\6\0\1\0\1t\1"));
	for (int i = 1; i <= MANY; i++) {
		const uint8_t acks[] = { 0x40, 2, (uint8_t)((2 * i - 1) >> 8), (uint8_t)(2 * i - 1),
			0x40, 2, (uint8_t)((2 * i) >> 8), (uint8_t)(2 * i) };

		say(p, BYTES("\x32\6\0\1t\0\1x\x32\6\0\1t\0\2x"));
		say(s, span_of(acks, sizeof(acks)));
	}
	assert_true(shard->ledger.open->delivery_count <= FEW);
	assert_true(shard->ledger.open->message_count <= FEW);
	client_destroy(p, now);
	client_destroy(s, now);
}

static void sessions_that_come_for_their_will_and_go_leave_nothing(void **unused)
{
	(void)unused;
	for (int i = 0; i < MANY; i++) {
		struct client *c = join(BYTES("\x10\x13\0\4MQTT\4\6\0\0\0\1c\0\1w\0\1w"));

		say(c, BYTES("\xe0\0"));
		client_destroy(c, now);
	}
	assert_int_equal(shard->ledger.open->records.len, 0);
	assert_true(ledger_is_empty(&shard->ledger));
}

/* max_store_bytes is reached: the values of today take the place of those of yesterday, no more. */
static void a_full_store_gets_no_more_retained_messages(void **unused)
{
	static uint8_t large[5008] = { 0x31, 0x8d, 0x27, 0, 1, 'a' };
	struct client *p = join(BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1p"));
	const struct retained *r = &shard->retained;

	(void)unused;
	say(p, BYTES("\x31\4\0\1ax"));
	shard_set_failing(shard, true, now);
	shard->ledger.is_full = true;
	say(p, BYTES("\x31\4\0\1bx"));
	assert_int_equal(r->count, 1);
	assert_int_equal(shard->counters.refused_retained, 1);
	say(p, BYTES("\x31\6\0\1axyz"));
	assert_int_equal(shard->counters.refused_retained, 1);
	say(p, span_of(large, sizeof(large)));
	assert_int_equal(shard->counters.refused_retained, 2);
	say(p, BYTES("\x31\3\0\1a")); /* room is made */
	assert_int_equal(r->count, 0);
	shard->ledger.is_full = false;
	say(p, BYTES("\x31\4\0\1bx"));
	assert_int_equal(r->count, 1);
	client_destroy(p, now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				retained_messages_that_replace_each_other_need_the_room_of_one,
				begin, end),
		cmocka_unit_test_setup_teardown(a_place_that_is_free_is_taken_once, begin, end),
		cmocka_unit_test_setup_teardown(
				deliveries_that_are_acknowledged_need_no_room, begin, end),
		cmocka_unit_test_setup_teardown(
				sessions_that_come_for_their_will_and_go_leave_nothing, begin, end),
		cmocka_unit_test_setup_teardown(
				a_full_store_gets_no_more_retained_messages, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
