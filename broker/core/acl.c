/* SPDX-License-Identifier: MIT */
#include "broker/core/acl.h"

#include <assert.h>

#include "broker/core/trie.h"
#include "common/str.h"
#include "common/topic.h"

struct pattern {
	uint8_t rights;
	bool has_username, has_client_id;
	char *filter; /* owned */
};

struct acl {
	unsigned refs;
	uint8_t rights[8];  /* rights[n] is n: what the values of the tree point to */
	struct trie topics; /* user name, then the levels of the filter */
	struct pattern *patterns;
	size_t pattern_count, pattern_capacity;
};

static const struct span plus = SPAN("+"), hash = SPAN("#");

struct acl *acl_create(uint64_t seed)
{
	struct acl *acl = xcalloc(1, sizeof(*acl));

	acl->refs = 1;
	for (size_t i = 0; i < array_size(acl->rights); i++)
		acl->rights[i] = (uint8_t)i;
	trie_init(&acl->topics, seed);
	return acl;
}

struct acl *acl_ref(struct acl *acl)
{
	acl->refs++;
	return acl;
}

void acl_unref(struct acl *acl)
{
	if (acl == NULL || --acl->refs > 0)
		return;
	trie_finish(&acl->topics, NULL);
	for (size_t i = 0; i < acl->pattern_count; i++)
		free(acl->patterns[i].filter);
	free(acl->patterns);
	free(acl);
}

static unsigned rights_at(const struct trie_node *node)
{
	return node != NULL && node->value != NULL ? *(const uint8_t *)node->value : 0;
}

void acl_add_topic(struct acl *acl, struct span username, unsigned rights, struct span filter)
{
	struct trie_node *node = trie_child_open(&acl->topics, acl->topics.root, username);

	while (filter.data != NULL)
		node = trie_child_open(&acl->topics, node, span_cut(&filter, '/'));
	node->value = &acl->rights[rights_at(node) | rights];
}

static bool contains(struct span text, const char *word)
{
	return memmem(text.data, text.len, word, strlen(word)) != NULL;
}

void acl_add_pattern(struct acl *acl, unsigned rights, struct span filter)
{
	acl->patterns = grow_array(acl->patterns, acl->pattern_count, &acl->pattern_capacity,
			sizeof(*acl->patterns));
	acl->patterns[acl->pattern_count++] = (struct pattern){
		.rights = (uint8_t)rights,
		.has_username = contains(filter, "%u"),
		.has_client_id = contains(filter, "%c"),
		.filter = span_dup_text(filter),
	};
}

static bool is_allowed(unsigned rights, enum acl_access access)
{
	return (rights & ACL_DENY) == 0 && (rights & access) != 0;
}

/* --- one topic ------------------------------------------------------------------------------ */

/* The rights of all rules that match. As deep as the rules are, at most MAX_TOPIC_LEVELS. */
static unsigned collect(const struct trie *t, const struct trie_node *node, struct span rest,
		bool wildcards)
{
	unsigned rights = wildcards ? rights_at(trie_hash(t, node)) : 0;
	const struct trie_node *child;
	struct span level;

	if (rest.data == NULL)
		return rights | rights_at(node);
	level = span_cut(&rest, '/');
	child = trie_child(t, node, level);
	if (child != NULL)
		rights |= collect(t, child, rest, true);
	child = wildcards ? trie_plus(t, node) : NULL;
	if (child != NULL)
		rights |= collect(t, child, rest, true);
	return rights;
}

/* A name in which `+` and `#` are as good as any other character would be anybody. */
static bool patterns_apply(const struct acl_subject *s)
{
	return !topic_filter_has_wildcard(s->username) && !topic_filter_has_wildcard(s->client_id);
}

static bool is_several_levels(struct span name)
{
	return span_find(name, '/') < name.len;
}

static bool pattern_concerns(const struct pattern *p, const struct acl_subject *s)
{
	if (p->has_username && s->username.len == 0)
		return false;
	if (p->rights & ACL_DENY)
		return true;
	return !(p->has_username && is_several_levels(s->username)) &&
	       !(p->has_client_id && is_several_levels(s->client_id));
}

/* The name that stands for the two characters at the front, or data == NULL. */
static struct span substitute(struct span level, const struct acl_subject *s)
{
	if (level.len >= 2 && level.data[0] == '%' && level.data[1] == 'u')
		return s->username;
	if (level.len >= 2 && level.data[0] == '%' && level.data[1] == 'c')
		return s->client_id;
	return (struct span){ NULL, 0 };
}

/* Take one level of the pattern, with the names in it, off the topic. */
static bool take_level(struct span level, const struct acl_subject *s, struct span *topic)
{
	while (level.len > 0) {
		struct span name = substitute(level, s);
		struct span part = name.data != NULL ? name : span_first(level, 1);

		if (!span_starts_with(*topic, part))
			return false;
		*topic = span_of(topic->data + part.len, topic->len - part.len);
		level = span_from(level, name.data != NULL ? 2 : 1);
	}
	return span_cut(topic, '/').len == 0;
}

static bool pattern_matches(const struct pattern *p, const struct acl_subject *s, struct span topic)
{
	struct span rest = span_of_text(p->filter);

	if ((topic.data[0] == '$') != (rest.data[0] == '$'))
		return false;
	while (rest.data != NULL) {
		struct span level = span_cut(&rest, '/');

		if (span_equal(level, hash))
			return true;
		if (topic.data == NULL)
			return false;
		if (span_equal(level, plus))
			span_cut(&topic, '/');
		else if (!take_level(level, s, &topic))
			return false;
	}
	return topic.data == NULL;
}

