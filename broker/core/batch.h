/* SPDX-License-Identifier: MIT */
/*
 * What one commit of the store makes durable: all that has happened from one end of a turn to
 * another, less what has happened and been undone in that time.
 *
 * The event loop fills it (ledger.h); when it is sealed, the store's thread reads it while the loop
 * goes on. It therefore borrows nothing that the loop may change: it holds references to messages,
 * of which the thread reads what never changes (not the reference counts), and everything else is a
 * copy. It is cleared by the loop when the commit is done.
 *
 * The order in which the parts are written does not matter, except that what is put comes before
 * what is removed.
 */
#ifndef BROKER_CORE_BATCH_H
#define BROKER_CORE_BATCH_H

#include "broker/core/delivery.h"
#include "common/str.h"

/* Message number first_message + its place in the array. */
struct batch_message {
	struct message *message; /* a reference; NULL: nobody needs it any more */
	bool is_retained;
	uint32_t next_free; /* while nobody does: the next such, as `free_messages` */
};

/* Delivery number first_delivery + its place in the array. */
struct batch_delivery {
	uint64_t session;	      /* 0: it is over */
	uint64_t message;	      /* 0: taken over by the receiver */
	struct subscription_ids *ids; /* a reference, or NULL */
	uint32_t group;
	uint16_t packet_id; /* 0: not sent */
	uint8_t qos;
	uint8_t state; /* enum inflight_state; FREE: not sent */
	bool retain;
	bool is_pressing; /* it will hardly be over before it is on disk */
};

/* A delivery that an earlier batch has written. */
struct batch_change {
	uint64_t delivery;
	uint16_t packet_id;
	uint8_t qos;
	uint8_t state;
	bool is_taken; /* its message need not be kept for it */
};

struct number_list {
	uint64_t *all;
	size_t count, capacity;
};

struct batch {
	uint64_t number;	 /* its own, or of its later part; counted from 1 (ledger.h) */
	struct duration to_wall; /* what an instant is off the wall clock's nanoseconds */
	uint64_t first_message, first_delivery;
	struct batch_message *messages;
	struct batch_delivery *deliveries;
	struct batch_change *changes;
	size_t message_count, message_capacity;
	uint32_t free_messages; /* place + 1 of the first that nobody needs, 0: none */
	size_t delivery_count, delivery_capacity;
	size_t change_count, change_capacity;
	struct number_list over_deliveries; /* of earlier batches; removed last */
	struct number_list over_messages;   /* of earlier batches */
	struct number_list unretained;	    /* of earlier batches, and still waited for */
	struct str records;		    /* common/store_log.h */
	size_t live;			    /* puts and removals that are left */
	size_t pressing;		    /* of them, what somebody waits for the disk with */
	size_t deliveries_passed;	    /* so many at the beginning are over: batch_trim() */
};

/* Give back what it holds and begin anew. */
void batch_clear(struct batch *b);

/* Deliveries at its beginning that are over are passed, and left out when that is worth it. */
void batch_trim(struct batch *b);

/* Deliveries at its end that are over are left out: their numbers are given again. */
void batch_cut(struct batch *b);

/* Give back its memory too. */
void batch_finish(struct batch *b);

#endif
