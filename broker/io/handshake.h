/* SPDX-License-Identifier: MIT */
/*
 * Around the handshakes of a connection's streams: who has come in, and who has not.
 */
#ifndef BROKER_IO_HANDSHAKE_H
#define BROKER_IO_HANDSHAKE_H

#include "broker/io/connection.h"

/* Has the peer said anything yet, to whichever stream? */
bool handshake_has_begun(const struct connection *c);

/*
 * All streams are open now, and no payload has been looked at: the client gets the name that its
 * certificate or key proves, if the listener wants that.
 */
void handshake_done(struct connection *c);

/*
 * The connection ends with `error`, negative, or 0 because the peer closed. One line in the log
 * when that was during a handshake, or is a stream's doing.
 */
void handshake_report(struct connection *c, ssize_t error);

/*
 * Let the client go if the listener's certificates, revocation lists and keys of today would not
 * let it in.
 */
void handshake_check_again(struct connection *c);

#endif
