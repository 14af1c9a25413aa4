/* SPDX-License-Identifier: MIT */
/*
 * One run, from the first connection to the last delivery.
 *
 * Publishers that may send stand in a ring and take turns. What lets one send: it has a message
 * due, room in flight, its socket keeps up, and (closed loop) the window has room. Whoever lacks
 * one of these leaves the ring and is put back by the event that changes it.
 */
#include "tests/bench/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/client.h"
#include "tests/bench/ledger.h"
#include "tests/bench/loop.h"
#include "tests/bench/memory.h"
#include "tests/bench/process.h"
#include "tests/bench/publication.h"

enum { HANDSHAKES_AT_ONCE = 64, UNSENT_MAX = 256 * 1024, SETTLE_NS = 1000000000 };

struct publisher {
	struct client client;
	struct publication *publications; /* one per topic */
	uint32_t sent;
	uint64_t due; /* messages it should have sent by now */
	unsigned inflight, inflight_max;
	uint16_t last_id;
	bool in_ring;
};

struct run {
	const struct options *o;
	struct result *result;
	struct loop loop;
	struct ledger ledger;
	struct publisher *publishers;
	struct client *subscribers;
	struct publisher **ring;
	unsigned ring_first, ring_n;
	unsigned n_ready; /* clients that are connected and subscribed */
	uint64_t start, progress;
	uint64_t scheduled; /* open loop: messages handed out to publishers */
	bool is_over;	    /* nothing more is to be published */
};

static bool is_closed_loop(const struct run *r)
{
	return r->o->rate == 0;
}

/* Open loop: when the publisher's message `seq` should leave. */
static uint64_t intended_time(const struct run *r, const struct publisher *p, uint32_t seq)
{
	double k = (double)seq * r->o->publishers + p->client.index;

	return r->start + (uint64_t)(k * 1e9 / r->o->rate);
}

static bool publisher_may_send(const struct run *r, const struct publisher *p)
{
	return p->inflight < p->inflight_max && client_unsent(&p->client) < UNSENT_MAX &&
	       (is_closed_loop(r) || p->sent < p->due);
}

static void ring_push(struct run *r, struct publisher *p)
{
	if (p->in_ring || !publisher_may_send(r, p))
		return;
	r->ring[(r->ring_first + r->ring_n++) % r->o->publishers] = p;
	p->in_ring = true;
}

static struct publisher *ring_pop(struct run *r)
{
	struct publisher *p = r->ring[r->ring_first];

	r->ring_first = (r->ring_first + 1) % r->o->publishers;
	r->ring_n--;
	p->in_ring = false;
	return p;
}

static void publisher_send(struct run *r, struct publisher *p, uint64_t max)
{
	for (; max > 0 && publisher_may_send(r, p); max--) {
		const struct publication *publication = &p->publications[p->sent % r->o->topics];
		uint64_t time = r->loop.now;

		if (!is_closed_loop(r)) {
			time = intended_time(r, p, p->sent);
			histogram_record(&r->result->lateness,
					r->loop.now > time ? r->loop.now - time : 0);
		}
		if (r->o->qos > 0) {
			p->last_id = p->last_id == UINT16_MAX ? 1 : (uint16_t)(p->last_id + 1);
			p->inflight++;
		}
		publication_write(publication, client_reserve(&p->client, publication->len),
				p->last_id, p->client.index, p->sent++, time);
		r->result->published++;
		r->progress = r->loop.now;
	}
}

/* How many messages may follow now, as far as the whole run decides. */
static uint64_t room(const struct run *r)
{
	uint64_t left = UINT64_MAX, inside;

	if (r->is_over)
		return 0;
	if (r->o->count > 0)
		left = r->o->count - r->result->published;
	if (!is_closed_loop(r) || r->o->window == 0)
		return left;
	inside = r->result->published - (r->o->fanout > 0 ? r->ledger.received / r->o->fanout : 0);
	if (inside >= r->o->window)
		return 0;
	return r->o->window - inside < left ? r->o->window - inside : left;
}

