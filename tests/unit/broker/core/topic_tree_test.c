/* SPDX-License-Identifier: MIT */
#include "broker/core/topic_tree.h"

#include <stdio.h>

#include "broker/core/session.h"
#include "common/topic.h"
#include "tests/unit/unit.h"

enum { SESSIONS = 12 };

struct rig {
	struct topic_tree tree;
	struct session_table table;
	struct session *sessions[SESSIONS];
};

static struct rig rig;

static void begin_with(size_t cache)
{
	rig = (struct rig){ .table.seed = 5 };
	topic_tree_init(&rig.tree, 9, cache);
	for (int i = 0; i < SESSIONS; i++) {
		char id[16];

		snprintf(id, sizeof(id), "s%d", i);
		rig.sessions[i] = session_create(&rig.table, span_of_text(id));
	}
}

static void end(void)
{
	for (int i = 0; i < SESSIONS; i++) {
		topic_tree_remove_all(&rig.tree, &rig.sessions[i]->subscriptions);
		session_destroy(&rig.table, rig.sessions[i]);
	}
	assert_int_equal(rig.tree.subscriptions, 0);
	assert_int_equal(rig.tree.filters.nodes, 0);
	topic_tree_finish(&rig.tree);
}

/* Links of the sessions' lists go both ways and all subscriptions are in one. */
static void check(void)
{
	size_t n = 0;

	for (int i = 0; i < SESSIONS; i++) {
		struct subscription *const *link = &rig.sessions[i]->subscriptions;

		for (; *link != NULL; link = &(*link)->next_of_session) {
			assert_ptr_equal((*link)->link_of_session, link);
			assert_ptr_equal((*link)->session, rig.sessions[i]);
			assert_non_null((*link)->node->value);
			n++;
		}
	}
	assert_int_equal(n, rig.tree.subscriptions);
	assert_true(rig.tree.match_count <= rig.tree.max_matches);
	assert_int_equal(HASH_COUNT(rig.tree.matches), rig.tree.match_count);
}

static bool subscribe(int session, const char *filter, struct subscribe_options options)
{
	bool is_new = topic_tree_subscribe(&rig.tree, rig.sessions[session],
			&rig.sessions[session]->subscriptions, span_of_text(filter), &options);

	check();
	return is_new;
}

static bool unsubscribe(int session, const char *filter)
{
	bool found = topic_tree_unsubscribe(&rig.tree, rig.sessions[session]->subscriptions,
			(struct span){ NULL, 0 }, span_of_text(filter));

	check();
	return found;
}

static const struct match *match(const char *topic)
{
	return topic_tree_match(&rig.tree, span_of_text(topic));
}

static void nobody_receives_what_nobody_wants(void **unused)
{
	(void)unused;
	begin_with(10);
	assert_int_equal(match("a")->count, 0);
	subscribe(0, "a/b", (struct subscribe_options){ 0 });
	assert_int_equal(match("a")->count, 0);
	assert_int_equal(match("a/b/c")->count, 0);
	assert_int_equal(match("a/b")->count, 1);
	end();
}

static void subscribing_again_replaces_the_options(void **unused)
{
	(void)unused;
	begin_with(10);
	assert_true(subscribe(0, "a", (struct subscribe_options){ .qos = 2, .identifier = 3 }));
	assert_int_equal(match("a")->targets[0].qos, 2);
	assert_span_equal(
			span_of(match("a")->targets[0].ids->bytes, match("a")->targets[0].ids->len),
			BYTES("\x0b\x03"));
	/* [v5 MQTT-3.8.4-3] */
	assert_false(subscribe(0, "a", (struct subscribe_options){ .no_local = true }));
	assert_int_equal(match("a")->count, 1);
	assert_int_equal(match("a")->targets[0].qos, 0);
	assert_true(match("a")->targets[0].no_local);
	assert_null(match("a")->targets[0].ids);
	end();
}

/* v5 3.3.4: one copy with the largest QoS and all identifiers */
static void overlapping_filters_deliver_once(void **unused)
{
	const struct match *m;

	(void)unused;
	begin_with(10);
	subscribe(0, "a/+",
			(struct subscribe_options){
					.qos = 1, .identifier = 300, .no_local = true });
	subscribe(0, "a/#", (struct subscribe_options){ .qos = 2, .retain_as_published = true });
	subscribe(0, "a/b", (struct subscribe_options){ .identifier = 1 });
	subscribe(0, "x", (struct subscribe_options){ .identifier = 2 });
	m = match("a/b");
	assert_int_equal(m->count, 2);
	/* What others publish goes by all three ... */
	assert_int_equal(m->targets[0].qos, 2);
	assert_true(m->targets[0].no_local);
	assert_true(m->targets[0].retain_as_published);
	assert_int_equal(m->targets[0].ids->len, 5);
	/* ... and its own by the two that are not "no local" [v5 MQTT-3.8.3-3] */
	assert_true(m->targets[1].own_only);
	assert_int_equal(m->targets[1].qos, 2);
	assert_int_equal(m->targets[1].ids->len, 2);
	end();
}

