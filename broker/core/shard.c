/* SPDX-License-Identifier: MIT */
#include "broker/core/shard.h"

#include <assert.h>
#include <utlist.h>

#include "broker/core/fanout.h"
#include "broker/core/lifecycle.h"
#include "broker/core/replay.h"
#include "broker/core/withheld.h"
#include "common/mem.h"

struct shard *shard_create(const struct limits *limits, const struct core_observer *observer,
		uint64_t hash_seed, uint64_t id_seed)
{
	struct shard *shard = xcalloc(1, sizeof(*shard));

	shard->limits = limits;
	if (observer != NULL)
		shard->observer = *observer;
	shard->id_seed = id_seed;
	shard->sessions.seed = hash_seed;
	shard->sources.seed = hash_seed;
	topic_tree_init(&shard->topics, hash_seed, limits->max_match_cache);
	retained_init(&shard->retained, hash_seed, &shard->ledger);
	shard->sweep_timer.kind = TIMER_SWEEP;
	shard->wires = xcalloc(FANOUT_LAYOUTS, sizeof(*shard->wires));
	return shard;
}

void shard_destroy(struct shard *shard)
{
	struct session *s, *next;

	if (shard == NULL)
		return;
	assert(shard->clients == 0);
	HASH_ITER (hh, shard->sessions.table, s, next) {
		topic_tree_remove_all(&shard->topics, &s->subscriptions);
		timer_clear(&shard->timers, &s->expiry);
		timer_clear(&shard->timers, &s->will_timer);
		session_destroy(&shard->sessions, s);
	}
	timer_clear(&shard->timers, &shard->sweep_timer);
	retained_cursor_close(shard->sweep);
	topic_tree_finish(&shard->topics);
	retained_finish(&shard->retained);
	timers_finish(&shard->timers);
	ledger_finish(&shard->ledger);
	chunk_pool_finish(&shard->chunks);
	str_finish(&shard->mounted);
	for (size_t i = 0; i < array_size(shard->scratch); i++)
		str_finish(&shard->scratch[i]);
	free(shard->wires);
	free(shard);
}

void shard_set_failing(struct shard *shard, bool is_failing, struct instant now)
{
	struct client *c, *next;

	shard->ledger.is_failing = is_failing;
	for (c = is_failing ? shard->ledger.waiting : NULL; c != NULL; c = next) {
		next = c->withheld->next;
		if (!withheld_refuse(c))
			client_close(c, MQTT_QUOTA_EXCEEDED, now);
	}
}

struct client *shard_next_dirty(struct shard *shard)
{
	struct client *c = shard->dirty;

	if (c == NULL)
		return NULL;
	DL_DELETE2(shard->dirty, c, previous_dirty, next_dirty);
	c->is_dirty = false;
	return c;
}

struct instant shard_next_deadline(const struct shard *shard)
{
	return timers_next(&shard->timers);
}

void shard_run_timers(struct shard *shard, struct instant now)
{
	uint64_t enough = shard->work.done + WORK_SHARE;
	struct timer *timer;

	while (shard->work.done < enough && (timer = timers_due(&shard->timers, now)) != NULL) {
		shard->work.done++;
		switch (timer->kind) {
		case TIMER_CLIENT:
			client_timeout(container_of(timer, struct client, timer), now);
			break;
		case TIMER_SESSION:
			lifecycle_session_expired(
					shard, container_of(timer, struct session, expiry), now);
			break;
		case TIMER_WILL:
			lifecycle_publish_will(shard,
					container_of(timer, struct session, will_timer), now);
			break;
		case TIMER_SWEEP:
			shard->sweep = retained_cursor_open(
					&shard->retained, (struct span){ NULL, 0 });
			break;
		}
	}
}

static size_t node_size(const struct trie *t)
{
	/* the table's bucket and the allocator's own come with each */
	return t->nodes * (sizeof(struct trie_node) + 32);
}

size_t shard_memory(const struct shard *shard)
{
	return shard->budget.messages.bytes + shard->budget.waiting * sizeof(struct delivery) +
	       shard->budget.strangers + shard->chunks.used + shard->topics.match_bytes +
	       node_size(&shard->retained.topics) + node_size(&shard->topics.filters) +
	       shard->topics.subscriptions * sizeof(struct subscription) +
	       shard->sessions.count * sizeof(struct session) +
	       shard->clients * sizeof(struct client);
}

bool shard_is_full(const struct shard *shard)
{
	uint64_t limit = shard->limits->memory_limit;

	return limit > 0 && shard_memory(shard) >= limit;
}

bool shard_is_tight(const struct shard *shard)
{
	uint64_t limit = shard->limits->memory_limit;

	return limit > 0 && shard_memory(shard) >= limit - limit / 8;
}

/* Retained messages that nobody asks for expire too. */
static void sweep(struct shard *shard, struct instant now)
{
	uint64_t enough = shard->work.done + WORK_BESIDE;

	if (shard->sweep == NULL)
		return;
	for (; !retained_cursor_at_end(shard->sweep); retained_cursor_step(shard->sweep)) {
		if (shard->work.done++ >= enough)
			return;
		retained_cursor_message(shard->sweep, now);
	}
	retained_cursor_close(shard->sweep);
	shard->sweep = NULL;
	shard_plan_sweep(shard, now);
}

void shard_plan_sweep(struct shard *shard, struct instant now)
{
	uint64_t interval = shard->limits->retain_expiry_interval;

	if (shard->retained.expiring > 0 && interval > 0 && shard->sweep == NULL &&
			!timer_is_set(&shard->sweep_timer))
		timer_set(&shard->timers, &shard->sweep_timer,
				instant_after(now, seconds((int64_t)interval * 60)));
}

void shard_work(struct shard *shard, struct instant now)
{
	replay_run(shard, now);
	sweep(shard, now);
}
