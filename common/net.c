/* SPDX-License-Identifier: MIT */
#include "common/net.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

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

/* --- addresses to listen on ----------------------------------------------------------------- */

struct addresses {
	struct sockaddr_storage *list; /* of NET_MAX_ADDRESSES */
	int count;
};

static void add_address(struct addresses *to, const struct sockaddr *address, uint16_t port)
{
	struct sockaddr_storage new = { 0 };

	if (address->sa_family == AF_INET6) {
		memcpy(&new, address, sizeof(struct sockaddr_in6));
		((struct sockaddr_in6 *)&new)->sin6_port = htons(port);
	} else {
		memcpy(&new, address, sizeof(struct sockaddr_in));
		((struct sockaddr_in *)&new)->sin_port = htons(port);
	}
	for (int i = 0; i < to->count; i++) {
		if (memcmp(&to->list[i], &new, sizeof(new)) == 0)
			return; /* a line of /etc/hosts may stand there twice */
	}
	if (to->count < NET_MAX_ADDRESSES)
		to->list[to->count++] = new;
}

static bool is_internet(int family, int wanted)
{
	return (family == AF_INET || family == AF_INET6) &&
	       (wanted == AF_UNSPEC || family == wanted);
}

static int resolve_interface(const struct net_place *place, struct addresses *to)
{
	struct ifaddrs *list;
	bool exists = false;

	if (getifaddrs(&list) < 0)
		return -errno;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		if (strcmp(i->ifa_name, place->interface) != 0)
			continue;
		exists = true;
		if (i->ifa_addr != NULL && is_internet(i->ifa_addr->sa_family, place->family))
			add_address(to, i->ifa_addr, place->port);
	}
	freeifaddrs(list);
	if (to->count > 0)
		return to->count;
	return exists ? -EADDRNOTAVAIL : -ENODEV;
}

static int resolve_host(const struct net_place *place, struct addresses *to)
{
	struct addrinfo hints = {
		.ai_family = place->family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE
	};
	struct addrinfo *list;
	int error = getaddrinfo(place->host, "0", &hints, &list);

	if (error != 0)
		return error == EAI_SYSTEM ? -errno : -EADDRNOTAVAIL;
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
		add_address(to, a->ai_addr, place->port);
	freeaddrinfo(list);
	return to->count;
}

int net_resolve(const struct net_place *place, struct sockaddr_storage ret[NET_MAX_ADDRESSES])
{
	struct addresses to = { .list = ret };

	return place->interface != NULL ? resolve_interface(place, &to) : resolve_host(place, &to);
}

/* --- listening ------------------------------------------------------------------------------ */

static int listen_on(const struct sockaddr_storage *address, socklen_t len)
{
	AUTO_CLOSE int fd =
			socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	if (address->ss_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)address, len) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return take_fd(&fd);
}

static bool is_ipv6_missing(const struct sockaddr_storage *a, int error)
{
	return a->ss_family == AF_INET6 && (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL);
}

static int listen_on_all(const struct sockaddr_storage *list, int n, int fds[NET_MAX_ADDRESSES],
		char failed[NET_ADDRESS_TEXT])
{
	int count = 0, error = 0;

	for (int i = 0; i < n; i++) {
		int fd = listen_on(&list[i], list[i].ss_family == AF_INET6
							     ? sizeof(struct sockaddr_in6)
							     : sizeof(struct sockaddr_in));

		if (fd >= 0) {
			fds[count++] = fd;
			continue;
		}
		net_format_address(&list[i], failed, NET_ADDRESS_TEXT);
		error = fd;
		if (!is_ipv6_missing(&list[i], fd))
			break;
		error = i == n - 1 && count == 0 ? fd : 0;
	}
	if (error == 0)
		return count;
	while (count > 0)
		close(fds[--count]);
	return error;
}

int net_listen(const struct net_place *place, int fds[NET_MAX_ADDRESSES],
		char failed[NET_ADDRESS_TEXT])
{
	struct sockaddr_storage list[NET_MAX_ADDRESSES];
	int n = net_resolve(place, list);

	if (n < 0) {
		snprintf(failed, NET_ADDRESS_TEXT, "%.60s:%u",
				place->interface != NULL ? place->interface
				: place->host != NULL	 ? place->host
							 : "*",
				place->port);
		return n;
	}
	return listen_on_all(list, n, fds, failed);
}

/* What a daemon that was killed has left behind may go; nothing else. */
static int remove_stale_socket(const struct sockaddr_un *address)
{
	AUTO_CLOSE int fd = -1;
	struct stat status;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	if (errno != ECONNREFUSED)
		return -errno;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

int net_listen_unix(const char *path)
{
	struct sockaddr_storage address = { .ss_family = AF_UNIX };
	struct sockaddr_un *un = (struct sockaddr_un *)&address;
	size_t len = strlen(path);
	int error;

	if (len == 0 || len >= sizeof(un->sun_path))
		return -ENAMETOOLONG;
	memcpy(un->sun_path, path, len);
	error = remove_stale_socket(un);
	return error < 0 ? error : listen_on(&address, sizeof(*un));
}
