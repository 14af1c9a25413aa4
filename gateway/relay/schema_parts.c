/* SPDX-License-Identifier: MIT */
#include "gateway/relay/schema_impl.h"

#include <arpa/inet.h>

#include "common/base64.h"
#include "common/utf8.h"

void put_time(struct schema *s, struct str *into, unsigned which, struct wall_time time)
{
	PUT(into, "\"");
	stamp_append(&s->times[which], into, time);
	PUT(into, "\"");
}

void put_event_id(const struct schema *s, struct str *into, const struct record *record)
{
	char id[1 + EVENT_ID_LENGTH + 1];

	id[0] = id[sizeof(id) - 1] = '"';
	origin_event_id(&s->options.origin, record, id + 1);
	put_bytes(into, id, sizeof(id));
}

struct span schema_host(struct schema *s, const struct record *record)
{
	if (record->kind == RECORD_RESULT)
		return record->result.host;
	str_clear(&s->scratch);
	origin_append_host(&s->options.origin, record, &s->scratch);
	return str_span(&s->scratch);
}

void put_tags(const struct schema *s, struct str *into)
{
	const struct text_list *tags = s->options.tags;

	if (tags == NULL || tags->count == 0)
		return;
	PUT(into, ",\"tags\":[");
	for (size_t i = 0; i < tags->count; i++) {
		if (i > 0)
			PUT(into, ",");
		json_append_string(into, span_of_text(tags->texts[i]));
	}
	PUT(into, "]");
}

/* --- the payload -------------------------------------------------------------------------- */

static bool is_json_object(struct schema *s, struct span payload)
{
	struct span trimmed = span_trim(payload);

	return s->scan != NULL && payload.len <= MAX_PAYLOAD_BYTES && trimmed.len > 0 &&
	       trimmed.data[0] == '{' && json_scan(s->scan, payload) == REJECT_NONE;
}

enum payload_form schema_payload_form(struct schema *s, struct span payload)
{
	if (s->options.payload == SCHEMA_PAYLOAD_NONE)
		return PAYLOAD_ABSENT;
	if (span_find(payload, '\0') < payload.len || !utf8_valid(payload))
		return PAYLOAD_BINARY;
	return is_json_object(s, payload) ? PAYLOAD_OBJECT : PAYLOAD_TEXT;
}

void put_payload_text(struct str *into, enum payload_form form, struct span payload)
{
	if (form != PAYLOAD_BINARY) {
		json_append_string(into, payload);
		return;
	}
	PUT(into, "\"");
	base64_encode(payload, true, into);
	PUT(into, "\"");
}

/* The length of the string that `json` begins with, quotes included. */
static size_t string_length(struct span json)
{
	size_t at = 1;

	for (;;) {
		at += json_plain_run(span_from(json, at));
		if (at >= json.len || json.data[at] == '"')
			return at + 1;
		at += json.data[at] == '\\' ? 2 : 1;
	}
}

void put_compact_json(struct str *into, struct span json)
{
	while (json.len > 0) {
		size_t n = 0;

		while (n < json.len && !is_blank(json.data[n]))
			n += json.data[n] == '"' ? string_length(span_from(json, n)) : 1;
		str_append(into, span_first(json, n));
		json = span_from(json, n);
		while (json.len > 0 && is_blank(json.data[0]))
			json = span_from(json, 1);
	}
}

/* --- the publisher ------------------------------------------------------------------------ */

static bool is_ip(struct span s)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	if (s.len == 0 || s.len >= sizeof(text) || span_find(s, '\0') < s.len)
		return false;
	memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

bool split_address(struct span address, struct span *ret_ip, int *ret_port)
{
	bool is_bracketed = address.len > 0 && address.data[0] == '[';
	struct span rest = span_from(address, is_bracketed), behind;
	size_t end = span_find(rest, is_bracketed ? ']' : ':');
	uint64_t port;

	*ret_port = -1;
	*ret_ip = span_first(rest, end);
	behind = span_from(rest, end + is_bracketed);
	if (is_ip(address)) { /* IPv6 without a port, or IPv4 */
		*ret_ip = address;
		return true;
	}
	if (behind.len > 0) {
		if (behind.data[0] != ':' || !span_to_uint(span_from(behind, 1), 65535, &port))
			return false;
		*ret_port = (int)port;
	}
	return is_ip(*ret_ip);
}
