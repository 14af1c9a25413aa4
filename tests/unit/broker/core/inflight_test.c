/* SPDX-License-Identifier: MIT */
#include "broker/core/inflight.h"

#include "tests/unit/unit.h"

static struct delivery make(uint8_t qos)
{
	return (struct delivery){ .message = message_create(BYTES("t"), NULL, BYTES("x"), qos,
						  false, (struct instant){ 0 }),
		.qos = qos };
}

static void check(struct inflight *f)
{
	uint32_t count = 0, unsent = 0;
	size_t bytes = 0;

	assert_int_equal(f->capacity & (f->capacity - 1), 0);
	for (uint32_t i = 0; i < f->capacity; i++) {
		struct inflight_entry *e = &f->entries[i];

		if (e->state == INFLIGHT_FREE) {
			assert_null(e->delivery.message);
			continue;
		}
		assert_int_not_equal(e->packet_id, 0);
		assert_ptr_equal(inflight_find(f, e->packet_id), e);
		assert_int_equal(e->delivery.message == NULL, e->state == INFLIGHT_WAIT_PUBCOMP);
		bytes += e->delivery.message != NULL ? message_size(e->delivery.message) : 0;
		unsent += e->is_unsent;
		count++;
	}
	assert_int_equal(count, f->count);
	assert_int_equal(f->free_count, f->capacity - count - (f->capacity > 65535));
	assert_int_equal(unsent, f->unsent);
	assert_int_equal(bytes, f->bytes);
}

static void an_empty_table_finds_nothing(void **unused)
{
	struct inflight f = { 0 };

	(void)unused;
	assert_null(inflight_find(&f, 1));
	inflight_mark_unsent(&f);
	assert_null(inflight_next_unsent(&f));
	check(&f);
	inflight_finish(&f);
}

static void identifiers_are_handed_out_in_turn(void **unused)
{
	struct inflight f = { 0 };

	(void)unused;
	for (uint16_t i = 1; i <= 3; i++)
		assert_int_equal(inflight_add(&f, make(1))->packet_id, i);
	inflight_remove(&f, inflight_find(&f, 2));
	assert_int_equal(inflight_add(&f, make(1))->packet_id, 4); /* not 2 again at once */
	check(&f);
	inflight_finish(&f);
	f.last_id = 65532;
	for (uint32_t i = 65533; i <= 65535; i++)
		assert_int_equal(inflight_add(&f, make(1))->packet_id, i);
	assert_int_equal(inflight_add(&f, make(1))->packet_id, 8); /* 0 is none */
	assert_int_equal(inflight_add(&f, make(1))->packet_id, 9);
	check(&f);
	inflight_finish(&f);
}

static void qos_2_lets_go_of_the_message_and_keeps_the_identifier(void **unused)
{
	struct inflight f = { 0 };
	struct inflight_entry *e = inflight_add(&f, make(2));

	(void)unused;
	assert_int_equal(e->state, INFLIGHT_WAIT_PUBREC);
	inflight_received(&f, e);
	check(&f);
	assert_int_equal(e->state, INFLIGHT_WAIT_PUBCOMP);
	assert_int_equal(f.bytes, 0);
	inflight_received(&f, e); /* a second PUBREC changes nothing */
	check(&f);
	inflight_remove(&f, e);
	check(&f);
	assert_int_equal(f.count, 0);
	assert_int_equal(inflight_add(&f, make(1))->state, INFLIGHT_WAIT_PUBACK);
	inflight_finish(&f);
}

static void every_identifier_can_be_in_flight_at_once(void **unused)
{
	static bool seen[65536];
	struct inflight f = { 0 };

	(void)unused;
	for (unsigned i = 0; i < 65535; i++) {
		uint16_t id = inflight_add(&f, make(1))->packet_id;

		assert_int_not_equal(id, 0);
		assert_false(seen[id]);
		seen[id] = true;
	}
	check(&f);
	inflight_remove(&f, inflight_find(&f, 4711));
	assert_int_equal(inflight_add(&f, make(1))->packet_id, 4711);
	inflight_finish(&f);
}

