/* SPDX-License-Identifier: MIT */
/*
 * PUBACK, PUBREC and PUBCOMP: what becomes of messages that a client was sent.
 *
 * An acknowledgement for an identifier that is not in flight is ignored: after a reconnect it may
 * be late, and there is nothing left to do for it.
 */
#include "broker/core/protocol.h"
#include "broker/core/router.h"
#include "broker/core/withheld.h"

static void finish(struct client *c, struct inflight_entry *entry, struct instant now)
{
	struct session *s = c->session;

	router_finish(c, entry);
	if (router_has_waiting(s))
		router_pump(c, now);
}

enum mqtt_reason protocol_puback(struct client *c, const struct frame *frame, struct instant now)
{
	struct inflight_entry *entry;
	struct ack_packet ack;
	enum mqtt_reason reason = decode_ack(frame, c->version, &ack);

	if (reason != MQTT_SUCCESS)
		return reason;
	entry = inflight_find(&c->session->inflight, ack.packet_id);
	if (entry != NULL && entry->state == INFLIGHT_WAIT_PUBACK)
		finish(c, entry, now);
	return MQTT_SUCCESS;
}

enum mqtt_reason protocol_pubrec(struct client *c, const struct frame *frame, struct instant now)
{
	struct inflight *inflight = &c->session->inflight;
	struct inflight_entry *entry;
	struct ack_packet ack;
	enum mqtt_reason reason = decode_ack(frame, c->version, &ack);

	if (reason != MQTT_SUCCESS)
		return reason;
	entry = inflight_find(inflight, ack.packet_id);
	if (entry == NULL || entry->state == INFLIGHT_WAIT_PUBACK) {
		/* Version 5 is told; before it a PUBREL is what lets the client go on. */
		if (!mqtt_reason_is_failure(ack.reason))
			protocol_send_ack(c, PACKET_PUBREL, ack.packet_id,
					MQTT_PACKET_IDENTIFIER_NOT_FOUND);
		return MQTT_SUCCESS;
	}
	if (mqtt_reason_is_failure(ack.reason)) { /* [v5 MQTT-4.4.0-2]: the handshake ends here */
		finish(c, entry, now);
		return MQTT_SUCCESS;
	}
	ledger_delivery_changed(&c->shard->ledger, &entry->delivery, entry->packet_id,
			INFLIGHT_WAIT_PUBCOMP);
	inflight_received(inflight, entry);
	/* PUBREL makes the receiver forget the identifier: it must not see the message again. */
	if (entry->delivery.number != 0)
		c->withhold = WITHHOLD;
	protocol_send_ack(c, PACKET_PUBREL, ack.packet_id, MQTT_SUCCESS);
	return MQTT_SUCCESS;
}

enum mqtt_reason protocol_pubcomp(struct client *c, const struct frame *frame, struct instant now)
{
	struct inflight_entry *entry;
	struct ack_packet ack;
	enum mqtt_reason reason = decode_ack(frame, c->version, &ack);

	if (reason != MQTT_SUCCESS)
		return reason;
	entry = inflight_find(&c->session->inflight, ack.packet_id);
	if (entry != NULL && entry->state == INFLIGHT_WAIT_PUBCOMP)
		finish(c, entry, now);
	return MQTT_SUCCESS;
}
