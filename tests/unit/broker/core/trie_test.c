/* SPDX-License-Identifier: MIT */
#include "broker/core/trie.h"

#include <stdio.h>

#include "tests/unit/unit.h"

/* Every node is found from its parent, links go both ways, and none is there for nothing. */
static size_t check_below(const struct trie *t, const struct trie_node *parent)
{
	size_t n = 0;
	const struct trie_node *previous = NULL;

	for (const struct trie_node *node = parent->first_child; node != NULL; node = node->next) {
		assert_ptr_equal(node->parent, parent);
		assert_ptr_equal(node->previous, previous);
		assert_ptr_equal(trie_child(t, parent, trie_level(node)), node);
		assert_true(node->value != NULL || node->first_child != NULL);
		n += 1 + check_below(t, node);
		previous = node;
	}
	assert_ptr_equal(trie_plus(t, parent), trie_child(t, parent, BYTES("+")));
	assert_ptr_equal(trie_hash(t, parent), trie_child(t, parent, BYTES("#")));
	return n;
}

static void check(const struct trie *t)
{
	assert_int_equal(check_below(t, t->root), t->nodes);
	assert_int_equal(HASH_COUNT(t->table), t->nodes);
}

static int mark;

static void insert(struct trie *t, const char *topic)
{
	trie_insert(t, span_of_text(topic))->value = &mark;
	check(t);
}

static void take_out(struct trie *t, const char *topic)
{
	struct trie_node *node = trie_find(t, span_of_text(topic));

	assert_non_null(node);
	node->value = NULL;
	trie_release(t, node);
	check(t);
}

static void an_empty_tree_has_only_its_root(void **unused)
{
	struct trie t;

	(void)unused;
	trie_init(&t, 1);
	check(&t);
	assert_null(trie_find(&t, BYTES("a")));
	assert_null(trie_child(&t, t.root, BYTES("")));
	trie_release(&t, t.root);
	check(&t);
	trie_finish(&t, NULL);
}

static void levels_of_a_topic_lie_below_each_other(void **unused)
{
	struct trie t;
	struct trie_node *node;

	(void)unused;
	trie_init(&t, 1);
	insert(&t, "a/b/c");
	assert_int_equal(t.nodes, 3);
	node = trie_find(&t, BYTES("a/b/c"));
	assert_span_text(trie_level(node), "c");
	assert_span_text(trie_level(node->parent), "b");
	assert_null(trie_find(&t, BYTES("a/b"))->value);
	assert_null(trie_find(&t, BYTES("a/c")));
	assert_null(trie_find(&t, BYTES("a/b/c/d")));
	assert_null(trie_find(&t, BYTES("b")));
	trie_finish(&t, NULL);
}

static void empty_levels_are_levels(void **unused)
{
	struct trie t;

	(void)unused;
	trie_init(&t, 1);
	insert(&t, "/");
	assert_int_equal(t.nodes, 2);
	insert(&t, "//a");
	assert_int_equal(t.nodes, 3); /* "/" is on the way to "//a" */
	assert_non_null(trie_find(&t, BYTES("//a")));
	assert_null(trie_find(&t, BYTES("/a")));
	take_out(&t, "/");
	assert_int_equal(t.nodes, 3);
	take_out(&t, "//a");
	assert_int_equal(t.nodes, 0);
	trie_finish(&t, NULL);
}

static void releasing_stops_at_what_is_still_needed(void **unused)
{
	struct trie t;

	(void)unused;
	trie_init(&t, 1);
	insert(&t, "a/b");
	insert(&t, "a/b/c/d");
	insert(&t, "a/b/x");
	take_out(&t, "a/b/c/d");
	assert_int_equal(t.nodes, 3);
	assert_non_null(trie_find(&t, BYTES("a/b/x")));
	take_out(&t, "a/b");
	assert_int_equal(t.nodes, 3);
	take_out(&t, "a/b/x");
	assert_int_equal(t.nodes, 0);
	trie_finish(&t, NULL);
}

static void inserting_twice_yields_the_same_node(void **unused)
{
	struct trie t;

	(void)unused;
	trie_init(&t, 1);
	insert(&t, "a/b");
	assert_ptr_equal(trie_insert(&t, BYTES("a/b")), trie_find(&t, BYTES("a/b")));
	assert_int_equal(t.nodes, 2);
	trie_finish(&t, NULL);
}

static unsigned dropped;

static void count_drop(void *value)
{
	assert_ptr_equal(value, &mark);
	dropped++;
}

static void values_are_handed_back_at_the_end(void **unused)
{
	struct trie t;

	(void)unused;
	trie_init(&t, 1);
	insert(&t, "a");
	insert(&t, "a/b/c");
	trie_finish(&t, count_drop);
	assert_int_equal(dropped, 2);
}

static void random_inserts_and_removals_agree_with_a_set(void **unused)
{
	enum { TOPICS = 3 * 3 * 3 };
	static const char *const words[] = { "+", "a", "#" };
	bool there[TOPICS] = { false };
	struct dice dice = { 3 };
	struct trie t;

	(void)unused;
	trie_init(&t, 77);
	for (int i = 0; i < 4000; i++) {
		uint32_t k = dice_roll(&dice, TOPICS);
		char topic[16];
		struct trie_node *node;

		snprintf(topic, sizeof(topic), "%s/%s/%s", words[k / 9], words[k / 3 % 3],
				words[k % 3]);
		node = trie_find(&t, span_of_text(topic));
		assert_int_equal(node != NULL && node->value != NULL, there[k]);
		if (there[k])
			take_out(&t, topic);
		else
			insert(&t, topic);
		there[k] = !there[k];
	}
	trie_finish(&t, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_tree_has_only_its_root),
		cmocka_unit_test(levels_of_a_topic_lie_below_each_other),
		cmocka_unit_test(empty_levels_are_levels),
		cmocka_unit_test(releasing_stops_at_what_is_still_needed),
		cmocka_unit_test(inserting_twice_yields_the_same_node),
		cmocka_unit_test(values_are_handed_back_at_the_end),
		cmocka_unit_test(random_inserts_and_removals_agree_with_a_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
