/* SPDX-License-Identifier: MIT */
#include "gateway/intake/message.h"

#include <mqtt_protocol.h>

#include "common/mem.h"

/* Where a text was put; `texts` may still move. */
struct place {
	size_t at, len;
};

enum { RESPONSE, CORRELATION, OWN };

enum { MAX_OWN = 8 }; /* properties of the broker's own; more of them are forged */

static const struct span own_prefix = SPAN("belfry-");

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

/* Names and values of the properties that the broker may have added; returns how many. */
static size_t read_own(
		struct message *m, const mosquitto_property *all, struct place places[MAX_OWN][2])
{
	const mosquitto_property *at = all;
	char *name = NULL, *value = NULL;
	bool skip = false;
	size_t n = 0;

	while ((at = mosquitto_property_read_string_pair(
				at, MQTT_PROP_USER_PROPERTY, &name, &value, skip)) != NULL) {
		if (n < MAX_OWN && span_starts_with(span_of_text(name), own_prefix)) {
			put(m, &places[n][0], span_of_text(name));
			put(m, &places[n++][1], span_of_text(value));
		}
		free(name);
		free(value);
		name = value = NULL;
		skip = true;
	}
	return n;
}

static void read_request(struct message *m, const mosquitto_property *all, struct place *places)
{
	AUTO_FREE char *topic = NULL;
	AUTO_FREE void *data = NULL;
	uint16_t len = 0;

	if (mosquitto_property_read_string(all, MQTT_PROP_RESPONSE_TOPIC, &topic, false) != NULL)
		put(m, &places[RESPONSE], span_of_text(topic));
	if (mosquitto_property_read_binary(all, MQTT_PROP_CORRELATION_DATA, &data, &len, false) !=
			NULL)
		put(m, &places[CORRELATION], span_of(data, len));
}

void message_read(struct message *m, const struct mosquitto_message *from,
		const mosquitto_property *properties)
{
	struct place places[OWN] = { 0 }, own[MAX_OWN][2];
	size_t n;

	m->record = (struct record){
		.kind = RECORD_MESSAGE,
		.topic = span_of_text(from->topic),
		.payload = span_of(from->payload, (size_t)from->payloadlen),
		.retain = from->retain,
	};
	if (properties == NULL)
		return;
	str_clear(&m->texts);
	n = read_own(m, properties, own);
	read_request(m, properties, places);
	while (n-- > 0)
		publisher_note(&m->record.publisher, placed(m, &own[n][0]), placed(m, &own[n][1]));
	if (m->record.publisher.is_forged)
		m->record.publisher = (struct publisher){ 0 };
	m->record.response_topic = placed(m, &places[RESPONSE]);
	m->record.correlation = placed(m, &places[CORRELATION]);
}

void message_finish(struct message *m)
{
	str_finish(&m->texts);
	*m = (struct message){ 0 };
}
