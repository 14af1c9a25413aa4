/* SPDX-License-Identifier: MIT */
#include "common/topic.h"

#include <stdio.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

/* The examples of the specification (v5 4.7.1, 4.7.2, 4.7.3) and their neighbours. */
static const struct {
	const char *filter, *name;
	bool matches;
} matching[] = {
	{ "a", "a", true },
	{ "a", "b", false },
	{ "a", "A", false }, /* case counts */
	{ "a", "a/", false },
	{ "a", "/a", false },
	{ "a/b", "a", false },
	{ "a", "a/b", false },
	{ "/", "/", true },
	{ "/", "a", false },
	{ "/a", "/a", true },
	{ "a//b", "a//b", true },
	{ "a//b", "a/b", false },
	{ "Accounts payable", "Accounts payable", true },
	/* the multi-level wildcard, 4.7.1.2 */
	{ "sport/tennis/player1/#", "sport/tennis/player1", true },
	{ "sport/tennis/player1/#", "sport/tennis/player1/ranking", true },
	{ "sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true },
	{ "sport/tennis/player1/#", "sport/tennis/player2", false },
	{ "sport/tennis/player1/#", "sport/tennis/player11", false },
	{ "sport/tennis/player1/#", "sport/tennis", false },
	{ "sport/#", "sport", true },
	{ "sport/#", "sports", false },
	{ "#", "a", true },
	{ "#", "a/b/c", true },
	{ "#", "/", true },
	{ "#", "/a", true },
	{ "/#", "/", true },
	{ "/#", "/a/b", true },
	{ "/#", "a", false },
	/* the single-level wildcard, 4.7.1.3 */
	{ "sport/tennis/+", "sport/tennis/player1", true },
	{ "sport/tennis/+", "sport/tennis/player2", true },
	{ "sport/tennis/+", "sport/tennis/player1/ranking", false },
	{ "sport/+", "sport", false },
	{ "sport/+", "sport/", true },
	{ "+", "a", true },
	{ "+", "a/b", false },
	{ "+", "/finance", false },
	{ "/+", "/finance", true },
	{ "+/+", "/finance", true },
	{ "+/+", "a", false },
	{ "+/tennis/#", "sport/tennis", true },
	{ "+/tennis/#", "sport/tennis/a/b", true },
	{ "sport/+/player1", "sport/tennis/player1", true },
	{ "sport/+/player1", "sport//player1", true },
	{ "sport/+/player1", "sport/tennis/x/player1", false },
	{ "+/+/#", "a", false },
	{ "+/+/#", "a/b", true },
	{ "+/#", "a", true },
	{ "+/#", "/", true },
	/* names that start with $, 4.7.2 [v5 MQTT-4.7.2-1] */
	{ "#", "$SYS/x", false },
	{ "#", "$", false },
	{ "+", "$SYS", false },
	{ "+/monitor/Clients", "$SYS/monitor/Clients", false },
	{ "+/#", "$SYS/x", false },
	{ "$SYS/#", "$SYS/monitor/Clients", true },
	{ "$SYS/#", "$SYS", true },
	{ "$SYS/#", "$SYSTEM", false },
	{ "$SYS/monitor/+", "$SYS/monitor/Clients", true },
	{ "$SYS/+/#", "$SYS/a", true },
	{ "a/+", "a/$SYS", true }, /* only in the first level */
	{ "a/#", "a/$SYS", true },
	{ "+/$x", "a/$x", true },
	{ "\xc3\xa4/+", "\xc3\xa4/\xe2\x82\xac", true },
};

static void filters_match_as_the_specification_says(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(matching); i++) {
		print_message("%s %s\n", matching[i].filter, matching[i].name);
		assert_int_equal(topic_matches(span_of_text(matching[i].filter),
						 span_of_text(matching[i].name)),
				matching[i].matches);
	}
}

