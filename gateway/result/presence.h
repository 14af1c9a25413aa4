/* SPDX-License-Identifier: MIT */
/*
 * What a publisher says of itself on nagios/<host>/$state: that it is there, or, in its will, that
 * it is gone.
 *
 *     text    online, up, here, true, 1      offline, down, gone, false, 0
 *     JSON    {"state": "online", "ttl": 90, "delay": 10, "becomes": "CRITICAL", "output": "..."}
 *
 * Words are read in any case. The state of JSON is one of the words, but for true, false and the
 * digits, or a state: UP and OK mean there, any other one means gone and is what it becomes. The
 * digits say the opposite as text and as states, so that they are refused there. Nothing is
 * guessed: what cannot be read is rejected as a whole. Pure.
 */
#ifndef GATEWAY_RESULT_PRESENCE_H
#define GATEWAY_RESULT_PRESENCE_H

#include "gateway/result/check_result.h"
#include "gateway/result/reject.h"

enum presence_word {
	PRESENCE_NOTHING, /* an empty payload: a retained message was cleared */
	PRESENCE_THERE,
	PRESENCE_GONE,
};

struct presence_message {
	enum presence_word word;
	bool has_becomes;
	enum check_state becomes; /* never OK */
	int64_t ttl, delay;	  /* seconds; -1: not given */
	struct span output;	  /* one line; until the next payload or the end of this one */
};

struct json_reader;

/*
 * REJECT_NONE with the message in *ret, or why the payload is refused, with what was found in
 * *ret_detail (borrowed as the output is). `is_host`: of a host, not of a service.
 */
enum reject presence_decode(struct json_reader *reader, struct span payload, bool is_host,
		struct presence_message *ret, struct span *ret_detail);

#endif
