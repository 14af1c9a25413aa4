/* SPDX-License-Identifier: MIT */
/*
 * A record as one message of GELF 1.1, a JSON object
 * (https://go2docs.graylog.org/current/getting_in_log_data/gelf.html):
 *
 *     {"version":"1.1","host":"web1","short_message":"DISK CRITICAL","timestamp":1795384096.250,
 *      "level":2,"_event_id":"…","_topic":"…","_service":"disk","_state":"CRITICAL",…}
 *
 * It is valid JSON, and valid UTF-8 without a NUL, whatever bytes a record is made of. host and
 * short_message are never empty, as the format wants it. The record's identity is `_event_id`: the
 * format forbids `_id`.
 *
 * Pure.
 */
#ifndef PLUGINS_GELF_MESSAGE_H
#define PLUGINS_GELF_MESSAGE_H

#include "common/str.h"
#include "plugins/severity.h"

/* How to write messages; borrowed. */
struct gelf_form {
	const char *hostname;	/* of what has no host of its own */
	const char *gateway;	/* for `_gateway` */
	enum severity severity; /* of what is no check result */
};

/*
 * Append the message. short_message is the first line of the record's text; full_message is there
 * when there is more of it, or a check has a long output.
 */
void gelf_append_message(
		struct str *into, const struct gelf_form *form, const struct relay_record *record);

#endif
