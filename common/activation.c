/* SPDX-License-Identifier: MIT */
#include "common/activation.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "common/mem.h"

enum { FIRST_FD = 3, MAX_FDS = 1024 };

static void name_them(struct activation *a, const char *names)
{
	struct span rest = span_of_text(names != NULL ? names : "");

	for (size_t i = 0; i < a->count; i++)
		a->names[i] = span_dup_text(span_cut(&rest, ':'));
}

static bool is_for_us(void)
{
	const char *text = getenv("LISTEN_PID");
	uint64_t pid;

	return text != NULL && span_to_uint(span_of_text(text), INT32_MAX, &pid) &&
	       (pid_t)pid == getpid();
}

void activation_init(struct activation *a)
{
	const char *text = getenv("LISTEN_FDS");
	uint64_t count = 0;

	*a = (struct activation){ 0 };
	if (text != NULL && is_for_us() && span_to_uint(span_of_text(text), MAX_FDS, &count)) {
		a->count = (size_t)count;
		a->fds = xcalloc(a->count + 1, sizeof(*a->fds));
		a->names = xcalloc(a->count + 1, sizeof(*a->names));
		name_them(a, getenv("LISTEN_FDNAMES"));
	}
	for (size_t i = 0; i < a->count; i++) {
		a->fds[i] = FIRST_FD + (int)i;
		fcntl(a->fds[i], F_SETFD, FD_CLOEXEC);
		fcntl(a->fds[i], F_SETFL, fcntl(a->fds[i], F_GETFL) | O_NONBLOCK);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

void activation_finish(struct activation *a)
{
	for (size_t i = 0; i < a->count; i++) {
		close_fd_at(&a->fds[i]);
		free(a->names[i]);
	}
	free(a->fds);
	free(a->names);
	*a = (struct activation){ 0 };
}

/* Where it listens. False when it is no stream socket that does. */
static bool find_address(int fd, struct sockaddr_storage *ret)
{
	socklen_t len = sizeof(*ret), size = sizeof(int);
	int type = 0, accepts = 0;

	*ret = (struct sockaddr_storage){ 0 };
	return fd >= 0 && getsockname(fd, (struct sockaddr *)ret, &len) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0 && accepts != 0;
}

static bool is_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return a6->sin6_port == b6->sin6_port && a6->sin6_scope_id == b6->sin6_scope_id &&
		       memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) == 0;
	return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
}

static bool has_port(const struct sockaddr_storage *address, const struct net_place *place)
{
	if (place->family != AF_UNSPEC && place->family != address->ss_family)
		return false;
	if (address->ss_family == AF_INET6)
		return ((const struct sockaddr_in6 *)address)->sin6_port == htons(place->port);
	return address->ss_family == AF_INET &&
	       ((const struct sockaddr_in *)address)->sin_port == htons(place->port);
}

int activation_take(struct activation *a, const struct net_place *place)
{
	bool is_anywhere = place->host == NULL && place->interface == NULL;
	struct sockaddr_storage address, wanted[NET_MAX_ADDRESSES];
	int n = a->count > 0 && !is_anywhere ? net_resolve(place, wanted) : 0;

	for (size_t i = 0; i < a->count; i++) {
		bool is_match;

		if (!find_address(a->fds[i], &address))
			continue;
		is_match = is_anywhere && has_port(&address, place);
		for (int w = 0; w < n && !is_match; w++)
			is_match = is_same_address(&address, &wanted[w]);
		if (is_match)
			return take_fd(&a->fds[i]);
	}
	return -1;
}

int activation_take_unix(struct activation *a, const char *path)
{
	struct sockaddr_storage address;
	const struct sockaddr_un *un = (const struct sockaddr_un *)&address;

	for (size_t i = 0; i < a->count; i++) {
		if (find_address(a->fds[i], &address) && address.ss_family == AF_UNIX &&
				strncmp(un->sun_path, path, sizeof(un->sun_path)) == 0)
			return take_fd(&a->fds[i]);
	}
	return -1;
}

static void describe(struct str *text, const char *name, int fd)
{
	struct sockaddr_storage address;
	const struct sockaddr_un *un = (const struct sockaddr_un *)&address;
	char where[NET_ADDRESS_TEXT];

	if (name[0] != '\0') {
		str_append_escaped(text, span_of_text(name));
		str_append_text(text, " at ");
	}
	if (!find_address(fd, &address)) {
		str_printf(text, "descriptor %d, which is no stream socket that listens", fd);
	} else if (address.ss_family == AF_UNIX) {
		str_append_escaped(text,
				span_of(un->sun_path, strnlen(un->sun_path, sizeof(un->sun_path))));
	} else {
		str_append_text(text, net_format_address(&address, where, sizeof(where)));
	}
}

size_t activation_left(const struct activation *a, struct str *text)
{
	size_t left = 0;

	for (size_t i = 0; i < a->count; i++) {
		if (a->fds[i] < 0)
			continue;
		if (left++ > 0)
			str_append_text(text, ", ");
		describe(text, a->names[i], a->fds[i]);
	}
	return left;
}
