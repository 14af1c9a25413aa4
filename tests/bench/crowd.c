/* SPDX-License-Identifier: MIT */
#include "tests/bench/crowd.h"

#include <stdlib.h>

#include "tests/bench/crew.h"
#include "tests/bench/memory.h"
#include "tests/bench/process.h"
#include "tests/bench/publication.h"

enum { RETRY_NS = 1000000000, TURN_NS = 5000000 };

static void on_ready(struct client *client)
{
	struct crowd *c = client->owner;

	c->n_ready++;
	c->progress = c->loop->now;
}

static void on_back(struct client *client)
{
	const struct member *m = (const struct member *)client;
	struct crowd *c = client->owner;

	on_ready(client);
	c->trying--;
	histogram_record(c->waited, c->loop->now > m->due ? c->loop->now - m->due : 0);
}

static void on_broken(struct client *client)
{
	struct member *m = (struct member *)client;
	struct crowd *c = client->owner;

	c->broken++;
	c->trying--;
	m->retry = clock_ns() + RETRY_NS;
	c->waiting[(c->waiting_first + c->waiting_n++) % c->n] = client->index;
}

static const struct client_events gathering = { .ready = on_ready };
static const struct client_events returning = { .ready = on_back, .broken = on_broken };

void crowd_init(struct crowd *c, const struct options *o, struct loop *l,
		const struct identity *identity, struct histogram *waited)
{
	*c = (struct crowd){ .o = o, .loop = l, .waited = waited, .n = o->subscribers };
	c->members = memory_zeroed(c->n, sizeof(*c->members));
	c->waiting = memory_zeroed(c->n, sizeof(*c->waiting));
	for (unsigned i = 0; i < c->n; i++) {
		struct client *client = &c->members[i].client;

		crew_enlist(client, l, o, identity, "member", i);
		client->events = &gathering;
		client->owner = c;
		if (o->filter != NULL)
			client->filter = publication_name(o->filter, i, 0, 1);
	}
}

void crowd_finish(struct crowd *c)
{
	for (unsigned i = 0; i < c->n; i++)
		client_finish(&c->members[i].client);
	free(c->members);
	free(c->waiting);
}

static struct client *member_at(void *owner, unsigned index)
{
	struct crowd *c = owner;

	return &c->members[index].client;
}

void crowd_gather(struct crowd *c)
{
	crew_gather(c->loop, c->o, c->n, &c->n_ready, member_at, c);
}

void crowd_vanish(struct crowd *c)
{
	for (unsigned i = 0; i < c->n; i++)
		client_vanish(&c->members[i].client);
	c->n_ready = 0;
}

void crowd_return(struct crowd *c, uint64_t now, uint64_t over_ns)
{
	c->progress = now;
	c->next = 0;
	for (unsigned i = 0; i < c->n; i++) {
		c->members[i].due = now + over_ns * i / c->n;
		c->members[i].client.events = &returning;
	}
}

static bool has_room(const struct crowd *c)
{
	return c->o->window == 0 || c->trying < c->o->window;
}

static void try_again(struct crowd *c, struct member *m)
{
	c->trying++;
	client_connect(&m->client);
}

void crowd_turn(struct crowd *c)
{
	uint64_t now = clock_ns();

	while (c->next < c->n && c->members[c->next].due <= now && has_room(c))
		try_again(c, &c->members[c->next++]);
	while (c->waiting_n > 0 && has_room(c)) {
		struct member *m = &c->members[c->waiting[c->waiting_first]];

		if (m->retry > now)
			break;
		c->waiting_first = (c->waiting_first + 1) % c->n;
		c->waiting_n--;
		try_again(c, m);
	}
	loop_turn(c->loop, c->next < c->n ? TURN_NS / 5 : TURN_NS);
	loop_flush(c->loop);
}
