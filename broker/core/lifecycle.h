/* SPDX-License-Identifier: MIT */
/*
 * How sessions begin, outlive their connections and end, and when wills are published.
 *
 *     connected ──connection lost──▶ away ──expiry interval──▶ ended
 *         ▲                            │
 *         └──────── CONNECT ───────────┘   without clean start; the will, if delayed, is dropped
 *
 * A will is published when its connection ends otherwise than by a normal DISCONNECT: at once, or
 * after its delay, or when the session ends, whichever is first (v5 3.1.3.2.2).
 */
#ifndef BROKER_CORE_LIFECYCLE_H
#define BROKER_CORE_LIFECYCLE_H

#include "broker/core/shard.h"

/*
 * Why a client cannot have a session: its identifier has none yet, and there are too many
 * (MQTT_SERVER_BUSY) or no memory for it (MQTT_QUOTA_EXCEEDED); or the one it has belongs to a
 * bridge (MQTT_CLIENT_IDENTIFIER_NOT_VALID).
 */
enum mqtt_reason lifecycle_check_room(const struct shard *shard, struct span id);

/*
 * The session of `id` for a new connection: the one that exists, or a new one. A client that is
 * connected with it is closed (session taken over). With `clean_start` what exists ends first.
 */
struct session *lifecycle_session_open(struct shard *shard, struct span id, bool clean_start,
		struct instant now, bool *ret_present);

/*
 * The connection of the client is over: part it from its session, which stays or ends.
 * `with_will`: publish the will now or after its delay; else it is dropped.
 */
void lifecycle_client_leaves(struct client *c, bool with_will, struct instant now);

/* End a session whose client, if it has one, is away. */
void lifecycle_session_end(struct shard *shard, struct session *s, struct instant now);

/* How many seconds it outlives its connection, at most MQTT_EXPIRY_NEVER. */
uint32_t lifecycle_expiry(const struct shard *shard, const struct session *s);

/* Does it outlive its connection? */
bool lifecycle_is_durable(const struct shard *shard, const struct session *s);

/* The session's expiry interval has passed while its client was away. */
void lifecycle_session_expired(struct shard *shard, struct session *s, struct instant now);

/*
 * Sessions of `old` are held to `new` from now on. Whose client is not admitted under it waits for
 * lifecycle_dismiss().
 */
void lifecycle_change_policy(struct shard *shard, struct policy *old, struct policy *new);

/*
 * Close the clients that are not admitted any more: MQTT_NOT_AUTHORIZED. After the policies of all
 * listeners were changed: with a client goes its will, and to nobody by the rights of yesterday.
 */
void lifecycle_dismiss(struct shard *shard, struct instant now);

/* Publish the session's will, if it has one, and forget it. */
void lifecycle_publish_will(struct shard *shard, struct session *s, struct instant now);

#endif
