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

/* Where to listen. */
struct net_place {
	const char *host;      /* NULL: all addresses of the machine */
	const char *interface; /* all addresses of this one instead of the host's; NULL: none */
	int family;	       /* AF_INET or AF_INET6 alone; AF_UNSPEC: both */
	uint16_t port;	       /* 0: the kernel chooses one for each socket */
};

/*
 * The addresses of a place. Returns how many there are, or -errno: -ENODEV when there is no such
 * interface, -EADDRNOTAVAIL when a host or an interface has none.
 */
int net_resolve(const struct net_place *place, struct sockaddr_storage ret[NET_MAX_ADDRESSES]);

/*
 * Listen on every address of a place. The sockets are non-blocking and closed on exec. Returns how
 * many there are; on failure -errno, with none left open and the address that failed in ret_failed.
 * An IPv6 address on a machine without IPv6 is passed over when another one works.
 */
int net_listen(const struct net_place *place, int ret_fds[NET_MAX_ADDRESSES],
		char ret_failed[NET_ADDRESS_TEXT]);

/*
 * Listen on a Unix socket, whose mode is what the umask leaves. A socket of this name on which
 * nobody listens is replaced. Returns the descriptor, as above, or -errno: -EADDRINUSE when
 * somebody does listen, -EEXIST when the file is not a socket, -ENAMETOOLONG.
 */
int net_listen_unix(const char *path);

#endif
