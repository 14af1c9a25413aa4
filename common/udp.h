/* SPDX-License-Identifier: MIT */
/*
 * Datagrams to one place, many with one call of the kernel.
 *
 * UDP promises nothing, and the only word that ever comes back is a refusal (ICMP: nobody has that
 * port). The kernel keeps it until the socket is used again, so that it tells of datagrams that
 * were sent before, not of the one that is sent now.
 *
 * One thread at a time. All that waits ends at once when `stop_fd` becomes readable.
 */
#ifndef COMMON_UDP_H
#define COMMON_UDP_H

#include "common/str.h"

/* What is to be sent: bytes, one datagram behind the other. Zeroed memory is a valid empty one. */
struct datagrams {
	struct str bytes; /* append to it, then datagrams_end() */
	size_t *ends;	  /* of each datagram in `bytes` */
	size_t count, capacity;
};

/* What was appended since the one before is a datagram. */
void datagrams_end(struct datagrams *d);
struct span datagrams_at(const struct datagrams *d, size_t index);
void datagrams_clear(struct datagrams *d); /* keeps the memory */
void datagrams_finish(struct datagrams *d);

struct udp_place {
	const char *host;
	uint16_t port;
	int stop_fd;	     /* -1: none */
	uint32_t timeout_ms; /* for finding the address, and for each wait for room in the socket */
};

struct udp;

/*
 * A socket that sends to the place. Of several addresses the one whose turn it is: the caller adds
 * one to `turn` after a failure. NULL with why appended.
 */
struct udp *udp_open(const struct udp_place *place, unsigned turn, struct str *why);
void udp_close(struct udp *udp); /* accepts NULL */

/*
 * Send them all: true when they have left and no refusal has come back so far. False with why
 * appended: how many of them have arrived is not known.
 */
bool udp_send(struct udp *udp, const struct datagrams *datagrams, struct str *why);

/* False with why, when a refusal has come back since. Does not wait. */
bool udp_is_fine(struct udp *udp, struct str *why);

#endif
