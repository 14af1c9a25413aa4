/* SPDX-License-Identifier: MIT */
/*
 * A record as one message of RFC 5424:
 *
 *     <26>1 2026-11-23T04:05:06.789Z web1 belfry - check [belfry@32473 id="…" …] BOM text
 *
 * Every field is as its grammar (RFC 5424, 6) wants it whatever bytes a record is made of:
 *
 *   HOSTNAME, APP-NAME  printable ASCII; everything else becomes `_`, nothing at all `-`
 *   PARAM-VALUE         UTF-8; `"`, `\` and `]` with a backslash in front (6.3.3), control
 *                       characters a blank, bytes that are no UTF-8 U+FFFD
 *   MSG                 UTF-8 behind a byte order mark, or, when the text is no UTF-8, bytes
 *                       (6.4). ASCII goes without the mark, as MSG-ANY: it reads the same, and
 *                       rsyslog leaves marks in what it writes. Control characters become a
 *                       blank but for tabs and line feeds
 *
 * Pure.
 */
#ifndef PLUGINS_SYSLOG_MESSAGE_H
#define PLUGINS_SYSLOG_MESSAGE_H

#include "common/str.h"
#include "plugins/severity.h"

enum {
	/* Every receiver takes so much (6.1), and no header of ours is longer. */
	SYSLOG_LEAST_SIZE = 480,
	SYSLOG_MOST_HOSTNAME = 255,
	SYSLOG_MOST_APP_NAME = 48,
};

/* How to write messages; borrowed. */
struct syslog_form {
	const char *hostname;	/* of what has no host of its own */
	uint32_t facility;	/* 0 to 23 */
	enum severity severity; /* of what is no check result */
	uint32_t enterprise;	/* in the name of the structured data (7.2.2) */
	/*
	 * Bytes of a message, at least SYSLOG_LEAST_SIZE. What is longer loses the end of its text,
	 * cut at a character; what would leave the text less than half of it is left out of the
	 * structured data.
	 */
	size_t max_size;
	bool one_line; /* line feeds, too, become blanks */
};

/* Append the message. `app_name` is what the operator's template says of the record. */
void syslog_append_message(struct str *into, const struct syslog_form *form,
		const struct relay_record *record, struct relay_text app_name);

#endif
