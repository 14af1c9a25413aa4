/* SPDX-License-Identifier: MIT */
/*
 * The names that certificates are made for. A name is the certificate's common name and the name
 * of its files, so that it has to be fit for both.
 */
#ifndef CLI_CERT_NAME_H
#define CLI_CERT_NAME_H

#include "common/str.h"

/* Characters, not bytes: what RFC 5280 allows a common name (ub-common-name). */
enum { CERT_MAX_NAME = 64 };

/* The same for the name of an authority, which names no file. */
bool cert_authority_name_valid(struct span name, struct str *problem);

/* A client's, which becomes its user name. False with the rest of a sentence in *problem. */
bool cert_user_valid(struct span name, struct str *problem);

/* A server's: a host name or an IP address, as clients connect to it. */
bool cert_server_valid(struct span name, struct str *problem);

/* One more name of a server: as above, of any length, and "*.example.org" too. */
bool cert_host_valid(struct span host, struct str *problem);

/* The address in network order; its length, 4 or 16, or 0 when `host` is not an IP address. */
size_t cert_host_address(const char *host, uint8_t ret[16]);

#endif
