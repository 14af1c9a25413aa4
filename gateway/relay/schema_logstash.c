/* SPDX-License-Identifier: MIT */
/*
 * What Logstash without ecs_compatibility, and most of what reads JSON lines, expects: flat, and
 * `host` a string.
 */
#include "gateway/relay/schema_impl.h"

static void prepare(struct schema *s)
{
	struct str *c = &s->constant;

	PUT(c, ",\"@version\":\"1\"");
	put_tags(s, c);
	if (s->options.type != NULL)
		PUT_TEXT(c, "type", span_of_text(s->options.type));
	PUT_TEXT_IF_ANY(c, "gateway", s->options.origin.gateway);
}

static void put_payload(struct schema *s, struct str *into, struct span payload)
{
	enum payload_form form = schema_payload_form(s, payload);

	if (form == PAYLOAD_ABSENT)
		return;
	PUT(into, ",\"message\":");
	put_payload_text(into, form, payload);
	if (form == PAYLOAD_BINARY)
		PUT(into, ",\"payload_encoding\":\"base64\"");
	if (form == PAYLOAD_OBJECT) {
		PUT(into, ",\"payload\":");
		put_compact_json(into, payload);
	}
}

static void put_result(struct str *into, const struct record *record)
{
	const struct check_result *r = &record->result;
	bool is_host = r->service.len == 0;

	PUT_TEXT(into, "message", r->output);
	PUT_TEXT(into, "host_name", r->host);
	PUT_TEXT_IF_ANY(into, "service_description", r->service);
	PUT(into, ",\"state\":");
	str_append_number(into, (uint64_t)r->state);
	PUT(into, ",\"state_text\":\"");
	str_append_text(into, check_state_name(r->state, is_host));
	PUT(into, "\",\"severity\":");
	str_append_number(into, (uint64_t)record_severity(record));
	PUT_TEXT(into, "output", r->output);
	PUT_TEXT_IF_ANY(into, "long_output", r->long_output);
	PUT_TEXT_IF_ANY(into, "perfdata", r->perfdata);
	if (r->ttl >= 0) {
		PUT(into, ",\"ttl\":");
		str_append_number(into, (uint64_t)r->ttl);
	}
	PUT_TEXT_IF_ANY(into, "check_id", r->id);
	PUT_TEXT_IF_ANY(into, "check_source", r->source);
}

static void put_publisher(struct str *into, const struct publisher *p)
{
	struct span ip;
	int port;

	if (!p->known)
		return;
	PUT_TEXT_IF_ANY(into, "clientid", p->client);
	PUT_TEXT_IF_ANY(into, "username", p->user);
	if (split_address(p->address, &ip, &port)) {
		PUT_TEXT(into, "client_ip", ip);
		if (port >= 0) {
			PUT(into, ",\"client_port\":");
			str_append_number(into, (uint64_t)port);
		}
	} else {
		PUT_TEXT_IF_ANY(into, "client_address", p->address);
	}
}

static void write_logstash(struct schema *s, struct str *into, const struct record *record)
{
	struct span host = schema_host(s, record);

	PUT(into, "{\"@timestamp\":");
	put_time(s, into, 0, record_time(record));
	put_bytes(into, s->constant.text, s->constant.len);
	PUT_TEXT_IF_ANY(into, "host", host);
	PUT_TEXT(into, "topic", record->topic);
	PUT(into, ",\"event_id\":");
	put_event_id(s, into, record);
	PUT(into, ",\"received\":");
	put_time(s, into, 1, record->received);
	if (record->kind == RECORD_RESULT)
		put_result(into, record);
	else
		put_payload(s, into, record->payload);
	put_message_properties(s, into, record);
	put_publisher(into, &record->publisher);
	PUT(into, "}");
}

const struct schema_form schema_logstash = {
	.prepare = prepare,
	.write = write_logstash,
	.is_json = true,
};
