/* SPDX-License-Identifier: MIT */
/*
 * Packets that a client gets when what they promise is on disk: PUBACK, PUBREC, PUBCOMP, SUBACK,
 * UNSUBACK, CONNACK and PUBREL.
 *
 * They are encoded when they are due and then kept here, apart from the client's output, for each
 * part of the batch that gathers and of the one that is being committed (ledger.h). What else the
 * client is sent passes them by, unless one of them has to come before it: after CONNACK, and after
 * a PUBLISH of QoS 2, which waits as well (its packet identifier must be known after a crash, or
 * the receiver would take it for another), everything waits; behind SUBACK the retained messages
 * do.
 *
 * Who has nothing withheld owns nothing of this.
 */
#ifndef BROKER_CORE_WITHHELD_H
#define BROKER_CORE_WITHHELD_H

#include "broker/core/client.h"
#include "broker/core/ledger.h"
#include "broker/core/output.h"

enum withhold {
	WITHHOLD_NOT,
	WITHHOLD,	   /* it waits, others may pass */
	WITHHOLD_IN_ORDER, /* and what follows stays behind it */
};

/* While a batch of two parts is committed, the one that gathers has one. */
enum { WITHHELD_PARTS = 3 };

struct withheld {
	struct client *previous, *next;	     /* utlist: in the ledger's list of those who wait */
	struct output parts[WITHHELD_PARTS]; /* part n at n % WITHHELD_PARTS */
	bool is_in_order[WITHHELD_PARTS];
	uint64_t connack; /* the part that it waits for; 0: the client has been answered */
};

/*
 * Where the next packet for the client goes: its output, or what is withheld from it. `how` is
 * WITHHOLD_NOT for what may go at once, if it may.
 */
struct output *withheld_output(struct client *c, enum withhold how);

/* Has the client been sent its CONNACK? */
static inline bool withheld_is_answered(const struct client *c)
{
	return c->withheld == NULL || c->withheld->connack == 0;
}

/* The part is committed, or need not be: what waits for it goes out, in its order. */
void withheld_release(struct client *c, uint64_t part);

/* The connection ends: it gets none of it. */
void withheld_drop(struct client *c);

/*
 * The store cannot take more: a PUBACK that waits becomes one that says so, and goes out (MQTT 5).
 * The exchange of QoS 2 goes on waiting, and others may pass it now: those that have stood behind
 * it go out, before any that comes later. Returns false for a client that can only be told by the
 * end of its connection.
 */
bool withheld_refuse(struct client *c);

#endif