static const struct {
	struct span topic;
	bool name, filter;
} validity[] = {
	{ SPAN(""), false, false }, /* [v5 MQTT-4.7.3-1], CVE-2021-34432 */
	{ SPAN("a"), true, true },
	{ SPAN("/"), true, true },
	{ SPAN("//"), true, true },
	{ SPAN(" "), true, true },
	{ SPAN("a/b c/d"), true, true },
	{ SPAN("$"), true, true }, /* CVE-2018-12543 */
	{ SPAN("$SYS/x"), true, true },
	{ SPAN("a\0b"), false, false }, /* [v5 MQTT-4.7.3-2] */
	{ SPAN("a\nb"), false, false },
	{ SPAN("a\xff"), false, false },
	{ SPAN("\xed\xa0\x80"), false, false },
	/* [v5 MQTT-4.7.1-1]: # is alone in the last level */
	{ SPAN("#"), false, true },
	{ SPAN("a/#"), false, true },
	{ SPAN("/#"), false, true },
	{ SPAN("a#"), false, false },
	{ SPAN("#a"), false, false },
	{ SPAN("a/#b"), false, false },
	{ SPAN("a/b#"), false, false },
	{ SPAN("sport/tennis#"), false, false },
	{ SPAN("sport/tennis/#/ranking"), false, false },
	{ SPAN("#/"), false, false },
	{ SPAN("#/a"), false, false },
	{ SPAN("##"), false, false },
	{ SPAN("#/#"), false, false },
	/* [v5 MQTT-4.7.1-2]: + is alone in its level */
	{ SPAN("+"), false, true },
	{ SPAN("+/+"), false, true },
	{ SPAN("/+"), false, true },
	{ SPAN("+/"), false, true },
	{ SPAN("+/tennis/#"), false, true },
	{ SPAN("sport/+/player1"), false, true },
	{ SPAN("sport+"), false, false },
	{ SPAN("+a"), false, false },
	{ SPAN("a/+b/c"), false, false },
	{ SPAN("++"), false, false },
	{ SPAN("+#"), false, false },
	{ SPAN("#+"), false, false },
};

static void names_and_filters_are_valid_as_the_specification_says(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(validity); i++) {
		print_message("row %zu: %.*s\n", i, SPAN_ARGS(validity[i].topic));
		assert_int_equal(topic_name_valid(validity[i].topic), validity[i].name);
		assert_int_equal(topic_filter_valid(validity[i].topic), validity[i].filter);
	}
}

/* CVE-2019-11779: 65,535 slashes must not reach anything that recurses. */
static void deeper_than_200_levels_is_refused(void **unused)
{
	char topic[65536];

	(void)unused;
	memset(topic, '/', sizeof(topic));
	assert_true(topic_name_valid(span_of(topic, MAX_TOPIC_LEVELS - 1)));
	assert_true(topic_filter_valid(span_of(topic, MAX_TOPIC_LEVELS - 1)));
	assert_false(topic_name_valid(span_of(topic, MAX_TOPIC_LEVELS)));
	assert_false(topic_filter_valid(span_of(topic, MAX_TOPIC_LEVELS)));
	assert_false(topic_filter_valid(span_of(topic, 65535)));
}

static void longer_than_65535_bytes_is_refused(void **unused)
{
	char *topic = xmalloc(65536);

	(void)unused;
	memset(topic, 'a', 65536);
	assert_true(topic_name_valid(span_of(topic, 65535)));
	assert_true(topic_filter_valid(span_of(topic, 65535)));
	assert_false(topic_name_valid(span_of(topic, 65536)));
	assert_false(topic_filter_valid(span_of(topic, 65536)));
	free(topic);
}

/* Names and filters of up to three levels out of few words, some of them special. */
static const char *const level_words[] = { "a", "b", "$s", "", "+", "#" };

enum { NAME_WORDS = 4, FILTER_WORDS = 6, MAX_WORDS = 3 };

