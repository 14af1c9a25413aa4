/* SPDX-License-Identifier: MIT */
#include "broker/io/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/net.h"

/*
 * One call. It belongs to the worker while the name is resolved; a dial that was cancelled
 * meanwhile has let go of it.
 */
struct dial_attempt {
	struct job job;
	struct dial *dial; /* NULL: nobody waits for it any more */
	char *host;
	char port[8];
	int error; /* of getaddrinfo(), or 0 */
	struct sockaddr_storage addresses[DIAL_MAX_ADDRESSES];
	size_t count, next;
	char why[256]; /* the last address was of no use */
};

static void attempt_destroy(struct dial_attempt *a)
{
	free(a->host);
	free(a);
}

/* --- resolving, on the worker's thread ------------------------------------------------------ */

static void resolve(struct job *job)
{
	struct dial_attempt *a = container_of(job, struct dial_attempt, job);
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found = NULL;

	a->error = getaddrinfo(a->host, a->port, &hints, &found);
	if (a->error != 0)
		return;
	for (const struct addrinfo *i = found; i != NULL && a->count < DIAL_MAX_ADDRESSES;
			i = i->ai_next) {
		memcpy(&a->addresses[a->count++], i->ai_addr, i->ai_addrlen);
	}
	freeaddrinfo(found);
}

/* --- connecting ----------------------------------------------------------------------------- */

static void stop_watching(struct dial *d)
{
	ev_io_stop(d->loop, &d->connected);
	ev_timer_stop(d->loop, &d->patience);
}

static void finish(struct dial *d, int fd)
{
	struct dial_attempt *a = d->attempt;

	d->attempt = NULL;
	d->done(d->owner, fd, fd < 0 ? a->why : NULL);
	attempt_destroy(a);
}

static socklen_t address_len(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

/* 0 or an errno value. */
static int bind_to(int fd, const char *text, int family)
{
	struct sockaddr_storage own = { .ss_family = (sa_family_t)family };
	void *at = family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)&own)->sin6_addr
				      : (void *)&((struct sockaddr_in *)&own)->sin_addr;

	if (inet_pton(family, text, at) != 1)
		return EADDRNOTAVAIL;
	return bind(fd, (const struct sockaddr *)&own, address_len(&own)) < 0 ? errno : 0;
}

/* A peer that is gone is noticed by the keep-alive of MQTT; the rest is to lose no time. */
static void set_options(int fd, unsigned user_timeout)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (user_timeout > 0)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof(user_timeout));
}

/* A socket that is connecting, or -errno. */
static int begin_connect(const struct dial *d, const struct sockaddr_storage *to)
{
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	set_options(fd, d->place.user_timeout);
	if (d->place.bind_address != NULL)
		error = bind_to(fd, d->place.bind_address, to->ss_family);
	if (error == 0 && connect(fd, (const struct sockaddr *)to, address_len(to)) < 0 &&
			errno != EINPROGRESS)
		error = errno;
	if (error == 0)
		return fd;
	close(fd);
	return -error;
}

static void note_failure(struct dial_attempt *a, int error)
{
	char address[NET_ADDRESS_TEXT];

	net_format_address(&a->addresses[a->next - 1], address, sizeof(address));
	snprintf(a->why, sizeof(a->why), "%s: %s", address, strerror(error));
}

static void try_next(struct dial *d)
{
	struct dial_attempt *a = d->attempt;

	while (a->next < a->count) {
		int fd = begin_connect(d, &a->addresses[a->next++]);

		if (fd < 0) {
			note_failure(a, -fd);
			continue;
		}
		d->fd = fd;
		ev_io_set(&d->connected, fd, EV_WRITE);
		ev_io_start(d->loop, &d->connected);
		ev_timer_set(&d->patience, DIAL_SECONDS, 0.);
		ev_timer_start(d->loop, &d->patience);
		return;
	}
	finish(d, -1);
}

static void fail(struct dial *d, int error)
{
	stop_watching(d);
	close(d->fd);
	note_failure(d->attempt, error);
	try_next(d);
}

static void on_connected(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct dial *d = watcher->data;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)loop;
	(void)events;
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0) {
		fail(d, error);
		return;
	}
	stop_watching(d);
	finish(d, d->fd);
}

static void on_patience(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	fail(watcher->data, ETIMEDOUT);
}

/* --- a call --------------------------------------------------------------------------------- */

static void resolved(struct job *job)
{
	struct dial_attempt *a = container_of(job, struct dial_attempt, job);
	struct dial *d = a->dial;

	if (d == NULL) {
		attempt_destroy(a);
		return;
	}
	if (a->error != 0)
		snprintf(a->why, sizeof(a->why), "%.120s cannot be resolved: %.100s", a->host,
				gai_strerror(a->error));
	try_next(d);
}

void dial_start(struct dial *d, const struct dial_place *place)
{
	struct dial_attempt *a = xcalloc(1, sizeof(*a));

	d->place = *place;
	d->attempt = a;
	ev_io_init(&d->connected, on_connected, -1, EV_WRITE);
	d->connected.data = d;
	ev_timer_init(&d->patience, on_patience, DIAL_SECONDS, 0.);
	d->patience.data = d;
	a->dial = d;
	a->host = xstrdup(place->host);
	snprintf(a->port, sizeof(a->port), "%u", place->port);
	a->job = (struct job){ .run = resolve, .done = resolved };
	worker_submit(d->worker, &a->job);
}

void dial_cancel(struct dial *d)
{
	struct dial_attempt *a = d->attempt;

	if (a == NULL)
		return;
	d->attempt = NULL;
	if (ev_is_active(&d->connected)) { /* the worker is done with it */
		stop_watching(d);
		close(d->fd);
		attempt_destroy(a);
		return;
	}
	a->dial = NULL;
}
