/* SPDX-License-Identifier: MIT */
/*
 * A bridge: a session of this broker whose client is the connection to another one.
 *
 *     other broker ⇄ struct client (roles exchanged) ⇄ session ⇄ router, as any other session
 *
 *     AWAY ──bridge_open()──▶ CONNECTING ──CONNACK──▶ SUBSCRIBING ──SUBACKs──▶ UP
 *      ▲                           │                       │                   │
 *      └──────────────────── end of the connection ────────┴───────────────────┘
 *
 * The connection is a struct client like those of listeners: its bytes go through client_receive()
 * and its output. It begins with a CONNECT that this broker sends; PUBLISH and its acknowledgements
 * then run through the same protocol, in-flight table and queue. What is particular stands here:
 *   - the packets a client sends and gets (protocol_bridge.c);
 *   - names: topics are mapped when a message is written, and before one that came is routed;
 *   - what the other broker was not asked for is acknowledged and dropped;
 *   - no message goes out of QoS 1 or 2 before all subscriptions are acknowledged, so that the
 *     packet identifiers of the two cannot meet;
 *   - what came in by a bridge does not go out by it (no local);
 *   - the connection's state is published, retained: "1" while UP, else "0".
 *
 * Unless it is clean, the session exists as long as the bridge and gathers what is to be passed on
 * while the other broker is away. Who owns sockets and time opens the connection (io/bridge.h).
 */
#ifndef BROKER_CORE_BRIDGE_H
#define BROKER_CORE_BRIDGE_H

#include "broker/core/bridge_topics.h"
#include "broker/core/shard.h"

/* Texts and topics are borrowed and outlive the bridge. */
struct bridge_options {
	const char *name;
	const struct bridge_topics *topics;
	const char *local_client_id, *remote_client_id;
	const char *local_username;		       /* NULL: none */
	const char *remote_username, *remote_password; /* NULL: none */
	const char *notification_topic;		       /* NULL: no notifications */
	bool notifies_local_only;
	enum mqtt_version version;
	bool clean_start;	/* of the session there */
	bool local_clean_start; /* of the one here */
	bool is_lazy;		/* QoS 0 is kept too, and `wanted` is told */
	uint64_t threshold;	/* when lazy: messages that wait before it is */
	bool try_private;
	bool attempt_unsubscribe;
	bool outgoing_retain;
	uint16_t keep_alive;
	uint32_t max_packet_size; /* 0: what the other broker takes */
	uint16_t receive_maximum; /* 0: max_inflight_messages */
	uint32_t session_expiry;  /* 0: MQTT_EXPIRY_NEVER, or with clean_start 0 */
};

/* How a connection ended. */
enum bridge_end {
	BRIDGE_REFUSED,	     /* by the CONNACK; the reason says why */
	BRIDGE_DISCONNECTED, /* by a DISCONNECT of the other broker; the reason says why */
	BRIDGE_CLOSED,	     /* by this broker; the reason says why */
	BRIDGE_LOST,	     /* the network connection */
};

/* Who owns the bridge. Called in the middle of things: nothing is to be opened or freed there. */
struct bridge_port {
	void *owner;
	void (*up)(void *owner, bool session_present);
	void (*down)(void *owner, enum bridge_end how, enum mqtt_reason reason);
	void (*refused_topic)(void *owner, struct span filter, enum mqtt_reason reason);
	void (*wanted)(void *owner); /* it is lazy, away, and enough waits for it */
};

enum bridge_state { BRIDGE_AWAY, BRIDGE_CONNECTING, BRIDGE_SUBSCRIBING, BRIDGE_UP };

enum {
	/* Seconds for the CONNACK, and again for the SUBACKs. */
	BRIDGE_ANSWER_SECONDS = 20,
};

/* One SUBSCRIBE or UNSUBSCRIBE that is not answered yet. */
struct bridge_request {
	uint16_t packet_id;
	const char *filter; /* of the topics; NULL: answered */
};

struct bridge {
	struct shard *shard;   /* borrowed */
	struct policy *policy; /* a reference */
	struct bridge_options options;
	struct bridge_port port;
	struct client *client; /* borrowed; NULL while AWAY */
	enum bridge_state state;
	enum bridge_end how_it_ends; /* for port.down */
	struct bridge_request *requests;
	size_t request_count, unanswered;
	bool is_session_present;     /* there */
	uint32_t window;	     /* unacknowledged messages that may go out once it is UP */
	struct instant pinged;	     /* INSTANT_NEVER: everything was answered */
	struct instant last_message; /* either way */
	struct str mapped;	     /* the name of the message under way */
	bool is_mark_refused;	     /* try_private was of no use */
	bool has_will_retain;	     /* unless the other broker has refused that */
	uint8_t will_qos;
};

/*
 * Takes a reference to the policy. A session of that client identifier that exists is taken over
 * with what waits in it; its subscriptions become those of the topics.
 */
struct bridge *bridge_create(struct shard *shard, const struct bridge_options *options,
		const struct bridge_port *port, struct policy *policy, struct instant now);

/* Closes the connection. `ends_session`: what waits is lost, else a successor may take it over. */
void bridge_destroy(struct bridge *b, bool ends_session, struct instant now);

/* Its session is held to `policy` from now on. */
void bridge_change_policy(struct bridge *b, struct policy *policy);

/*
 * The network connection is there: a client, whose output begins with CONNECT, for the caller to
 * destroy as any other. The bridge is AWAY.
 */
struct client *bridge_open(struct bridge *b, void *connection, struct instant now);

/* End the connection, if there is one, in peace. */
void bridge_close(struct bridge *b, struct instant now);

/* Is nothing waiting or in flight, either way? */
bool bridge_is_idle(const struct bridge *b);

/* Messages that wait for the other broker. */
size_t bridge_waiting(const struct bridge *b);

/* --- for the rest of the core --------------------------------------------------------------- */

/* The client of a bridge is closing or gone. It is no bridge's any more. */
void bridge_client_leaves(struct client *c, enum mqtt_reason reason, struct instant now);

/* The timer of the client of a bridge is due. */
void bridge_timeout(struct client *c, struct instant now);

/* One more message waits in the session of a bridge. */
void bridge_queued(struct bridge *b, const struct session *s);

/* Is it the topic of its notifications? They are the broker's own, whatever rights it has. */
bool bridge_is_state(const struct bridge *b, struct span topic);

/*
 * The name of a message there or here, valid until the next call; data NULL: it is not passed on.
 */
struct span bridge_map_out(struct bridge *b, struct span topic, struct instant now);
struct span bridge_map_in(struct bridge *b, struct span topic, struct instant now);

/* The reason of a DISCONNECT that a client may send [v5 MQTT-3.14.2-1]; its will is published. */
enum mqtt_reason bridge_disconnect_reason(enum mqtt_reason reason);

/* The other broker has said yes: subscribe. */
void bridge_accepted(struct bridge *b, bool session_present, struct instant now);

/* It has said no: what to leave out the next time. */
void bridge_learn_refusal(struct bridge *b, enum mqtt_reason reason);

/* It has answered a SUBSCRIBE or UNSUBSCRIBE. False when that was not asked. */
bool bridge_answered(
		struct bridge *b, uint16_t packet_id, enum mqtt_reason reason, struct instant now);

#endif
