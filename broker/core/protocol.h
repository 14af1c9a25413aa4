/* SPDX-License-Identifier: MIT */
/*
 * What the broker does with each packet that a client may send. A handler returns MQTT_SUCCESS,
 * or the reason for which the connection is closed; it decides everything else itself.
 *
 * Handlers run with a client that is CLIENT_NEW (protocol_connect) or CLIENT_CONNECTED (all
 * others); client.c sees to that.
 */
#ifndef BROKER_CORE_PROTOCOL_H
#define BROKER_CORE_PROTOCOL_H

#include "broker/core/shard.h"

typedef enum mqtt_reason protocol_handler(
		struct client *c, const struct frame *frame, struct instant now);

protocol_handler protocol_connect; /* protocol_connect.c */

/* A CONNECT whose user name has been verified meanwhile; `verdict` is not VERDICT_PENDING. */
enum mqtt_reason protocol_connect_decided(struct client *c, const struct frame *frame,
		enum verdict verdict, struct instant now); /* protocol_connect.c */

protocol_handler protocol_disconnect;  /* protocol_connect.c */
protocol_handler protocol_auth;	       /* protocol_connect.c */
protocol_handler protocol_pingreq;     /* protocol_connect.c */
protocol_handler protocol_publish;     /* protocol_publish.c */
protocol_handler protocol_pubrel;      /* protocol_publish.c */
protocol_handler protocol_puback;      /* protocol_ack.c */
protocol_handler protocol_pubrec;      /* protocol_ack.c */
protocol_handler protocol_pubcomp;     /* protocol_ack.c */
protocol_handler protocol_subscribe;   /* protocol_subscribe.c */
protocol_handler protocol_unsubscribe; /* protocol_subscribe.c */

/* What another broker sends to a bridge, which is its client (protocol_bridge.c). */
protocol_handler protocol_connack;
protocol_handler protocol_suback; /* UNSUBACK too */
protocol_handler protocol_pingresp;
protocol_handler protocol_server_disconnect;

/*
 * May only the broker publish to this valid name: its own $SYS, and filters of shared
 * subscriptions? What a bridge says of its connection is not the broker's own.
 */
bool protocol_topic_reserved(struct span topic);

/* Write a PUBACK, PUBREC, PUBREL or PUBCOMP into the client's output. */
void protocol_send_ack(struct client *c, enum packet_type type, uint16_t packet_id,
		enum mqtt_reason reason);

#endif
