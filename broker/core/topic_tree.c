/* SPDX-License-Identifier: MIT */
#include "broker/core/topic_tree.h"

#include "broker/core/access.h"
#include "broker/core/share.h"
#include "common/mem.h"

/* What one of max_matches answers may take on average, before the cache counts as full. */
enum { MATCH_BYTES = 512 };

/* Who is subscribed to one filter: the value of its node. */
struct filter_subscribers {
	struct subscriber_list each;
	struct share_group *groups;
};

static void free_subscribers(void *value)
{
	struct filter_subscribers *f = value;

	subscriber_list_finish(&f->each);
	share_list_free(&f->groups);
	free(f);
}

void topic_tree_init(struct topic_tree *t, uint64_t seed, size_t max_matches)
{
	*t = (struct topic_tree){ .generation = 1, .max_matches = max_matches };
	trie_init(&t->filters, seed);
	t->shares.seed = seed;
}

static void match_clear(struct match *m)
{
	for (uint32_t i = 0; i < m->count; i++)
		subscription_ids_unref(m->targets[i].ids);
	m->count = 0;
}

static void match_free(struct match *m)
{
	if (m == NULL)
		return;
	match_clear(m);
	free(m->targets);
	free(m);
}

static void forget_matches(struct topic_tree *t)
{
	struct match *m, *next;

	HASH_ITER (hh, t->matches, m, next) {
		HASH_DEL(t->matches, m);
		match_free(m);
	}
	t->match_count = 0;
	t->match_bytes = 0;
}

void topic_tree_finish(struct topic_tree *t)
{
	forget_matches(t);
	match_free(t->overflow);
	share_table_clear(&t->shares);
	trie_finish(&t->filters, free_subscribers);
	*t = (struct topic_tree){ 0 };
}

/* The list that a subscription to this filter stands in; NULL when there is no such group. */
static struct subscriber_list *list_of(const struct topic_tree *t, const struct trie_node *node,
		struct span group, struct share_group **ret_group)
{
	struct filter_subscribers *f = node->value;

	*ret_group = NULL;
	if (f == NULL || group.data == NULL)
		return f != NULL ? &f->each : NULL;
	*ret_group = share_group_find(&t->shares, node, group);
	return *ret_group != NULL ? &(*ret_group)->members : NULL;
}

static struct subscription *find(const struct topic_tree *t, struct subscription *of_session,
		const struct trie_node *node, struct span group_name)
{
	struct share_group *group;
	struct subscriber_list *list = list_of(t, node, group_name, &group);
	const struct session *session;

	if (list == NULL || of_session == NULL)
		return NULL;
	session = of_session->session;
	/*
	 * Both lists hold it, if it exists: the filter's subscribers and the session's filters. One
	 * step in each at a time ends with the shorter, so that neither many subscribers of one
	 * filter nor many filters of one client are expensive alone.
	 */
	for (size_t i = 0; i < list->count && of_session != NULL; i++) {
		if (list->all[i]->session == session)
			return list->all[i];
		if (of_session->node == node && of_session->group == group)
			return of_session;
		of_session = of_session->next_of_session;
	}
	return NULL;
}

static void link_to_session(struct subscription *s, struct subscription **of_session)
{
	s->next_of_session = *of_session;
	s->link_of_session = of_session;
	if (s->next_of_session != NULL)
		s->next_of_session->link_of_session = &s->next_of_session;
	*of_session = s;
}

struct subscription *topic_tree_find(const struct topic_tree *t, struct subscription *list,
		struct span group, struct span filter)
{
	const struct trie_node *node = trie_find(&t->filters, filter);

	return node != NULL ? find(t, list, node, group) : NULL;
}

static void add(struct topic_tree *t, struct trie_node *node, struct subscription *s,
		struct span group_name)
{
	struct filter_subscribers *f = node->value;

	if (f == NULL)
		node->value = f = xcalloc(1, sizeof(*f));
	if (group_name.data != NULL)
		s->group = share_group_open(&t->shares, &f->groups, node, group_name);
	s->node = node;
	subscriber_list_add(s->group != NULL ? &s->group->members : &f->each, s);
	t->subscriptions++;
	t->shared_subscriptions += s->group != NULL;
}

