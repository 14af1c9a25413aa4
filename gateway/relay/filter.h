/* SPDX-License-Identifier: MIT */
/*
 * Which records a relay gets.
 *
 *     kind ─▶ retained ─▶ topics ─▶ exclude ─▶ min_state ─▶ changes_only ─▶ max_rate ─▶ pass
 *
 * The verdict is the first rule that holds a record back.
 *
 * What was decided about a sequence stays decided. A batch that the other side has not confirmed
 * is read again, and by then the state of its objects and the rate have moved on: asked anew, the
 * rules would hold back what is owed. So for the last `window` sequences the same record gets the
 * same answer, and a record from before them (or a sequence that was left out when others behind
 * it were asked about) is not held back by changes_only or max_rate, nor does it count for them.
 * After a restart nothing is remembered: the first result of each object passes again.
 *
 * Pure: max_rate goes by when each record was received, not by when it is read. What has waited in
 * the journal while the other side was away comes out of it much faster than it came.
 * One thread at a time.
 */
#ifndef GATEWAY_RELAY_FILTER_H
#define GATEWAY_RELAY_FILTER_H

#include "common/settings.h"
#include "gateway/journal/record.h"

enum filter_verdict {
	FILTER_PASS,
	FILTER_KIND,	  /* neither a result nor a message: never for relays */
	FILTER_RETAINED,  /* skip_retained: the broker's last value, not something that happened */
	FILTER_TOPIC,	  /* matches none of `topics` */
	FILTER_EXCLUDED,  /* matches one of `exclude` */
	FILTER_STATE,	  /* below min_state */
	FILTER_UNCHANGED, /* changes_only */
	FILTER_RATE,	  /* max_rate */
};

enum {
	FILTER_MAX_OBJECTS = 100000, /* a sensible bound for changes_only */
	FILTER_WINDOW = 65536,	     /* and for the sequences; a byte each */
};

/* The lists are borrowed until filter_destroy(), and their MQTT filters are valid ones. */
struct filter_options {
	const struct text_list *topics;	 /* NULL or empty: all */
	const struct text_list *exclude; /* NULL or empty: none */
	bool skip_retained;
	/*
	 * Results of a lower state are held back; CHECK_OK: none. A host that is DOWN or
	 * UNREACHABLE counts as CRITICAL. Messages have no state and pass.
	 */
	enum check_state min_state;
	/*
	 * A result passes when its state is another one than that of the last result of its host
	 * or service that passed, or when one that was held back by min_state came between: the
	 * second outage is told of, too. Messages pass.
	 */
	bool changes_only;
	/*
	 * Objects whose state is remembered; 0: FILTER_MAX_OBJECTS. Beyond that those that were
	 * not heard of for longest are forgotten, and their next result passes.
	 */
	size_t max_objects;
	uint64_t max_rate; /* records received in a second, a second's worth at once; 0: any */
	size_t window;	   /* sequences whose verdict is remembered; 0: FILTER_WINDOW */
	uint64_t seed;	   /* hash_seed() */
};

struct filter;

struct filter *filter_create(const struct filter_options *options);
/* Accepts NULL. */
void filter_destroy(struct filter *f);

/* Sequences come in rising order but for those that come again. */
enum filter_verdict filter_passes(struct filter *f, const struct record *record);

/* How many objects changes_only knows of. */
size_t filter_objects(const struct filter *f);

#endif
