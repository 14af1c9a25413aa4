/* SPDX-License-Identifier: MIT */
/*
 * Everything that clients share, for one thread. There is no global and no lock below this: one
 * shard per core would exchange messages, not memory.
 */
#ifndef BROKER_CORE_SHARD_H
#define BROKER_CORE_SHARD_H

#include "broker/core/budget.h"
#include "broker/core/client.h"
#include "broker/core/counters.h"
#include "broker/core/ledger.h"
#include "broker/core/limits.h"
#include "broker/core/retained.h"
#include "broker/core/session.h"
#include "broker/core/source.h"
#include "broker/core/topic_tree.h"
#include "broker/core/work.h"
#include "common/str.h"

/* What a client may not do, by the rules of an acl_file. */
enum denial { DENIED_PUBLISH, DENIED_WILL, DENIED_SUBSCRIBE };

/*
 * What an operator may want to read about. The core never logs; it tells, and whoever owns the
 * shard writes. Any function may be NULL. Spans are valid for the duration of the call.
 */
struct core_observer {
	void *owner;
	void (*connected)(void *owner, const struct client *c, bool session_present);
	void (*refused)(void *owner, const struct client *c, struct span client_id,
			enum mqtt_reason reason);
	void (*closed)(void *owner, const struct client *c);
	void (*subscribed)(void *owner, const struct client *c, struct span filter, uint8_t code);
	void (*unsubscribed)(void *owner, const struct client *c, struct span filter);
	void (*dropped)(void *owner, const struct session *s); /* the first of a full queue */
	/* `is_first`: since the client connected or its rules changed; more may be many. */
	void (*denied)(void *owner, struct span client_id, enum denial what, struct span topic,
			bool is_first);
	/* Each packet received or sent, `size` bytes in all; costs time when it is not NULL. */
	void (*packet)(void *owner, const struct client *c, enum packet_type type, size_t size,
			bool is_sent);
};

enum { FANOUT_SCRATCHES = 17 };

struct shard {
	const struct limits *limits; /* borrowed */
	struct core_observer observer;
	/* Append "10.0.0.7:49152", for publisher.h; set by the owner, or NULL. */
	void (*describe_peer)(const struct client *c, struct str *into);
	struct authenticator authenticator; /* set by the owner before the first client, or zero */
	struct session_table sessions;
	struct topic_tree topics;
	struct retained retained;
	struct retained_cursor *sweep; /* looks for expired ones; NULL: at rest */
	struct timer sweep_timer;
	struct source_table sources; /* of the retained messages */
	struct timers timers;
	struct chunk_pool chunks;
	struct ledger ledger;
	struct client *dirty;	  /* utlist: who has output */
	struct client *replaying; /* utlist: who is owed retained messages and has room */
	struct work work;
	struct budget budget;
	struct counters counters;
	uint64_t id_seed; /* of assigned client identifiers */
	uint64_t assigned_ids;
	size_t clients;	  /* network connections */
	size_t connected; /* clients with a session */
	size_t most_connected;
	struct str mounted; /* a topic of a client that has a mount point: mount.h */
	struct str scratch[FANOUT_SCRATCHES]; /* serialised PUBLISH packets, see fanout.h */
	struct wire *wires;		      /* what they hold, FANOUT_LAYOUTS */
};

/*
 * Two random numbers: what hash tables are keyed with, and what assigned client identifiers come
 * from. Strangers see those, and must not learn the other from them.
 */
struct shard *shard_create(const struct limits *limits, const struct core_observer *observer,
		uint64_t hash_seed, uint64_t id_seed);

/* All clients have been destroyed. Accepts NULL. */
void shard_destroy(struct shard *shard);

/* Bytes that clients make the shard hold, as far as they are counted. */
size_t shard_memory(const struct shard *shard);

/* memory_limit is reached; the first is true from seven eighths of it on. */
bool shard_is_tight(const struct shard *shard);
bool shard_is_full(const struct shard *shard);

/*
 * The store cannot take more (ENOSPC, ...) or can again. What would have to be kept is refused
 * meanwhile, and who waits for the store is told so as far as MQTT has words for it.
 */
void shard_set_failing(struct shard *shard, bool is_failing, struct instant now);

/* Take a client off the list of those with something to send, or NULL. */
struct client *shard_next_dirty(struct shard *shard);

/*
 * When shard_run_timers() has something to do; INSTANT_NEVER when nothing is planned. It does what
 * one turn bears (work.h): afterwards there may still be something due.
 */
struct instant shard_next_deadline(const struct shard *shard);
void shard_run_timers(struct shard *shard, struct instant now);

/*
 * What was put off so that no turn becomes long: do one turn's share of it. While there is any,
 * the owner takes turns without waiting for sockets.
 */
static inline bool shard_has_work(const struct shard *shard)
{
	return shard->replaying != NULL || shard->sweep != NULL;
}

void shard_work(struct shard *shard, struct instant now);

/* A message that expires was retained: have it found when it has. */
void shard_plan_sweep(struct shard *shard, struct instant now);

#endif
