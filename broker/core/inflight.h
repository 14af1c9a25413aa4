/* SPDX-License-Identifier: MIT */
/*
 * Messages sent to one session and not yet acknowledged.
 *
 *     QoS 1:  PUBLISH ->            <- PUBACK
 *     QoS 2:  PUBLISH ->            <- PUBREC   PUBREL ->   <- PUBCOMP
 *
 * An entry keeps its packet identifier until the handshake ends, and its message until the
 * receiver has taken it over (PUBACK or PUBREC). The order of first transmission is the order of
 * retransmission [v5 MQTT-4.6.0-1].
 *
 * The table is indexed by the packet identifier itself: entry = identifier modulo capacity. Free
 * entries form a queue: the one that was given back longest ago is taken next, with the next of
 * its identifiers, so that acknowledgements in order make identifiers that go up one by one.
 * Nothing is ever searched, whichever entries a client leaves unanswered.
 */
#ifndef BROKER_CORE_INFLIGHT_H
#define BROKER_CORE_INFLIGHT_H

#include "broker/core/delivery.h"

enum inflight_state {
	INFLIGHT_FREE,
	INFLIGHT_WAIT_PUBACK,
	INFLIGHT_WAIT_PUBREC,
	INFLIGHT_WAIT_PUBCOMP, /* the message is gone, the identifier is not */
};

struct inflight_entry {
	struct delivery delivery;
	uint64_t order; /* of first transmission; in a free entry, the next free one */
	uint16_t packet_id;
	uint8_t state;	/* enum inflight_state */
	bool is_unsent; /* on this connection: its window was smaller than the last one's */
};

/* Zeroed memory is an empty table. */
struct inflight {
	struct inflight_entry *entries;
	uint32_t capacity; /* power of two, or 0 */
	uint32_t count;
	uint32_t unsent; /* of them */
	uint32_t free_first, free_last, free_count;
	/* Packet identifiers that were unsent when the connection began, in their order. */
	uint16_t *resend;
	uint32_t resend_at, resend_count;
	size_t bytes;
	uint64_t next_order;
	uint64_t unchecked_before; /* entries of a lower order were sent under other rights */
	uint16_t last_id;
};

void inflight_finish(struct inflight *f);

/*
 * Enter a delivery of QoS 1 or 2 and give it a packet identifier; takes over its references.
 * There must be room: at most 65,535 entries.
 */
struct inflight_entry *inflight_add(struct inflight *f, struct delivery d);

/*
 * Enter one that was in flight before a restart, in the order of first transmission; takes over the
 * references of `d` if it returns true. False: the identifier is in use, or none. After the last
 * one inflight_restored() has to be called before anything else.
 */
bool inflight_restore(struct inflight *f, struct delivery d, uint16_t packet_id,
		enum inflight_state state);
void inflight_restored(struct inflight *f);

/* The entry of a packet identifier, or NULL. Valid until the next inflight_add(). */
struct inflight_entry *inflight_find(struct inflight *f, uint16_t packet_id);

/* The receiver has the message (PUBREC): let go of it, wait for PUBCOMP. */
void inflight_received(struct inflight *f, struct inflight_entry *entry);

/* The handshake is over. */
void inflight_remove(struct inflight *f, struct inflight_entry *entry);

/* A new connection: it has seen none of the entries yet. O(n log n), once. */
void inflight_mark_unsent(struct inflight *f);

/*
 * The oldest entry that this connection has not seen, which counts as sent from now on; NULL when
 * there is none. In the order of first transmission, each in constant time: a client that
 * acknowledges one by one must not make the broker search for the next every time.
 */
struct inflight_entry *inflight_next_unsent(struct inflight *f);

#endif
