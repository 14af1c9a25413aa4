/* SPDX-License-Identifier: MIT */
/*
 * The event loop of one shard: sockets, timers, and the one place where output is sent.
 *
 * A turn is: wait for sockets; receive from each ready one and let the core route what came; then,
 * before waiting again, send what clients have to be sent, one system call each. A small write
 * costs a hundred times its bytes, so everything a turn produced for a client leaves together.
 * After MAX_TURN ready sockets the output is sent in between, which keeps the latency of a busy
 * turn low. What is too much for one turn (broker/core/work.h) waits for the next one, which then
 * comes at once.
 *
 * Everything here runs on the loop's thread.
 */
#ifndef BROKER_IO_REACTOR_H
#define BROKER_IO_REACTOR_H

#include <ev.h>

#include "broker/core/shard.h"
#include "broker/io/turns.h"

enum {
	RECEIVE_BUFFER = 256 * 1024,
	MAX_TURN = 64, /* ready sockets between two rounds of sending */
};

/* Called once in each turn, before its output is sent; `run` NULL: nobody is. */
struct reactor_hook {
	void (*run)(void *owner);
	void *owner;
};

struct address_limit;
struct connection;
struct tls_workspace;

struct reactor {
	struct ev_loop *loop;
	struct shard *shard; /* borrowed */
	ev_prepare prepare;
	ev_check check;
	ev_timer timer;			/* the core's next deadline */
	ev_idle idle;			/* active while work was put off: no waiting for sockets */
	struct instant now;		/* of this turn */
	unsigned turn;			/* sockets received from since output was last sent */
	uint8_t *receive_buffer;	/* shared by all connections: an idle one owns none */
	struct connection *connections; /* all, doubly linked */
	struct connection *lingering;	/* utlist: told that it is over, oldest first */
	struct connection *busy;	/* utlist: more was to be done for them than a turn bears */
	struct turns turns;		/* those whose next step is costly */
	struct tls_workspace *tls;	/* owned; NULL as long as no listener speaks TLS */
	size_t connection_count;
	uint64_t max_connections;    /* of all listeners; 0 = no limit */
	struct address_limit *limit; /* borrowed; of new connections. NULL: none */
	struct reactor_hook end_of_turn;
	struct instant no_descriptor; /* when one was last missing for a client; 0: never */
};

void reactor_init(struct reactor *r, struct shard *shard);

/* Closes every connection that is left. */
void reactor_finish(struct reactor *r);

/* Run until reactor_stop(). */
void reactor_run(struct reactor *r);
void reactor_stop(struct reactor *r);

/* Made when it is asked for first. */
struct tls_workspace *reactor_tls_workspace(struct reactor *r);

/* A socket was received from: sends when the turn has become long. */
void reactor_count_turn(struct reactor *r);

/* Connections and sessions of `old` are held to `new` from now on (lifecycle.h). */
void reactor_change_policy(struct reactor *r, struct policy *old, struct policy *new);

/* And once that was said of every listener: close the clients that may not stay. */
void reactor_dismiss(struct reactor *r);

/* Tell every client that the server shuts down, and send what can be sent at once. */
void reactor_shut_down(struct reactor *r);

#endif
