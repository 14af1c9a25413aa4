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

struct why_found {
	size_t count;		 /* of all events, of which the last `limit` are told */
	struct wall_time oldest; /* when the oldest record of the journal came; ns == 0: it is empty
				  */
};

/*
 * The events, in the order of time, as JSON arrays of about `page_bytes`. `page` is called at least
 * once unless this fails, with is_last at the end. 0 or -errno; -ECANCELED: goes_on() ended it.
 */
int why_format(const struct why *why, const struct why_source *source, size_t page_bytes,
		void (*page)(void *owner, struct span array, bool is_last), void *owner,
		struct why_found *ret);

#endif
