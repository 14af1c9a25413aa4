/* SPDX-License-Identifier: MIT */
/*
 * A socket that accepts connections.
 */
#ifndef BROKER_IO_LISTENER_H
#define BROKER_IO_LISTENER_H

#include "broker/io/http_api.h"
#include "broker/io/http_upgrade.h"
#include "broker/io/proxy_stream.h"
#include "common/activation.h"
#include "common/tls.h"

struct listener {
	ev_io watcher;
	ev_timer pause;		 /* running while nothing is accepted, because nothing can be */
	struct reactor *reactor; /* borrowed */
	struct listener *next;
	char *name;		   /* of listener_options */
	char *path;		   /* of a Unix socket that ends with it, owned; NULL: none */
	struct http_api *http_api; /* borrowed; NULL: it is for MQTT */
	size_t connections;
	uint64_t max_connections; /* 0 = no limit */
	struct policy *policy;	  /* a reference; what its next connections are held to */
	struct tls_context *tls;  /* a reference; NULL: no TLS */
	enum tls_name peer_name;  /* that the next clients get as their user name */
	struct http_upgrade_rules *websocket; /* a reference; NULL: bare MQTT */
	struct proxy_rules proxy;
	struct instant reports_since; /* of failed handshakes */
	unsigned reports;
	struct instant warned; /* when it was last told that there is no room */
	int reserve_fd;	       /* given up for a moment when descriptors run out */
};

struct listener_options {
	const char *name;	/* what it is known by in the configuration */
	struct net_place place; /* a host from / on is a Unix socket */
	uint64_t max_connections;
	struct http_api *http_api; /* who serves it; NULL: it is for MQTT */
	struct policy *policy;	 /* each listener takes a reference to this, and to what follows */
	struct tls_context *tls; /* NULL: no TLS */
	enum tls_name peer_name;
	struct http_upgrade_rules *websocket; /* NULL: bare MQTT */
	struct proxy_rules proxy;
};

/*
 * Listen on every address of a place, one listener each, put in front of *list. Sockets of
 * `passed` that are at the place are taken; only without any are some opened. Returns 0, or -errno
 * after logging which address failed and why; what was opened stays in the list.
 */
int listeners_open(struct reactor *r, const struct listener_options *options,
		struct activation *passed, struct listener **list);

/* The first one of the list with that name, which all sockets of a listener have, or NULL. */
const struct listener *listener_find(const struct listener *list, const char *name);

/*
 * A reload: its next connections are held to this, wherever it listens; WebSocket or not and the
 * version of the PROXY header stay as they are. Clients that its TLS would not let in any more (a
 * certificate revoked, a key taken away) are let go, little by little.
 */
void listener_change(struct listener *l, const struct listener_options *options);

/* May a line be written about a failed handshake? Strangers do not fill the log. */
bool listener_may_report(struct listener *l);

void listeners_close(struct listener **list);

#endif
