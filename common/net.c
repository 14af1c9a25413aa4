/* SPDX-License-Identifier: MIT */
#include "common/net.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { BACKLOG = 4096 }; /* a reconnect storm; the kernel's somaxconn bounds it */

/* Numbers only, so that nobody is asked. False for a Unix socket. */
static bool format_parts(const struct sockaddr_storage *address, char host[NI_MAXHOST],
		char port[NI_MAXSERV])
{
	socklen_t len = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						       : sizeof(struct sockaddr_in);

	return address->ss_family != AF_UNIX &&
	       getnameinfo((const struct sockaddr *)address, len, host, NI_MAXHOST, port,
			       NI_MAXSERV, NI_NUMERICHOST | NI_NUMERICSERV) == 0;
}

const char *net_format_address(const struct sockaddr_storage *address, char *text, size_t size)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (!format_parts(address, host, port))
		snprintf(text, size, "unix");
	else
		snprintf(text, size, strchr(host, ':') != NULL ? "[%.60s]:%.8s" : "%.60s:%.8s",
				host, port);
	return text;
}

const char *net_format_host(const struct sockaddr_storage *address, char text[NET_ADDRESS_TEXT])
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	snprintf(text, NET_ADDRESS_TEXT, "%.60s",
			format_parts(address, host, port) ? host : "unix");
	return text;
}

const char *net_local_address(int fd, char text[NET_ADDRESS_TEXT])
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		memset(&address, 0, sizeof(address));
	return net_format_address(&address, text, NET_ADDRESS_TEXT);
}

static int listen_on(const struct addrinfo *a)
{
	AUTO_CLOSE int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return take_fd(&fd);
}

static bool is_ipv6_missing(const struct addrinfo *a, int error)
{
	return a->ai_family == AF_INET6 && (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL);
}

static int listen_on_all(const struct addrinfo *list, int fds[NET_MAX_ADDRESSES],
		char failed[NET_ADDRESS_TEXT])
{
	int count = 0, error = 0;

	for (const struct addrinfo *a = list; a != NULL && count < NET_MAX_ADDRESSES;
			a = a->ai_next) {
		struct sockaddr_storage address = { 0 };
		int fd = listen_on(a);

		if (fd >= 0) {
			fds[count++] = fd;
			continue;
		}
		memcpy(&address, a->ai_addr, a->ai_addrlen);
		net_format_address(&address, failed, NET_ADDRESS_TEXT);
		error = fd;
		if (!is_ipv6_missing(a, fd))
			break;
		error = a->ai_next == NULL && count == 0 ? fd : 0;
	}
	if (error == 0)
		return count;
	while (count > 0)
		close(fds[--count]);
	return error;
}

int net_listen(const char *host, uint16_t port, int fds[NET_MAX_ADDRESSES],
		char failed[NET_ADDRESS_TEXT])
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *list;
	char service[8];
	int n;

	snprintf(service, sizeof(service), "%u", port);
	snprintf(failed, NET_ADDRESS_TEXT, "%.60s:%s", host != NULL ? host : "*", service);
	n = getaddrinfo(host, service, &hints, &list);
	if (n != 0)
		return n == EAI_SYSTEM ? -errno : -EADDRNOTAVAIL;
	n = listen_on_all(list, fds, failed);
	freeaddrinfo(list);
	return n;
}
