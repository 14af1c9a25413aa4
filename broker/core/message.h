/* SPDX-License-Identifier: MIT */
/*
 * One application message: topic, forwarded properties and payload in a single immutable
 * allocation that is shared by reference count.
 *
 * One producer, many consumers: who routes a message creates it with one reference and drops that
 * when the routing is over; every outbox, in-flight entry, retained slot and output chunk that
 * keeps it takes its own. It is freed with the last. What differs from receiver to receiver
 * (packet identifier, granted QoS, retain flag, subscription identifiers) never lives here.
 *
 * A shard is one thread, so the count is a plain number.
 */
#ifndef BROKER_CORE_MESSAGE_H
#define BROKER_CORE_MESSAGE_H

#include "broker/mqtt/property.h"
#include "common/clock.h"
#include "common/span.h"

struct source;

/* Messages that are alive, whoever waits for them. */
struct message_sum {
	size_t count;
	size_t bytes; /* of message_size() */
};

struct message {
	uint32_t refs;
	uint32_t payload_len;
	uint32_t properties_len;
	uint16_t topic_len;
	uint16_t publisher_len; /* of the properties, what publisher.h says; they come last */
	uint8_t qos;		/* as published */
	bool retain;		/* as published */
	struct source *source;	/* a reference; who published it, NULL unless it is retained */
	struct instant expires; /* INSTANT_NEVER without a message expiry interval */
	struct message_sum *counted_in; /* message_count() */
	uint64_t number;		/* on disk; 0: it is not (ledger.h) */
	uint32_t kept;			/* by how many deliveries, or as retained, it is */
	uint8_t bytes[];		/* topic, properties, payload */
};

/*
 * Copies everything. `properties` may be NULL; of them those stay that a server forwards
 * unaltered (v5 3.3.2.3: all but topic alias, subscription identifier and the expiry interval,
 * which becomes `expires`).
 */
struct message *message_create(struct span topic, const struct properties *properties,
		struct span payload, uint8_t qos, bool retain, struct instant now);

/*
 * The same, with encoded properties of publisher.h behind the forwarded ones, of which those that
 * claim to be such are left out. `publisher` is empty: nothing is added and nothing left out.
 */
struct message *message_create_of(struct span publisher, struct span topic,
		const struct properties *properties, struct span payload, uint8_t qos, bool retain,
		struct instant now);

/* From what another has been, as message_topic() and its like have said. */
struct message *message_create_again(struct span topic, struct span properties,
		uint16_t publisher_len, struct span payload);

static inline struct message *message_ref(struct message *m)
{
	m->refs++;
	return m;
}

/*
 * Have it counted in *sum as long as it lives, which is shorter than *sum does. The first to ask
 * for that is heard.
 */
void message_count(struct message *m, struct message_sum *sum);

/* Accepts NULL. */
void message_unref(struct message *m);

static inline struct span message_topic(const struct message *m)
{
	return span_of(m->bytes, m->topic_len);
}

static inline struct span message_properties(const struct message *m)
{
	return span_of(m->bytes + m->topic_len, m->properties_len);
}

/* Without what is for those alone who may see who publishes. */
static inline struct span message_plain_properties(const struct message *m)
{
	return span_of(m->bytes + m->topic_len, m->properties_len - m->publisher_len);
}

static inline struct span message_payload(const struct message *m)
{
	return span_of(m->bytes + m->topic_len + m->properties_len, m->payload_len);
}

/* What it counts in a budget of bytes. */
static inline size_t message_size(const struct message *m)
{
	return sizeof(*m) + m->topic_len + m->properties_len + m->payload_len;
}

static inline bool message_is_expired(const struct message *m, struct instant now)
{
	return instant_reached(m->expires, now);
}

#endif
