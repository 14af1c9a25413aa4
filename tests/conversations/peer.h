/* SPDX-License-Identifier: MIT */
/*
 * The clients of a conversation, and what carries their bytes: the broker's core in this process
 * under a clock that only the script moves, or TCP to a broker that runs.
 */
#ifndef TESTS_CONVERSATIONS_PEER_H
#define TESTS_CONVERSATIONS_PEER_H

#include "tests/conversations/script.h"
#include "tests/conversations/watch.h"

struct peer {
	void *handle; /* the carrier's; NULL when there is no connection */
	struct str received;
	size_t watched; /* so much of `received` has been held against `watch` */
	struct watch watch;
	unsigned level;	   /* protocol level that it speaks */
	bool closed;	   /* by the broker */
	bool is_leaving;   /* it has sent DISCONNECT: being closed is no surprise */
	bool is_connected; /* it has sent a whole CONNECT and nothing incomplete since */
	unsigned pings;	   /* PINGREQ of the script whose PINGRESP has not been read */
};

struct carrier {
	const struct carrier_ops *ops;
	struct peer peers[MAX_CLIENTS];
};

struct carrier_ops {
	/* Get ready for a script. False with a sentence in *problem. */
	bool (*start)(struct carrier *c, const struct script *s, struct str *problem);
	bool (*connect)(struct carrier *c, struct peer *p, struct str *problem);
	void (*send)(struct carrier *c, struct peer *p, struct span bytes);
	void (*drop)(struct carrier *c, struct peer *p);
	/* Get more bytes, or learn that it was closed. False when nothing more comes. */
	bool (*receive)(struct carrier *c, struct peer *p);
	/* Return when everything sent by `p` has been dealt with and reached all peers. */
	void (*settle)(struct carrier *c, struct peer *p);
	void (*wait)(struct carrier *c, int64_t ns);
	/* A reload brings other rules. False with a sentence in *problem. */
	bool (*reload_acl)(struct carrier *c, struct span acl, struct str *problem);
	void (*finish)(struct carrier *c);
};

/* In this process. `drip`: bytes come and go one at a time. */
struct carrier *core_carrier_create(bool drip);
void core_carrier_destroy(struct carrier *c);

/*
 * To a broker at "HOST:PORT", or to one that is started from the program `binary`, with
 * `persistence true` if `is_durable`.
 */
struct carrier *tcp_carrier_create(const char *address, const char *binary, bool is_durable);

/* False with what the broker said in *problem when one was started and did not end well. */
bool tcp_carrier_destroy(struct carrier *c, struct str *problem);

#endif
