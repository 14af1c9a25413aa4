/* SPDX-License-Identifier: MIT */
/*
 * What has to survive the end of the process, as it happens: every change of a durable session, of
 * what waits for it and of the retained messages is noted here, in the batch that gathers.
 *
 * The way of a durable message:
 *
 *     PUBLISH ──▶ router.c ─┬─▶ ledger_delivery_added(), for each receiver that lasts: open batch
 *                           └─▶ the publisher's PUBACK, withheld
 *
 *     at the end of the turn (broker/persistence.c)
 *         either all its receivers are done with it before the commit is due:
 *             ledger_settle() ──▶ PUBACK; the disk never hears of it
 *         or it is:
 *             ledger_seal() ──▶ sealed batch ──▶ the store's thread: records, one transaction
 *                               (broker/store/store.h)                (broker/store/write.h)
 *     at the end of a later turn
 *             ledger_committed() ──▶ PUBACK
 *
 *     after a restart: broker/store/load.h ──▶ restore.h ──▶ a shard like the one before,
 *                                                            ledger_start()
 *
 * At most two batches exist, the open one that gathers and the sealed one that the store has. What
 * a client was promised (PUBACK, SUBACK, ...) waits until the batch that holds the promise is
 * committed (withheld.h). What is undone while its batch still gathers is taken out again: a
 * message that all its receivers have acknowledged by then costs the disk nothing.
 *
 * While messages flow, most need no commit at all, if the batch gathers for a while. Then it has an
 * earlier and a later part: when all deliveries of the earlier one are over, what was promised for
 * them is released (ledger_settle()), the later part becomes the earlier one and another begins.
 * Promises are numbered by these parts; the number of a batch is that of its last part.
 *
 * Numbers: messages and deliveries are numbered in the order in which they are first noted; 0 means
 * that nothing of it is or will be on disk. What has a number of the open batch or above can be
 * changed in place, for what is older the change itself is noted.
 *
 * A session that outlives its connection is durable; one that does not is noted all the same while
 * it has a will, for that is owed to others.
 *
 * While it is off, nothing is noted and nothing waits: every session's number is 0.
 */
#ifndef BROKER_CORE_LEDGER_H
#define BROKER_CORE_LEDGER_H

#include "broker/core/batch.h"
#include "broker/core/inflight.h"
#include "broker/core/session.h"

struct client;

/* A moment is the time between two calls of ledger_pace(); busy is one with more deliveries. */
enum { LEDGER_MOMENTS = 8, LEDGER_BUSY = 400 };

struct ledger {
	bool is_on;
	bool is_prompt;	 /* what is promised waits for the disk */
	bool is_failing; /* the store cannot take more: what would have to be kept is refused */
	bool is_full;	 /* that is why: nothing else is wrong with it */
	struct batch *open;
	struct batch *sealed; /* NULL: the store has none */
	struct batch batches[2];
	uint64_t last_session;
	uint64_t first_session;	 /* that began in the open batch: none of it has a record yet */
	uint64_t promises;	 /* changes so far that somebody may wait for */
	uint64_t before_packet;	 /* `promises` when the packet at hand began */
	struct session *changed; /* utlist: whose records have to be written */
	struct client *waiting;	 /* utlist: who has packets that are withheld */
	uint64_t settled;	 /* the last part of which all promises are released */
	uint64_t earlier_end;	 /* the delivery behind the open batch's earlier part; 0: none */
	struct pace {
		uint64_t noted, soon_over;	/* deliveries, in this moment */
		uint64_t marks[LEDGER_MOMENTS]; /* the first delivery of each, round and round */
		unsigned moment;
		uint64_t recent; /* deliveries from this one on are over soon, if they are over */
		bool is_flowing; /* most are */
		bool is_busy;	 /* there are many: then "soon" takes longer */
	} pace;
};

/* What of a session has changed: a set. */
enum session_change {
	SESSION_CHANGED_RECORD = 1,
	SESSION_CHANGED_WILL = 2,
	SESSION_CHANGED_RECEIVED = 4,
};

/*
 * Begin to note changes; messages, deliveries and sessions are numbered from these on. Sessions
 * that exist are not noted: it is for an empty shard, or one that was restored.
 */
