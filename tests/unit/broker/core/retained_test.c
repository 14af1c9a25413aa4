/* SPDX-License-Identifier: MIT */
#include "broker/core/retained.h"

#include "broker/core/ledger.h"

#include "common/topic.h"
#include "tests/unit/unit.h"

static struct ledger ledger; /* off: nothing is kept on disk */

static const struct instant start = { 1000 };

struct found {
	size_t count;
	char names[64][32];
};

static void note(struct found *f, const struct message *m)
{
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
	struct retained_cursor *c = retained_cursor_open(r, span_of_text(filter));

	for (; !retained_cursor_at_end(c); retained_cursor_step(c)) {
		const struct message *m = retained_cursor_message(c, now);

		if (m != NULL)
			note(&f, m);
	}
	retained_cursor_close(c);
	return f;
}

static void the_last_message_of_a_topic_is_kept(void **unused)
{
	struct retained r;
	size_t size;

	(void)unused;
	retained_init(&r, 1, &ledger);
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
	retained_init(&r, 1, &ledger);
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
	retained_init(&r, 1, &ledger);
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

static void limits_are_for_new_topics_of_clients(void **unused)
{
	struct limits limits = { .max_retained_messages = 2 };
	struct retained r;

	(void)unused;
	retained_init(&r, 1, &ledger);
	set(&r, "$SYS/broker/uptime", "1");
	set(&r, "a", "x");
	assert_true(retained_has_room(&r, &limits, BYTES("b"), 100));
	set(&r, "b", "x");
	assert_false(retained_has_room(&r, &limits, BYTES("c"), 100));
	assert_true(retained_has_room(&r, &limits, BYTES("a"), 100));
	assert_true(retained_has_room(&r, &limits, BYTES("$SYS/broker/x"), 100));
	limits = (struct limits){ .max_retained_bytes = r.bytes - r.own_bytes };
	assert_false(retained_has_room(&r, &limits, BYTES("c"), 1));
	assert_true(retained_has_room(&r, &limits, BYTES("a"), (r.bytes - r.own_bytes) / 2));
	assert_false(retained_has_room(&r, &limits, BYTES("a"), (r.bytes - r.own_bytes) / 2 + 1));
	set(&r, "$SYS/broker/uptime", "");
	assert_int_equal(r.own_count, 0);
	assert_int_equal(r.own_bytes, 0);
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
	retained_init(&r, 4, &ledger);
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

enum { SLOW_TOPICS = 27, SLOW_WALKS = 3 };

/* One walk and what is known of each topic while it lasts. */
struct slow_walk {
	struct retained_cursor *cursor;
	const char *filter;
	size_t met[SLOW_TOPICS];
	bool always_there[SLOW_TOPICS], ever_there[SLOW_TOPICS];
};

/* "0/0/0" to "2/2/2" */
static const char *slow_topic(size_t i)
{
	static char name[] = "0/0/0";

	name[0] = (char)('0' + i / 9);
	name[2] = (char)('0' + i / 3 % 3);
	name[4] = (char)('0' + i % 3);
	return name;
}

static void check_slow_walk(const struct slow_walk *w)
{
	for (size_t i = 0; i < SLOW_TOPICS; i++) {
		bool is_meant = topic_matches(span_of_text(w->filter), span_of_text(slow_topic(i)));

		if (w->always_there[i])
			assert_int_equal(w->met[i], is_meant);
		if (!is_meant || !w->ever_there[i])
			assert_int_equal(w->met[i], 0);
	}
}

static void begin_slow_walk(
		struct slow_walk *w, struct retained *r, struct dice *dice, const bool *there)
{
	static const char *const filters[] = { "#", "+/+/+", "+/1/#", "1/#", "1/+/2", "+/+/0",
		"2/2/2", "+/0/1", "3/#" };

	*w = (struct slow_walk){ .filter = filters[dice_roll(dice, array_size(filters))] };
	w->cursor = retained_cursor_open(r, span_of_text(w->filter));
	memcpy(w->always_there, there, sizeof(w->always_there));
	memcpy(w->ever_there, there, sizeof(w->ever_there));
}

/* A few steps; the walk begins anew when it is at its end, or given up now and then. */
static void go_on(struct slow_walk *w, struct retained *r, struct dice *dice, const bool *there)
{
	bool is_given_up = dice_roll(dice, 200) == 0;

	for (size_t steps = dice_roll(dice, 6);
			steps > 0 && w->cursor != NULL && !retained_cursor_at_end(w->cursor);
			steps--) {
		const struct message *m = retained_cursor_message(w->cursor, start);

		if (m != NULL) {
			struct span t = message_topic(m);

			w->met[(t.data[0] - '0') * 9 + (t.data[2] - '0') * 3 + t.data[4] - '0']++;
		}
		retained_cursor_step(w->cursor);
	}
	if (w->cursor != NULL && !is_given_up && !retained_cursor_at_end(w->cursor))
		return;
	if (w->cursor != NULL && !is_given_up)
		check_slow_walk(w);
	retained_cursor_close(w->cursor);
	begin_slow_walk(w, r, dice, there);
}

static void a_walk_meets_once_what_was_there_throughout(void **unused)
{
	struct slow_walk walks[SLOW_WALKS] = { 0 };
	bool there[SLOW_TOPICS] = { false };
	struct dice dice = { 17 };
	struct retained r;

	(void)unused;
	retained_init(&r, 5, &ledger);
	for (int i = 0; i < 30000; i++) {
		size_t t = dice_roll(&dice, SLOW_TOPICS);

		there[t] = dice_roll(&dice, 4) > 0;
		set(&r, slow_topic(t), there[t] ? "payload" : "");
		for (size_t k = 0; k < SLOW_WALKS; k++) {
			walks[k].always_there[t] = walks[k].always_there[t] && there[t];
			walks[k].ever_there[t] = walks[k].ever_there[t] || there[t];
			go_on(&walks[k], &r, &dice, there);
		}
	}
	for (size_t k = 0; k < SLOW_WALKS; k++)
		retained_cursor_close(walks[k].cursor);
	for (size_t t = 0; t < SLOW_TOPICS; t++)
		set(&r, slow_topic(t), "");
	assert_int_equal(r.topics.nodes, 0); /* no pin was forgotten */
	retained_finish(&r);
}

static void a_walk_meets_the_message_that_is_there_when_it_comes_by(void **unused)
{
	struct retained_cursor *c;
	struct retained r;

	(void)unused;
	retained_init(&r, 5, &ledger);
	set(&r, "a", "old");
	c = retained_cursor_open(&r, BYTES("a"));
	set(&r, "a", "new");
	retained_cursor_step(c);
	assert_span_equal(message_payload(retained_cursor_message(c, start)), BYTES("new"));
	set(&r, "a", "");
	assert_null(retained_cursor_message(c, start));
	retained_cursor_close(c);
	assert_int_equal(r.topics.nodes, 0);
	retained_finish(&r);
}

static void what_the_broker_tells_of_itself_takes_nobodys_room(void **unused)
{
	const struct limits limits = { .max_retained_messages = 1 };
	struct retained r;

	(void)unused;
	retained_init(&r, 6, &ledger);
	set(&r, "$SYS/broker/version", "1");
	assert_true(retained_has_room(&r, &limits, BYTES("a"), 100));
	set(&r, "a", "x");
	assert_false(retained_has_room(&r, &limits, BYTES("b"), 100));
	assert_true(retained_has_room(&r, &limits, BYTES("a"), 100));
	assert_true(retained_has_room(&r, &limits, BYTES("$SYS/broker/uptime"), 100));
	set(&r, "$SYS/broker/version", "");
	assert_false(retained_has_room(&r, &limits, BYTES("b"), 100));
	assert_int_equal(r.own_count + r.own_bytes, 0);
	retained_finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_message_of_a_topic_is_kept),
		cmocka_unit_test(an_empty_payload_removes),
		cmocka_unit_test(expired_messages_are_not_sent_and_go),
		cmocka_unit_test(limits_are_for_new_topics_of_clients),
		cmocka_unit_test(random_changes_agree_with_a_list),
		cmocka_unit_test(a_walk_meets_once_what_was_there_throughout),
		cmocka_unit_test(a_walk_meets_the_message_that_is_there_when_it_comes_by),
		cmocka_unit_test(what_the_broker_tells_of_itself_takes_nobodys_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
