/* SPDX-License-Identifier: MIT */
/*
 * MQTT inside WebSocket (RFC 6455; chapter 6 of both MQTT specifications), as a stream.
 *
 *     HTTP request ──▶ 101, open ──Close, either side──▶ over
 *          └──▶ 4xx, failed            └── a frame that may not be: Close with its code, failed
 *
 * MQTT packets need not be aligned with frames in either direction [v5 MQTT-6.0.0-2]. Coming,
 * payload is unmasked into the buffer of the caller, whatever the frames are; going, what one
 * send() offers becomes one binary frame of up to 64 kB. A Ping is answered by the next send(),
 * the latest one alone (RFC 6455 5.5.3), so that a flood of them costs no memory.
 *
 * Built without wslay and http-parser, websocket_absent.c stands in, and such a listener is
 * refused.
 */
#ifndef BROKER_IO_WEBSOCKET_H
#define BROKER_IO_WEBSOCKET_H

#include "broker/io/http_upgrade.h"
#include "broker/io/stream.h"

/* Was it built in? */
bool websocket_is_available(void);

/* Takes `below`, and a reference to the rules of its own. */
struct stream *websocket_create(struct stream *below, struct http_upgrade_rules *rules);

#endif
