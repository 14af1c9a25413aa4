/* SPDX-License-Identifier: MIT */
/*
 * mount_point: a listener's clients live in a part of the topics and do not know it. Its text is
 * put before every topic and filter that they name, on their way in, and taken off what they are
 * sent. Everything in between, the rules of an acl_file included, sees the whole topic. As with
 * Mosquitto, it is text: the slash between the two is its own, and the response topic of a message
 * is left alone.
 */
#ifndef BROKER_CORE_MOUNT_H
#define BROKER_CORE_MOUNT_H

#include "broker/core/policy.h"
#include "common/str.h"

/* `scratch` holds the whole topic, if there is a mount point; the topic itself comes back else. */
static inline struct span mount_in(const struct policy *p, struct str *scratch, struct span topic)
{
	if (p->mount_point == NULL)
		return topic;
	str_clear(scratch);
	str_append_text(scratch, p->mount_point);
	str_append(scratch, topic);
	return str_span(scratch);
}

/* What the client knows it by; data == NULL for a topic that lies elsewhere. */
static inline struct span mount_out(const struct policy *p, struct span topic)
{
	struct span prefix;

	if (p == NULL || p->mount_point == NULL)
		return topic;
	prefix = span_of_text(p->mount_point);
	if (!span_starts_with(topic, prefix))
		return (struct span){ NULL, 0 };
	return span_from(topic, prefix.len);
}

#endif
