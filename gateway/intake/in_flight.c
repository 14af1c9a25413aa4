/* SPDX-License-Identifier: MIT */
#include "gateway/intake/in_flight.h"

#include <mqtt_protocol.h>

#include "common/log.h"

/* What became of a message of ours. A status follows another one anyway. */
static void count_outcome(
		const struct in_flight *f, const struct outbound_message *m, bool published)
{
	switch (m->kind) {
	case OUTBOUND_REJECT:
		count(f->counters, published ? COUNT_REJECTS_PUBLISHED : COUNT_REJECTS_DROPPED, 1);
		break;
	case OUTBOUND_RECEIPT:
		count(f->counters, published ? COUNT_RECEIPTS_PUBLISHED : COUNT_RECEIPTS_DROPPED,
				1);
		break;
	case OUTBOUND_STATUS:
	case OUTBOUND_STATE:
	case OUTBOUND_ANSWER:
		break;
	}
}

/* Topics below these are strangers'. */
static void say_refused(const struct outbound_message *m, int reason, const char *broker)
{
	static const char *const whose[] = {
		[OUTBOUND_REJECT] = "belfry/reject/...",
		[OUTBOUND_RECEIPT] = "a response topic",
		[OUTBOUND_STATE] = "belfry/state/...",
		[OUTBOUND_ANSWER] = "belfry/reply/...",
	};

	log_warn("%s: does not take a message on %s: %s", broker,
			m->kind == OUTBOUND_STATUS ? m->topic : whose[m->kind],
			mosquitto_reason_string(reason));
}

void in_flight_acknowledged(struct in_flight *f, int packet, int reason, const char *broker)
{
	for (size_t n = 0; n < MAX_IN_FLIGHT; n++) {
		struct outbound_message *m = f->messages[n];

		if (m == NULL || m->packet_id != packet)
			continue;
		if (reason >= 0x80)
			say_refused(m, reason, broker);
		count_outcome(f, m, reason < 0x80);
		outbound_message_destroy(m);
		f->messages[n] = NULL;
		return;
	}
}

static int publish(
		struct mosquitto *client, enum client_protocol protocol, struct outbound_message *m)
{
	mosquitto_property *properties = NULL;
	int r = MOSQ_ERR_SUCCESS;

	if (m->correlation != NULL && protocol == CLIENT_MQTT_5)
		r = mosquitto_property_add_binary(&properties, MQTT_PROP_CORRELATION_DATA,
				m->correlation, (uint16_t)m->correlation_len);
	if (r == MOSQ_ERR_SUCCESS)
		r = mosquitto_publish_v5(client, &m->packet_id, m->topic, (int)m->payload_len,
				m->payload, 1, m->retain, properties);
	mosquitto_property_free_all(&properties);
	return r;
}

void in_flight_fill(struct in_flight *f, struct mosquitto *client, enum client_protocol protocol,
		struct outbound *waiting)
{
	struct outbound_message *m;

	for (size_t n = 0; n < MAX_IN_FLIGHT; n++) {
		if (f->messages[n] != NULL)
			continue;
		if ((m = outbound_pop(waiting)) == NULL)
			return;
		if (publish(client, protocol, m) == MOSQ_ERR_SUCCESS) {
			f->messages[n] = m;
			continue;
		}
		count_outcome(f, m, false);
		outbound_message_destroy(m);
	}
}

bool in_flight_any(const struct in_flight *f)
{
	for (size_t n = 0; n < MAX_IN_FLIGHT; n++) {
		if (f->messages[n] != NULL)
			return true;
	}
	return false;
}

void in_flight_drop(struct in_flight *f)
{
	for (size_t n = 0; n < MAX_IN_FLIGHT; n++) {
		if (f->messages[n] != NULL)
			count_outcome(f, f->messages[n], false);
		outbound_message_destroy(f->messages[n]);
		f->messages[n] = NULL;
	}
}