static bool nth_topic(unsigned n, unsigned words, char text[16])
{
	unsigned levels = 1 + n % MAX_WORDS;

	n /= MAX_WORDS;
	text[0] = '\0';
	for (unsigned i = 0; i < levels; i++, n /= words)
		snprintf(text + strlen(text), 16 - strlen(text), "%s%s", i > 0 ? "/" : "",
				level_words[n % words]);
	return n == 0;
}

/* What the two functions claim of filters is what matching says of all short names. */
static void check_pair(const char *a, const char *b)
{
	bool overlap = false, covers = true;
	struct span of_a = span_of_text(a), of_b = span_of_text(b);
	char name[16];

	for (unsigned n = 0; n < MAX_WORDS * 4 * 4 * 4; n++) {
		if (!nth_topic(n, NAME_WORDS, name))
			continue;
		overlap = overlap || (topic_matches(of_a, span_of_text(name)) &&
						     topic_matches(of_b, span_of_text(name)));
		covers = covers && (topic_matches(of_a, span_of_text(name)) ||
						   !topic_matches(of_b, span_of_text(name)));
	}
	if (topic_filters_overlap(of_a, of_b) != overlap ||
			topic_filter_covers(of_a, of_b) != covers)
		fail_msg("'%s' and '%s'", a, b);
}

static void filters_are_compared_as_the_names_that_they_match(void **unused)
{
	char a[16], b[16];

	(void)unused;
	for (unsigned i = 0; i < MAX_WORDS * 6 * 6 * 6; i++) {
		if (!nth_topic(i, FILTER_WORDS, a) || !topic_filter_valid(span_of_text(a)))
			continue;
		for (unsigned j = 0; j < MAX_WORDS * 6 * 6 * 6; j++) {
			if (nth_topic(j, FILTER_WORDS, b) && topic_filter_valid(span_of_text(b)))
				check_pair(a, b);
		}
	}
}

static void levels_are_counted(void **unused)
{
	(void)unused;
	assert_int_equal(topic_level_count(BYTES("a//bc/")), 4);
	assert_int_equal(topic_level_count(BYTES("a")), 1);
}

static void shared_filters_come_apart(void **unused)
{
	static const struct {
		const char *filter, *group, *rest;
	} rows[] = {
		{ "$share/g/a/b", "g", "a/b" },
		{ "$share/g/#", "g", "#" },
		{ "$share/g//", "g", "/" },
		{ "$share/g/$SYS/#", "g", "$SYS/#" },
		{ "$share//a", NULL, NULL }, /* [v5 MQTT-4.8.2-1] */
		{ "$share/g", NULL, NULL },  /* [v5 MQTT-4.8.2-2] */
		{ "$share/g/", NULL, NULL },
		{ "$share/+/a", NULL, NULL },
		{ "$share/#/a", NULL, NULL },
		{ "$share/g+/a", NULL, NULL },
		{ "$share", NULL, NULL },
		{ "$share/", NULL, NULL },
		{ "$shared/g/a", NULL, NULL },
		{ "share/g/a", NULL, NULL },
		{ "a", NULL, NULL },
		{ "", NULL, NULL },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct span group, rest;
		bool ok = topic_share_split(span_of_text(rows[i].filter), &group, &rest);

		print_message("%s\n", rows[i].filter);
		assert_int_equal(ok, rows[i].group != NULL);
		if (ok) {
			assert_span_text(group, rows[i].group);
			assert_span_text(rest, rows[i].rest);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_match_as_the_specification_says),
		cmocka_unit_test(names_and_filters_are_valid_as_the_specification_says),
		cmocka_unit_test(deeper_than_200_levels_is_refused),
		cmocka_unit_test(longer_than_65535_bytes_is_refused),
		cmocka_unit_test(filters_are_compared_as_the_names_that_they_match),
		cmocka_unit_test(levels_are_counted),
		cmocka_unit_test(shared_filters_come_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
