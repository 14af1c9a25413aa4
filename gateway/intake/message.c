/* SPDX-License-Identifier: MIT */
#include "gateway/intake/message.h"

#include <mqtt_protocol.h>

#include "common/mem.h"

/* Where a text was put; `texts` may still move. */
struct place {
	size_t at, len;
	unsigned seen;
};

enum { USER, CLIENT, ADDRESS, RESPONSE, CORRELATION, PLACES };

static const struct span names[] = {
	[USER] = SPAN("belfry-user"),
	[CLIENT] = SPAN("belfry-client"),
	[ADDRESS] = SPAN("belfry-address"),
};

static void put(struct message *m, struct place *p, struct span text)
{
	p->at = m->texts.len;
	p->len = text.len;
	p->seen++;
	str_append(&m->texts, text);
}

/*
 * The broker removes what a publisher forged, and adds each once. Of a broker that does neither
 * two may come: then nobody knows who it was.
 */
static void read_publisher(struct message *m, const mosquitto_property *all, struct place *places)
{
	const mosquitto_property *at = all;
	char *name, *value;
	bool skip = false;

	while ((name = value = NULL,
			       at = mosquitto_property_read_string_pair(at, MQTT_PROP_USER_PROPERTY,
					       &name, &value, skip)) != NULL) {
		for (size_t i = 0; i < array_size(names); i++) {
			if (span_equal_text(names[i], name))
				put(m, &places[i], span_of_text(value));
		}
		free(name);
		free(value);
		skip = true;
	}
	for (size_t i = 0; i < array_size(names); i++) {
		if (places[i].seen > 1)
			places[USER].len = places[CLIENT].len = places[ADDRESS].len = 0;
	}
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

static struct span placed(const struct message *m, const struct place *p)
{
	return span_of(m->texts.text + p->at, p->len);
}

void message_read(struct message *m, const struct mosquitto_message *from,
		const mosquitto_property *properties)
{
	struct place places[PLACES] = { 0 };

	m->record = (struct record){
		.kind = RECORD_MESSAGE,
		.topic = span_of_text(from->topic),
		.payload = span_of(from->payload, (size_t)from->payloadlen),
		.retain = from->retain,
	};
	if (properties == NULL)
		return;
	str_clear(&m->texts);
	read_publisher(m, properties, places);
	read_request(m, properties, places);
	m->record.publisher.user = placed(m, &places[USER]);
	m->record.publisher.client = placed(m, &places[CLIENT]);
	m->record.publisher.address = placed(m, &places[ADDRESS]);
	m->record.response_topic = placed(m, &places[RESPONSE]);
	m->record.correlation = placed(m, &places[CORRELATION]);
}

void message_finish(struct message *m)
{
	str_finish(&m->texts);
	*m = (struct message){ 0 };
}
