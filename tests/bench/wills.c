/* SPDX-License-Identifier: MIT */
/*
 * A will storm: clients with wills vanish at once, and one subscriber hears of each.
 */
#include <stdio.h>
#include <string.h>

#include "tests/bench/crew.h"
#include "tests/bench/crowd.h"
#include "tests/bench/meter.h"
#include "tests/bench/plays.h"
#include "tests/bench/process.h"
#include "tests/bench/publication.h"
#include "tests/bench/tally.h"

struct wills {
	const struct options *o;
	struct result *result;
	struct loop loop;
	struct meter meter;
	struct identity testators, plain;
	struct crowd crowd;
	struct client heir;
	unsigned heirs_ready;
	struct tally tally;
	uint64_t progress;
};

static void on_ready(struct client *c)
{
	struct wills *w = c->owner;

	w->heirs_ready++;
}

static void on_delivered(struct client *c, const struct delivery *d)
{
	struct wills *w = c->owner;
	uint64_t number = UINT64_MAX;

	if (d->len == 4)
		number = (uint64_t)codec_u16(d->payload) << 16 | codec_u16(d->payload + 2);
	if (!tally_note(&w->tally, number))
		loop_fail(&w->loop, "a will arrived that nobody left");
	histogram_record(&w->result->latency, w->loop.now - w->meter.start);
	w->progress = w->loop.now;
}

static const struct client_events events = { .ready = on_ready, .delivered = on_delivered };

static struct client *heir_at(void *owner, unsigned index)
{
	struct wills *w = owner;

	(void)index;
	return &w->heir;
}

static void storm(struct wills *w)
{
	meter_start(&w->meter);
	w->progress = w->meter.start;
	crowd_vanish(&w->crowd);
	while (w->tally.received < w->tally.n && !loop_failed(&w->loop)) {
		loop_turn(&w->loop, 100000000);
		loop_flush(&w->loop);
		if (clock_ns() - w->progress > (uint64_t)(w->o->timeout * 1e9)) {
			snprintf(w->result->failure, sizeof(w->result->failure),
					"%u wills came, then none for %g s",
					(unsigned)w->tally.received, w->o->timeout);
			break;
		}
	}
	meter_stop(&w->meter, w->progress);
}

static void wills_init(struct wills *w, struct endpoint *e)
{
	if (!loop_init(&w->loop, e))
		loop_fail(&w->loop, "cannot make an epoll");
	meter_init(&w->meter, w->o, w->result);
	w->testators = w->plain = crew_identity(w->o);
	w->plain.will_topic = NULL;
	crowd_init(&w->crowd, w->o, &w->loop, &w->testators, &w->result->latency);
	tally_init(&w->tally, w->o->subscribers);
	crew_enlist(&w->heir, &w->loop, w->o, &w->plain, "heir", 0);
	w->heir.events = &events;
	w->heir.owner = w;
	w->heir.filter = publication_name(w->o->topic, 0, 0, 1);
	w->heir.filter_qos = (uint8_t)w->o->qos;
}

static void wills_conclude(struct wills *w)
{
	w->result->connections = w->crowd.n + 1;
	w->result->expected = w->tally.n;
	w->result->received = w->tally.received;
	w->result->lost = w->tally.n - w->tally.received;
	w->result->duplicates = w->tally.duplicates;
	loop_conclude(&w->loop, w->result);
}

void play_wills(const struct options *o, struct endpoint *e, struct result *ret)
{
	struct wills w = { .o = o, .result = ret };

	wills_init(&w, e);
	if (!loop_failed(&w.loop))
		crew_gather(&w.loop, o, 1, &w.heirs_ready, heir_at, &w);
	if (!loop_failed(&w.loop))
		crowd_gather(&w.crowd);
	if (!loop_failed(&w.loop))
		storm(&w);
	wills_conclude(&w);
	client_finish(&w.heir);
	crowd_finish(&w.crowd);
	tally_finish(&w.tally);
	loop_finish(&w.loop);
}
