/* SPDX-License-Identifier: MIT */
#include "gateway/relay/origin.h"

static void put_hex(char *at, uint64_t number)
{
	for (size_t i = 16; i-- > 0; number >>= 4)
		at[i] = "0123456789abcdef"[number & 15];
}

void origin_event_id(const struct origin *o, const struct record *record, char *ret)
{
	put_hex(ret, o->journal);
	ret[16] = '-';
	put_hex(ret + 17, record->sequence);
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