/* [v5 MQTT-4.6.0-1] */
static void what_was_sent_first_is_sent_again_first(void **unused)
{
	struct inflight f = { 0 };
	uint64_t last = 0;
	struct inflight_entry *e;

	(void)unused;
	f.last_id = 65530; /* so that order is not that of the identifiers */
	for (int i = 0; i < 10; i++)
		inflight_add(&f, make(1));
	inflight_remove(&f, inflight_find(&f, 65533));
	inflight_mark_unsent(&f);
	assert_int_equal(f.unsent, 9);
	for (int i = 0; i < 9; i++) {
		e = inflight_next_unsent(&f);
		assert_non_null(e);
		assert_true(i == 0 || e->order > last);
		last = e->order;
		check(&f);
	}
	assert_null(inflight_next_unsent(&f));
	assert_int_equal(f.unsent, 0);
	inflight_finish(&f);
}

static void what_is_acknowledged_meanwhile_is_not_sent_again(void **unused)
{
	struct inflight f = { 0 };

	(void)unused;
	for (int i = 0; i < 3; i++)
		inflight_add(&f, make(1));
	inflight_mark_unsent(&f);
	inflight_remove(&f, inflight_find(&f, 1));
	for (int i = 0; i < 5; i++)
		inflight_remove(&f, inflight_add(&f, make(1)));
	f.last_id = 0;
	assert_int_equal(inflight_add(&f, make(1))->packet_id, 1); /* another message now */
	assert_int_equal(inflight_next_unsent(&f)->packet_id, 2);
	inflight_mark_unsent(&f); /* yet another connection */
	assert_int_equal(f.unsent, 3);
	assert_int_equal(inflight_next_unsent(&f)->packet_id, 2);
	assert_int_equal(inflight_next_unsent(&f)->packet_id, 3);
	assert_int_equal(inflight_next_unsent(&f)->packet_id, 1);
	assert_null(inflight_next_unsent(&f));
	check(&f);
	inflight_finish(&f);
}

static void random_changes_agree_with_an_array(void **unused)
{
	enum { IDS = 65536 };
	static uint8_t states[IDS]; /* 0: free, else enum inflight_state */
	static uint64_t orders[IDS];
	struct dice dice = { 41 };
	struct inflight f = { 0 };
	uint64_t next = 0;

	(void)unused;
	for (int i = 0; i < 20000; i++) {
		uint16_t id = (uint16_t)(f.last_id - dice_roll(&dice, 40));
		struct inflight_entry *e = inflight_find(&f, id);

		assert_int_equal(e != NULL ? e->state : 0, states[id]);
		switch (dice_roll(&dice, 8)) {
		case 0:
		case 1:
		case 2:
			if (f.count > 200)
				break;
			e = inflight_add(&f, make((uint8_t)(1 + dice_roll(&dice, 2))));
			assert_int_equal(states[e->packet_id], 0);
			states[e->packet_id] = e->state;
			orders[e->packet_id] = ++next;
			break;
		case 3:
			if (e != NULL && e->state == INFLIGHT_WAIT_PUBREC) {
				inflight_received(&f, e);
				states[id] = INFLIGHT_WAIT_PUBCOMP;
			}
			break;
		case 4:
			if (dice_roll(&dice, 20) == 0)
				inflight_mark_unsent(&f);
			break;
		case 5:
			e = inflight_next_unsent(&f);
			if (e != NULL) {
				for (uint32_t k = 0; k < f.capacity; k++) {
					if (f.entries[k].is_unsent)
						assert_true(orders[f.entries[k].packet_id] >
								orders[e->packet_id]);
				}
			} else {
				assert_int_equal(f.unsent, 0);
			}
			break;
		default:
			if (e != NULL) {
				inflight_remove(&f, e);
				states[id] = 0;
			}
			break;
		}
		if (i % 8 == 0)
			check(&f);
	}
	inflight_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_finds_nothing),
		cmocka_unit_test(identifiers_are_handed_out_in_turn),
		cmocka_unit_test(qos_2_lets_go_of_the_message_and_keeps_the_identifier),
		cmocka_unit_test(every_identifier_can_be_in_flight_at_once),
		cmocka_unit_test(what_was_sent_first_is_sent_again_first),
		cmocka_unit_test(what_is_acknowledged_meanwhile_is_not_sent_again),
		cmocka_unit_test(random_changes_agree_with_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
