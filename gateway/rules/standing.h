/* SPDX-License-Identifier: MIT */
/*
 * What the gateway knows of each host and service: the time of the last result it took, when the
 * next one is due, and whether it has fallen silent. From it comes what no single message shows:
 *
 *   - times of one object never go back, whatever order messages arrive in;
 *   - a result that came before, told by its id, is not applied again;
 *   - a retained message is state that is known already, not a fresh result;
 *   - an object that is overdue, or whose publisher's will says that it is gone, changes its state
 *     once, and back when it is heard of again.
 *
 *     judge ─▶ take ─▶ (silence: due ─▶ a result of the gateway's own ─▶ take)
 *       └ refused: nothing has changed
 *
 * Pure: time comes in as a value. One thread at a time; the caller's lock guards it. Wall times are
 * stamps of results, instants are for waiting: a clock that is set does not make anything due.
 *
 * It survives the process: standings_flush() hands out what has changed since the last flush, and
 * standings_load() takes it back; what was taken after that flush is taken again from the journal.
 */
#ifndef GATEWAY_RULES_STANDING_H
#define GATEWAY_RULES_STANDING_H

#include "common/clock.h"
#include "gateway/result/check_result.h"
#include "gateway/result/command.h"

struct standings;

/* What becomes of a result whose time is out of bounds. */
enum stamp_policy {
	STAMP_REJECT,	/* it is rejected */
	STAMP_RECEIVED, /* it gets the time at which it was received, and counts */
	STAMP_KEEP,	/* its time is believed */
};

struct standing_policy {
	struct duration max_age; /* of a result's time before its arrival; 0: any */
	enum stamp_policy when_old;
	struct duration max_skew; /* of a result's time behind its arrival */
	enum stamp_policy when_new;
	struct duration id_window; /* how long an id is remembered; 0: not at all */
	size_t max_ids;		   /* beyond that the oldest are forgotten */
	size_t max_objects;	   /* hosts and services that are known; 0: any number */
	struct duration grace;	   /* see standings_hold() */
};

/*
 * How a message came: when, by both clocks. Of one that is read back from the journal `received` is
 * when it came at first and `now` the instant that lies as far back, so that what is due is due
 * when it would have been.
 */
struct arrival {
	struct wall_time received;
	struct instant now;
	bool retained; /* the broker's last value, not a message that was just published */
	/* The gateway's own result that tells of a silence, for its stamp; it is no sign of life.
	 */
	bool from_silence;
};

/* What is to happen when nothing is heard any more. */
struct silence_rule {
	int64_t ttl;		  /* seconds until the next result is due; <= 0: it never is */
	enum check_state becomes; /* the state of the object then */
	/* The caller's own, handed back with the silence; what is longer than 1024 bytes is not. */
	struct span context;
};

enum standing_verdict {
	STANDING_FRESH,	       /* take it */
	STANDING_KNOWN,	       /* retained, and not newer than what is known: nothing to report */
	STANDING_DUPLICATE,    /* its id came before */
	STANDING_OUT_OF_ORDER, /* a second or more older than the last one of its object */
	STANDING_TOO_OLD,      /* older than max_age */
	STANDING_TOO_NEW,      /* newer than max_skew allows */
};

struct standings *standings_create(const struct standing_policy *policy, uint64_t seed);
void standings_destroy(struct standings *s);

/* A reload. Deadlines that are set stay. */
void standings_set_policy(struct standings *s, const struct standing_policy *policy);

/*
 * Is it to be taken? Nothing is noted. Once for a result whose time is as its publisher gave it. A
 * FRESH one gets its stamp in result->time, which is what every core is told: its own time where
 * that is within bounds, else the time of arrival, and never one before that of the object's last
 * result, whatever the gateway's clock does. What of its own time counts for the order is in
 * result->own_time, for standings_take(). *ret_restamped (may be NULL) tells that a time out of
 * bounds was replaced.
 *
 *   - Out of order is what is older than the latest own time of its object. A stamp of arrival says
 *     nothing about a publisher's clock: an own time before it is taken, and gets that stamp.
 *   - A time in the future that STAMP_KEEP believes is told, but counts as its arrival for what
 *     follows: one clock that is wrong by years shuts nobody out.
 *   - A time that was restamped is not asked for its order.
 *   - A duplicate is told before anything else. A name that cannot be one is FRESH and not noted.
 *   - A retained result is FRESH where nothing is known of its object, or where its own time is
 *     newer than the last one's; newer than the last stamp where the last result had none or the
 *     object is gone.
 */
enum standing_verdict standings_judge(const struct standings *s, struct check_result *result,
		const struct arrival *arrival, bool *ret_restamped);

