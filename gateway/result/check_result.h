/* SPDX-License-Identifier: MIT */
/*
 * One check result as the gateway understands it, whatever form it arrived in.
 *
 *     payload → decode → struct check_result → encode → one command of a core
 *
 * All spans are borrowed: they point into the payload or into the decoder's scratch memory and
 * are valid for the duration of one decode_sink call. Text is valid UTF-8 here; what a core
 * cannot take (control characters, NUL, length) is the business of its encoder.
 */
#ifndef GATEWAY_RESULT_CHECK_RESULT_H
#define GATEWAY_RESULT_CHECK_RESULT_H

#include "common/clock.h"
#include "common/span.h"

/* The exit codes of a plugin; of a host result 0 is UP, 1 DOWN, 2 UNREACHABLE. */
enum check_state { CHECK_OK = 0, CHECK_WARNING = 1, CHECK_CRITICAL = 2, CHECK_UNKNOWN = 3 };

struct check_result {
	struct span host;    /* never empty */
	struct span service; /* empty: a result of the host itself */
	enum check_state state;
	struct span output;	 /* one line */
	struct span long_output; /* further lines, separated by '\n' */
	struct span perfdata;	 /* "label=value;warn;crit;min;max ..." on one line */
	struct wall_time time;	 /* when the check ran; ns == 0: not given */
	int64_t ttl;		 /* seconds; -1: not given, 0: never goes stale */
	struct span id;		 /* the publisher's own identifier, or empty */
	struct span source;	 /* who checked, or empty */
	uint32_t index;		 /* position in an array of results, counted from 0 */
	/* `time` as its publisher gave it, where that counts for the order; standings_judge() */
	struct wall_time own_time;
};

/* "OK", "WARNING", "CRITICAL", "UNKNOWN"; for a host "UP", "DOWN", "UNREACHABLE". */
const char *check_state_name(enum check_state state, bool is_host);

/*
 * Read a state: a digit 0 to 3, or a word in any case. False for anything else: a state is never
 * guessed.
 *
 *     service   0 OK   1 WARNING, WARN   2 CRITICAL, CRIT   3 UNKNOWN
 *     host      0 UP, OK   1 DOWN, CRITICAL, CRIT   2 UNREACHABLE
 *
 * A digit means what it means to the core: 2 of a host is UNREACHABLE, not the CRITICAL of a
 * plugin. Words are clearer than digits, so a plugin's OK and CRITICAL are understood of a host
 * too. WARNING, UNKNOWN and 3 say nothing about whether a host is up, and UP, DOWN and
 * UNREACHABLE nothing about a service: both are refused.
 */
bool check_state_parse(struct span text, bool is_host, enum check_state *ret);

#endif
