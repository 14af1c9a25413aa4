/* SPDX-License-Identifier: MIT */
/*
 * A message on its way to one session: the shared message and what differs per receiver.
 */
#ifndef BROKER_CORE_DELIVERY_H
#define BROKER_CORE_DELIVERY_H

#include "broker/core/message.h"
#include "common/mem.h"

/* The subscription identifiers of a receiver, encoded as properties; shared by reference count. */
struct subscription_ids {
	uint32_t refs;
	uint32_t len;
	uint8_t bytes[];
};

struct delivery {
	struct message *message;      /* owned reference */
	struct subscription_ids *ids; /* owned reference, or NULL */
	uint8_t qos;		      /* granted: the smaller of published and subscribed */
	bool retain;		      /* the flag that the receiver sees */
	uint32_t group;		      /* shared subscription that it came by (share.h), 0: none */
	uint64_t number;	      /* on disk; 0: it is not (ledger.h) */
};

static inline struct subscription_ids *subscription_ids_ref(struct subscription_ids *ids)
{
	if (ids != NULL)
		ids->refs++;
	return ids;
}

/*
 * `ids` with one more identifier: takes over that reference, which nobody shares yet, and returns
 * the new one. 0 is no identifier, and then `ids` comes back, which may be NULL.
 */
struct subscription_ids *subscription_ids_add(struct subscription_ids *ids, uint32_t identifier);

static inline void subscription_ids_unref(struct subscription_ids *ids)
{
	if (ids != NULL && --ids->refs == 0)
		free(ids);
}

static inline void delivery_finish(struct delivery *d)
{
	message_unref(d->message);
	subscription_ids_unref(d->ids);
	d->message = NULL;
	d->ids = NULL;
}

#endif
