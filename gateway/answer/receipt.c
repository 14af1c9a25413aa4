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

static void add_reason(struct str *into, const struct rejection *rejection)
{
	const struct reject_info *info = reject_info(rejection->reject);

	str_printf(into, "\"index\":%zu", rejection->index);
	json_append_member(into, "code", span_of_text(info->code));
	json_append_member(into, "reason", span_of_text(info->reason));
	json_append_member(into, "remedy", span_of_text(info->remedy));
}

void receipt_refuse(struct receipt *r, const struct rejection *rejection)
{
	if (r->refused++ >= RECEIPT_REFUSALS)
		return;
	str_append_text(&r->refusals, ",{");
	add_reason(&r->refusals, rejection);
	str_append_byte(&r->refusals, '}');
}

static void add_outputs(struct str *into, uint64_t set, const char *const *names)
{
	const char *separator = ",\"outputs\":[";

	if (set == 0)
		str_append_text(into, separator);
	for (size_t i = 0; i < 64 && set >> i != 0; i++) {
		if ((set >> i & 1) == 0)
			continue;
		str_append_text(into, separator);
		json_append_string(into, span_of_text(names[i]));
		separator = ",";
	}
	str_append_byte(into, ']');
}

void receipt_format(struct str *into, const struct receipt *r, const char *const *outputs,
		struct span gateway_id)
{
	struct span refusals = str_span(&r->refusals);

	str_append_text(into, "{\"receipt\":\"journaled\"");
	json_append_member(into, "topic", r->topic);
	str_printf(into, ",\"accepted\":%zu,\"rejected\":%zu", r->accepted, r->refused);
	add_milliseconds(into, "accepted_ms", r->received, r->decoded);
	str_append_text(into, ",\"rejects\":[");
	str_append(into, refusals.len > 0 ? span_from(refusals, 1) : refusals);
	str_append_byte(into, ']');
	add_outputs(into, r->outputs, outputs);
	json_append_time(into, "received", r->received);
	json_append_member(into, "gateway", gateway_id);
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
	json_append_member(into, "topic", topic);
	json_append_member(into, "output", span_of_text(output));
	add_milliseconds(into, "confirmed_ms", received, confirmed);
	json_append_time(into, "received", received);
	json_append_member(into, "gateway", gateway_id);
	str_append_byte(into, '}');
}

void receipt_format_rejected(struct str *into, const struct rejection *rejection, struct span topic,
		const char *output, struct span gateway_id)
{
	str_append_text(into, "{\"receipt\":\"rejected\",");
	add_reason(into, rejection);
	json_append_member(into, "topic", topic);
	json_append_member(into, "output", span_of_text(output));
	json_append_member(into, "gateway", gateway_id);
	str_append_byte(into, '}');
}

bool receipt_topic_allowed(struct span topic)
{
	return topic_name_valid(topic) && topic.data[0] != '$' && !topic_is_own(topic);
}
