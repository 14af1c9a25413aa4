/* SPDX-License-Identifier: MIT */
/*
 * What became of the last results of a host or service: taken or refused and why, and how far each
 * output has got with them. Read from the journal, so it reaches back as far as journal_keep.
 */
#ifndef GATEWAY_WHY_H
#define GATEWAY_WHY_H

#include "gateway/journal/journal.h"
#include "gateway/output/worker.h"
#include "gateway/rules/config.h"

struct why {
	struct span host, service; /* empty service: the host itself */
	bool all_services;	   /* of the host, and itself */
	size_t limit;		   /* how many of the last events */
	/* Asked now and then while the journal is read, false ends it; NULL: nobody is. */
	bool (*goes_on)(void *owner);
	void *owner;
};

struct why_source {
	const struct config *config;
	struct journal *journal;
	struct worker *const *workers; /* as the configuration's outputs */
	struct pending *pending;
};

/* Append ,"events":[...] in the order of time. 0 or -errno; -ECANCELED: goes_on() ended it. */
int why_format(struct str *into, const struct why *why, const struct why_source *source);

#endif
