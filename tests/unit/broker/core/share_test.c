/* SPDX-License-Identifier: MIT */
#include "broker/core/share.h"

#include <stdio.h>

#include "broker/core/session.h"
#include "tests/unit/unit.h"

enum { MEMBERS = 5, TOPICS = 1000 };

static struct session_table sessions;
static struct session *members[MEMBERS];
static struct topic_tree tree;
static struct share_group *group;

static void subscribe(struct session *s, const char *name)
{
	struct subscribe_options options = { .group = span_of_text(name) };

	assert_true(topic_tree_subscribe(&tree, s, &s->subscriptions, BYTES("x"), &options));
}

static int begin(void **unused)
{
	char id[8];

	(void)unused;
	sessions = (struct session_table){ .seed = 3 };
	topic_tree_init(&tree, 7, 0);
	for (size_t i = 0; i < MEMBERS; i++) {
		snprintf(id, sizeof(id), "m%zu", i);
		members[i] = session_create(&sessions, span_of_text(id));
		members[i]->client = (void *)members[i]; /* it is there: nobody looks into it */
		subscribe(members[i], "g");
	}
	group = topic_tree_match(&tree, BYTES("x"))->targets[0].group;
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < MEMBERS; i++) {
		topic_tree_remove_all(&tree, &members[i]->subscriptions);
		session_destroy(&sessions, members[i]);
	}
	assert_null(tree.shares.groups);
	assert_int_equal(tree.filters.nodes, 0);
	topic_tree_finish(&tree);
	return 0;
}

static const struct session *pick(enum share_policy policy, uint32_t topic)
{
	return share_group_pick(group, policy, BYTES("x"), topic * 2654435761U)->session;
}

static void members_take_turns(void **unused)
{
	const struct session *first[MEMBERS];

	(void)unused;
	for (size_t i = 0; i < MEMBERS; i++) {
		first[i] = pick(SHARE_ROUND_ROBIN, 1);
		for (size_t k = 0; k < i; k++)
			assert_ptr_not_equal(first[i], first[k]);
	}
	for (size_t i = 0; i < MEMBERS; i++)
		assert_ptr_equal(pick(SHARE_ROUND_ROBIN, 1), first[i]);
}

static void a_topic_stays_with_its_member_while_that_is_there(void **unused)
{
	const struct session *before[TOPICS];
	size_t shares[MEMBERS] = { 0 };

	(void)unused;
	for (uint32_t t = 0; t < TOPICS; t++) {
		before[t] = pick(SHARE_BY_TOPIC, t);
		for (size_t i = 0; i < MEMBERS; i++)
			shares[i] += before[t] == members[i];
	}
	for (size_t i = 0; i < MEMBERS; i++)
		assert_in_range(shares[i], TOPICS / MEMBERS / 2, TOPICS / MEMBERS * 2);
	members[2]->client = NULL;
	for (uint32_t t = 0; t < TOPICS; t++) {
		const struct session *now = pick(SHARE_BY_TOPIC, t);

		assert_ptr_not_equal(now, members[2]);
		assert_true(before[t] == members[2] || now == before[t]);
	}
	members[2]->client = (void *)members[2];
	for (uint32_t t = 0; t < TOPICS; t++)
		assert_ptr_equal(pick(SHARE_BY_TOPIC, t), before[t]);
}

static void a_topic_stays_with_its_member_when_all_are_away(void **unused)
{
	const struct session *before = pick(SHARE_BY_TOPIC, 5);

	(void)unused;
	for (size_t i = 0; i < MEMBERS; i++)
		members[i]->client = NULL;
	assert_ptr_equal(pick(SHARE_BY_TOPIC, 5), before);
	assert_non_null(pick(SHARE_ROUND_ROBIN, 5));
}

static void groups_are_told_apart_by_name_and_filter(void **unused)
{
	struct subscribe_options options = { .group = BYTES("g") };
	struct share_group *other;

	(void)unused;
	subscribe(members[0], "gg");
	topic_tree_subscribe(&tree, members[0], &members[0]->subscriptions, BYTES("y"), &options);
	assert_int_equal(topic_tree_match(&tree, BYTES("x"))->count, 2);
	other = topic_tree_match(&tree, BYTES("y"))->targets[0].group;
	assert_ptr_not_equal(other, group);
	assert_int_not_equal(other->id, group->id);
	assert_int_equal(other->members.count, 1);
	assert_int_equal(group->members.count, MEMBERS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(members_take_turns),
		TEST(a_topic_stays_with_its_member_while_that_is_there),
		TEST(a_topic_stays_with_its_member_when_all_are_away),
		TEST(groups_are_told_apart_by_name_and_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
