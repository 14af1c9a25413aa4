/* SPDX-License-Identifier: MIT */
/*
 * One network connection of a client: its stack of streams, and the start of a packet that has not
 * come whole yet.
 *
 *     open ──client closing, all sent──▶ lingering ──peer closes, or 2 s──▶ destroyed
 *       └────────────peer closes, error────────────────────────────────────▶
 *
 * Lingering: the last packet says why (CONNACK, DISCONNECT), and closing a socket that has unread
 * input would reset the connection and take that packet with it. So only the sending half is
 * closed at first, and what still comes is thrown away.
 */
#ifndef BROKER_IO_CONNECTION_H
#define BROKER_IO_CONNECTION_H

#include <netinet/in.h>

#include "broker/io/reactor.h"
#include "broker/io/stream.h"

struct bridge;
struct listener;
struct tls_context;

/*
 * What was received and the client has not dealt with: the start of a packet, or packets that its
 * share of the turn did not suffice for.
 */
struct input {
	uint8_t *bytes; /* owned; NULL: nothing */
	uint32_t start, end, capacity;
	uint32_t wanted;  /* size of the packet at the start; 0: unknown */
	uint32_t charged; /* to the budget of strangers */
};

/* As much of an address as a connection has to remember. */
union connection_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct connection {
	ev_io watcher;		     /* of the socket */
	struct socket_stream socket; /* the lowest stream */
	struct stream *stream;	     /* the topmost one; the stack is owned */
	union connection_address peer;
	struct turns_place turn; /* among those whose next step is costly */
	struct reactor *reactor;
	struct listener *listener; /* borrowed; counts its connections. NULL: of a bridge */
	struct client *client;	   /* owned */
	struct input input;
	struct connection *previous, *next;
	struct connection *previous_busy, *next_busy;
	struct connection *previous_lingering, *next_lingering;
	struct instant linger_until;
	bool is_paused; /* not read from: it does not take its replies */
	bool is_busy;	/* not read from: connections_go_on() has something to do for it */
	bool is_gone;	/* the peer has closed */
	bool is_lingering;
	bool is_shut_down;     /* the sending half is closed */
	bool is_introduced;    /* a proxy has said who the client is */
	bool is_established;   /* the handshakes are done */
	bool is_to_be_checked; /* handshake_check_again() when its turn comes */
};

/*
 * Takes the socket `fd`, which is non-blocking. The reactor owns the connection: it is destroyed
 * when its peer closes, and with the reactor at the latest.
 */
struct connection *connection_create(struct reactor *r, struct listener *listener, int fd);

/*
 * The same for a socket that is connected to the other broker of a bridge, which is AWAY: the
 * connection begins with its CONNECT. With `tls`, which is not NULL then, after a handshake.
 */
struct connection *connection_create_bridge(
		struct reactor *r, struct bridge *bridge, struct tls_context *tls, int fd);

/* What the client's CONNECT waited for is known: client_decide(), and then what came behind it. */
void connection_decide(struct connection *c, enum verdict verdict);

/* Close at once. The client is told nothing more. */
void connection_destroy(struct connection *c);

/* Send what the client's output holds, as far as the socket takes it. May destroy `c`. */
void connection_flush(struct connection *c);

/*
 * Go on with connections that had more to do than one turn bears: packets that are there already,
 * the end of one whose peer has closed. Each once, or fewer when the turn becomes long; `r->busy`
 * has those that are left.
 */
void connections_go_on(struct reactor *r);

/* Its turn has come, after waiting for so long. May destroy `c`. */
void connection_take_turn(struct connection *c, struct duration waited);

/* Have handshake_check_again() look at the client when there is time. */
void connection_check_again(struct connection *c);

/* Where the client is; remembered, so also of one that is gone. */
void connection_address(const struct connection *c, struct sockaddr_storage *ret);

/* "10.0.0.7:49152", "[::1]:49152"; for logs. The buffer has CONNECTION_PEER bytes. */
enum { CONNECTION_PEER = 64 };
const char *connection_peer(const struct connection *c, char text[CONNECTION_PEER]);

/* When connection_end_lingering() has something to do; INSTANT_NEVER when none lingers. */
struct instant connection_linger_deadline(const struct reactor *r);

/* Destroy the connections that have lingered long enough, as many as one turn bears. */
void connection_end_lingering(struct reactor *r);

#endif
