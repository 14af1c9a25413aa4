/* SPDX-License-Identifier: MIT */
#include "broker/io/fair_queue.h"

#include "tests/unit/unit.h"

struct numbered {
	struct fair_item item;
	unsigned number, address;
};

static struct address_block block(unsigned n)
{
	return (struct address_block){ .bits = n, .family = 2 };
}

static unsigned pop(struct fair_queue *q)
{
	struct fair_item *item = fair_queue_pop(q);

	assert_non_null(item);
	assert_null(item->lane);
	return container_of(item, struct numbered, item)->number;
}

static void addresses_take_turns(void **unused)
{
	struct numbered all[] = { { .number = 11, .address = 1 }, { .number = 12, .address = 1 },
		{ .number = 13, .address = 1 }, { .number = 21, .address = 2 },
		{ .number = 31, .address = 3 }, { .number = 32, .address = 3 } };
	static const unsigned order[] = { 11, 21, 31, 12, 32, 13 };
	struct fair_queue q;

	(void)unused;
	fair_queue_init(&q, 7);
	for (size_t i = 0; i < array_size(all); i++)
		fair_queue_push(&q, block(all[i].address), &all[i].item);
	assert_int_equal(q.count, 6);
	assert_int_equal(fair_queue_count(&q, block(1)), 3);
	assert_int_equal(fair_queue_count(&q, block(4)), 0);
	for (size_t i = 0; i < array_size(order); i++)
		assert_int_equal(pop(&q), order[i]);
	assert_null(fair_queue_pop(&q));
	assert_int_equal(q.count, 0);
}

/* However many wait for address 1, address 2 is next but one. */
static void a_newcomer_waits_for_one_round(void **unused)
{
	struct numbered many[100] = { 0 }, other = { .number = 1000 };
	struct fair_queue q;

	(void)unused;
	fair_queue_init(&q, 7);
	for (unsigned i = 0; i < array_size(many); i++) {
		many[i].number = i;
		fair_queue_push(&q, block(1), &many[i].item);
	}
	assert_int_equal(pop(&q), 0);
	fair_queue_push(&q, block(2), &other.item);
	assert_int_equal(pop(&q), 1);
	assert_int_equal(pop(&q), 1000);
	for (unsigned i = 2; i < array_size(many); i++)
		assert_int_equal(pop(&q), i);
}

static void items_can_be_taken_out(void **unused)
{
	struct numbered a = { .number = 1 }, b = { .number = 2 }, c = { .number = 3 };
	struct fair_queue q;

	(void)unused;
	fair_queue_init(&q, 7);
	fair_queue_push(&q, block(1), &a.item);
	fair_queue_push(&q, block(1), &b.item);
	fair_queue_push(&q, block(2), &c.item);
	fair_queue_remove(&q, &a.item);
	assert_null(a.item.lane);
	fair_queue_remove(&q, &c.item);
	assert_int_equal(q.count, 1);
	assert_int_equal(fair_queue_count(&q, block(2)), 0);
	assert_int_equal(pop(&q), 2);
	assert_null(fair_queue_pop(&q));
}

/* Against a naive model: each address is a list, and they are asked round robin. */
static void random_steps_agree_with_a_count(void **unused)
{
	enum { ITEMS = 64, ADDRESSES = 5 };
	struct numbered items[ITEMS] = { 0 };
	size_t counts[ADDRESSES] = { 0 }, total = 0;
	struct dice dice = { 1 };
	struct fair_queue q;

	(void)unused;
	fair_queue_init(&q, 7);
	for (int step = 0; step < 20000; step++) {
		struct numbered *n = &items[dice_roll(&dice, ITEMS)];

		if (n->item.lane == NULL) {
			n->address = dice_roll(&dice, ADDRESSES);
			fair_queue_push(&q, block(n->address), &n->item);
			counts[n->address]++;
			total++;
		} else if (dice_roll(&dice, 2) == 0) {
			fair_queue_remove(&q, &n->item);
			counts[n->address]--;
			total--;
		} else {
			n = container_of(fair_queue_pop(&q), struct numbered, item);
			counts[n->address]--;
			total--;
		}
		assert_int_equal(q.count, total);
		for (unsigned a = 0; a < ADDRESSES; a++)
			assert_int_equal(fair_queue_count(&q, block(a)), counts[a]);
	}
	while (fair_queue_pop(&q) != NULL)
		total--;
	assert_int_equal(total, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_take_turns),
		cmocka_unit_test(a_newcomer_waits_for_one_round),
		cmocka_unit_test(items_can_be_taken_out),
		cmocka_unit_test(random_steps_agree_with_a_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
