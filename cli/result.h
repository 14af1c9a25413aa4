/* SPDX-License-Identifier: MIT */
/*
 * One check result on its way out: what it says, the topic it belongs to, and its JSON.
 *
 * The texts are borrowed from whoever made the result. They may hold any bytes; encoding makes
 * valid JSON of them.
 */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include "common/str.h"

struct result {
	struct span host;
	struct span service; /* empty: a result of the host itself */
	const char *state;   /* from state_parse() or state_of_exit_code() */
	struct span output, long_output, perfdata;
	struct span time; /* from time_valid(), or empty */
	struct span ttl;  /* decimal digits, or empty */
	struct span id;
};

/*
 * The word for a state: of a service OK, WARNING, CRITICAL, UNKNOWN or 0 to 3, of a host UP, DOWN,
 * UNREACHABLE or 0 to 2, in any case. NULL for everything else; a state is never guessed.
 */
const char *state_parse(struct span text, bool is_host);

/* Ends the sentence "'TEXT' ..." about a text that is none of them. */
const char *state_choices(bool is_host);

/*
 * What the exit code of a plugin means. Of a service, 0 to 3 are its states and anything else is
 * UNKNOWN. Of a host, as for Nagios: 0 and 1 are UP, 2 and 3 are DOWN; NULL for anything else,
 * because a host has no state UNKNOWN.
 */
const char *state_of_exit_code(int code, bool is_host);

/* A number of seconds since 1970, with or without a fraction, or RFC 3339 with a time zone. */
bool time_valid(struct span text);

/*
 * Append the topic PREFIX/HOST or PREFIX/HOST/SERVICE. Percent-encoded is what a topic cannot
 * hold or what the gateway would read differently: `%`, `+`, `#`, control characters, a `/` in a
 * host, and in a service a `/` that would make an empty level. Other slashes of a service stay.
 *
 * False with a sentence in *problem when a name is one that no core accepts or the topic becomes
 * invalid.
 */
bool result_topic(
		const struct result *r, const char *prefix, struct str *into, struct str *problem);

/*
 * The way back: host and service (empty: the host itself) of a topic that result_topic() made,
 * or that anybody made by the same rules. False when it is none.
 */
bool result_topic_read(
		struct span topic, const char *prefix, struct str *host, struct str *service);

/*
 * What the gateway says on belfry/reject/... as one sentence, which the caller frees: reason,
 * detail and remedy.
 */
char *reject_sentence(struct span payload);

/* Append the payload: one JSON object, without host and service, which the topic says. */
void result_json(const struct result *r, struct str *into);

#endif
