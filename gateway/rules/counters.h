/* SPDX-License-Identifier: MIT */
/*
 * What the gateway counts, once for all its threads, and what each output counts: one list each
 * gives the counters and their names and meaning in the status message and in /metrics.
 */
#ifndef GATEWAY_RULES_COUNTERS_H
#define GATEWAY_RULES_COUNTERS_H

#include <stdatomic.h>

#include "gateway/result/reject.h"

#define COUNTERS(COUNTER)                                                                          \
	COUNTER(MESSAGES_RECEIVED, "messages_received", "messages taken from brokers")             \
	COUNTER(BYTES_RECEIVED, "bytes_received", "bytes of their payloads")                       \
	COUNTER(MESSAGES_OWN, "messages_own", "ignored: topics of belfry's own")                   \
	COUNTER(MESSAGES_UNROUTED, "messages_unrouted", "refused: no route matches the topic")     \
	COUNTER(MESSAGES_PASSED, "messages_passed", "taken as they came, to be passed on")         \
	COUNTER(COMMITS, "commits", "journal commits; messages per commit show the load")          \
	COUNTER(COMMITS_FAILED, "commits_failed", "journal commits that failed")                   \
	COUNTER(CONNECTIONS, "connections", "times a broker accepted the gateway")                 \
	COUNTER(CONNECTIONS_LOST, "connections_lost", "times a connection ended by itself")        \
	COUNTER(RESULTS_ACCEPTED, "results_accepted", "results that were taken")                   \
	COUNTER(COMMANDS_ACCEPTED, "commands_accepted", "commands that were taken")                \
	COUNTER(RESULTS_KNOWN, "results_known", "ignored: retained, and not newer than is known")  \
	COUNTER(RESULTS_RESTAMPED, "results_restamped", "whose time was replaced, out of bounds")  \
	COUNTER(OBJECTS_LEFT_OUT, "objects_left_out",                                              \
			"results and states of objects beyond max_objects")                        \
	COUNTER(STATES_DROPPED, "states_dropped",                                                  \
			"last states not published because too many waited")                       \
	COUNTER(SILENCES, "silences", "changes of state because an object fell silent or is back") \
	COUNTER(RECEIPTS_REFUSED, "receipts_refused", "response topics not to be published to")    \
	COUNTER(RECEIPTS_PUBLISHED, "receipts_published", "receipts on response topics")           \
	COUNTER(RECEIPTS_DROPPED, "receipts_dropped",                                              \
			"receipts dropped because the queue was full")                             \
	COUNTER(RESULTS_REJECTED, "results_rejected", "results and messages that were refused")    \
	COUNTER(REJECTS_PUBLISHED, "rejects_published", "answers on belfry/reject/...")            \
	COUNTER(REJECTS_DROPPED, "rejects_dropped", "answers dropped because their queue was full")

#define COUNTER_ENUM(id, name, help) COUNT_##id,
enum counter { COUNTERS(COUNTER_ENUM) COUNT_OF };
#undef COUNTER_ENUM

/* Zeroed memory is the start. */
struct counters {
	_Atomic uint64_t values[COUNT_OF];
	_Atomic uint64_t rejects[REJECT_COUNT]; /* by code */
};

#define OUTPUT_COUNTERS(COUNTER)                                                                   \
	COUNTER(results, "results confirmed by the other side")                                    \
	COUNTER(batches, "batches confirmed")                                                      \
	COUNTER(reissued, "times a batch was offered again")                                       \
	COUNTER(coalesced, "results that were not handed over, because a newer one was")           \
	COUNTER(cut, "results whose output was shortened")                                         \
	COUNTER(refused, "results that the other side refused for good")                           \
	COUNTER(outdated, "results older than what the other side has")                            \
	COUNTER(held_back, "records that a filter of the output held back")                        \
	COUNTER(dropped, "records for this output that when_full dropped")                         \
	COUNTER(retries, "attempts that were to be repeated")                                      \
	COUNTER(dead_letters, "records refused for good, kept in the file of dead letters")

enum { OUTPUT_PLUGIN_COUNTERS = 32 };

#define OUTPUT_COUNTER_MEMBER(name, help) _Atomic uint64_t name;
/* What one output counts, and how far it has come. */
struct output_counters {
	OUTPUT_COUNTERS(OUTPUT_COUNTER_MEMBER)
	_Atomic uint64_t plugin[OUTPUT_PLUGIN_COUNTERS]; /* by the rows of a relay's own table */
	_Atomic uint64_t delivered;			 /* last sequence confirmed */
	/* The sink has reached the far end, and nothing has told since that it is gone. */
	_Atomic bool connected;
};
#undef OUTPUT_COUNTER_MEMBER

static inline void count(struct counters *c, enum counter which, uint64_t by)
{
	atomic_fetch_add_explicit(&c->values[which], by, memory_order_relaxed);
}

static inline void count_up(_Atomic uint64_t *value, uint64_t by)
{
	atomic_fetch_add_explicit(value, by, memory_order_relaxed);
}

#endif