static void a_hundred_identifiers_are_all_kept(void **unused)
{
	struct reader r;
	struct property p;
	uint64_t sum = 0;

	(void)unused;
	begin_with(10);
	for (uint32_t i = 0; i < 128; i++) {
		char filter[16] = "a/a/a/a/a/a/a";

		for (int bit = 0; bit < 7; bit++) {
			if (i >> bit & 1)
				filter[bit * 2] = '+';
		}
		subscribe(0, filter, (struct subscribe_options){ .identifier = i * 1000 + 1 });
	}
	r = reader_of(span_of(match("a/a/a/a/a/a/a")->targets[0].ids->bytes,
			match("a/a/a/a/a/a/a")->targets[0].ids->len));
	while (property_next(&r, &p))
		sum += p.number;
	assert_false(reader_failed(&r));
	assert_int_equal(sum, 128 * 127 / 2 * 1000 + 128);
	end();
}

static void an_answer_is_remembered_until_a_subscription_changes(void **unused)
{
	const struct match *m;

	(void)unused;
	begin_with(10);
	assert_null(topic_tree_cached(&rig.tree, BYTES("a")));
	m = match("a");
	assert_ptr_equal(topic_tree_cached(&rig.tree, BYTES("a")), m);
	subscribe(0, "a", (struct subscribe_options){ 0 });
	assert_null(topic_tree_cached(&rig.tree, BYTES("a")));
	assert_int_equal(match("a")->count, 1);
	assert_false(unsubscribe(1, "a"));
	assert_non_null(topic_tree_cached(&rig.tree, BYTES("a")));
	assert_true(unsubscribe(0, "a"));
	assert_null(topic_tree_cached(&rig.tree, BYTES("a")));
	assert_int_equal(match("a")->count, 0);
	end();
}

static void a_full_cache_is_emptied(void **unused)
{
	char topic[16];

	(void)unused;
	begin_with(4);
	for (int i = 0; i < 100; i++) {
		snprintf(topic, sizeof(topic), "t%d", i);
		match(topic);
		check();
	}
	assert_non_null(topic_tree_cached(&rig.tree, BYTES("t99")));
	end();
}

/* A stranger's longest topics, and answers with many receivers, have a budget too. */
static void the_cache_is_bounded_in_bytes(void **unused)
{
	static char topic[60000];
	size_t largest = 0;

	(void)unused;
	begin_with(100);
	memset(topic, 'a', sizeof(topic));
	for (int i = 0; i < 200; i++) {
		snprintf(topic, 16, "t%05d", i);
		topic[6] = 'a';
		topic_tree_match(&rig.tree, span_of(topic, sizeof(topic)));
		check();
		largest = rig.tree.match_bytes > largest ? rig.tree.match_bytes : largest;
	}
	assert_in_range(largest, 51200, 51200 + 61000);
	for (int i = 0; i < SESSIONS; i++)
		subscribe(i, "#", (struct subscribe_options){ 0 });
	match("a"); /* the old answers do not count twice when they are worked out anew */
	for (int i = 0; i < 10; i++) {
		size_t before = rig.tree.match_bytes;

		subscribe(0, "b", (struct subscribe_options){ 0 });
		match("a");
		assert_int_equal(rig.tree.match_bytes, before);
	}
	end();
}

static void without_a_cache_every_answer_is_new(void **unused)
{
	(void)unused;
	begin_with(0);
	subscribe(0, "+", (struct subscribe_options){ 0 });
	for (int i = 0; i < 10; i++) {
		assert_int_equal(match("a")->count, 1);
		assert_null(topic_tree_cached(&rig.tree, BYTES("a")));
	}
	end();
}

/* The naive model: a list of (session, filter, options) and topic_matches(). */
struct row {
	bool there;
	struct subscribe_options options;
};

static const char *const filters[] = { "#", "+", "a", "a/#", "a/+", "+/b", "a/b", "/", "/+", "+/+",
	"a/+/c", "a/b/#", "+/+/#", "$SYS/#", "$SYS/+", "b", "a//c", "+/#" };
static const char *const topics[] = { "a", "b", "a/b", "a/b/c", "/", "/a", "a/", "a//c", "$SYS",
	"$SYS/x", "$SYS/x/y", "c/d/e/f", "a/x/c" };

static struct row rows[SESSIONS][array_size(filters)];

/* What one session is owed: by all of its filters, or by those that take its own messages too. */
struct owed {
	unsigned filters;
	uint8_t qos;
	bool rap;
	size_t ids;
};