void ledger_start(struct ledger *l, uint64_t message, uint64_t delivery, uint64_t session);

/* Note nothing any more; what is withheld stays so. */
void ledger_stop(struct ledger *l);

/* After the last client is gone. */
void ledger_finish(struct ledger *l);

/* --- what happens (to sessions and subscriptions: ledger_session.c) ------------------------- */

/*
 * The session begins or is taken up again: `is_durable` when it outlives its connection. It must
 * have its will, and has no deliveries if it had no number.
 */
void ledger_session_opened(struct ledger *l, struct session *s, bool is_durable);

/* Is it not yet on disk, though it will be? */
bool ledger_session_is_new(const struct ledger *l, const struct session *s);

void ledger_session_changed(struct ledger *l, struct session *s, unsigned changes);

/* The session ends, and has its subscriptions and deliveries still. */
void ledger_session_over(struct ledger *l, struct session *s);

/* A new subscription or other options. */
void ledger_subscribed(struct ledger *l, struct subscription *sub);
/* It has been sent the retained messages, or is owed them once more. */
void ledger_replayed(struct ledger *l, struct subscription *sub);
void ledger_unsubscribed(struct ledger *l, const struct subscription *sub);

/* Is the delivery one that has to survive? */
static inline bool ledger_wants(const struct session *s, const struct delivery *d)
{
	return s->is_durable && d->qos > 0;
}

/* One that ledger_wants() is queued (packet_id 0) or sent. */
void ledger_delivery_added(struct ledger *l, const struct session *s, struct delivery *d,
		uint16_t packet_id, enum inflight_state state);

/*
 * One that was noted is sent, or its exchange goes on. With INFLIGHT_WAIT_PUBCOMP its message has
 * been taken over; `d` must have it still. No effect on one that has no number.
 */
void ledger_delivery_changed(struct ledger *l, struct delivery *d, uint16_t packet_id,
		enum inflight_state state);

void ledger_end_delivery(struct ledger *l, struct delivery *d); /* for the next one alone */

/* It is over. `d` must have its message still, unless that was taken over. */
static inline void ledger_delivery_over(struct ledger *l, struct delivery *d)
{
	if (d->number != 0)
		ledger_end_delivery(l, d);
}

/* The message is retained, or was and is not any more. Not for the broker's own below $SYS. */
void ledger_retained(struct ledger *l, struct message *m);
void ledger_unretained(struct ledger *l, struct message *m);

/* One that is on disk and that nothing refers to. */
void ledger_message_unneeded(struct ledger *l, struct message *m);

/* --- who waits ------------------------------------------------------------------------------ */

static inline void ledger_begin_packet(struct ledger *l)
{
	l->before_packet = l->promises;
}

/* Has the packet at hand had consequences that have to be on disk before it is acknowledged? */
static inline bool ledger_has_promised(const struct ledger *l)
{
	return l->promises != l->before_packet;
}

/* Is nothing noted that is not sealed? */
bool ledger_is_empty(const struct ledger *l);

/* The part that holds everything up to now; 0 when all is committed, or nobody is to wait. */
uint64_t ledger_part(const struct ledger *l);

/* --- the store ------------------------------------------------------------------------------ */

/*
 * A moment is over. Messages flow when in it at least half as many deliveries were over soon as
 * were noted: a moment or two after they had been, or when it saw more than LEDGER_BUSY,
 * LEDGER_MOMENTS, because then they wait for each other.
 */
void ledger_pace(struct ledger *l);

/*
 * Does something wait for the disk that nothing else will do for: what is retained, sessions, what
 * is queued for those who are away, QoS 2?
 */
bool ledger_is_pressing(const struct ledger *l);

/*
 * Nothing is sealed: release what was promised for deliveries that are over. Returns whether the
 * earlier part had come to its end.
 */
bool ledger_settle(struct ledger *l);

/* The open batch, to be committed as it is; only while no other is. Another one gathers. */
struct batch *ledger_seal(struct ledger *l, struct duration to_wall);

/*
 * The sealed batch is on disk; or nothing is sealed and the open one is empty, so that nobody has
 * to wait for it. What was withheld for it goes out.
 */
void ledger_committed(struct ledger *l);

#endif
