/* SPDX-License-Identifier: MIT */
/*
 * Keeps the connection of a bridge (core/bridge.h) up:
 *
 *     RESTING ──▶ DIALLING ──connected──▶ LINKED ──end──▶ RESTING ──restart_timeout──▶ DIALLING
 *     (lazy: until enough waits)             └ lazy and idle, or once: stays RESTING
 *
 * Of several addresses all are tried before it waits. They are gone through from the first, which
 * is also returned to from another one once it is there again, or with round_robin from the one
 * behind the last that was tried.
 */
#ifndef BROKER_IO_BRIDGE_H
#define BROKER_IO_BRIDGE_H

#include "broker/core/bridge.h"
#include "broker/core/jitter.h"
#include "broker/io/worker.h"
#include "common/tls.h"

struct reactor;

enum bridge_start { START_AUTOMATIC, START_LAZY, START_ONCE };

struct bridge_address {
	char *host; /* owned */
	uint16_t port;
	struct tls_context *tls; /* a reference; NULL: no TLS */
};

/* All borrowed; outlives the bridge. */
struct bridge_link_options {
	struct bridge_options core;
	const struct bridge_address *addresses;
	size_t address_count; /* at least 1 */
	bool round_robin;
	enum bridge_start start;
	struct jitter restart;
	struct duration idle_timeout;
	const char *bind_address; /* NULL: none */
	unsigned tcp_user_timeout;
};

struct bridge_link;

/* Starts in the loop's next turn. `policy`: of the session here; takes a reference. */
struct bridge_link *bridge_link_create(struct reactor *r, struct worker *worker,
		const struct bridge_link_options *options, struct policy *policy);

/* A reload: its session is held to `policy` from now on. */
void bridge_link_change_policy(struct bridge_link *l, struct policy *policy);

/* `ends_session`: as bridge_destroy(). Accepts NULL. */
void bridge_link_destroy(struct bridge_link *l, bool ends_session);

#endif