static bool patterns_allow(const struct acl *acl, const struct acl_subject *s, struct span topic,
		enum acl_access access)
{
	unsigned rights = 0;

	for (size_t i = 0; i < acl->pattern_count; i++) {
		const struct pattern *p = &acl->patterns[i];

		if (pattern_concerns(p, s) && pattern_matches(p, s, topic))
			rights |= p->rights;
	}
	return is_allowed(rights, access);
}

bool acl_allows(const struct acl *acl, const struct acl_subject *s, struct span topic,
		enum acl_access access)
{
	const struct trie_node *user = trie_child(&acl->topics, acl->topics.root, s->username);
	unsigned rights;

	assert(topic.len > 0);
	rights = user != NULL ? collect(&acl->topics, user, topic, topic.data[0] != '$') : 0;
	if (rights & ACL_DENY)
		return false;
	if (rights & access)
		return true;
	return acl->pattern_count > 0 && patterns_apply(s) && patterns_allow(acl, s, topic, access);
}

/* --- a filter ------------------------------------------------------------------------------- */

static bool allows_below(const struct trie_node *node, bool is_first)
{
	if (is_allowed(rights_at(node), ACL_READ))
		return true;
	for (node = node->first_child; node != NULL; node = node->next) {
		if (is_first && node->name_len > 0 && node->name[0] == '$')
			continue;
		if (allows_below(node, false))
			return true;
	}
	return false;
}

static bool overlaps(const struct trie *t, const struct trie_node *node, struct span rest,
		bool is_first);

static bool child_overlaps(const struct trie *t, const struct trie_node *node, struct span level,
		struct span rest)
{
	const struct trie_node *child = trie_child(t, node, level);

	return child != NULL && overlaps(t, child, rest, false);
}

/* Has what is left of a filter a name in common with a rule below `node` that lets it be read? */
static bool overlaps(
		const struct trie *t, const struct trie_node *node, struct span rest, bool is_first)
{
	bool wildcards = !is_first || rest.len == 0 || rest.data[0] != '$';
	struct span level;

	if (wildcards && is_allowed(rights_at(trie_hash(t, node)), ACL_READ))
		return true;
	if (rest.data == NULL)
		return is_allowed(rights_at(node), ACL_READ);
	level = span_cut(&rest, '/');
	if (span_equal(level, hash))
		return allows_below(node, is_first);
	if (!span_equal(level, plus))
		return child_overlaps(t, node, level, rest) ||
		       (wildcards && child_overlaps(t, node, plus, rest));
	for (node = node->first_child; node != NULL; node = node->next) {
		if (is_first && node->name_len > 0 && node->name[0] == '$')
			continue;
		if (overlaps(t, node, rest, false))
			return true;
	}
	return false;
}

/* Does one rule below `node` deny all that is left of a filter? */
static bool denies(const struct trie *t, const struct trie_node *node, struct span rest,
		bool wildcards)
{
	const struct trie_node *child;
	struct span level;

	if (wildcards && rights_at(trie_hash(t, node)) & ACL_DENY)
		return true;
	if (rest.data == NULL)
		return (rights_at(node) & ACL_DENY) != 0;
	level = span_cut(&rest, '/');
	if (span_equal(level, hash))
		return false;
	child = trie_child(t, node, level);
	if (child != NULL && denies(t, child, rest, true))
		return true;
	child = wildcards ? trie_plus(t, node) : NULL;
	return child != NULL && denies(t, child, rest, true);
}

/* The pattern's filter with the names in it. */
static void expand(const struct pattern *p, const struct acl_subject *s, struct str *ret)
{
	struct span rest = span_of_text(p->filter);

	str_clear(ret);
	while (rest.len > 0) {
		struct span name = substitute(rest, s);

		str_append(ret, name.data != NULL ? name : span_first(rest, 1));
		rest = span_from(rest, name.data != NULL ? 2 : 1);
	}
}

static bool patterns_allow_filter(
		const struct acl *acl, const struct acl_subject *s, struct span filter)
{
	struct str expanded = { 0 };
	bool is_readable = false, is_denied = false;

	for (size_t i = 0; i < acl->pattern_count; i++) {
		const struct pattern *p = &acl->patterns[i];

		if (!pattern_concerns(p, s) || (filter.data[0] == '$') != (p->filter[0] == '$'))
			continue;
		expand(p, s, &expanded);
		if (p->rights & ACL_DENY)
			is_denied = is_denied || topic_filter_covers(str_span(&expanded), filter);
		else if (p->rights & ACL_READ)
			is_readable = is_readable ||
				      topic_filters_overlap(str_span(&expanded), filter);
	}
	str_finish(&expanded);
	return is_readable && !is_denied;
}

bool acl_allows_filter(const struct acl *acl, const struct acl_subject *s, struct span filter)
{
	const struct trie *t = &acl->topics;
	const struct trie_node *user = trie_child(t, t->root, s->username);

	assert(filter.len > 0);
	if (user != NULL && denies(t, user, filter, filter.data[0] != '$'))
		return false;
	if (user != NULL && overlaps(t, user, filter, true))
		return true;
	return acl->pattern_count > 0 && patterns_apply(s) && patterns_allow_filter(acl, s, filter);
}
