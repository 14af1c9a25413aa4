/* SPDX-License-Identifier: MIT */
#include "gateway/intake/message.h"

#include <mqtt_protocol.h>

#include "common/mem.h"

/* Where a text was put; `texts` may still move. */
struct place {
	size_t at, len;
};

enum text_property { RESPONSE, CORRELATION, CONTENT_TYPE, TEXT_PROPERTIES };

/* Three names: of a fourth property at the latest there is one that came twice, and is forged. */
enum { MAX_OWN = 4 };

/* What is found in one walk over the properties. */
struct found {
	struct place texts[TEXT_PROPERTIES];
	struct place own[MAX_OWN][2]; /* names and values that the broker may have added */
	size_t own_count;
};

static void put(struct message *m, struct place *p, struct span text)
{
	p->at = m->texts.len;
	p->len = text.len;
	str_append(&m->texts, text);
}

static struct span placed(const struct message *m, const struct place *p)
{
	return span_of(m->texts.text + p->at, p->len);
}

static void read_user(struct message *m, const mosquitto_property *at, struct found *f)
{
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *value = NULL;

	if (mosquitto_property_read_string_pair(
			    at, MQTT_PROP_USER_PROPERTY, &name, &value, false) == NULL)
		return;
	if (!publisher_has_property(span_of_text(name))) {
		record_add_property(&m->user, span_of_text(name), span_of_text(value));
	} else if (f->own_count < MAX_OWN) {
		put(m, &f->own[f->own_count][0], span_of_text(name));
		put(m, &f->own[f->own_count++][1], span_of_text(value));
	}
}

static void read_text(struct message *m, const mosquitto_property *at, int id, struct place *into)
{
	AUTO_FREE char *text = NULL;

	if (mosquitto_property_read_string(at, id, &text, false) != NULL)
		put(m, into, span_of_text(text));
}

static void read_correlation(struct message *m, const mosquitto_property *at, struct place *into)
{
	AUTO_FREE void *data = NULL;
	uint16_t len = 0;

	if (mosquitto_property_read_binary(at, MQTT_PROP_CORRELATION_DATA, &data, &len, false) !=
			NULL)
		put(m, into, span_of(data, len));
}

/* Each is found at `at` itself. */
static void read_property(struct message *m, const mosquitto_property *at, struct found *f)
{
	int id = mosquitto_property_identifier(at);
	struct record *r = &m->record;
	uint8_t format = 0;

	switch (id) {
	case MQTT_PROP_USER_PROPERTY:
		read_user(m, at, f);
		break;
	case MQTT_PROP_RESPONSE_TOPIC:
		read_text(m, at, id, &f->texts[RESPONSE]);
		break;
	case MQTT_PROP_CONTENT_TYPE:
		read_text(m, at, id, &f->texts[CONTENT_TYPE]);
		break;
	case MQTT_PROP_CORRELATION_DATA:
		read_correlation(m, at, &f->texts[CORRELATION]);
		break;
	case MQTT_PROP_PAYLOAD_FORMAT_INDICATOR:
		mosquitto_property_read_byte(at, id, &format, false);
		r->is_utf8 = format == 1;
		break;
	case MQTT_PROP_MESSAGE_EXPIRY_INTERVAL:
		r->expires = mosquitto_property_read_int32(at, id, &r->expiry, false) != NULL;
		break;
	default:
		break;
	}
}

static void read_properties(struct message *m, const mosquitto_property *properties)
{
	struct record *r = &m->record;
	struct found f = { 0 };

	str_clear(&m->texts);
	str_clear(&m->user);
	for (const mosquitto_property *at = properties; at != NULL;
			at = mosquitto_property_next(at))
		read_property(m, at, &f);
	for (size_t i = 0; i < f.own_count; i++)
		publisher_note(&r->publisher, placed(m, &f.own[i][0]), placed(m, &f.own[i][1]));
	if (r->publisher.is_forged)
		r->publisher = (struct publisher){ 0 };
	r->response_topic = placed(m, &f.texts[RESPONSE]);
	r->correlation = placed(m, &f.texts[CORRELATION]);
	r->content_type = placed(m, &f.texts[CONTENT_TYPE]);
	r->user_properties = str_span(&m->user);
}

void message_read(struct message *m, const struct mosquitto_message *from,
		const mosquitto_property *properties)
{
	m->record = (struct record){
		.kind = RECORD_MESSAGE,
		.topic = span_of_text(from->topic),
		.payload = span_of(from->payload, (size_t)from->payloadlen),
		.retain = from->retain,
		.qos = (unsigned)from->qos,
	};
	if (properties != NULL)
		read_properties(m, properties);
}

void message_finish(struct message *m)
{
	str_finish(&m->texts);
	str_finish(&m->user);
	*m = (struct message){ 0 };
}
