/* SPDX-License-Identifier: MIT */
#include "common/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/mem.h"
#include "common/net.h"
#include "common/resolve.h"

enum { AT_ONCE = 64 }; /* datagrams in one call */

struct udp {
	int fd, stop_fd;
	uint32_t timeout_ms;
	char to[NET_ADDRESS_TEXT];
};

/* --- what is to be sent --------------------------------------------------------------------- */

void datagrams_end(struct datagrams *d)
{
	d->ends = grow_array(d->ends, d->count, &d->capacity, sizeof(d->ends[0]));
	d->ends[d->count++] = d->bytes.len;
}

struct span datagrams_at(const struct datagrams *d, size_t index)
{
	size_t start = index > 0 ? d->ends[index - 1] : 0;

	return span_first(span_from(str_span(&d->bytes), start), d->ends[index] - start);
}

void datagrams_clear(struct datagrams *d)
{
	str_clear(&d->bytes);
	d->count = 0;
}

void datagrams_finish(struct datagrams *d)
{
	str_finish(&d->bytes);
	free(d->ends);
	*d = (struct datagrams){ 0 };
}

/* --- the socket ----------------------------------------------------------------------------- */

/* 0, -ETIMEDOUT, -ECANCELED. */
static int wait_for(int fd, short events, int stop_fd, uint32_t timeout_ms)
{
	struct pollfd fds[2] = { { .fd = stop_fd, .events = POLLIN },
		{ .fd = fd, .events = events } };
	int n;

	do
		n = poll(fds, 2, timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (fds[0].revents != 0)
		return -ECANCELED;
	return n > 0 ? 0 : -ETIMEDOUT;
}

static const char *words_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "nobody receives there (ICMP: port unreachable)";
	case ECANCELED:
		return "the gateway is ending";
	case ETIMEDOUT:
		return "the socket takes nothing more";
	default:
		return strerror(error);
	}
}

static bool fail(const struct udp *udp, int error, struct str *why)
{
	str_printf(why, "%s: %s", udp->to, words_of(error));
	return false;
}

static struct udp *open_to(
		const struct udp_place *place, const struct sockaddr_storage *to, struct str *why)
{
	struct udp *udp = xcalloc(1, sizeof(*udp));
	socklen_t len = to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						  : sizeof(struct sockaddr_in);

	*udp = (struct udp){ .stop_fd = place->stop_fd, .timeout_ms = place->timeout_ms };
	net_format_address(to, udp->to, sizeof(udp->to));
	udp->fd = socket(to->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (udp->fd >= 0 && connect(udp->fd, (const struct sockaddr *)to, len) == 0)
		return udp;
	fail(udp, errno, why);
	udp_close(udp);
	return NULL;
}

struct udp *udp_open(const struct udp_place *place, unsigned turn, struct str *why)
{
	struct resolve *resolve = resolve_start(place->host, place->port);
	const struct sockaddr_storage *addresses;
	const char *problem = "no name server has answered";
	struct udp *udp = NULL;
	size_t count = 0;

	wait_for(resolve_fd(resolve), POLLIN, place->stop_fd, place->timeout_ms);
	if (resolve_is_over(resolve))
		count = resolve_addresses(resolve, &addresses, &problem);
	if (count > 0)
		udp = open_to(place, &addresses[turn % count], why);
	else
		str_printf(why, "%s cannot be resolved: %s", place->host, problem);
	resolve_end(resolve);
	return udp;
}

void udp_close(struct udp *udp)
{
	if (udp == NULL)
		return;
	close_fd_at(&udp->fd);
	free(udp);
}

/* How many were taken, or -errno. */
static int send_some(struct udp *udp, const struct datagrams *datagrams, size_t first)
{
	struct mmsghdr messages[AT_ONCE] = { 0 };
	struct iovec parts[AT_ONCE];
	unsigned count = 0;
	int n;

	while (count < AT_ONCE && first + count < datagrams->count) {
		struct span bytes = datagrams_at(datagrams, first + count);

		parts[count] = (struct iovec){ (void *)(uintptr_t)bytes.data, bytes.len };
		messages[count].msg_hdr.msg_iov = &parts[count];
		messages[count].msg_hdr.msg_iovlen = 1;
		count++;
	}
	n = sendmmsg(udp->fd, messages, count, MSG_NOSIGNAL);
	if (n >= 0 || errno == EINTR)
		return n > 0 ? n : 0;
	return errno == EAGAIN ? wait_for(udp->fd, POLLOUT, udp->stop_fd, udp->timeout_ms) : -errno;
}

bool udp_is_fine(struct udp *udp, struct str *why)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(udp->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	return error == 0 || fail(udp, error, why);
}

bool udp_send(struct udp *udp, const struct datagrams *datagrams, struct str *why)
{
	size_t sent = 0;

	while (sent < datagrams->count) {
		int n = send_some(udp, datagrams, sent);

		if (n < 0)
			return fail(udp, -n, why);
		sent += (size_t)n;
	}
	return udp_is_fine(udp, why);
}
