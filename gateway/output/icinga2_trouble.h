/* SPDX-License-Identifier: MIT */
/*
 * What is in the way of the results for Icinga 2: sentences for log and status, each said once.
 */
#ifndef GATEWAY_OUTPUT_ICINGA2_TROUBLE_H
#define GATEWAY_OUTPUT_ICINGA2_TROUBLE_H

#include "gateway/output/http_connection.h"

enum icinga2_trouble_kind {
	TROUBLE_NONE = 0,
	TROUBLE_ACCESS,
	TROUBLE_NAME,
	TROUBLE_UNREACHABLE,
	TROUBLE_TLS,
	TROUBLE_SILENT,
	TROUBLE_LOST,
	TROUBLE_NOT_HTTP,
	TROUBLE_NOT_ICINGA,
	TROUBLE_CLOSES,
	TROUBLE_LOGIN,
	TROUBLE_PERMISSION,
	TROUBLE_BUSY,
};

struct icinga2_trouble {
	const char *output; /* its name; borrowed */
	enum icinga2_trouble_kind kind;
};

/* NULL when nothing is in the way; a literal. */
const char *icinga2_trouble_sentence(const struct icinga2_trouble *t);

/* `detail` is escaped already, and may be empty. */
void icinga2_trouble_tell(
		struct icinga2_trouble *t, enum icinga2_trouble_kind kind, const char *detail);

/* An answer that is none to what was asked. `status` is its own, `body` holds the sentence. */
void icinga2_trouble_tell_answer(struct icinga2_trouble *t, enum icinga2_trouble_kind kind,
		const struct http_answer *answer);

/* Results are taken. */
void icinga2_trouble_end(struct icinga2_trouble *t);

enum icinga2_trouble_kind icinga2_trouble_of_failure(enum http_failure failure);
enum icinga2_trouble_kind icinga2_trouble_of_status(unsigned status);

#endif
