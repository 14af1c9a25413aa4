/* SPDX-License-Identifier: MIT */
/*
 * The broker as a whole: one shard, its reactor, its listeners and its signals.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "broker/config.h"

struct broker;

/* `config` is borrowed and outlives the broker. */
struct broker *broker_create(const struct config *config);

/* Open the listeners. False when one cannot be opened; that was logged. */
bool broker_listen(struct broker *b);

/* Serve until SIGTERM or SIGINT. */
void broker_run(struct broker *b);

/* Accepts NULL. */
void broker_destroy(struct broker *b);

#endif
