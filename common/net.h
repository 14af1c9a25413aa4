/* SPDX-License-Identifier: MIT */
/*
 * Addresses as text, and sockets that listen on them.
 */
#ifndef COMMON_NET_H
#define COMMON_NET_H

#include <sys/socket.h>

#include "common/base.h"

enum { NET_MAX_ADDRESSES = 16, NET_ADDRESS_TEXT = 96 };

/* "127.0.0.1:1883", "[::1]:1883", or "unix" for a Unix socket. Returns `text`. */
const char *net_format_address(const struct sockaddr_storage *address, char *text, size_t size);

/* "127.0.0.1", "::1", or "unix": the same without the port. */
const char *net_format_host(const struct sockaddr_storage *address, char text[NET_ADDRESS_TEXT]);

/* As net_format_address() for the local end of a socket; NET_ADDRESS_TEXT bytes. */
const char *net_local_address(int fd, char text[NET_ADDRESS_TEXT]);

/*
 * Listen on every address of `host` (NULL: all addresses of the machine). The sockets are
 * non-blocking and closed on exec; with port 0 the kernel chooses one for each. Returns how many
 * there are; on failure -errno, with none left open and the address that failed in ret_failed.
 * An IPv6 address on a machine without IPv6 is passed over when another one works.
 */
int net_listen(const char *host, uint16_t port, int ret_fds[NET_MAX_ADDRESSES],
		char ret_failed[NET_ADDRESS_TEXT]);

#endif
