/* SPDX-License-Identifier: MIT */
/*
 * A template as it was read. Only template*.c include this.
 */
#ifndef GATEWAY_RELAY_TEMPLATE_IMPL_H
#define GATEWAY_RELAY_TEMPLATE_IMPL_H

#include "gateway/relay/template.h"

enum { MAX_FILTERS = 8 };

enum field {
	FIELD_LITERAL,
	FIELD_TOPIC,
	FIELD_HOST,
	FIELD_SERVICE,
	FIELD_STATE,
	FIELD_STATE_TEXT,
	FIELD_OUTPUT,
	FIELD_LONG_OUTPUT,
	FIELD_PERFDATA,
	FIELD_PAYLOAD,
	FIELD_CLIENT,
	FIELD_USER,
	FIELD_ADDRESS,
	FIELD_ID,
	FIELD_GATEWAY,
	FIELD_TIME,
	FIELD_RECEIVED,
};

struct template_filter {
	const char *name;
	void (*append)(struct span text, struct str *into);
};

struct record_template_part {
	enum field field;
	char *text; /* owned; the literal, or the format of a time; NULL: none */
	bool has_levels;
	struct topic_levels levels;
	const struct template_filter *filters[MAX_FILTERS];
	size_t filter_count;
};

#endif
