/* SPDX-License-Identifier: MIT */
/*
 * The Elastic Common Schema, version 8.11. What it has no field for is below `mqtt` and `nagios`.
 */
#include "gateway/relay/schema_impl.h"

static void prepare(struct schema *s)
{
	struct str *c = &s->constant;

	PUT(c, ",\"ecs\":{\"version\":\"8.11.0\"}");
	put_tags(s, c);
	PUT(c, ",\"network\":{\"protocol\":\"mqtt\",\"transport\":\"tcp\"}"
	       ",\"observer\":{\"vendor\":\"belfry\",\"product\":\"belfry-gateway\""
	       ",\"type\":\"gateway\",\"version\":\"" BELFRY_VERSION "\"");
	PUT_TEXT_IF_ANY(c, "name", s->options.origin.gateway);
	PUT(c, "}");
}

static const char *outcome_of(const struct record *record)
{
	enum check_state severity = record_severity(record);

	return severity == CHECK_OK ? "success" : severity == CHECK_UNKNOWN ? "unknown" : "failure";
}

static void put_event(struct schema *s, struct str *into, const struct record *record)
{
	PUT(into, ",\"event\":{\"id\":");
	put_event_id(s, into, record);
	PUT(into, ",\"created\":");
	put_time(s, into, 1, record->received);
	PUT(into, ",\"module\":\"mqtt\"");
	if (record->kind == RECORD_MESSAGE) {
		PUT(into, ",\"dataset\":\"mqtt.message\",\"kind\":\"event\"}");
		return;
	}
	PUT(into, ",\"dataset\":\"mqtt.check\",\"kind\":\"state\",\"category\":[\"host\"]"
		  ",\"type\":[\"info\"],\"outcome\":\"");
	str_append_text(into, outcome_of(record));
	PUT(into, "\",\"severity\":");
	str_append_number(into, (uint64_t)record_severity(record));
	PUT(into, "}");
}

static void put_result(struct schema *s, struct str *into, const struct record *record)
{
	const struct check_result *r = &record->result;
	const char *state = check_state_name(r->state, r->service.len == 0);

	PUT_TEXT(into, "message", r->output);
	if (r->service.len > 0) {
		PUT(into, ",\"service\":{\"state\":\"");
		str_append_text(into, state);
		PUT(into, "\"");
		PUT_TEXT(into, "name", r->service);
		PUT(into, "}");
	}
	PUT(into, ",\"nagios\":{\"state\":");
	str_append_number(into, (uint64_t)r->state);
	PUT(into, ",\"state_text\":\"");
	str_append_text(into, state);
	PUT(into, "\"");
	PUT_TEXT(into, "output", r->output);
	PUT_TEXT_IF_ANY(into, "long_output", r->long_output);
	if (r->perfdata.len > 0) {
		PUT_TEXT(into, "perfdata", r->perfdata);
		put_metrics(s, into, r->perfdata);
	}
	if (r->ttl >= 0) {
		PUT(into, ",\"ttl\":");
		str_append_number(into, (uint64_t)r->ttl);
	}
	PUT_TEXT_IF_ANY(into, "id", r->id);
	PUT_TEXT_IF_ANY(into, "source", r->source);
	PUT(into, "}");
}

static void put_mqtt(struct schema *s, struct str *into, const struct record *record,
		enum payload_form form)
{
	PUT(into, ",\"mqtt\":{\"topic\":");
	json_append_string(into, record->topic);
	put_message_properties(s, into, record);
	if (record->publisher.known)
		PUT_TEXT_IF_ANY(into, "client_id", record->publisher.client);
	if (form == PAYLOAD_BINARY)
		PUT(into, ",\"payload_encoding\":\"base64\"");
	if (form == PAYLOAD_OBJECT) {
		PUT(into, ",\"payload\":");
		put_compact_json(into, record->payload);
	}
	PUT(into, "}");
}

static void put_publisher(struct str *into, const struct publisher *p)
{
	struct span ip;
	int port;

	if (!p->known)
		return;
	if (p->user.len > 0) {
		PUT(into, ",\"user\":{\"name\":");
		json_append_string(into, p->user);
		PUT(into, "}");
	}
	if (p->address.len == 0)
		return;
	PUT(into, ",\"client\":{\"address\":");
	json_append_string(into, p->address);
	if (split_address(p->address, &ip, &port)) {
		PUT_TEXT(into, "ip", ip);
		if (port >= 0) {
			PUT(into, ",\"port\":");
			str_append_number(into, (uint64_t)port);
		}
	}
	PUT(into, "}");
}

static void write_ecs(struct schema *s, struct str *into, const struct record *record)
{
	enum payload_form form = PAYLOAD_ABSENT;
	struct span host = schema_host(s, record);

	PUT(into, "{\"@timestamp\":");
	put_time(s, into, 0, record_time(record));
	put_bytes(into, s->constant.text, s->constant.len);
	if (host.len > 0) {
		PUT(into, ",\"host\":{\"name\":");
		json_append_string(into, host);
		PUT(into, "}");
	}
	put_event(s, into, record);
	if (record->kind == RECORD_RESULT) {
		put_result(s, into, record);
	} else if ((form = schema_payload_form(s, record->payload)) != PAYLOAD_ABSENT) {
		PUT(into, ",\"message\":");
		put_payload_text(into, form, record->payload);
	}
	put_mqtt(s, into, record, form);
	put_publisher(into, &record->publisher);
	PUT(into, "}");
}

const struct schema_form schema_ecs = {
	.prepare = prepare,
	.write = write_ecs,
	.is_json = true,
};
