/* SPDX-License-Identifier: MIT */
/*
 * Puts and removals of records in the order in which they are to be made, in one string of bytes:
 * how small records travel from the event loop to the store's thread, and from a damaged store into
 * a new one.
 */
#ifndef COMMON_STORE_LOG_H
#define COMMON_STORE_LOG_H

#include "common/store_format.h"
#include "common/str.h"

void store_log_removal(struct str *log, enum store_table table, struct span key);

/* Returns where the caller at once writes the value, with this key. */
uint8_t *store_log_put(struct str *log, enum store_table table, struct span key, size_t size);

struct store_log_entry {
	enum store_table table;
	struct span key;
	struct span value; /* data NULL: the record is removed */
};

/* Take the first entry off. False when there is none. */
bool store_log_next(struct span *log, struct store_log_entry *ret);

#endif
