/* SPDX-License-Identifier: MIT */
/*
 * A range of addresses in the notation of RFC 4632 and RFC 4291: "10.1.0.0/16", "2001:db8::/32",
 * or one address.
 */
#ifndef COMMON_NETWORK_H
#define COMMON_NETWORK_H

#include "common/span.h"

struct network {
	uint8_t address[16]; /* an IPv4 address as ::ffff:a.b.c.d */
	unsigned bits;	     /* of it that count */
};

/* False when it is no network. Bits behind the prefix do not matter. */
bool network_parse(struct span text, struct network *ret);

/*
 * Is the address, as net_format_address() writes it ("10.0.0.7:49152", "[::1]:49152") or without a
 * port, in the network? False for what is no address, such as "unix".
 */
bool network_holds(const struct network *network, struct span address);

#endif
