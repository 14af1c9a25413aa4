/* SPDX-License-Identifier: MIT */
/*
 * What somebody asks a core to do with a host or service, on nagios/<host>/$command or
 * nagios/<host>/<service>/$command. One JSON object:
 *
 *     {"command":"downtime", "comment":"...", "start":TIME, "end":TIME, "duration":SECONDS,
 *      "fixed":true}
 *     {"command":"acknowledge", "comment":"...", "sticky":true, "notify":false,
 *      "persistent":false, "expire":TIME}
 *     {"command":"remove_acknowledgement"}
 *     {"command":"comment", "comment":"...", "persistent":true}
 *
 * and in each of them "author", and "time" and "id", by which a late one and one that comes twice
 * are recognised. The booleans are those that hold when they are not given. A TIME is as in
 * common/time_parse.h.
 *
 * A downtime needs an end or, when it is fixed, a duration in its place, and starts at once without
 * a start. One that is not fixed begins with the first problem between start and end, and lasts for
 * its duration.
 *
 * Nothing is guessed and nothing overlooked: a key that the command does not have is refused, as is
 * a value of the wrong kind. Pure.
 */
#ifndef GATEWAY_RESULT_COMMAND_H
#define GATEWAY_RESULT_COMMAND_H

#include "common/clock.h"
#include "common/str.h"
#include "gateway/result/reject.h"

enum {
	MAX_AUTHOR_BYTES = 128,
	MAX_COMMENT_BYTES = 1024,
	MAX_COMMAND_ID_BYTES = 256,
};

enum command_kind {
	COMMAND_DOWNTIME,
	COMMAND_ACKNOWLEDGE,
	COMMAND_REMOVE_ACKNOWLEDGEMENT,
	COMMAND_COMMENT,
	COMMAND_COUNT,
};

/* Spans are borrowed. Texts are valid UTF-8 with whatever characters in it, but for NUL. */
struct command {
	enum command_kind kind;
	struct span host, service; /* service empty: the host itself */
	struct span author;	   /* empty: not given */
	struct span comment;	   /* empty: a removal, which has none */
	struct wall_time start, end;
	int64_t duration; /* seconds of a downtime that is not fixed, else 0 */
	bool fixed, sticky, notify, persistent;
	struct wall_time expire; /* of an acknowledgement; ns == 0: never */
	struct wall_time time;	 /* when it was given; ns == 0: not known */
	struct span id;		 /* or empty */
};

/* "downtime", as the payload and the configuration write it. */
const char *command_name(enum command_kind kind);
/* False when there is no such command. */
bool command_find(struct span name, enum command_kind *ret);

struct json_reader;

/*
 * REJECT_NONE with all but host and service in *ret, or why the payload is refused, with what was
 * found in *ret_detail. Both borrow from payload and reader until the next payload. `received` is
 * when a downtime without a start starts; what ended before it is refused.
 */
enum reject command_decode(struct json_reader *reader, struct span payload,
		struct wall_time received, struct command *ret, struct span *ret_detail);

#endif
