/* SPDX-License-Identifier: MIT */
/*
 * Sockets that send one byte a second and never finish their first packet: a CONNECT, or below TLS
 * the ClientHello. A socket that the broker has closed is opened again, as an attacker would.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/memory.h"
#include "tests/bench/meter.h"
#include "tests/bench/plays.h"
#include "tests/bench/process.h"

enum { PREFIX_MAX = 64, ROUND_NS = 1000000000, TURN_NS = 2000000 };

/* Both announce more bytes than a minute brings. */
static const uint8_t connect_prefix[PREFIX_MAX] = { 0x10, 0xf0, 0x01, 0, 4, 'M', 'Q', 'T', 'T', 4,
	2, 0, 60, 0, 200 };
static const uint8_t hello_prefix[PREFIX_MAX] = { 0x16, 3, 1, 1, 0xf0, 1, 0, 1, 0xec, 3, 3 };

struct tap {
	int fd;
	unsigned sent;
};

struct drip {
	const struct options *o;
	struct endpoint *endpoint;
	struct result *result;
	struct meter meter;
	struct tap *taps;
	const uint8_t *prefix;
};

/* With `flags` SOCK_NONBLOCK the connection is made in the background. */
static bool tap_open(struct drip *d, struct tap *t, int flags)
{
	t->sent = 0;
	t->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (t->fd < 0 || (connect(t->fd, (const struct sockaddr *)&d->endpoint->address,
					  sizeof(d->endpoint->address)) < 0 &&
					 errno != EINPROGRESS)) {
		snprintf(d->result->failure, sizeof(d->result->failure),
				"cannot open a connection: %s", strerror(errno));
		d->result->is_broken = true;
		return false;
	}
	d->result->connections++;
	return true;
}

/* False when there can be no new socket. One that the broker closed tells so at
 * the second byte after. */
static bool tap_drop(struct drip *d, struct tap *t)
{
	const uint8_t *byte = &d->prefix[t->sent < PREFIX_MAX ? t->sent : PREFIX_MAX - 1];

	if (send(t->fd, byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
		t->sent++;
		return true;
	}
	if (errno == EAGAIN) /* not connected yet */
		return true;
	close(t->fd);
	d->result->broken++;
	return tap_open(d, t, SOCK_NONBLOCK);
}

/* Everybody's turn comes once a second. */
static void drip(struct drip *d)
{
	uint64_t n = d->o->subscribers, done = 0, end;
	struct timespec pause = { .tv_nsec = TURN_NS };
	bool is_alive = true;

	meter_start(&d->meter);
	end = d->meter.start + (uint64_t)(d->o->duration * 1e9);
	while (is_alive && clock_ns() < end && !meter_is_told_to_end(&d->meter)) {
		uint64_t due = (clock_ns() - d->meter.start) * n / ROUND_NS;

		for (; is_alive && done < due; done++)
			is_alive = tap_drop(d, &d->taps[done % n]);
		nanosleep(&pause, NULL);
	}
	meter_stop(&d->meter, clock_ns());
}

void play_drip(const struct options *o, struct endpoint *e, struct result *ret)
{
	struct drip d = { .o = o,
		.endpoint = e,
		.result = ret,
		.prefix = e->tls.ctx != NULL ? hello_prefix : connect_prefix };
	bool is_alive = true;
	unsigned opened = 0;

	meter_init(&d.meter, o, ret);
	d.taps = memory_zeroed(o->subscribers, sizeof(*d.taps));
	while (is_alive && opened < o->subscribers)
		is_alive = tap_open(&d, &d.taps[opened++], 0);
	if (is_alive)
		drip(&d);
	process_rss((pid_t)o->broker_pid, &ret->memory_after);
	while (opened > 0)
		close(d.taps[--opened].fd);
	free(d.taps);
}
