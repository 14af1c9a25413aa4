/* SPDX-License-Identifier: MIT */
#include "gateway/relay/origin.h"

#include <endian.h>

/* Eight digits at once, one in each byte: every record that is delivered has 32 of them. */
static void put_hex(char at[8], uint32_t number)
{
	uint64_t x = number, is_letter;

	x = (x | x << 16) & 0x0000ffff0000ffff;
	x = (x | x << 8) & 0x00ff00ff00ff00ff;
	x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
	is_letter = (x + 0x0606060606060606) >> 4 & 0x0101010101010101;
	x = htobe64(x + 0x3030303030303030 + is_letter * ('a' - '9' - 1));
	memcpy(at, &x, 8);
}

void origin_event_id(const struct origin *o, const struct record *record, char *ret)
{
	put_hex(ret, (uint32_t)(o->journal >> 32));
	put_hex(ret + 8, (uint32_t)o->journal);
	ret[16] = '-';
	put_hex(ret + 17, (uint32_t)(record->sequence >> 32));
	put_hex(ret + 25, (uint32_t)record->sequence);
}

void origin_append_host(const struct origin *o, const struct record *record, struct str *into)
{
	size_t start = into->len;

	if (record->kind == RECORD_RESULT)
		str_append(into, record->result.host);
	else if (o->host != NULL && !template_expand(o->host, record->topic, into))
		str_truncate(into, start);
}

enum check_state record_severity(const struct record *record)
{
	const struct check_result *r = &record->result;

	if (record->kind != RECORD_RESULT)
		return CHECK_OK;
	return r->service.len == 0 && r->state != CHECK_OK ? CHECK_CRITICAL : r->state;
}

struct wall_time record_time(const struct record *record)
{
	bool has_own = record->kind == RECORD_RESULT && record->result.time.ns != 0;

	return has_own ? record->result.time : record->received;
}
