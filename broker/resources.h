/* SPDX-License-Identifier: MIT */
/*
 * What the configuration names and the broker holds ready: for each listener, what its clients
 * are held to, and what bridges are to do. It is made as a whole, at the start and for each reload,
 * so that an error in one file leaves everything as it was.
 */
#ifndef BROKER_RESOURCES_H
#define BROKER_RESOURCES_H

#include "broker/bridge_plan.h"
#include "broker/config.h"
#include "broker/io/listener.h"

struct listener_resources {
	const struct listener_config *config; /* borrowed from the configuration */
	const char *host;		      /* borrowed; NULL: all addresses */
	char *name;		 /* "1883 127.0.0.1", owned: what tells it from the others */
	struct policy *policy;	 /* a reference */
	struct tls_context *tls; /* a reference; NULL: no TLS */
	struct http_upgrade_rules *websocket; /* a reference; NULL: bare MQTT */
};

struct resources {
	struct listener_resources *listeners;
	size_t count;
	struct bridge_plan **bridges; /* owned; NULL where somebody has taken one over */
	size_t bridge_count;
};

/*
 * Make what the configuration, which is borrowed, asks for. Errors are added to the report, all of
 * them; false when there were any, and *r is then empty.
 */
bool resources_open(
		struct resources *r, const struct config *config, struct settings_report *report);

/* Give everything back. Accepts zeroed memory. */
void resources_close(struct resources *r);

/* How the listener is to be opened, or held to from now on. Borrows from `l`. */
struct listener_options resources_options(const struct listener_resources *l);

/* The one of that name, or NULL. */
const struct listener_resources *resources_find(const struct resources *r, const char *name);

#endif