static void drop(struct topic_tree *t, struct subscription *s)
{
	struct filter_subscribers *f = s->node->value;

	t->subscriptions--;
	t->shared_subscriptions -= s->group != NULL;
	t->generation++;
	session_stop_awaiting(s);
	s->session->subscription_count--;
	*s->link_of_session = s->next_of_session;
	if (s->next_of_session != NULL)
		s->next_of_session->link_of_session = s->link_of_session;

	subscriber_list_remove(s->group != NULL ? &s->group->members : &f->each, s);
	if (s->group != NULL && s->group->members.count == 0)
		share_group_destroy(&t->shares, &f->groups, s->group);
	if (f->each.count == 0 && f->groups == NULL) {
		free_subscribers(f);
		s->node->value = NULL;
		trie_release(&t->filters, s->node);
	}
	free(s);
}

/* [v5 MQTT-3.3.1-9, MQTT-3.3.1-10, MQTT-3.3.1-11]; a group gets none (v5 4.8.2) */
static bool wants_retained(const struct subscribe_options *options, bool is_new)
{
	return options->group.data == NULL &&
	       (options->retain_handling == 0 || (options->retain_handling == 1 && is_new));
}

bool topic_tree_subscribe(struct topic_tree *t, struct session *session,
		struct subscription **of_session, struct span filter,
		const struct subscribe_options *options)
{
	struct trie_node *node = trie_insert(&t->filters, filter);
	struct subscription *s = find(t, *of_session, node, options->group);
	bool is_new = s == NULL;

	if (is_new) {
		s = xcalloc(1, sizeof(*s));
		s->session = session;
		add(t, node, s, options->group);
		link_to_session(s, of_session);
		session->subscription_count++;
	}
	s->identifier = options->identifier;
	s->qos = options->qos;
	s->no_local = options->no_local;
	s->retain_as_published = options->retain_as_published;
	if (wants_retained(options, is_new))
		session_await(s);
	t->generation++;
	return is_new;
}

bool topic_tree_unsubscribe(struct topic_tree *t, struct subscription *of_session,
		struct span group, struct span filter)
{
	struct trie_node *node = trie_find(&t->filters, filter);
	struct subscription *s = node != NULL ? find(t, of_session, node, group) : NULL;

	if (s == NULL)
		return false;
	drop(t, s);
	return true;
}

void topic_tree_remove_all(struct topic_tree *t, struct subscription **of_session)
{
	while (*of_session != NULL)
		drop(t, *of_session);
}

void topic_tree_forget(struct topic_tree *t)
{
	t->generation++;
}

/* --- matching ------------------------------------------------------------------------------- */

static struct match_target *append_target(struct match *m)
{
	if (m->count == m->capacity) {
		m->capacity = m->capacity > 0 ? m->capacity * 2 : 1;
		m->targets = xrealloc(m->targets, m->capacity * sizeof(*m->targets));
	}
	return &m->targets[m->count++];
}

static void append_subscription(struct match *m, const struct subscription *s, bool own_only)
{
	*append_target(m) = (struct match_target){
		.session = s->session,
		.ids = subscription_ids_add(NULL, s->identifier),
		.qos = s->qos,
		.no_local = s->no_local,
		.own_only = own_only,
		.retain_as_published = s->retain_as_published,
	};
}

static void merge(struct match_target *target, const struct subscription *s)
{
	target->qos = target->qos > s->qos ? target->qos : s->qos;
	target->retain_as_published = target->retain_as_published || s->retain_as_published;
	target->ids = subscription_ids_add(target->ids, s->identifier);
}

static struct subscription_ids *copy_ids(const struct subscription_ids *ids)
{
	struct subscription_ids *copy = NULL;
	struct property p;
	struct reader r;

	if (ids == NULL)
		return NULL;
	r = reader_of(span_of(ids->bytes, ids->len));
	while (property_next(&r, &p))
		copy = subscription_ids_add(copy, p.number);
	return copy;
}

/*
 * Some of a session's subscriptions are "no local" and some are not: what others publish goes by
 * all of them, what the session publishes itself by those that are not [v5 MQTT-3.8.3-3]. The
 * second answer is a target of its own, behind the first.
 */
static void add_to_own(struct match *m, const struct subscription *s, uint32_t place)
{
	struct match_target *own;

	if (s->no_local == m->targets[place].no_local)
		return;
	if (s->no_local) { /* the first one: all before it count for the session's own too */
		own = append_target(m);
		*own = m->targets[place];
		own->ids = copy_ids(own->ids);
		own->own_only = true;
		m->targets[place].no_local = true;
		return;
	}
	for (uint32_t i = place + 1; i < m->count; i++) {
		if (m->targets[i].session == s->session) {
			merge(&m->targets[i], s);
			return;
		}
	}
	append_subscription(m, s, true);
}

