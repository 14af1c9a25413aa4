/* SPDX-License-Identifier: MIT */
/*
 * A question to a gateway and its answer, over MQTT 5:
 *
 *     belfry                                                                     gateway ID
 *        │  {"ask":"pending"}   on belfry/gateway/ID/ask, with a response topic        │
 *        │ ──────────────────────────────────────────────────────────────────────────▶ │
 *        │  {"ask":"pending","objects":[...]}   on belfry/reply/RANDOM, one or several  │
 *        │ ◀────────────────────────────────────────────────────────────────────────── │
 *        │  {"ask":"pending","objects":[...],"end":true}                                │
 *        │ ◀────────────────────────────────────────────────────────────────────────── │
 *
 * A gateway that cannot answer says why: {"ask":"pending","error":"SENTENCE","end":true}.
 */
#ifndef CLI_QUESTION_H
#define CLI_QUESTION_H

#include <cjson/cJSON.h>

#include "cli/connect_options.h"

struct question {
	const struct verb *verb;	       /* who asks */
	const struct connect_options *connect; /* checked */
	const char *gateway; /* client_id of who is asked; NULL: the only one that the broker knows
			      */
	const char *body;    /* one JSON object */
	/* Called for each reply, which is a JSON object; `end` and `error` are seen to already. */
	void (*reply)(void *owner, const cJSON *reply);
	void *owner;
};

/*
 * Ask, and wait for the end of the answer: for each reply as long as --timeout says. *problem says
 * why it is not ANSWER_DONE.
 */
enum answer question_ask(const struct question *q, struct str *problem);

/* The row of a verb's options; `field` is a char * of its struct T. */
#define GATEWAY_ROW(T, field)                                                                      \
	{                                                                                          \
		"gateway", SETTING_TEXT, SETTING_FIELD(T, char *, field), 1, 128, NULL, 0,         \
				"The gateway that is asked, by its client_id. Default: the only "  \
				"one that the broker knows.",                                      \
				NULL                                                               \
	}

#endif
