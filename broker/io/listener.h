/* SPDX-License-Identifier: MIT */
/*
 * A socket that accepts connections.
 */
#ifndef BROKER_IO_LISTENER_H
#define BROKER_IO_LISTENER_H

#include "broker/io/http_api.h"
#include "common/tls.h"

struct listener {
	ev_io watcher;
	struct reactor *reactor; /* borrowed */
	struct listener *next;
	char *name;		   /* of listener_options */
	struct http_api *http_api; /* borrowed; NULL: it is for MQTT */
	size_t connections;
	uint64_t max_connections;     /* 0 = no limit */
	struct policy *policy;	      /* a reference; what its next connections are held to */
	struct tls_context *tls;      /* a reference; NULL: no TLS */
	enum tls_name peer_name;      /* that the next clients get as their user name */
	struct instant reports_since; /* of failed handshakes */
	unsigned reports;
	struct instant warned; /* when it was last told that there is no room */
	int reserve_fd;	       /* given up for a moment when descriptors run out */
};

struct listener_options {
	const char *name; /* what it is known by in the configuration */
	const char *host; /* NULL: all addresses */
	uint16_t port;
	uint64_t max_connections;
	struct http_api *http_api; /* who serves it; NULL: it is for MQTT */
	struct policy *policy;	   /* each listener takes a reference */
	struct tls_context *tls;   /* each takes a reference; NULL: no TLS */
	enum tls_name peer_name;
};

/*
 * Listen on every address that `host` stands for, one listener each, put in front of *list.
 * Returns 0, or -errno after logging which address failed and why; what was opened stays in the
 * list.
 */
int listeners_open(
		struct reactor *r, const struct listener_options *options, struct listener **list);

/* A reload: its next connections are held to this. */
void listener_change(struct listener *l, uint64_t max_connections, struct policy *policy);

/*
 * The same for TLS; takes a reference to the context, made anew from its files. Clients that it
 * would not let in (a certificate revoked, a key taken away) are let go, little by little.
 */
void listener_change_tls(struct listener *l, struct tls_context *tls, enum tls_name peer_name);

/* May a line be written about a failed handshake? Strangers do not fill the log. */
bool listener_may_report(struct listener *l);

void listeners_close(struct listener **list);

#endif
