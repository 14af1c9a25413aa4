/* SPDX-License-Identifier: MIT */
#include "gateway/answer/receipt.h"

#include "common/json.h"
#include "common/topic.h"
#include "gateway/answer/outbound.h"

static void add_milliseconds(
		struct str *into, const char *key, struct wall_time from, struct wall_time to)
{
	double ms = (double)(to.ns - from.ns) / 1e6;

	str_printf(into, ",\"%s\":%.3f", key, ms > 0 ? ms : 0);
}

static void add_text(struct str *into, const char *key, struct span text)
{
	str_printf(into, ",\"%s\":", key);
	json_append_string(into, text);
}

static void add_time(struct str *into, const char *key, struct wall_time time)
{
	char text[WALL_TIME_TEXT];

	add_text(into, key, span_of_text(wall_time_format(time, text)));
}

void receipt_refuse(struct receipt *r, const struct rejection *rejection)
{
	const struct reject_info *info = reject_info(rejection->reject);

	if (r->refused++ >= RECEIPT_REFUSALS)
		return;
	str_printf(&r->refusals, ",{\"index\":%zu", rejection->index);
	add_text(&r->refusals, "code", span_of_text(info->code));
	add_text(&r->refusals, "reason", span_of_text(info->reason));
	add_text(&r->refusals, "remedy", span_of_text(info->remedy));
	str_append_byte(&r->refusals, '}');
}

void receipt_format(struct str *into, const struct receipt *r, struct span gateway_id)
{
	struct span refusals = str_span(&r->refusals);

	str_append_text(into, "{\"receipt\":\"journaled\"");
	add_text(into, "topic", r->topic);
	str_printf(into, ",\"accepted\":%zu,\"rejected\":%zu", r->accepted, r->refused);
	add_milliseconds(into, "accepted_ms", r->received, r->decoded);
	str_append_text(into, ",\"rejects\":[");
	str_append(into, refusals.len > 0 ? span_from(refusals, 1) : refusals);
	str_append_byte(into, ']');
	add_time(into, "received", r->received);
	add_text(into, "gateway", gateway_id);
}

void receipt_format_end(struct str *into, struct wall_time received, struct wall_time journaled)
{
	add_milliseconds(into, "journaled_ms", received, journaled);
	str_append_byte(into, '}');
}

void receipt_format_confirmed(struct str *into, struct span topic, const char *output,
		struct wall_time received, struct wall_time confirmed, struct span gateway_id)
{
	str_append_text(into, "{\"receipt\":\"confirmed\"");
	add_text(into, "topic", topic);
	add_text(into, "output", span_of_text(output));
	add_milliseconds(into, "confirmed_ms", received, confirmed);
	add_time(into, "received", received);
	add_text(into, "gateway", gateway_id);
	str_append_byte(into, '}');
}

bool receipt_topic_allowed(struct span topic)
{
	return topic_name_valid(topic) && topic.data[0] != '$' && !topic_is_own(topic);
}
