/* SPDX-License-Identifier: MIT */
#include "broker/core/retained.h"

#include "common/topic.h"
#include "tests/unit/unit.h"

static const struct instant start = { 1000 };

struct found {
	size_t count;
	char names[64][32];
};

static void note(void *owner, struct message *m)
{
	struct found *f = owner;
	struct span topic = message_topic(m);

	assert_true(f->count < array_size(f->names) && topic.len < sizeof(f->names[0]));
	memcpy(f->names[f->count], topic.data, topic.len);
	f->names[f->count++][topic.len] = '\0';
}

static void set_expiring(
		struct retained *r, const char *topic, const char *payload, struct instant expires)
{
	struct message *m = message_create(
			span_of_text(topic), NULL, span_of_text(payload), 0, true, start);

	m->expires = expires;
	retained_set(r, m);
	message_unref(m);
}

static void set(struct retained *r, const char *topic, const char *payload)
{
	set_expiring(r, topic, payload, INSTANT_NEVER);
}

static struct found match_at(struct retained *r, const char *filter, struct instant now)
{
	struct found f = { 0 };

	retained_match(r, span_of_text(filter), now, &f, note);
	return f;
}

static void the_last_message_of_a_topic_is_kept(void **unused)
{
	struct retained r;
	size_t size;

	(void)unused;
	retained_init(&r, 1);
	set(&r, "a", "one");
	size = r.bytes;
	set(&r, "a", "three");
	assert_int_equal(r.count, 1);
	assert_int_equal(r.bytes, size + 2);
	set(&r, "b", "x");
	assert_int_equal(r.count, 2);
	retained_finish(&r);
}

/* [v5 MQTT-3.3.1-6, MQTT-3.3.1-7] */
static void an_empty_payload_removes(void **unused)
{
	struct retained r;

	(void)unused;
	retained_init(&r, 1);
	set(&r, "a/b", "x");
	set(&r, "a", "");
	set(&r, "a/b/c", "");
	set(&r, "x/y/z", "");
	assert_int_equal(r.count, 1);
	assert_int_equal(r.topics.nodes, 2);
	set(&r, "a/b", "");
	assert_int_equal(r.count, 0);
	assert_int_equal(r.bytes, 0);
	assert_int_equal(r.topics.nodes, 0);
	retained_finish(&r);
}

static void expired_messages_are_not_sent_and_go(void **unused)
{
	struct retained r;

	(void)unused;
	retained_init(&r, 1);
	set_expiring(&r, "a", "x", (struct instant){ 2000 });
	set_expiring(&r, "a/b", "x", (struct instant){ 2000 });
	set_expiring(&r, "a/b/c", "x", (struct instant){ 3000 });
	set_expiring(&r, "d/e", "x", (struct instant){ 2000 });
	assert_int_equal(match_at(&r, "#", (struct instant){ 1999 }).count, 4);
	assert_int_equal(match_at(&r, "a/#", (struct instant){ 2000 }).count, 1);
	assert_int_equal(r.count, 2); /* d/e was not looked at */
	assert_int_equal(match_at(&r, "#", (struct instant){ 5000 }).count, 0);
	assert_int_equal(r.count, 0);
	assert_int_equal(r.topics.nodes, 0);
	retained_finish(&r);
}

static void random_changes_agree_with_a_list(void **unused)
{
	static const char *const topics[] = { "a", "a/b", "a/b/c", "a/", "/", "/a", "b", "b/b",
		"$SYS", "$SYS/a", "$SYS/a/b", "a/$x", "c/d/e" };
	static const char *const filters[] = { "#", "+", "a/#", "a/+", "+/+", "+/b", "/", "/#",
		"/+", "$SYS/#", "$SYS/+", "+/+/+", "a", "a/b/c", "x", "c/#", "+/#", "+/+/#",
		"a/+/c" };
	bool there[array_size(topics)] = { false };
	struct dice dice = { 11 };
	struct retained r;

	(void)unused;
	retained_init(&r, 4);
	for (int i = 0; i < 3000; i++) {
		size_t t = dice_roll(&dice, array_size(topics));
		const char *filter = filters[dice_roll(&dice, array_size(filters))];
		struct found f;
		size_t wanted = 0, count = 0;

		there[t] = dice_roll(&dice, 2);
		set(&r, topics[t], there[t] ? "payload" : "");
		f = match_at(&r, filter, start);
		for (t = 0; t < array_size(topics); t++) {
			size_t times = 0;

			for (size_t k = 0; k < f.count; k++)
				times += strcmp(f.names[k], topics[t]) == 0;
			assert_int_equal(times,
					there[t] && topic_matches(span_of_text(filter),
								    span_of_text(topics[t])));
			wanted += times;
			count += there[t];
		}
		assert_int_equal(f.count, wanted);
		assert_int_equal(r.count, count);
	}
	retained_finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_message_of_a_topic_is_kept),
		cmocka_unit_test(an_empty_payload_removes),
		cmocka_unit_test(expired_messages_are_not_sent_and_go),
		cmocka_unit_test(random_changes_agree_with_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
