/* SPDX-License-Identifier: MIT */
#include "broker/core/source.h"

#include <assert.h>

enum { KEY_PREFIX = 2 * sizeof(uint16_t) };

_Static_assert(offsetof(struct source, names) - offsetof(struct source, username_len) == KEY_PREFIX,
		"the lengths and the names form one key");

static struct span key_of(const struct source *s)
{
	return span_of(&s->username_len, KEY_PREFIX + (size_t)s->username_len + s->client_id_len);
}

static struct source *source_create(struct span username, struct span client_id)
{
	struct source *s = xcalloc(1, sizeof(*s) + username.len + client_id.len);

	s->refs = 1;
	s->username_len = (uint16_t)username.len;
	s->client_id_len = (uint16_t)client_id.len;
	if (username.len > 0)
		memcpy(s->names, username.data, username.len);
	memcpy(s->names + username.len, client_id.data, client_id.len);
	return s;
}

struct source *source_open(struct source_table *t, struct span username, struct span client_id,
		struct policy *policy)
{
	struct source *s = source_create(username, client_id), *found;
	struct span key = key_of(s);
	uint32_t hash = hash_span(t->seed, key);

	HASH_FIND_BYHASHVALUE(hh, t->table, key.data, key.len, hash, found);
	if (found != NULL)
		policy_follow(&found->policy);
	if (found != NULL && found->policy == policy) {
		free(s);
		return source_ref(found);
	}
	/* The same names by another listener are another source; which of them is found next does
	   not matter. */
	s->table = t;
	s->policy = policy_ref(policy);
	s->listener = xstrdup(policy->listener != NULL ? policy->listener : "");
	HASH_ADD_BYHASHVALUE(hh, t->table, username_len, (unsigned)key.len, hash, s);
	return s;
}

void source_unref(struct source *s)
{
	if (s == NULL)
		return;
	assert(s->refs > 0);
	if (--s->refs > 0)
		return;
	HASH_DEL(s->table->table, s);
	policy_unref(s->policy);
	free(s->listener);
	free(s);
}

bool source_may_write(struct source *s, struct span topic)
{
	const struct acl_subject subject = {
		.username = source_username(s),
		.client_id = source_client_id(s),
	};

	policy_follow(&s->policy);
	return s->policy->acl == NULL || acl_allows(s->policy->acl, &subject, topic, ACL_WRITE);
}
