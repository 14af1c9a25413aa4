/* SPDX-License-Identifier: MIT */
/*
 * What the files of struct standings share.
 *
 *     standing.c          the table: judge, take, views
 *     standing_silence.c  what is due, and what publishers say of themselves
 *     standing_flush.c    the form on disk
 */
#ifndef GATEWAY_RULES_STANDING_IMPL_H
#define GATEWAY_RULES_STANDING_IMPL_H

#include "common/deadlines.h"
#include "common/hash.h"
#include "common/name.h"
#include "gateway/rules/recent_ids.h"
#include "gateway/rules/standing.h"

enum {
	KEY_BYTES = 2 * MAX_NAME_BYTES + 1, /* host, NUL, service */
	OUTPUT_BYTES = 80,
	CONTEXT_BYTES = 1024,
};

enum silent { SILENT_NOT, SILENT_OVERDUE, SILENT_GONE };

/*
 * One host or service. Its names, which are the key, lie behind it in the same allocation.
 *
 * One that is silent waits for nothing: neither result_due nor presence_due is set, but for
 * presence_due of a heartbeat that has just ended the silence (is_back), until that was told.
 */
struct standing {
	UT_hash_handle hh;
	struct wall_time stamp;	   /* of the last result; 0: there was none */
	struct wall_time floor;	   /* no stamp lies before it */
	struct wall_time own;	   /* the latest that a publisher gave and that counts; 0: none */
	struct wall_time received; /* of the last result */
	struct instant result_due, presence_due; /* or INSTANT_NEVER */
	int64_t wall_offset;	  /* wall time less instant when they were last changed */
	struct deadline deadline; /* the earlier of the two */
	uint32_t ttl;		  /* seconds, of the last result; 0: none */
	uint32_t wait;		  /* seconds, of the heartbeat or the will's delay */
	/* clang-format off */
	unsigned silent : 2;	      /* enum silent */
	unsigned is_back : 1;	      /* from SILENT_GONE, still to be told */
	unsigned said_gone : 1;	      /* the last that its publisher said of itself */
	unsigned has_result : 1;
	unsigned by_arrival : 1;      /* the last result had no time of its own that counts */
	unsigned state : 2;	      /* of the last result */
	unsigned told : 2;	      /* what the cores were told last */
	unsigned overdue_becomes : 2;
	unsigned gone_becomes : 2;
	unsigned is_changed : 1;      /* in standings.changed */
	unsigned is_handed : 1;	      /* in standings.handed */
	/* clang-format on */
	uint8_t host_len, service_len, output_len, output_room;
	uint16_t context_len;
	char *output;
	char *context;
};

struct standing_list {
	struct standing **items;
	size_t count, capacity;
};

struct standings {
	struct standing_policy policy;
	uint64_t seed;
	struct standing *table;
	struct recent_ids *ids;
	struct deadlines deadlines;
	struct instant hold_until;
	struct standing_list changed, handed; /* since the last flush; in a flush under way */
};

struct span standing_host(const struct standing *x);
struct span standing_service(const struct standing *x);
struct span standing_output(const struct standing *x);

struct standing *standing_find(const struct standings *s, struct span host, struct span service);

/* Found or made; NULL when they cannot be names, or when there are enough. */
struct standing *standing_get(struct standings *s, struct span host, struct span service);
/* The same of one that is on disk, of which there are never enough. */
struct standing *standing_restore(struct standings *s, struct span host, struct span service);

/* At most OUTPUT_BYTES of it, cut at a character. */
void standing_set_output(struct standing *x, struct span output);

/* Nothing when it is longer than CONTEXT_BYTES. */
void standing_set_context(struct standing *x, struct span context);
struct span standing_context(const struct standing *x);

/* After every change of an entry: it is to be flushed, and its deadline is put in order. */
void standing_changed(struct standings *s, struct standing *x);
void standing_arm(struct standings *s, struct standing *x);

/* The gateway's own result of a silence, taken: what standings_due() has done, if it has not. */
void standing_told(struct standing *x, const struct check_result *result, struct instant now);

/* A result was taken that was not the gateway's own. */
void standing_heard(
		struct standing *x, const struct arrival *arrival, const struct silence_rule *rule);

uint32_t standing_seconds(int64_t seconds);
void standing_note_clock(struct standing *x, const struct arrival *arrival);

#endif
