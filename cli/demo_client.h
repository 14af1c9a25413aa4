/* SPDX-License-Identifier: MIT */
/*
 * The demo's own connection to its broker: it publishes the story, and sees what others publish
 * to nagios/#, what the gateway says about itself and what it rejects. What it published itself
 * does not come back to it.
 */
#ifndef CLI_DEMO_CLIENT_H
#define CLI_DEMO_CLIENT_H

#include <poll.h>

#include "common/span.h"

struct demo_client;

typedef void demo_client_message(void *owner, struct span topic, struct span payload);

/* NULL when nobody listens there (yet). */
struct demo_client *demo_client_open(uint16_t port, demo_client_message *message, void *owner);

/* Accepts NULL. */
void demo_client_close(struct demo_client *c);

/* The broker has granted what it subscribed to. */
bool demo_client_is_ready(const struct demo_client *c);

/* What to wait for, and what to do then; call demo_client_turn() at least every second. */
struct pollfd demo_client_interest(const struct demo_client *c);
void demo_client_turn(struct demo_client *c, short events);

/* With QoS 1. */
bool demo_client_publish(struct demo_client *c, const char *topic, struct span payload);

#endif
