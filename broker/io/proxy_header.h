/* SPDX-License-Identifier: MIT */
/*
 * The header that a proxy sends in front of a client's bytes, to say who the client is: the PROXY
 * protocol of HAProxy (doc/proxy-protocol.txt), version 1 (a line of text) and 2 (binary).
 *
 *     PROXY TCP4 192.0.2.5 192.0.2.1 49152 1883\r\n
 *
 *     0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A  21  11  00 0C  source, destination, ports  TLVs
 *     signature                            v2  v4  length
 *
 * Whoever can reach such a listener can claim to be anybody, so the header counts only where the
 * configuration says that a proxy stands in front, and what is not exactly a header is none.
 * Pure: bytes in, a value out.
 */
#ifndef BROKER_IO_PROXY_HEADER_H
#define BROKER_IO_PROXY_HEADER_H

#include <sys/socket.h>

#include "common/span.h"

/* Values of enable_proxy_protocol. */
enum proxy_version { PROXY_NONE, PROXY_V1, PROXY_V2 };

/* The largest header that is waited for; a proxy sends a tenth of it. */
enum { PROXY_HEADER_MAX = 2048 };

struct proxy_header {
	size_t len; /* bytes of the header; those behind it are the client's */
	/*
	 * Of the client's connection to the proxy. AF_UNSPEC: the proxy speaks for itself (LOCAL)
	 * or does not know (UNKNOWN), and the addresses of the socket count.
	 */
	struct sockaddr_storage source, destination;
	bool is_tls;		 /* the client speaks TLS to the proxy */
	bool has_certificate;	 /* and has shown a certificate, which the proxy has verified */
	struct span common_name; /* of that certificate, inside the input; empty: not told */
};

enum proxy_result { PROXY_INCOMPLETE, PROXY_COMPLETE, PROXY_MALFORMED };

/*
 * Read the header at the start of `input`. Incomplete: every byte of the input belongs to the
 * header, and the same bytes with more behind them can be tried again. *ret is set only when it
 * is complete.
 */
enum proxy_result proxy_header_parse(
		struct span input, enum proxy_version version, struct proxy_header *ret);

#endif
