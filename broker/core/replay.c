/* SPDX-License-Identifier: MIT */
#include "broker/core/replay.h"

#include <utlist.h>

#include "broker/core/access.h"
#include "broker/core/router.h"

enum {
	FIRST_SLICE = 512, /* units of work, see work.h: most subscriptions are done with it */
	SLICE = 2048,
	DELIVERY_WORK = 4,
	/* A client's output beyond which it gets no more: what all new subscribers have in their
	   outputs at a time must not add up. */
	OUTPUT_ROOM = 64 * 1024,
};

void replay_wake(struct client *c)
{
	if (c->is_replaying || c->is_unfinished || c->session->awaiting.first == NULL)
		return;
	c->is_replaying = true;
	DL_APPEND2(c->shard->replaying, c, previous_replaying, next_replaying);
}

void replay_pause(struct client *c)
{
	if (!c->is_replaying)
		return;
	c->is_replaying = false;
	DL_DELETE2(c->shard->replaying, c, previous_replaying, next_replaying);
}

static void open_cursor(struct shard *shard, struct awaiting *a)
{
	struct str filter = { 0 };

	trie_path(a->first->node, &filter);
	a->cursor = retained_cursor_open(&shard->retained, str_span(&filter));
	a->ids = subscription_ids_add(NULL, a->first->identifier);
	str_finish(&filter);
}

/* May it be read, and could its publisher still write it? */
static bool is_allowed(const struct client *c, const struct message *m)
{
	if (!access_may(c->session, message_topic(m), ACL_READ))
		return false;
	return m->source == NULL || !c->shard->limits->check_retain_source ||
	       source_may_write(m->source, message_topic(m));
}

/* Deliver what the cursor has come to. False while there is no room for it. */
static bool deliver(struct client *c, struct message *m, struct instant now)
{
	const struct awaiting *a = &c->session->awaiting;
	uint8_t qos = a->first->qos;
	struct delivery d = {
		.message = m,
		.ids = a->ids,
		.qos = m->qos < qos ? m->qos : qos,
		.retain = true, /* [v3 MQTT-3.3.1-8] */
	};

	if (client_unsent(c) >= OUTPUT_ROOM || !router_has_room(c, &d))
		return false;
	message_ref(m);
	subscription_ids_ref(d.ids);
	router_deliver(c->shard, c->session, d, now);
	c->shard->work.done += DELIVERY_WORK;
	return true;
}

static void finish(struct shard *shard, struct subscription *s)
{
	session_stop_awaiting(s);
	ledger_replayed(&shard->ledger, s);
}

/* Is the client still owed something that it has room for? */
static bool run_slice(struct client *c, uint64_t enough, struct instant now)
{
	struct shard *shard = c->shard;
	struct awaiting *a = &c->session->awaiting;

	for (; a->first != NULL; finish(shard, a->first)) {
		if (a->cursor == NULL)
			open_cursor(shard, a);
		for (; !retained_cursor_at_end(a->cursor); retained_cursor_step(a->cursor)) {
			struct message *m;

			if (shard->work.done++ >= enough)
				return true;
			m = retained_cursor_message(a->cursor, now);
			if (m != NULL && is_allowed(c, m) && !deliver(c, m, now))
				return false;
		}
	}
	return false;
}

void replay_start(struct client *c, struct instant now)
{
	if (!c->is_replaying && run_slice(c, c->shard->work.done + FIRST_SLICE, now))
		replay_wake(c);
}

void replay_run(struct shard *shard, struct instant now)
{
	uint64_t enough = shard->work.done + WORK_BESIDE;

	while (shard->replaying != NULL && shard->work.done < enough) {
		struct client *c = shard->replaying;

		replay_pause(c);
		if (run_slice(c, shard->work.done + SLICE, now))
			replay_wake(c);
	}
}
