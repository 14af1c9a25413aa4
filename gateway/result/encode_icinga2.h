/* SPDX-License-Identifier: MIT */
/*
 * From a check result to the body of one request to Icinga 2's process-check-result, and to no
 * object but the result's own:
 *
 *     {"type":"Service","service":"web1!Disk /var","exit_status":2,"plugin_output":"98% full",
 *      "performance_data":["used=98%;80;90"],"execution_start":1795384096.250000,...}
 *
 * The object is named, never found by a filter: a filter looks at all objects, which takes a
 * hundred times as long. Icinga divides "web1!Disk" at the `!`, so that a host of the name "a!b"
 * would speak for a service of the host "a"; no object of Icinga's can have a `!` in its name.
 */
#ifndef GATEWAY_RESULT_ENCODE_ICINGA2_H
#define GATEWAY_RESULT_ENCODE_ICINGA2_H

#include "common/str.h"
#include "gateway/result/check_result.h"

/* What was encoded, taken apart again; all borrowed from the text. */
struct icinga2_item {
	struct span host, service; /* service empty: the host itself */
	struct span action;	   /* empty: process-check-result */
	struct span body;	   /* empty: Icinga can have no such object */
};

/*
 * Append the result as "HOST\nSERVICE\nBODY"; a command has the name of its action in front of the
 * body (encode_command.h). Output and long output keep their line ends and all
 * their characters; of both together `max_output` bytes are kept, then " [cut, N bytes]" says how
 * much is missing. Of perfdata as many bytes, whole values only. `now` stamps a result that has no
 * time, and limits one from the future. A host is up or down: UNREACHABLE becomes DOWN, as Icinga
 * finds out by itself what cannot be reached. `source` (may be NULL) is named as the source of a
 * result that names none.
 *
 * Returns true when something was cut. A name that is not name_valid() appends nothing; the decoder
 * makes none.
 */
bool encode_icinga2(struct str *into, const struct check_result *result, struct wall_time now,
		size_t max_output, const char *source);

/* `text` as it was encoded; of an empty one all parts are empty. */
struct icinga2_item icinga2_item_of(struct span text);

#endif
