/* SPDX-License-Identifier: MIT */
#include "broker/core/access.h"

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

void access_assign(
		struct shard *shard, struct session *s, struct span username, struct policy *policy)
{
	bool same = s->policy != NULL && s->policy->acl == policy->acl &&
		    span_equal(username, session_username(s));

	session_assign(s, username, policy);
	s->was_denied = false;
	if (!same)
		rights_changed(shard, s);
}

void access_change_policy(struct shard *shard, struct session *s, struct policy *policy)
{
	bool same = s->policy->acl == policy->acl;

	session_change_policy(s, policy);
	s->was_denied = false;
	if (!same)
		rights_changed(shard, s);
}
