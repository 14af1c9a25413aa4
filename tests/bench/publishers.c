/* SPDX-License-Identifier: MIT */
#include "tests/bench/publishers.h"

#include <stdlib.h>

#include "tests/bench/crew.h"
#include "tests/bench/memory.h"
#include "tests/bench/process.h"

enum { UNSENT_MAX = 256 * 1024, PAUSE_MAX_NS = 100000000 };

static bool is_closed_loop(const struct publishers *ps)
{
	return ps->o->rate == 0;
}

/* Open loop: when the publisher's message `seq` should leave. */
static uint64_t intended_time(const struct publishers *ps, const struct publisher *p, uint32_t seq)
{
	double k = (double)seq * ps->o->publishers + p->client.index;

	return ps->start + (uint64_t)(k * 1e9 / ps->o->rate);
}

static bool publisher_may_send(const struct publisher *p)
{
	return p->inflight < p->inflight_max && client_unsent(&p->client) < UNSENT_MAX &&
	       p->sent < p->due;
}

static void ring_push(struct publishers *ps, struct publisher *p)
{
	if (p->in_ring || !publisher_may_send(p))
		return;
	ps->ring[(ps->ring_first + ps->ring_n++) % ps->o->publishers] = p;
	p->in_ring = true;
}

static struct publisher *ring_pop(struct publishers *ps)
{
	struct publisher *p = ps->ring[ps->ring_first];

	ps->ring_first = (ps->ring_first + 1) % ps->o->publishers;
	ps->ring_n--;
	p->in_ring = false;
	return p;
}

static void publisher_send(struct publishers *ps, struct publisher *p, uint64_t max)
{
	for (; max > 0 && publisher_may_send(p); max--) {
		const struct publication *publication = &p->publications[p->sent % ps->o->topics];
		uint64_t time = ps->loop->now;

		if (!is_closed_loop(ps)) {
			time = intended_time(ps, p, p->sent);
			histogram_record(&ps->result->lateness,
					ps->loop->now > time ? ps->loop->now - time : 0);
		}
		if (ps->o->qos > 0) {
			p->last_id = p->last_id == UINT16_MAX ? 1 : (uint16_t)(p->last_id + 1);
			p->inflight++;
		}
		publication_write(publication, client_reserve(&p->client, publication->len),
				p->last_id, p->client.index, p->sent++, time);
		ps->result->published++;
		ps->progress = ps->loop->now;
	}
}

/* Messages that have come to their end: at all subscribers, or where there is none, acknowledged.
 */
static uint64_t done(const struct publishers *ps, uint64_t received)
{
	if (ps->o->fanout > 0)
		return received / ps->o->fanout;
	return ps->o->qos > 0 ? ps->result->acknowledged : 0;
}

/* How many messages may follow now, as far as the whole run decides. */
static uint64_t room(const struct publishers *ps, uint64_t received)
{
	uint64_t left = UINT64_MAX, inside;

	if (ps->is_over)
		return 0;
	if (ps->o->count > 0)
		left = ps->o->count - ps->result->published;
	if (!is_closed_loop(ps) || ps->o->window == 0)
		return left;
	inside = ps->result->published - done(ps, received);
	if (inside >= ps->o->window)
		return 0;
	return ps->o->window - inside < left ? ps->o->window - inside : left;
}

/* Open loop: everybody whose time has come gets a message to send. */
static void schedule(struct publishers *ps)
{
	uint64_t target = (uint64_t)((double)(ps->loop->now - ps->start) / 1e9 * ps->o->rate) + 1;
	uint64_t end = ps->o->count > 0 ? ps->o->count : UINT64_MAX;

	if (ps->o->duration > 0 && end > (uint64_t)(ps->o->duration * ps->o->rate))
		end = (uint64_t)(ps->o->duration * ps->o->rate);
	for (target = target < end ? target : end; ps->scheduled < target; ps->scheduled++) {
		struct publisher *p = &ps->all[ps->scheduled % ps->o->publishers];

		p->due++;
		ring_push(ps, p);
	}
	ps->is_over |= ps->result->published == end;
}

void publishers_offer(struct publishers *ps, uint64_t received)
{
	uint64_t max;

	ps->loop->now = clock_ns();
	if (!is_closed_loop(ps))
		schedule(ps);
	else if (ps->o->duration > 0 &&
			ps->loop->now - ps->start > (uint64_t)(ps->o->duration * 1e9))
		ps->is_over = true;
	while (ps->ring_n > 0 && (max = room(ps, received)) > 0) {
		struct publisher *p = ring_pop(ps);

		publisher_send(ps, p, max < ps->o->burst ? max : ps->o->burst);
		ring_push(ps, p);
	}
	if (ps->o->count > 0 && ps->result->published == ps->o->count)
		ps->is_over = true;
}

