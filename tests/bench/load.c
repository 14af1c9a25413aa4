/* SPDX-License-Identifier: MIT */
/*
 * The ordinary run: publishers publish, subscribers account for every delivery.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/crew.h"
#include "tests/bench/ledger.h"
#include "tests/bench/memory.h"
#include "tests/bench/meter.h"
#include "tests/bench/plays.h"
#include "tests/bench/process.h"
#include "tests/bench/publishers.h"

struct load {
	const struct options *o;
	struct result *result;
	struct loop loop;
	struct meter meter;
	struct identity identity;
	struct publishers publishers;
	struct client *subscribers;
	struct ledger ledger;
	unsigned n_ready; /* subscribers; then publishers too */
	uint64_t progress;
};

static void on_ready(struct client *c)
{
	struct load *r = c->owner;

	r->n_ready++;
}

static void on_delivered(struct client *c, const struct delivery *d)
{
	struct load *r = c->owner;
	uint32_t publisher = UINT32_MAX, sequence = 0;
	uint64_t intended = 0;

	r->progress = r->loop.now;
	if (r->o->payload != NULL) {
		r->ledger.received++;
		return;
	}
	if (d->len == r->o->size)
		publication_read_stamp(d->payload, &publisher, &sequence, &intended);
	if (publisher >= r->o->publishers) {
		loop_fail(&r->loop, "%s %u: a message arrived that nobody sent", c->role, c->index);
		return;
	}
	ledger_note(&r->ledger, r->o->is_shared ? 0 : c->index, publisher, sequence);
	if (r->loop.now > intended)
		histogram_record(&r->result->latency, r->loop.now - intended);
}

static const struct client_events events = { .ready = on_ready, .delivered = on_delivered };

static uint64_t last_progress(const struct load *r)
{
	return r->progress > r->publishers.progress ? r->progress : r->publishers.progress;
}

static bool is_stalled(const struct load *r)
{
	return clock_ns() - last_progress(r) > (uint64_t)(r->o->timeout * 1e9);
}

/* Whether something that was published has not come to its end. */
static bool is_outstanding(const struct load *r)
{
	if (r->o->qos > 0 && r->result->acknowledged < r->result->published)
		return true;
	if (r->o->fanout > 0)
		return r->ledger.received < r->result->published * r->o->fanout;
	return r->o->qos == 0 && publishers_have_unsent(&r->publishers);
}

static struct client *subscriber_at(void *owner, unsigned index)
{
	struct load *r = owner;

	return &r->subscribers[index];
}

static struct client *publisher_at(void *owner, unsigned index)
{
	struct load *r = owner;

	return &r->publishers.all[index].client;
}

/* Subscribers first: nobody shall miss a message for having come late. */
static void connect_all(struct load *r)
{
	crew_gather(&r->loop, r->o, r->o->subscribers, &r->n_ready, subscriber_at, r);
	crew_gather(&r->loop, r->o, r->o->publishers, &r->publishers.n_ready, publisher_at, r);
	r->n_ready += r->publishers.n_ready;
	for (unsigned i = 0; r->o->deaf && i < r->o->subscribers && !loop_failed(&r->loop); i++)
		client_deafen(&r->subscribers[i]);
}

/* With a tick, what arrives meanwhile waits too: a turn then costs the same for many messages. */
static void wait_and_read(struct load *r)
{
	uint64_t tick = (uint64_t)(r->o->tick * 1e9), left;
	struct timespec sleep = { 0 };

	if (tick == 0) {
		loop_turn(&r->loop, publishers_pause(&r->publishers, r->ledger.received));
		return;
	}
	left = tick - (clock_ns() - r->meter.start) % tick;
	sleep.tv_sec = (time_t)(left / 1000000000u);
	sleep.tv_nsec = (long)(left % 1000000000u);
	nanosleep(&sleep, NULL);
	while (loop_turn(&r->loop, 0) == LOOP_EVENTS && !loop_failed(&r->loop))
		loop_flush(&r->loop);
}

static void give_up(struct load *r)
{
	snprintf(r->result->failure, sizeof(r->result->failure),
			"nothing happened for %g s: %" PRIu64 " published, %" PRIu64
			" acknowledged, %" PRIu64 " of %" PRIu64 " received",
			r->o->timeout, r->result->published, r->result->acknowledged,
			r->ledger.received, r->result->published * r->o->fanout);
}

static void publish_all(struct load *r)
{
	struct publishers *ps = &r->publishers;

	meter_start(&r->meter);
	publishers_start(ps, r->meter.start);
	while (!loop_failed(&r->loop)) {
		ps->is_over |= meter_is_told_to_end(&r->meter);
		publishers_offer(ps, r->ledger.received);
		loop_flush(&r->loop);
		if (ps->is_over && !is_outstanding(r))
			break;
		wait_and_read(r);
		if (is_stalled(r) && is_outstanding(r)) {
			give_up(r);
			break;
		}
	}
	meter_stop(&r->meter, last_progress(r));
}

static void result_conclude(struct load *r)
{
	struct result *result = r->result;

	result->connections = r->n_ready;
	result->expected = result->published * r->o->fanout;
	result->received = r->ledger.received;
	result->duplicates = r->ledger.duplicates;
	result->disorder = r->o->is_shared ? 0 : r->ledger.disorder;
	if (result->expected > result->received)
		result->lost = result->expected - result->received;
	if (r->o->retain)
		result->content = publishers_content(&r->publishers);
	loop_conclude(&r->loop, result);
}

static void load_init(struct load *r, struct endpoint *e)
{
	unsigned readers = r->o->is_shared ? 1 : r->o->subscribers;

	if (!loop_init(&r->loop, e))
		loop_fail(&r->loop, "cannot make an epoll");
	meter_init(&r->meter, r->o, r->result);
	r->identity = crew_identity(r->o);
	ledger_init(&r->ledger, readers, r->o->publishers);
	publishers_init(&r->publishers, r->o, &r->loop, &r->identity, r->result);
	r->subscribers = memory_zeroed(r->o->subscribers, sizeof(*r->subscribers));
	for (unsigned i = 0; i < r->o->subscribers; i++) {
		struct client *c = &r->subscribers[i];

		crew_enlist(c, &r->loop, r->o, &r->identity, "subscriber", i);
		c->events = &events;
		c->owner = r;
		c->filter = publication_name(r->o->filter, i, 0, 1);
		c->filter_qos = (uint8_t)r->o->qos;
		c->is_durable = r->o->durable;
		c->leaves = r->o->leave;
	}
}

static void load_finish(struct load *r)
{
	for (unsigned i = 0; i < r->o->subscribers; i++)
		client_finish(&r->subscribers[i]);
	free(r->subscribers);
	publishers_finish(&r->publishers);
	ledger_finish(&r->ledger);
	loop_finish(&r->loop);
}

void play_load(const struct options *o, struct endpoint *e, struct result *ret)
{
	struct load r = { .o = o, .result = ret };

	load_init(&r, e);
	connect_all(&r);
	if (!loop_failed(&r.loop) && o->publishers > 0)
		publish_all(&r);
	if (!loop_failed(&r.loop) && (o->publishers == 0 || o->retain))
		meter_settle(&r.meter, &r.loop);
	result_conclude(&r);
	load_finish(&r);
}
