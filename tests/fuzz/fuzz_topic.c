/* SPDX-License-Identifier: MIT */
/*
 * A filter and a name, separated by a line feed: the rules of common/topic.c, the walk of the
 * topic tree and the walk of the retained messages agree with a naive recursion.
 */
#include "broker/core/ledger.h"
#include "broker/core/retained.h"
#include "broker/core/session.h"
#include "broker/core/topic_tree.h"
#include "common/mem.h"
#include "common/topic.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* By the letter of 4.7, one character at a time. */
static bool naive(const char *f, const char *n)
{
	if (strcmp(f, "#") == 0 || (strcmp(f, "/#") == 0 && *n == '\0'))
		return true;
	if (*f == '+') {
		while (*n != '\0' && *n != '/')
			n++;
		return naive(f + 1, n);
	}
	if (*f != *n)
		return false;
	return *f == '\0' || naive(f + 1, n + 1);
}

static bool naive_matches(const char *f, const char *n)
{
	if (*n == '$' && (*f == '+' || *f == '#'))
		return false;
	return naive(f, n);
}

static bool naive_filter_valid(struct span s)
{
	size_t levels = 1;

	for (size_t i = 0; i < s.len; i++) {
		bool first = i == 0 || s.data[i - 1] == '/';
		bool last = i + 1 == s.len || s.data[i + 1] == '/';

		levels += s.data[i] == '/';
		if (s.data[i] == '+' && !(first && last))
			return false;
		if (s.data[i] == '#' && !(first && i + 1 == s.len))
			return false;
	}
	return s.len > 0 && s.len <= 65535 && levels <= 200 && utf8_valid_mqtt(s);
}

static bool tree_matches(struct span filter, struct span name, size_t cache)
{
	struct session_table sessions = { 0 };
	struct session *s = session_create(&sessions, name);
	struct subscribe_options options = { .qos = 1 };
	struct topic_tree tree;
	bool found;

	topic_tree_init(&tree, 7, cache);
	REQUIRE(topic_tree_subscribe(&tree, s, &s->subscriptions, filter, &options));
	REQUIRE(!topic_tree_subscribe(&tree, s, &s->subscriptions, filter, &options));
	found = topic_tree_match(&tree, name)->count == 1;
	REQUIRE((topic_tree_cached(&tree, name) != NULL) == (cache > 0));
	REQUIRE(topic_tree_unsubscribe(&tree, s->subscriptions, (struct span){ NULL, 0 }, filter));
	REQUIRE(topic_tree_match(&tree, name)->count == 0);
	REQUIRE(tree.filters.nodes == 0);
	topic_tree_finish(&tree);
	session_destroy(&sessions, s);
	return found;
}

static size_t count_retained(struct retained *r, struct span filter, struct instant now)
{
	struct retained_cursor *c = retained_cursor_open(r, filter);
	size_t n = 0;

	for (; !retained_cursor_at_end(c); retained_cursor_step(c))
		n += retained_cursor_message(c, now) != NULL;
	retained_cursor_close(c);
	return n;
}

static struct ledger ledger; /* off: nothing is kept on disk */

static bool retained_matches(struct span filter, struct span name)
{
	struct instant now = { 0 };
	struct message *m = message_create(name, NULL, filter, 0, true, now);
	struct message *none = message_create(name, NULL, span_of(NULL, 0), 0, true, now);
	struct retained retained;
	size_t n;

	retained_init(&retained, 7, &ledger);
	retained_set(&retained, m);
	n = count_retained(&retained, filter, now);
	retained_set(&retained, none);
	REQUIRE(retained.count == 0 && retained.bytes == 0 && retained.topics.nodes == 0);
	retained_finish(&retained);
	message_unref(m);
	message_unref(none);
	return n == 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size < 4096 ? size : 4096);
	struct span filter = span_cut(&rest, '\n'), name = rest;
	struct span group, shared;
	char *f, *n;

	REQUIRE(topic_filter_valid(filter) == naive_filter_valid(filter));
	REQUIRE(topic_name_valid(name) ==
			(naive_filter_valid(name) && !topic_filter_has_wildcard(name)));
	if (topic_share_split(filter, &group, &shared))
		REQUIRE(7 + group.len + 1 + shared.len == filter.len);
	if (!topic_filter_valid(filter) || !topic_name_valid(name))
		return 0;
	f = span_dup_text(filter);
	n = span_dup_text(name);
	REQUIRE(topic_matches(filter, name) == naive_matches(f, n));
	REQUIRE(tree_matches(filter, name, 0) == naive_matches(f, n));
	REQUIRE(tree_matches(filter, name, 4) == naive_matches(f, n));
	REQUIRE(retained_matches(filter, name) == naive_matches(f, n));
	free(f);
	free(n);
	return 0;
}
