/* SPDX-License-Identifier: MIT */
/*
 * The body of the retained message on belfry/gateway/CLIENT_ID: one JSON object.
 */
#ifndef GATEWAY_STATUS_H
#define GATEWAY_STATUS_H

#include "gateway/journal/journal.h"
#include "gateway/output/worker.h"
#include "gateway/rules/config.h"
#include "gateway/rules/counters.h"

struct status {
	const char *state; /* "online", "full", "offline" */
	const struct config *config;
	struct wall_time started, now;
	struct journal_status journal;
	const struct counters *counters;
	const struct worker *workers[MAX_OUTPUTS]; /* NULL: not there yet */
};

void status_format(const struct status *s, struct str *into);

#endif
