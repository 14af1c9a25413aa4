/* SPDX-License-Identifier: MIT */
/*
 * Reading back what is retained: the topics of all publishers, which sent one message on each and
 * numbered them as they numbered the topics.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/crew.h"
#include "tests/bench/memory.h"
#include "tests/bench/meter.h"
#include "tests/bench/plays.h"
#include "tests/bench/process.h"
#include "tests/bench/publication.h"
#include "tests/bench/tally.h"

struct replay {
	const struct options *o;
	struct result *result;
	struct loop loop;
	struct meter meter;
	struct identity identity;
	struct client *readers;
	struct tally *tallies; /* one for each reader */
	unsigned n_ready;
	uint64_t left, progress;
};

static void on_ready(struct client *c)
{
	struct replay *r = c->owner;

	r->n_ready++;
}

static void on_delivered(struct client *c, const struct delivery *d)
{
	struct replay *r = c->owner;
	struct tally *t = &r->tallies[c->index];
	uint32_t publisher = UINT32_MAX, topic = 0;
	uint64_t time, before = t->received;

	if (d->len == r->o->size)
		publication_read_stamp(d->payload, &publisher, &topic, &time);
	if (!tally_note(t, publisher < r->o->publishers && topic < r->o->topics
					    ? (uint64_t)publisher * r->o->topics + topic
					    : UINT64_MAX))
		loop_fail(&r->loop, "%s %u: a message arrived that was never retained", c->role,
				c->index);
	r->left -= t->received - before;
	r->progress = r->loop.now;
}

static const struct client_events events = { .ready = on_ready, .delivered = on_delivered };

static struct client *reader_at(void *owner, unsigned index)
{
	struct replay *r = owner;

	return &r->readers[index];
}

/* Some of it may come before the SUBACK, so time runs from the first CONNECT. */
static void read_all(struct replay *r)
{
	meter_start(&r->meter);
	r->progress = r->meter.start;
	crew_gather(&r->loop, r->o, r->o->subscribers, &r->n_ready, reader_at, r);
	while (r->left > 0 && !loop_failed(&r->loop)) {
		loop_turn(&r->loop, 100000000);
		loop_flush(&r->loop);
		if (clock_ns() - r->progress > (uint64_t)(r->o->timeout * 1e9)) {
			snprintf(r->result->failure, sizeof(r->result->failure),
					"nothing came for %g s, %" PRIu64 " messages are missing",
					r->o->timeout, r->left);
			break;
		}
	}
	meter_stop(&r->meter, r->progress);
}

static void result_conclude(struct replay *r)
{
	r->result->connections = r->n_ready;
	for (unsigned i = 0; i < r->o->subscribers; i++) {
		r->result->expected += r->tallies[i].n;
		r->result->received += r->tallies[i].received;
		r->result->duplicates += r->tallies[i].duplicates;
	}
	r->result->lost = r->result->expected - r->result->received;
	loop_conclude(&r->loop, r->result);
}

static void replay_init(struct replay *r, struct endpoint *e)
{
	uint64_t n = (uint64_t)r->o->publishers * r->o->topics;

	if (!loop_init(&r->loop, e))
		loop_fail(&r->loop, "cannot make an epoll");
	meter_init(&r->meter, r->o, r->result);
	r->identity = crew_identity(r->o);
	r->readers = memory_zeroed(r->o->subscribers, sizeof(*r->readers));
	r->tallies = memory_zeroed(r->o->subscribers, sizeof(*r->tallies));
	r->left = n * r->o->subscribers;
	for (unsigned i = 0; i < r->o->subscribers; i++) {
		struct client *c = &r->readers[i];

		tally_init(&r->tallies[i], n);
		crew_enlist(c, &r->loop, r->o, &r->identity, "reader", i);
		c->events = &events;
		c->owner = r;
		c->filter = publication_name(r->o->filter, i, 0, 1);
		c->filter_qos = (uint8_t)r->o->qos;
	}
}

static void replay_finish(struct replay *r)
{
	for (unsigned i = 0; i < r->o->subscribers; i++) {
		client_finish(&r->readers[i]);
		tally_finish(&r->tallies[i]);
	}
	free(r->tallies);
	free(r->readers);
	loop_finish(&r->loop);
}

void play_replay(const struct options *o, struct endpoint *e, struct result *ret)
{
	struct replay r = { .o = o, .result = ret };

	replay_init(&r, e);
	if (!loop_failed(&r.loop))
		read_all(&r);
	result_conclude(&r);
	replay_finish(&r);
}
