/* SPDX-License-Identifier: MIT */
#include "broker/core/access.h"

#include "broker/core/mount.h"

bool access_asked(const struct session *s, struct span topic, enum acl_access access)
{
	const struct acl_subject subject = access_subject(s);

	if (access == ACL_READ && mount_out(s->policy, topic).data == NULL)
		return false;
	return s->policy->acl == NULL || acl_allows(s->policy->acl, &subject, topic, access);
}

void access_denied(struct shard *shard, struct session *s, enum denial what, struct span topic)
{
	if (what != DENIED_SUBSCRIBE)
		shard->counters.dropped_denied++;
	if (shard->observer.denied != NULL)
		shard->observer.denied(
				shard->observer.owner, session_id(s), what, topic, !s->was_denied);
	s->was_denied = true;
}

/* What was queued or is in flight was let through under other rights: it is asked about again. */
static void rights_changed(struct shard *shard, struct session *s)
{
	s->outbox.unchecked = s->outbox.count;
	s->inflight.unchecked_before = s->inflight.next_order;
	topic_tree_forget(&shard->topics);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool gives_same_rights(const struct policy *a, const struct policy *b)
{
	return a->acl == b->acl && same_text(a->mount_point, b->mount_point);
}

void access_assign(
		struct shard *shard, struct session *s, struct span username, struct policy *policy)
{
	bool same = s->policy != NULL && gives_same_rights(s->policy, policy) &&
		    span_equal(username, session_username(s));

	session_assign(s, username, policy);
	s->was_denied = false;
	if (!same)
		rights_changed(shard, s);
}

void access_change_policy(struct shard *shard, struct session *s, struct policy *policy)
{
	bool same = gives_same_rights(s->policy, policy);

	session_change_policy(s, policy);
	s->was_denied = false;
	if (!same)
		rights_changed(shard, s);
}