/*
 * Note a result that was judged FRESH and is taken. It ends a silence, and calls off a will that is
 * not yet due unless it is retained; heartbeats are waited for on. `rule` says when the next one is
 * due, counted from arrival->now.
 *
 * With arrival->from_silence it is the gateway's own result of a silence: its stamp is noted and
 * nothing else, `rule` is not looked at. Read back from the journal it makes its object silent (or
 * heard, when it is OK) where that was not on disk yet.
 *
 * False when it was not noted: there are max_objects others already, or it has no name.
 */
bool standings_take(struct standings *s, const struct check_result *result,
		const struct arrival *arrival, const struct silence_rule *rule);

/*
 * The same for a command: its id and its time, which says nothing about order, are looked at
 * before, and its id is remembered when it is taken.
 */
enum standing_verdict standings_judge_command(const struct standings *s,
		const struct command *command, const struct arrival *arrival);
void standings_take_command(
		struct standings *s, const struct command *command, const struct arrival *arrival);

/*
 * A publisher says that the object is there, or its will says that it is gone (`is_there` false):
 * `delay` later it is due with rule.becomes, unless it says meanwhile that it is there again, or a
 * result shows it. One with a ttl is a heartbeat: it is gone when no other one comes in time, be it
 * that its will comes in between. Results and heartbeats are waited for side by side.
 *
 * A retained one tells what is known: of one that is gone, its delay runs from now on, and only if
 * that was not known; that it is there has replaced a will on its topic (which has to be retained
 * too), so that it is heard of again; a heartbeat is an old one and puts nothing off.
 *
 * That it is there again does not end a silence of results that are overdue.
 */
struct presence {
	struct span host, service; /* borrowed; service empty: the host */
	bool is_there;
	struct duration delay;
	struct silence_rule rule;
};
/* False when it was not noted, as above. */
bool standings_present(struct standings *s, const struct presence *presence,
		const struct arrival *arrival);

enum silence_kind {
	SILENCE_OVERDUE, /* no result within its ttl */
	SILENCE_GONE,	 /* the will, or no heartbeat in time */
	SILENCE_OVER,	 /* it says that it is there again */
};

/* An object whose state changes without a result. Spans are valid during the call. */
struct silence {
	struct span host, service;
	enum silence_kind kind;
	enum check_state becomes; /* OK (of a host UP) when it is over */
	struct span last_output;  /* of its last result, shortened */
	enum check_state last_state;
	struct wall_time last_time; /* its stamp; ns == 0: there was none */
	int64_t ttl;		    /* seconds, where that is the reason */
	struct span context;	    /* of the rule that was given last */
};

/*
 * Call `each` for every object that is due, earliest first, once: it is then silent (or heard
 * again) until something is taken. One that is silent waits for nothing else. At most `most`;
 * returns how many. `each` must not call back; the result that it makes of a silence is judged and
 * taken afterwards, with arrival.from_silence.
 */
size_t standings_due(struct standings *s, struct instant now, size_t most,
		void (*each)(void *owner, const struct silence *silence), void *owner);

/*
 * When standings_due() has something to do at the earliest; INSTANT_NEVER: nothing waits. That one
 * is there again is to be told at once: 0.
 */
struct instant standings_next(const struct standings *s);

/*
 * The gateway could not hear until now: it was away, asleep or without a broker. Nothing becomes
 * due within policy.grace from now, so that who was to be heard meanwhile has the time to be.
 */
void standings_hold(struct standings *s, struct instant now);

/*
 * The last state, for whoever asks. False when the object is unknown: no result, and not silent.
 * Spans until the next take.
 */
struct standing_view {
	enum check_state state;		 /* as the cores were told, also by a silence */
	struct span output;		 /* of the last result, shortened */
	struct wall_time time, received; /* of the last result; ns == 0: there was none */
	bool is_silent;
	int64_t ttl;
};
bool standings_find(const struct standings *s, struct span host, struct span service,
		struct standing_view *ret);
size_t standings_count(const struct standings *s);

/*
 * Hand out every entry that has changed since the last flush; an empty value: it is to be removed,
 * where there is one.
 * Keys and values are opaque, below 512 bytes (keys) and 64 kB, checked when they are loaded.
 * standings_flushed() when all of them are on disk; without it they are handed out again.
 */
void standings_flush(struct standings *s,
		void (*each)(void *owner, struct span key, struct span value), void *owner);
void standings_flushed(struct standings *s);

/*
 * Take back one entry, in ascending order of the keys and before anything is taken. `arrival` is
 * the present: what was due while nobody looked is due after the grace. Deadlines are wall times on
 * disk, but where the clock was set back meanwhile nothing is left longer than its ttl. False when
 * it is not an entry of a known layout, or of an object that is known already.
 */
bool standings_load(struct standings *s, struct span key, struct span value,
		const struct arrival *arrival);

#endif