/* Open loop: everybody whose time has come gets a message to send. */
static void schedule(struct run *r)
{
	uint64_t target = (uint64_t)((double)(r->loop.now - r->start) / 1e9 * r->o->rate) + 1;
	uint64_t end = r->o->count > 0 ? r->o->count : UINT64_MAX;

	if (r->o->duration > 0 && end > (uint64_t)(r->o->duration * r->o->rate))
		end = (uint64_t)(r->o->duration * r->o->rate);
	for (target = target < end ? target : end; r->scheduled < target; r->scheduled++) {
		struct publisher *p = &r->publishers[r->scheduled % r->o->publishers];

		p->due++;
		ring_push(r, p);
	}
	r->is_over = r->result->published == end;
}

static void offer(struct run *r)
{
	uint64_t max;

	r->loop.now = clock_ns();
	if (!is_closed_loop(r))
		schedule(r);
	else if (r->o->duration > 0 && r->loop.now - r->start > (uint64_t)(r->o->duration * 1e9))
		r->is_over = true;
	while (r->ring_n > 0 && (max = room(r)) > 0) {
		struct publisher *p = ring_pop(r);

		publisher_send(r, p, max < r->o->burst ? max : r->o->burst);
		ring_push(r, p);
	}
	if (r->o->count > 0 && r->result->published == r->o->count)
		r->is_over = true;
}

static uint64_t time_to_next(const struct run *r)
{
	double next_ns = (double)r->scheduled * 1e9 / (r->o->rate > 0 ? r->o->rate : 1);
	uint64_t now = clock_ns(), next = r->start + (uint64_t)next_ns, tick = 100000000;

	if (r->ring_n > 0 && room(r) > 0)
		return 0; /* somebody's backlog has just been written */
	if (is_closed_loop(r) || r->is_over)
		return tick;
	if (next <= now)
		return 0;
	return next - now < tick ? next - now : tick;
}

static void on_ready(struct client *c)
{
	struct run *r = c->owner;

	r->n_ready++;
	r->progress = r->loop.now;
}

static void on_drained(struct client *c)
{
	struct run *r = c->owner;

	if (c->filter == NULL)
		ring_push(r, (struct publisher *)c);
}

static void on_accepted(struct client *c, bool refused)
{
	struct run *r = c->owner;
	struct publisher *p = (struct publisher *)c; /* only publishers wait for any */

	if (c->filter != NULL || p->inflight == 0) {
		loop_fail(&r->loop, "%s %u: the broker acknowledged a message that was not sent",
				c->role, c->index);
		return;
	}
	p->inflight--;
	r->result->acknowledged++;
	r->result->refused += refused;
	r->progress = r->loop.now;
	ring_push(r, p);
}

static void on_delivered(struct client *c, const struct delivery *d)
{
	struct run *r = c->owner;
	uint32_t publisher = UINT32_MAX, sequence = 0;
	uint64_t intended = 0;

	r->progress = r->loop.now;
	if (r->o->payload != NULL) {
		r->ledger.received++;
		return;
	}
	if (d->len == r->o->size) {
		memcpy(&publisher, d->payload, 4);
		memcpy(&sequence, d->payload + 4, 4);
		memcpy(&intended, d->payload + 8, 8);
	}
	if (publisher >= r->o->publishers) {
		loop_fail(&r->loop, "%s %u: a message arrived that nobody sent", c->role, c->index);
		return;
	}
	ledger_note(&r->ledger, r->o->is_shared ? 0 : c->index, publisher, sequence);
	if (r->loop.now > intended)
		histogram_record(&r->result->latency, r->loop.now - intended);
}

static const struct client_events events = {
	.ready = on_ready,
	.delivered = on_delivered,
	.accepted = on_accepted,
	.drained = on_drained,
};

static bool is_stalled(const struct run *r)
{
	return clock_ns() - r->progress > (uint64_t)(r->o->timeout * 1e9);
}

