/* SPDX-License-Identifier: MIT */
/*
 * A client: one network connection, from its first byte to its last.
 *
 *     CLIENT_NEW ──CONNECT──▶ CLIENT_CONNECTED ──DISCONNECT, error, take-over──▶ CLIENT_CLOSING
 *         └──▶ CLIENT_WAITING ──▲   while its password is verified elsewhere
 *
 * It is fed with bytes and a time, and answers into its output; it never sees a socket. Who owns
 * the socket does this, once per turn of the event loop:
 *
 *     client_receive(c, bytes, now)             for each connection that has sent something
 *     while ((c = shard_next_dirty(shard)))     send c->output; when c->state is CLIENT_CLOSING
 *                                               and all is sent or sending is hopeless, close
 *     client_destroy(c, now)                    when the connection is gone, for whatever reason
 */
#ifndef BROKER_CORE_CLIENT_H
#define BROKER_CORE_CLIENT_H

#include "broker/core/alias.h"
#include "broker/core/output.h"
#include "broker/core/policy.h"
#include "broker/core/session.h"
#include "broker/core/timer.h"
#include "broker/mqtt/decode.h"

struct bridge;
struct shard;
struct withheld;

enum client_state { CLIENT_NEW, CLIENT_WAITING, CLIENT_CONNECTED, CLIENT_CLOSING };

/* Whether a client is who it says. VERDICT_BUSY: it cannot be found out now. */
enum verdict { VERDICT_ALLOW, VERDICT_DENY, VERDICT_BUSY, VERDICT_PENDING };

/*
 * Who verifies user names and passwords. The spans are valid for the duration of the call. After
 * VERDICT_PENDING, client_decide() follows on the same thread, unless cancel() was called before.
 */
struct authenticator {
	void *owner;
	/* `password.data` is NULL when the client sent none. Not NULL itself unless nobody asks. */
	enum verdict (*verify)(
			void *owner, struct client *c, struct span username, struct span password);
	void (*cancel)(void *owner, struct client *c);
};

struct client {
	struct shard *shard;	 /* borrowed */
	struct session *session; /* borrowed; NULL before CONNECT and after the end */
	struct policy *policy;	 /* of its listener; a reference */
	struct bridge *bridge; /* borrowed; NULL unless it is a bridge's, and once it is closing */
	void *connection;      /* the owner's, untouched here */
	char *identity;	       /* user name that the transport has proved, owned; NULL: none */
	struct str connect;    /* the CONNECT packet while CLIENT_WAITING */
	struct str publisher;  /* publisher_properties(), once anybody asked */
	uint32_t charged;      /* for that, to the budget of strangers */
	struct output output;
	struct withheld *withheld; /* NULL: nothing is (withheld.h) */
	size_t held;		   /* bytes of that */
	struct client *previous_dirty, *next_dirty;
	struct client *previous_replaying, *next_replaying;
	struct timer timer;	   /* for CONNECT, for the verdict on it, then keep-alive */
	struct instant last_heard; /* a whole packet, or much of a large one */
	size_t heard_of_packet;
	struct alias_table aliases; /* set by the client */
	struct sent_aliases sent_aliases;
	uint32_t max_packet_size;    /* that the client takes */
	uint32_t max_inflight;	     /* its receive maximum, bounded by ours */
	uint16_t receive_maximum;    /* of a bridge: what the other broker was told; 0 = none */
	uint16_t keep_alive;	     /* seconds that count, 0 = none */
	uint8_t state;		     /* enum client_state */
	uint8_t version;	     /* enum mqtt_version */
	bool is_dirty, is_replaying; /* it stands in that list of its shard */
	uint8_t max_qos;	     /* that it is sent */
	bool takes_retain;	     /* the flag may be set in what it is sent */
	bool is_bridge;		     /* from another broker to this one */
	bool sees_publishers;	     /* publisher_is_told() */
	bool closed_by_peer;	     /* it sent DISCONNECT */
	bool is_unwelcome;	     /* a reload does not admit it any more: lifecycle_dismiss() */
	uint8_t close_reason;	     /* enum mqtt_reason, once CLOSING */
	uint8_t withhold;	     /* enum withhold, for the next packet */
	bool is_unfinished; /* the packet at hand was too much for one turn, and comes again */
	struct str codes;   /* its answer so far: one for each filter that is dealt with */
	bool wants_reasons; /* reason strings: it did not decline problem information */
	const char *why;    /* client_explain() */
};

