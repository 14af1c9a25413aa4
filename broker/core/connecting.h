/* SPDX-License-Identifier: MIT */
/*
 * A CONNECT on its way to being accepted: it is checked, what the broker answers is put together,
 * and the client gets its session. In which order, and what happens while a password is verified,
 * is protocol_connect.c's.
 */
#ifndef BROKER_CORE_CONNECTING_H
#define BROKER_CORE_CONNECTING_H

#include "broker/core/shard.h"

struct connecting {
	struct client *client;
	struct connect_packet *packet;
	struct instant now;
	struct span username; /* data NULL: none */
	struct span client_id;
	bool is_assigned; /* the client sent none */
	char assigned[128];
	uint32_t keep_alive;
	uint8_t announced[256]; /* properties of the CONNACK */
};

/* --- what a CONNECT is checked for: connecting_check.c --------------------------------------- */

/* Everything but who it is. Finds user name, client identifier and keep alive. */
enum mqtt_reason connecting_check(struct connecting *k);

/* Of its will, as the broker's other clients would call it. */
struct span connecting_will_topic(const struct connecting *k);

/*
 * A will that its client may not publish. Version 5 is refused; an older client is let in as by
 * Mosquitto, and asked about again when its connection ends.
 */
bool connecting_is_will_denied(const struct connecting *k);

/* --- what it is told: connecting_answer.c ---------------------------------------------------- */

/* What a CONNACK that accepts it announces: valid as long as `k`; empty before version 5. */
struct span connecting_announce(struct connecting *k);

/* Could the client take a CONNACK that says so? */
bool connecting_takes(const struct connecting *k, struct span announced);

void connecting_send_connack(struct client *c, enum mqtt_reason reason, bool session_present,
		struct span announced);

/*
 * Count it, tell the operator, and answer with a CONNACK that says no [v5 MQTT-3.1.4-2] or, where
 * none could, not at all [v3 MQTT-3.1.4-1, MQTT-3.2.2-6]. The caller returns what this returns,
 * and the connection is closed.
 */
enum mqtt_reason connecting_refuse(
		struct client *c, struct span client_id, enum mqtt_reason reason);

/* --- and what becomes of it: connecting_accept.c --------------------------------------------- */

/* Would it have to wait for the store: a session that is to last begins, or one that did ends? */
bool connecting_needs_store(const struct connecting *k);

/* The client gets its session and is told so, then what has waited for it there. */
void connecting_accept(struct connecting *k, struct span announced);

#endif