static void owe(struct owed *owed, const struct subscribe_options *o)
{
	owed->filters++;
	owed->qos = o->qos > owed->qos ? o->qos : owed->qos;
	owed->rap = owed->rap || o->retain_as_published;
	owed->ids += o->identifier > 0 ? 2 : 0;
}

static const struct match_target *target_of(const struct match *m, int session, bool own_only)
{
	for (uint32_t i = 0; i < m->count; i++) {
		if (m->targets[i].session == rig.sessions[session] &&
				m->targets[i].own_only == own_only)
			return &m->targets[i];
	}
	return NULL;
}

static void assert_owed(const struct match_target *target, const struct owed *owed)
{
	assert_non_null(target);
	assert_int_equal(target->qos, owed->qos);
	assert_int_equal(target->retain_as_published, owed->rap);
	assert_int_equal(target->ids != NULL ? target->ids->len : 0, owed->ids);
}

static void compare(const char *topic)
{
	const struct match *m = match(topic);
	size_t wanted = 0;

	for (int s = 0; s < SESSIONS; s++) {
		struct owed all = { 0 }, own = { 0 };

		for (size_t f = 0; f < array_size(filters); f++) {
			if (!rows[s][f].there || !topic_matches(span_of_text(filters[f]),
								 span_of_text(topic)))
				continue;
			owe(&all, &rows[s][f].options);
			if (!rows[s][f].options.no_local)
				owe(&own, &rows[s][f].options);
		}
		if (all.filters == 0) {
			assert_null(target_of(m, s, false));
			continue;
		}
		wanted++;
		assert_owed(target_of(m, s, false), &all);
		assert_int_equal(target_of(m, s, false)->no_local, own.filters < all.filters);
		if (own.filters == 0 || own.filters == all.filters) {
			assert_null(target_of(m, s, true));
			continue;
		}
		wanted++;
		assert_owed(target_of(m, s, true), &own);
	}
	assert_int_equal(m->count, wanted);
}

static void random_changes(size_t cache, uint64_t seed)
{
	struct dice dice = { seed };

	begin_with(cache);
	memset(rows, 0, sizeof(rows));
	for (int i = 0; i < 3000; i++) {
		int s = (int)dice_roll(&dice, SESSIONS);
		size_t f = dice_roll(&dice, array_size(filters));
		struct row *row = &rows[s][f];

		switch (dice_roll(&dice, 8)) {
		case 0:
		case 1:
		case 2:
			row->options = (struct subscribe_options){
				.identifier = dice_roll(&dice, 3) * 40,
				.qos = (uint8_t)dice_roll(&dice, 3),
				.no_local = dice_roll(&dice, 2),
				.retain_as_published = dice_roll(&dice, 2),
			};
			assert_int_equal(subscribe(s, filters[f], row->options), !row->there);
			row->there = true;
			break;
		case 3:
		case 4:
			assert_int_equal(unsubscribe(s, filters[f]), row->there);
			row->there = false;
			break;
		case 5:
			if (dice_roll(&dice, 10) > 0)
				break;
			topic_tree_remove_all(&rig.tree, &rig.sessions[s]->subscriptions);
			memset(rows[s], 0, sizeof(rows[s]));
			check();
			break;
		default:
			compare(topics[dice_roll(&dice, array_size(topics))]);
			break;
		}
	}
	for (size_t i = 0; i < array_size(topics); i++)
		compare(topics[i]);
	end();
}

static void random_changes_agree_with_a_list_with_a_cache(void **unused)
{
	(void)unused;
	random_changes(1000, 1);
	random_changes(1000, 2);
}

static void random_changes_agree_with_a_list_with_a_small_cache(void **unused)
{
	(void)unused;
	random_changes(2, 3);
	random_changes(1, 4);
}

static void random_changes_agree_with_a_list_without_a_cache(void **unused)
{
	(void)unused;
	random_changes(0, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_receives_what_nobody_wants),
		cmocka_unit_test(subscribing_again_replaces_the_options),
		cmocka_unit_test(overlapping_filters_deliver_once),
		cmocka_unit_test(a_hundred_identifiers_are_all_kept),
		cmocka_unit_test(an_answer_is_remembered_until_a_subscription_changes),
		cmocka_unit_test(a_full_cache_is_emptied),
		cmocka_unit_test(the_cache_is_bounded_in_bytes),
		cmocka_unit_test(without_a_cache_every_answer_is_new),
		cmocka_unit_test(random_changes_agree_with_a_list_with_a_cache),
		cmocka_unit_test(random_changes_agree_with_a_list_with_a_small_cache),
		cmocka_unit_test(random_changes_agree_with_a_list_without_a_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