static bool is_unsent(const struct run *r)
{
	for (unsigned i = 0; i < r->o->publishers; i++)
		if (client_unsent(&r->publishers[i].client) > 0)
			return true;
	return false;
}

/* Whether something that was published has not come to its end. */
static bool is_outstanding(const struct run *r)
{
	if (r->o->qos > 0 && r->result->acknowledged < r->result->published)
		return true;
	if (r->o->fanout > 0)
		return r->ledger.received < r->result->published * r->o->fanout;
	return r->o->qos == 0 && is_unsent(r);
}

static void client_prepare(struct run *r, struct client *c, const char *role, unsigned index)
{
	*c = (struct client){ .loop = &r->loop,
		.events = &events,
		.owner = r,
		.role = role,
		.index = index,
		.version = (enum mqtt_version)r->o->version,
		.fd = -1 };
}

static void subscriber_prepare(struct run *r, unsigned index)
{
	struct client *c = &r->subscribers[index];

	client_prepare(r, c, "subscriber", index);
	c->filter = publication_name(r->o->filter, index, 0, 1);
	c->filter_qos = (uint8_t)r->o->qos;
}

static void publisher_prepare(struct run *r, unsigned index)
{
	struct publication_plan plan = {
		.version = (enum mqtt_version)r->o->version,
		.qos = (uint8_t)r->o->qos,
		.topic = r->o->topic,
		.payload = r->o->payload,
		.payload_size = r->o->size,
		.topics = r->o->topics,
	};
	struct publisher *p = &r->publishers[index];

	client_prepare(r, &p->client, "publisher", index);
	p->publications = memory_zeroed(r->o->topics, sizeof(*p->publications));
	for (unsigned i = 0; i < r->o->topics; i++)
		publication_init(&p->publications[i], &plan, index, i);
}

/* Subscribers first: nobody shall miss a message for having come late. */
static struct client *client_at(struct run *r, unsigned index)
{
	return index < r->o->subscribers ? &r->subscribers[index]
					 : &r->publishers[index - r->o->subscribers].client;
}

static void connect_all(struct run *r, const struct sockaddr_in *address)
{
	unsigned total = r->o->subscribers + r->o->publishers, connected = 0;

	r->progress = clock_ns();
	while (r->n_ready < total && !loop_failed(&r->loop)) {
		while (connected < total && connected - r->n_ready < HANDSHAKES_AT_ONCE)
			client_connect(client_at(r, connected++), address);
		loop_turn(&r->loop, 100000000);
		loop_flush(&r->loop);
		if (is_stalled(r))
			loop_fail(&r->loop,
					"%u of %u connections were ready, then nothing for %g s",
					r->n_ready, total, r->o->timeout);
	}
}

static void publish_start(struct run *r)
{
	for (unsigned i = 0; i < r->o->publishers; i++) {
		struct publisher *p = &r->publishers[i];
		unsigned allowed = p->client.receive_maximum;

		p->inflight_max = allowed < r->o->inflight ? allowed : r->o->inflight;
		ring_push(r, p);
	}
	process_cpu((pid_t)r->o->broker_pid, &r->result->broker_cpu);
	r->result->own_cpu = process_own_cpu();
	r->start = r->progress = clock_ns();
}

/* With a tick, what arrives meanwhile waits too: a turn then costs the same for many messages. */
static void wait_and_read(struct run *r)
{
	uint64_t tick = (uint64_t)(r->o->tick * 1e9), left;
	struct timespec sleep = { 0 };

	if (tick == 0) {
		loop_turn(&r->loop, time_to_next(r));
		return;
	}
	left = tick - (clock_ns() - r->start) % tick;
	sleep.tv_sec = (time_t)(left / 1000000000u);
	sleep.tv_nsec = (long)(left % 1000000000u);
	nanosleep(&sleep, NULL);
	while (loop_turn(&r->loop, 0) == LOOP_EVENTS && !loop_failed(&r->loop))
		loop_flush(&r->loop);
}

