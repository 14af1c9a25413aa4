/* SPDX-License-Identifier: MIT */
/*
 * From the body of a frame to a packet. Each function returns MQTT_SUCCESS, or the reason with
 * which the connection is to be closed; *ret is then undefined.
 *
 * Checked here is what one packet alone can show: lengths, flags, UTF-8, properties, and that
 * nothing is left over. What depends on the session is checked in broker/core. The topic of a
 * PUBLISH is left to the caller as well (topic_name_valid): one that was seen before needs no
 * second look.
 */
#ifndef BROKER_MQTT_DECODE_H
#define BROKER_MQTT_DECODE_H

#include "broker/mqtt/framer.h"
#include "broker/mqtt/packet.h"

/*
 * MQTT_UNSUPPORTED_PROTOCOL_VERSION when the protocol name or level is unknown: the answer is
 * then a CONNACK [v3 MQTT-3.1.2-2, v5 MQTT-3.1.2-2], in the form of ret->version.
 */
enum mqtt_reason decode_connect(const struct frame *frame, struct connect_packet *ret);

enum mqtt_reason decode_publish(
		const struct frame *frame, enum mqtt_version version, struct publish_packet *ret);
enum mqtt_reason decode_ack(
		const struct frame *frame, enum mqtt_version version, struct ack_packet *ret);
enum mqtt_reason decode_subscribe(
		const struct frame *frame, enum mqtt_version version, struct subscribe_packet *ret);
enum mqtt_reason decode_unsubscribe(
		const struct frame *frame, enum mqtt_version version, struct subscribe_packet *ret);
enum mqtt_reason decode_disconnect(const struct frame *frame, enum mqtt_version version,
		struct disconnect_packet *ret);
enum mqtt_reason decode_auth(const struct frame *frame, struct disconnect_packet *ret);

/* PINGREQ, which is empty. */
enum mqtt_reason decode_pingreq(const struct frame *frame);

/* The next filter of a decoded list, with its options (0 in UNSUBSCRIBE). False at the end. */
bool subscribe_next(struct subscribe_packet *packet, struct span *ret_filter, uint8_t *ret_options);

#endif