static void add_session(struct match *m, const struct subscription *s)
{
	struct session *session = s->session;
	uint32_t place = session->match_place;

	/* A session remembers where the last answer that named it did so. */
	if (place < m->count && m->targets[place].session == session &&
			!m->targets[place].own_only) {
		add_to_own(m, s, place);
		merge(&m->targets[place], s);
		return;
	}
	if (!access_may(session, span_of(m->topic, m->topic_len), ACL_READ))
		return;
	session->match_place = m->count;
	append_subscription(m, s, false);
}

static void collect(struct match *m, const struct trie_node *node)
{
	const struct filter_subscribers *f = node != NULL ? node->value : NULL;

	if (f == NULL)
		return;
	for (size_t i = 0; i < f->each.count; i++)
		add_session(m, f->each.all[i]);
	for (struct share_group *g = f->groups; g != NULL; g = g->next)
		*append_target(m) = (struct match_target){ .group = g };
}

/* At most MAX_TOPIC_LEVELS deep: longer names are not valid. */
static void walk(const struct topic_tree *t, struct match *m, const struct trie_node *node,
		struct span rest, bool wildcards)
{
	const struct trie_node *child;
	struct span level;

	if (wildcards)
		collect(m, trie_hash(&t->filters, node)); /* "a/#" matches "a" as well */
	if (rest.data == NULL) {
		collect(m, node);
		return;
	}
	level = span_cut(&rest, '/');
	child = trie_child(&t->filters, node, level);
	if (child != NULL)
		walk(t, m, child, rest, true);
	child = wildcards ? trie_plus(&t->filters, node) : NULL;
	if (child != NULL)
		walk(t, m, child, rest, true);
}

static struct match *match_create(struct span topic)
{
	struct match *m = xcalloc(1, sizeof(*m) + topic.len);

	m->topic_len = (uint16_t)topic.len;
	memcpy(m->topic, topic.data, topic.len);
	return m;
}

/* What a match counts in the cache's budget of bytes. */
static size_t match_size(const struct match *m)
{
	size_t size = sizeof(*m) + m->topic_len + m->capacity * sizeof(*m->targets);

	for (uint32_t i = 0; i < m->count; i++)
		size += m->targets[i].ids != NULL ? m->targets[i].ids->len : 0;
	return size;
}

static struct match *lookup(struct topic_tree *t, struct span topic, uint32_t hash)
{
	struct match *m;

	HASH_FIND_BYHASHVALUE(hh, t->matches, topic.data, topic.len, hash, m);
	return m;
}

const struct match *topic_tree_cached(struct topic_tree *t, struct span topic)
{
	struct match *m = lookup(t, topic, hash_span(t->filters.seed, topic));

	return m != NULL && m->generation == t->generation ? m : NULL;
}

static struct match *match_for(struct topic_tree *t, struct span topic, uint32_t hash)
{
	struct match *m = lookup(t, topic, hash);

	if (m != NULL)
		return m;
	m = match_create(topic);
	if (t->max_matches == 0) {
		match_free(t->overflow);
		t->overflow = m;
		return m;
	}
	/*
	 * Strangers choose topics. A full cache is emptied: what is hot comes back at once, and
	 * what was only seen once does not.
	 */
	if (t->match_count >= t->max_matches)
		forget_matches(t);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, t->matches, m->topic, m->topic_len, hash, m);
	t->match_count++;
	return m;
}

const struct match *topic_tree_match(struct topic_tree *t, struct span topic)
{
	uint32_t hash = hash_span(t->filters.seed, topic);
	bool wildcards = topic.len == 0 || topic.data[0] != '$';
	struct match *m = lookup(t, topic, hash);

	if (m != NULL && m->generation == t->generation)
		return m;
	/* Answers differ in size: long names, many receivers. */
	if (t->match_bytes > t->max_matches * MATCH_BYTES)
		forget_matches(t);
	m = match_for(t, topic, hash);
	t->match_bytes -= m->generation > 0 ? match_size(m) : 0;
	match_clear(m);
	walk(t, m, t->filters.root, topic, wildcards);
	m->generation = t->generation;
	t->match_bytes += match_size(m);
	return m;
}
