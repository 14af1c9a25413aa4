/* SPDX-License-Identifier: MIT */
/*
 * An entry:
 *
 *     table u8 | is it put u8 | key length u16 | value length u32 | key | value
 *
 * It never leaves the process: what is wrong with it is an error of the program.
 */
#include "common/store_log.h"

#include <assert.h>

enum { HEADER = 1 + 1 + 2 + 4 };

static uint8_t *add(
		struct str *log, enum store_table table, bool is_put, struct span key, size_t size)
{
	const uint8_t header[HEADER] = { (uint8_t)table, is_put, (uint8_t)(key.len >> 8),
		(uint8_t)key.len, (uint8_t)(size >> 24), (uint8_t)(size >> 16),
		(uint8_t)(size >> 8), (uint8_t)size };
	uint8_t *value;

	assert(key.len <= UINT16_MAX && size <= UINT32_MAX);
	str_reserve(log, HEADER + key.len + size);
	str_append(log, span_of(header, HEADER));
	str_append(log, key);
	value = (uint8_t *)log->text + log->len;
	log->len += size;
	log->text[log->len] = '\0';
	return value;
}

void store_log_removal(struct str *log, enum store_table table, struct span key)
{
	add(log, table, false, key, 0);
}

uint8_t *store_log_put(struct str *log, enum store_table table, struct span key, size_t size)
{
	return add(log, table, true, key, size);
}

bool store_log_next(struct span *log, struct store_log_entry *ret)
{
	struct reader r = reader_of(*log);
	uint8_t table, is_put;
	uint16_t key_len;
	uint32_t size;

	if (log->len == 0)
		return false;
	table = read_u8(&r);
	is_put = read_u8(&r);
	key_len = read_u16(&r);
	size = read_u32(&r);
	ret->key = read_bytes(&r, key_len);
	ret->value = read_bytes(&r, size);
	if (reader_failed(&r) || table >= STORE_TABLES)
		return false;
	ret->table = (enum store_table)table;
	if (!is_put)
		ret->value = (struct span){ NULL, 0 };
	*log = read_rest(&r);
	return true;
}
