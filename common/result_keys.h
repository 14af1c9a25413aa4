/* SPDX-License-Identifier: MIT */
/*
 * The keys of a result, as they are called by those who send results: one table.
 */
#ifndef COMMON_RESULT_KEYS_H
#define COMMON_RESULT_KEYS_H

#include "common/span.h"

enum result_key {
	KEY_HOST,
	KEY_SERVICE,
	KEY_STATE,
	KEY_OUTPUT,
	KEY_LONG_OUTPUT,
	KEY_PERFDATA,
	KEY_TIME,
	KEY_TTL,
	KEY_ID,
	KEY_SOURCE,
	KEY_TYPE,
	KEY_CHECKRESULT, /* NRDP's nested object with more keys of the same result */
	KEY_COUNT,
};

enum { MAX_KEY_ALIASES = 64 };

struct key_alias {
	struct span name; /* lower case */
	enum result_key key;
};

/*
 * The names, canonical one first, all of one key in a row, best first: when a result has several
 * names of one key, the first in this order counts.
 */
extern const struct key_alias key_aliases[];
extern const size_t key_alias_count;

/* Row of the name in any case; -1: nothing of ours. */
int key_alias_find(struct span name);

/* The rows of `key` are key_alias_first(key) up to, not including, key_alias_first(key + 1). */
size_t key_alias_first(enum result_key key);

#endif