uint64_t publishers_pause(const struct publishers *ps, uint64_t received)
{
	double next_ns = (double)ps->scheduled * 1e9 / (ps->o->rate > 0 ? ps->o->rate : 1);
	uint64_t now = clock_ns(), next = ps->start + (uint64_t)next_ns;

	if (ps->ring_n > 0 && room(ps, received) > 0)
		return 0; /* somebody's backlog has just been written */
	if (is_closed_loop(ps) || ps->is_over)
		return PAUSE_MAX_NS;
	if (next <= now)
		return 0;
	return next - now < PAUSE_MAX_NS ? next - now : PAUSE_MAX_NS;
}

static void on_ready(struct client *c)
{
	struct publishers *ps = c->owner;

	ps->n_ready++;
}

static void on_drained(struct client *c)
{
	ring_push(c->owner, (struct publisher *)c);
}

/* Brokers acknowledge in the order in which they were sent to. */
static void note_answer(struct publishers *ps, const struct publisher *p)
{
	uint64_t time;

	if (is_closed_loop(ps))
		return;
	time = intended_time(ps, p, p->acknowledged);
	histogram_record(&ps->result->answers, ps->loop->now > time ? ps->loop->now - time : 0);
}

static void on_accepted(struct client *c, bool refused)
{
	struct publisher *p = (struct publisher *)c;
	struct publishers *ps = c->owner;

	if (p->inflight == 0) {
		loop_fail(ps->loop, "%s %u: the broker acknowledged a message that was not sent",
				c->role, c->index);
		return;
	}
	note_answer(ps, p);
	p->inflight--;
	p->acknowledged++;
	ps->result->acknowledged++;
	ps->result->refused += refused;
	ps->progress = ps->loop->now;
	ring_push(ps, p);
}

static const struct client_events events = {
	.ready = on_ready,
	.accepted = on_accepted,
	.drained = on_drained,
};

static void publisher_init(struct publishers *ps, const struct identity *identity, unsigned index)
{
	struct publication_plan plan = {
		.version = (enum mqtt_version)ps->o->version,
		.qos = (uint8_t)ps->o->qos,
		.is_retained = ps->o->retain,
		.topic = ps->o->topic,
		.payload = ps->o->payload,
		.payload_size = ps->o->size,
		.topics = ps->o->topics,
	};
	struct publisher *p = &ps->all[index];

	crew_enlist(&p->client, ps->loop, ps->o, identity, "publisher", index);
	p->client.events = &events;
	p->client.owner = ps;
	p->publications = memory_zeroed(ps->o->topics, sizeof(*p->publications));
	for (unsigned i = 0; i < ps->o->topics; i++)
		publication_init(&p->publications[i], &plan, index, i);
}

void publishers_init(struct publishers *ps, const struct options *o, struct loop *l,
		const struct identity *identity, struct result *result)
{
	*ps = (struct publishers){ .o = o, .loop = l, .result = result };
	ps->all = memory_zeroed(o->publishers, sizeof(*ps->all));
	ps->ring = memory_zeroed(o->publishers, sizeof(struct publisher *));
	for (unsigned i = 0; i < o->publishers; i++)
		publisher_init(ps, identity, i);
}

void publishers_finish(struct publishers *ps)
{
	for (unsigned i = 0; i < ps->o->publishers; i++) {
		for (unsigned j = 0; j < ps->o->topics; j++)
			publication_finish(&ps->all[i].publications[j]);
		free(ps->all[i].publications);
		client_finish(&ps->all[i].client);
	}
	free(ps->ring);
	free(ps->all);
}

/* In a closed loop all messages a publisher will ever send are due at once. */
static uint64_t due_at_start(const struct options *o)
{
	if (o->rate > 0)
		return 0;
	return o->once ? o->topics : UINT32_MAX;
}

void publishers_start(struct publishers *ps, uint64_t now)
{
	ps->start = ps->progress = ps->loop->now = now;
	for (unsigned i = 0; i < ps->o->publishers; i++) {
		struct publisher *p = &ps->all[i];
		unsigned allowed = p->client.receive_maximum;

		p->inflight_max = allowed < ps->o->inflight ? allowed : ps->o->inflight;
		p->due = due_at_start(ps->o);
		ring_push(ps, p);
	}
}

bool publishers_have_unsent(const struct publishers *ps)
{
	for (unsigned i = 0; i < ps->o->publishers; i++)
		if (client_unsent(&ps->all[i].client) > 0)
			return true;
	return false;
}

uint64_t publishers_content(const struct publishers *ps)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < ps->o->publishers; i++)
		for (unsigned j = 0; j < ps->o->topics; j++)
			bytes += ps->all[i].publications[j].content;
	return bytes;
}
