/* SPDX-License-Identifier: MIT */
/*
 * The broker as a whole: one shard, its reactor, its listeners and its signals.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "broker/resources.h"

struct broker;

/* Takes over the configuration, and what *resources holds. */
struct broker *broker_create(struct config *config, struct resources *resources);

/*
 * Open the listeners and what serves their clients; sockets that were passed to the process go to
 * the listeners they are for. False when that cannot be, or a socket is left
 * over; it was logged.
 */
bool broker_listen(struct broker *b, struct activation *passed);

/*
 * Read what was kept by `persistence true`, as the user that the broker runs as, and start the
 * bridges. False when that cannot be; it was logged.
 */
bool broker_restore(struct broker *b);

/* Serve until SIGTERM or SIGINT. */
void broker_run(struct broker *b);

/* Accepts NULL. */
void broker_destroy(struct broker *b);

#endif
