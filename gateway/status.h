/* SPDX-License-Identifier: MIT */
/*
 * How the gateway is, taken at one moment, and how that is told: the retained message on
 * belfry/gateway/CLIENT_ID, one JSON object, and /metrics. Both walk the same tables of figures.
 */
#ifndef GATEWAY_STATUS_H
#define GATEWAY_STATUS_H

#include "gateway/intake/broker_health.h"
#include "gateway/journal/journal.h"
#include "gateway/output/output_health.h"
#include "gateway/rules/config.h"
#include "gateway/rules/counters.h"

#define OUTPUT_STATUS_MEMBER(name, help) uint64_t name;
struct output_status {
	const char *name;
	bool connected;
	const char *problem, *last_error; /* NULL: none */
	struct wall_time last_error_at, last_confirmed;
	uint64_t behind; /* records that are not delivered */
	double lag;	 /* seconds that the oldest of them has waited */
	double rate_10s, rate_60s;
	OUTPUT_COUNTERS(OUTPUT_STATUS_MEMBER)
	const struct relay_counter *plugin_rows; /* what a plugin counts; NULL: nothing */
	uint64_t plugin[OUTPUT_PLUGIN_COUNTERS];
};
#undef OUTPUT_STATUS_MEMBER

struct broker_status {
	char *url; /* without a user */
	struct broker_view view;
	const char *last_error; /* of the view; NULL: none */
};

struct journal_figures {
	uint64_t records, waiting, bytes, max_bytes;
	double oldest; /* seconds that the oldest record that waits has waited */
};

struct status {
	const char *state; /* "online", "full", "offline" */
	const char *client_id;
	uint64_t interval; /* seconds between two status messages; 0: none but for a change */
	struct wall_time started, now;
	double reject_rate; /* a second, over a minute */
	struct journal_figures journal;
	uint64_t counters[COUNT_OF];
	uint64_t rejects[REJECT_COUNT];
	struct broker_status brokers[MAX_BROKERS];
	size_t broker_count;
	struct output_status outputs[MAX_OUTPUTS];
	size_t output_count;
};

/* What the status is taken of. Everything is borrowed for the call. */
struct status_sources {
	const struct config *config;
	struct journal *journal;
	struct counters *counters;
	struct broker_health *const *brokers; /* as many as the configuration has, of each kind */
	struct output_health *const *outputs; /* NULL: not there yet */
};

/* Fill in all but state, started and reject_rate. */
void status_take(struct status *s, const struct status_sources *from);
void status_finish(struct status *s);

void status_format(const struct status *s, struct str *into);

/* In Prometheus' text format 0.0.4. */
void status_metrics(const struct status *s, struct str *into);

#endif
