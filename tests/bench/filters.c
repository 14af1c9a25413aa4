/* SPDX-License-Identifier: MIT */
/*
 * A subscription flood: one client, one SUBSCRIBE for each of many filters, as fast as it may.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/crew.h"
#include "tests/bench/meter.h"
#include "tests/bench/plays.h"
#include "tests/bench/process.h"
#include "tests/bench/publication.h"

struct filters {
	const struct options *o;
	struct result *result;
	struct loop loop;
	struct meter meter;
	struct identity identity;
	struct client client;
	unsigned n_ready;
	uint64_t asked, answered, progress;
};

static void on_ready(struct client *c)
{
	struct filters *f = c->owner;

	f->n_ready++;
}

static void on_granted(struct client *c, bool refused)
{
	struct filters *f = c->owner;

	f->answered++;
	f->result->refused += refused;
	f->result->subscriptions += !refused;
	f->progress = f->loop.now;
}

static const struct client_events events = { .ready = on_ready, .granted = on_granted };

static struct client *client_at(void *owner, unsigned index)
{
	struct filters *f = owner;

	(void)index;
	return &f->client;
}

static void ask(struct filters *f)
{
	uint8_t packet[CODEC_SMALL_MAX];

	while (f->asked < f->o->count && f->asked - f->answered < f->o->window) {
		char *filter = publication_name(f->o->filter, (unsigned)f->asked, 0, 1);
		uint16_t id = (uint16_t)(f->asked++ % UINT16_MAX + 1);
		size_t n = codec_subscribe(
				packet, f->client.version, id, filter, (uint8_t)f->o->qos);

		memcpy(client_reserve(&f->client, n), packet, n);
		free(filter);
	}
}

static void flood(struct filters *f)
{
	meter_start(&f->meter);
	f->progress = f->meter.start;
	while (f->answered < f->o->count && !loop_failed(&f->loop)) {
		ask(f);
		loop_flush(&f->loop);
		loop_turn(&f->loop, 100000000);
		if (clock_ns() - f->progress > (uint64_t)(f->o->timeout * 1e9)) {
			snprintf(f->result->failure, sizeof(f->result->failure),
					"%" PRIu64 " subscriptions were answered, then none for "
					"%g s",
					f->answered, f->o->timeout);
			break;
		}
	}
	meter_stop(&f->meter, f->progress);
}

void play_filters(const struct options *o, struct endpoint *e, struct result *ret)
{
	struct filters f = { .o = o, .result = ret };

	if (!loop_init(&f.loop, e))
		loop_fail(&f.loop, "cannot make an epoll");
	meter_init(&f.meter, o, ret);
	f.identity = crew_identity(o);
	crew_enlist(&f.client, &f.loop, o, &f.identity, "subscriber", 0);
	f.client.events = &events;
	f.client.owner = &f;
	if (!loop_failed(&f.loop))
		crew_gather(&f.loop, o, 1, &f.n_ready, client_at, &f);
	if (!loop_failed(&f.loop))
		flood(&f);
	if (!loop_failed(&f.loop))
		meter_settle(&f.meter, &f.loop);
	ret->connections = f.n_ready;
	loop_conclude(&f.loop, ret);
	client_finish(&f.client);
	loop_finish(&f.loop);
}
