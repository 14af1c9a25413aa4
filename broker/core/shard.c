/* SPDX-License-Identifier: MIT */
#include "broker/core/shard.h"

#include <assert.h>
#include <utlist.h>

#include "broker/core/lifecycle.h"
#include "broker/core/replay.h"
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
	topic_tree_init(&shard->topics, hash_seed, limits->max_match_cache);
	retained_init(&shard->retained, hash_seed);
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
	topic_tree_finish(&shard->topics);
	retained_finish(&shard->retained);
	timers_finish(&shard->timers);
	chunk_pool_finish(&shard->chunks);
	for (size_t i = 0; i < array_size(shard->scratch); i++)
		str_finish(&shard->scratch[i]);
	free(shard);
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

	while (shard->work.done++ < enough && (timer = timers_due(&shard->timers, now)) != NULL) {
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
		}
	}
}

void shard_work(struct shard *shard, struct instant now)
{
	replay_run(shard, now);
}
