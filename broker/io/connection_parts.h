/* SPDX-License-Identifier: MIT */
/*
 * What the two files of a connection know of each other, and nobody else: connection.c has its
 * life and what is sent, connection_input.c what comes in.
 */
#ifndef BROKER_IO_CONNECTION_PARTS_H
#define BROKER_IO_CONNECTION_PARTS_H

#include "broker/io/connection.h"

/* --- connection.c --------------------------------------------------------------------------- */

/* Have the loop tell of these events of the socket (EV_READ, EV_WRITE) and no others. */
void connection_watch(struct connection *c, int events);

/* The same for an open connection by its state. `is_full`: connection_has_unsent(). */
void connection_update_watch(struct connection *c, bool is_full);

/* Is there anything that the socket has not taken? */
bool connection_has_unsent(const struct connection *c);

/* --- connection_input.c --------------------------------------------------------------------- */

/* The socket has something: take it, or wait for the turn of a handshake. May destroy `c`. */
void connection_receive(struct connection *c);

/* The peer has said good-bye, and all it said before is dealt with. */
bool connection_has_ended(const struct connection *c);

/* connections_go_on() has nothing to do for it any more. */
void connection_stop_being_busy(struct connection *c);

#endif
