/* SPDX-License-Identifier: MIT */
#include "common/utf8.h"
#include "tests/conversations/codec.h"

/* A packet that is being read. */
struct description {
	struct reader r;
	struct fields *fields;
	struct str *problem;
	unsigned type, level;
	uint8_t flags;
};

size_t packet_length(struct span input)
{
	size_t length = 0;

	for (size_t i = 1; i < input.len && i <= 4; i++) {
		length |= (size_t)(input.data[i] & 0x7f) << 7 * (i - 1);
		if ((input.data[i] & 0x80) == 0)
			return i + 1 + length <= input.len ? i + 1 + length : 0;
	}
	return 0;
}

static bool wrong(struct description *d, const char *what)
{
	str_printf(d->problem, "a malformed %s: %s", packet_name(d->type), what);
	return false;
}

static bool reason_fits(struct description *d, uint8_t reason)
{
	return d->level != LEVEL_5 || reason_is_allowed(d->type, reason) ||
	       wrong(d, "the reason is none of its own");
}

static bool describe_properties(struct description *d)
{
	return d->level != LEVEL_5 || properties_describe(&d->r, d->type, d->fields, d->problem);
}

/* v5 3.2, v3 3.2 */
static bool describe_connack(struct description *d)
{
	uint8_t flags = read_u8(&d->r), reason = read_u8(&d->r);

	fields_add_flag(d->fields, "session-present", flags == 1);
	fields_add_number(d->fields, "reason", reason);
	if (flags > 1) /* [v5 MQTT-3.2.2-1] */
		return wrong(d, "reserved acknowledge flags");
	if (reason != 0 && flags != 0) /* [v5 MQTT-3.2.2-6] [v3 MQTT-3.2.2-4] */
		return wrong(d, "a refused connection with session present");
	if (d->level != LEVEL_5 && reason > 5)
		return wrong(d, "a return code that 3.1.1 does not know");
	return reason_fits(d, reason) && describe_properties(d);
}

static bool topic_is_name(struct span topic)
{
	return topic.len > 0 && utf8_valid(topic) && span_find(topic, '+') == topic.len &&
	       span_find(topic, '#') == topic.len && span_find(topic, '\0') == topic.len;
}

static bool describe_publish(struct description *d)
{
	unsigned qos = d->flags >> 1 & 3;
	struct span topic = read_block16(&d->r), payload;
	uint16_t id = qos > 0 ? read_u16(&d->r) : 0;

	fields_add_flag(d->fields, "dup", (d->flags & 8) != 0);
	fields_add_number(d->fields, "qos", qos);
	fields_add_flag(d->fields, "retain", (d->flags & 1) != 0);
	if (qos > 0)
		fields_add_number(d->fields, "id", id);
	fields_add(d->fields, "topic", topic);
	if (qos == 3) /* [v5 MQTT-3.3.1-4] */
		return wrong(d, "QoS 3");
	if (qos == 0 && (d->flags & 8) != 0) /* [v5 MQTT-3.3.1-2] */
		return wrong(d, "DUP with QoS 0");
	if (qos > 0 && id == 0) /* [v5 MQTT-2.2.1-4] */
		return wrong(d, "packet identifier 0");
	if (topic.len > 0 && !topic_is_name(topic)) /* [v5 MQTT-3.3.2-2] */
		return wrong(d, "the topic is no topic name");
	if (!describe_properties(d))
		return false;
	if (topic.len == 0 && fields_take(d->fields, "topic-alias") == NULL)
		return wrong(d, "it has neither a topic nor an alias");
	payload = read_rest(&d->r);
	fields_add(d->fields, "payload", payload);
	fields_add_number(d->fields, "payload-length", (uint32_t)payload.len);
	return true;
}

/* v5 3.4 to 3.7: the reason is 0 and there are no properties when the packet ends early. */
static bool describe_ack(struct description *d)
{
	uint16_t id = read_u16(&d->r);
	uint8_t reason = d->level == LEVEL_5 && reader_left(&d->r) > 0 ? read_u8(&d->r) : 0;

	fields_add_number(d->fields, "id", id);
	fields_add_number(d->fields, "reason", reason);
	if (id == 0)
		return wrong(d, "packet identifier 0");
	return reason_fits(d, reason) && (reader_left(&d->r) == 0 || describe_properties(d));
}

static bool describe_codes(struct description *d)
{
	uint16_t id = read_u16(&d->r);

	fields_add_number(d->fields, "id", id);
	if (id == 0)
		return wrong(d, "packet identifier 0");
	if (!describe_properties(d))
		return false;
	while (reader_left(&d->r) > 0 && (d->level == LEVEL_5 || d->type == 9)) {
		uint8_t code = read_u8(&d->r);

		fields_add_number(d->fields, "code", code);
		if (d->level != LEVEL_5 && code > 2 && code != 0x80) /* [v3 MQTT-3.9.3-2] */
			return wrong(d, "a return code that 3.1.1 does not know");
		if (!reason_fits(d, code))
			return false;
	}
	return true;
}

static bool describe_end(struct description *d)
{
	uint8_t reason = reader_left(&d->r) > 0 ? read_u8(&d->r) : 0;

	if (d->level != LEVEL_5)
		return wrong(d, "versions before 5 know none from a server");
	fields_add_number(d->fields, "reason", reason);
	return reason_fits(d, reason) && (reader_left(&d->r) == 0 || describe_properties(d));
}

static bool describe_body(struct description *d)
{
	switch (d->type) {
	case 2:
		return describe_connack(d);
	case 3:
		return describe_publish(d);
	case 4:
	case 5:
	case 6:
	case 7:
		return describe_ack(d);
	case 9:
	case 11:
		return describe_codes(d);
	case 13:
		return true;
	case 14:
	case 15:
		return describe_end(d);
	default:
		return wrong(d, "a server does not send it");
	}
}

bool packet_describe(struct span packet, unsigned level, struct fields *ret, struct str *problem)
{
	struct description d = { .r = reader_of(packet), .fields = ret, .problem = problem };
	uint8_t first = read_u8(&d.r);

	*ret = (struct fields){ 0 };
	d.type = first >> 4;
	d.flags = first & 15;
	d.level = level;
	read_varint(&d.r);
	if (d.type == 0) {
		str_append_text(problem, "a packet of the reserved type 0");
		return false;
	}
	memcpy(ret->type, packet_name(d.type), strlen(packet_name(d.type)) + 1);
	/* [v5 MQTT-2.1.3-1] [v3 MQTT-2.2.2-1] */
	if (d.type != 3 && d.flags != (d.type == 6 ? 2 : 0))
		return wrong(&d, "reserved flags are set");
	if (!describe_body(&d))
		return false;
	if (reader_failed(&d.r))
		return wrong(&d, "it ends early");
	if (reader_left(&d.r) > 0)
		return wrong(&d, "bytes are left over");
	fields_add_number(ret, "size", (uint32_t)packet.len);
	return true;
}

bool packet_field_known(const char *name)
{
	static const char *const known[] = { "session-present", "reason", "dup", "qos", "retain",
		"id", "topic", "payload", "payload-length", "code", "size", "properties" };

	for (size_t i = 0; i < array_size(known); i++) {
		if (strcmp(known[i], name) == 0)
			return true;
	}
	return property_is_known(name);
}