enum {
	/* Mosquitto's limit, enough for a will and a password of 48 kB each (CVE-2023-0809) */
	MAX_CONNECT_PACKET = 100000,
	/* Bytes of a client identifier. The protocol's 65,535 are of use to nobody but who fills
	   tables and logs with them; a certificate's subject, the longest in use, has hundreds. */
	MAX_CLIENT_ID = 1024,
	/* For a verdict: thousands who come back at once wait for slow hashes. */
	MAX_VERDICT_SECONDS = 60,
};

/*
 * `connection` is handed back as c->connection. Takes a reference to the policy. Ends with
 * client_destroy(), before the shard.
 */
struct client *client_create(
		struct shard *shard, void *connection, struct policy *policy, struct instant now);

/*
 * The transport has proved who the client is (certificate, PSK): it connects under this user name
 * and no password is asked for. Before the first byte is received. The text is copied. An empty
 * one: it should have been proved and could not be; the CONNECT is refused.
 */
void client_identify(struct client *c, struct span username);

/*
 * From client_hold() to client_release() the client waits for the broker: the time for its CONNECT
 * does not run. `held` is how long that was.
 */
void client_hold(struct client *c);
void client_release(struct client *c, struct duration held);

struct client_progress {
	size_t consumed; /* bytes of the input that were dealt with */
	size_t wanted;	 /* size of the packet whose start is left over; 0 while unknown */
	bool has_more;	 /* the client's share of this turn is used up: go on in the next one */
};

/*
 * Deal with the whole packets at the start of `input`, as many as the client may have done in one
 * turn (work.h). Bytes left over come again: with `has_more` as they are, in the next turn and
 * whether or not more has come; else they are the start of a packet and come with more behind
 * them, as does what follows a CONNECT while the client waits for the verdict on it. Once the
 * client is closing everything is consumed.
 */
struct client_progress client_receive(struct client *c, struct span input, struct instant now);

/*
 * What client_receive() left in CLIENT_WAITING is decided: go on with the CONNECT. Input that was
 * left over is then to be received. `verdict` is not VERDICT_PENDING.
 */
void client_decide(struct client *c, enum verdict verdict, struct instant now);

/* The output has been sent: deliveries that waited for room follow. */
void client_output_drained(struct client *c, struct instant now);

/*
 * End the connection: version 5 is told with DISCONNECT, the session stays or ends, the will is
 * published unless the reason is a normal disconnection. No effect on one that is closing.
 */
void client_close(struct client *c, enum mqtt_reason reason, struct instant now);

/* The network connection is gone. Publishes the will if it was not closed before. Frees `c`. */
void client_destroy(struct client *c, struct instant now);

/* It is held to `policy` from now on; whether that admits it is the caller's question. */
void client_change_policy(struct client *c, struct policy *policy);

/* The timer is due. */
void client_timeout(struct client *c, struct instant now);

/* Have the output sent at the end of this turn. */
void client_mark_dirty(struct client *c);

/*
 * Room in the output for a packet that `c` is sent now: `len` bytes here, filled at once, and
 * `more` that the caller appends by reference.
 */
uint8_t *client_reserve(struct client *c, enum packet_type type, size_t len, size_t more);

/* What client_reserve() has announced as `more`: a message's payload, by reference. */
void client_append_payload(struct client *c, struct message *m);

/* Bytes on their way to the client, those included that wait for the store (withheld.h). */
static inline size_t client_unsent(const struct client *c)
{
	return c->output.bytes + c->held;
}

/*
 * Send a packet that is there in one piece. One that is larger than the client takes is not sent
 * [v5 MQTT-3.1.2-24], and then it returns false.
 */
bool client_send(struct client *c, enum packet_type type, struct span packet);

/*
 * Say why the packet that is being dealt with is refused: `why`, a constant, goes as the reason
 * string with the acknowledgement or the DISCONNECT that follows, if there is room for it
 * [v5 MQTT-3.4.2-2] and the client wants such strings.
 */
void client_explain(struct client *c, const char *why);

/* What client_explain() was told, for the packet that is encoded now; empty for none. */
struct span client_explanation(const struct client *c);

/* Begin to watch that the client keeps to its keep-alive, if it has one. */
void client_watch_keep_alive(struct client *c, struct instant now);

#endif
