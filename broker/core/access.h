/* SPDX-License-Identifier: MIT */
/*
 * Where the rules of a listener's acl_file are asked:
 *
 *     PUBLISH            may the client write the topic? A message that is denied goes nowhere.
 *     SUBSCRIBE          is there anything under the filter that it may read?
 *     delivery           may the session read the topic? Asked when the receivers of a topic are
 *                        worked out, so that a PUBLISH whose receivers are known costs nothing;
 *                        of a shared subscription, message by message.
 *     retained messages  may the session read the topic, and may who published it still write it?
 *     wills              when set and again when fired
 *     waiting messages   when they are sent, if the rights of their session have changed since
 *                        they were queued (CVE-2021-34434)
 *
 * Rights change when a session goes on under another user name or listener, and when a reload
 * brings new rules. Either way the receivers of all topics are worked out anew.
 */
#ifndef BROKER_CORE_ACCESS_H
#define BROKER_CORE_ACCESS_H

#include "broker/core/acl.h"
#include "broker/core/shard.h"

static inline struct acl_subject access_subject(const struct session *s)
{
	return (struct acl_subject){ session_username(s), session_id(s) };
}

/* access_may() of a session whose listener restricts it. */
bool access_asked(const struct session *s, struct span topic, enum acl_access access);

/*
 * May the session read or write the valid name `topic`? What lies outside of its listener's mount
 * point it cannot read.
 */
static inline bool access_may(const struct session *s, struct span topic, enum acl_access access)
{
	const struct policy *p = s->policy;

	return p == NULL || (p->acl == NULL && p->mount_point == NULL) ||
	       access_asked(s, topic, access);
}

/* Count a message that was denied, and tell the operator. */
void access_denied(struct shard *shard, struct session *s, enum denial what, struct span topic);

/*
 * From now on the session is used under this name and this policy: session_assign(), and what
 * follows when its rights are no longer the same.
 */
void access_assign(struct shard *shard, struct session *s, struct span username,
		struct policy *policy);

/* The same name under another policy: session_change_policy(), and what follows. */
void access_change_policy(struct shard *shard, struct session *s, struct policy *policy);

#endif
