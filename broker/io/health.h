/* SPDX-License-Identifier: MIT */
/*
 * Whether the broker takes new clients, for /healthz: that it answers at all says the rest.
 */
#ifndef BROKER_IO_HEALTH_H
#define BROKER_IO_HEALTH_H

#include "broker/io/reactor.h"

/* What keeps them out, as a sentence with the remedy; NULL when all is well. */
const char *health_problem(const struct reactor *r);

#endif