static void publish_all(struct run *r)
{
	struct result *result = r->result;
	uint64_t cpu = 0;

	publish_start(r);
	while (!loop_failed(&r->loop)) {
		offer(r);
		loop_flush(&r->loop);
		if (r->is_over && !is_outstanding(r))
			break;
		wait_and_read(r);
		if (is_stalled(r) && is_outstanding(r)) {
			snprintf(result->failure, sizeof(result->failure),
					"nothing happened for %g s: %" PRIu64 " published, %" PRIu64
					" acknowledged, %" PRIu64 " of %" PRIu64 " received",
					r->o->timeout, result->published, result->acknowledged,
					r->ledger.received, result->published * r->o->fanout);
			break;
		}
	}
	result->elapsed = (r->progress > r->start ? r->progress : clock_ns()) - r->start;
	result->own_cpu = process_own_cpu() - result->own_cpu;
	if (process_cpu((pid_t)r->o->broker_pid, &cpu))
		result->broker_cpu = cpu - result->broker_cpu;
}

/* Connections without traffic: wait until the broker has settled, then look at its memory. */
static void idle_measure(struct run *r)
{
	uint64_t end = clock_ns() + SETTLE_NS;

	while (!loop_failed(&r->loop) && clock_ns() < end)
		loop_turn(&r->loop, 100000000);
	if (!process_rss((pid_t)r->o->broker_pid, &r->result->memory_after))
		loop_fail(&r->loop, "cannot read the memory of process %u: give --broker-pid",
				r->o->broker_pid);
}

static void result_conclude(struct run *r)
{
	struct result *result = r->result;

	result->connections = r->n_ready;
	result->expected = result->published * r->o->fanout;
	result->received = r->ledger.received;
	result->duplicates = r->ledger.duplicates;
	result->disorder = r->o->is_shared ? 0 : r->ledger.disorder;
	if (result->expected > result->received)
		result->lost = result->expected - result->received;
	result->is_broken = loop_failed(&r->loop);
	if (result->is_broken)
		memcpy(result->failure, r->loop.failure, sizeof(result->failure));
}

static void run_init(struct run *r)
{
	unsigned readers = r->o->is_shared ? 1 : r->o->subscribers;

	if (!loop_init(&r->loop))
		loop_fail(&r->loop, "cannot make an epoll");
	ledger_init(&r->ledger, readers, r->o->publishers);
	r->publishers = memory_zeroed(r->o->publishers, sizeof(*r->publishers));
	r->subscribers = memory_zeroed(r->o->subscribers, sizeof(*r->subscribers));
	r->ring = memory_zeroed(r->o->publishers, sizeof(struct publisher *));
	for (unsigned i = 0; i < r->o->subscribers; i++)
		subscriber_prepare(r, i);
	for (unsigned i = 0; i < r->o->publishers; i++)
		publisher_prepare(r, i);
}

static void run_finish(struct run *r)
{
	for (unsigned i = 0; i < r->o->subscribers; i++)
		client_finish(&r->subscribers[i]);
	for (unsigned i = 0; i < r->o->publishers; i++) {
		for (unsigned j = 0; j < r->o->topics; j++)
			publication_finish(&r->publishers[i].publications[j]);
		free(r->publishers[i].publications);
		client_finish(&r->publishers[i].client);
	}
	free(r->ring);
	free(r->subscribers);
	free(r->publishers);
	ledger_finish(&r->ledger);
	loop_finish(&r->loop);
}

void run_scenario(const struct options *o, const struct sockaddr_in *address, struct result *ret)
{
	struct run r = { .o = o, .result = ret };

	run_init(&r);
	process_rss((pid_t)o->broker_pid, &ret->memory_before);
	connect_all(&r, address);
	if (!loop_failed(&r.loop) && o->publishers > 0)
		publish_all(&r);
	else if (!loop_failed(&r.loop))
		idle_measure(&r);
	result_conclude(&r);
	run_finish(&r);
}
