/* SPDX-License-Identifier: MIT */
#include "broker/core/figures.h"

#include "broker/core/shard.h"

static void add_session(struct figures *f, const struct session *s)
{
	f->queued_messages += s->outbox.count;
	f->queued_bytes += s->outbox.bytes;
	f->inflight_messages += s->inflight.count;
	f->inflight_bytes += s->inflight.bytes;
	if (s->client != NULL) {
		f->output_packets += s->client->output.packets;
		f->output_bytes += s->client->output.bytes;
	}
}

static uint64_t dropped(const struct counters *c)
{
	return c->dropped_queue_full + c->dropped_output_full + c->dropped_expired +
	       c->dropped_too_large + c->dropped_offline + c->dropped_memory;
}

void figures_take(const struct shard *shard, struct figures *ret)
{
	*ret = (struct figures){
		.counters = shard->counters,
		.clients = shard->sessions.count,
		.clients_connected = shard->connected,
		.clients_disconnected = shard->sessions.count - shard->connected,
		.clients_maximum = shard->most_connected,
		.sockets = shard->clients,
		.subscriptions = shard->topics.subscriptions - shard->topics.shared_subscriptions,
		.shared_subscriptions = shard->topics.shared_subscriptions,
		.retained_messages = shard->retained.count,
		.retained_bytes = shard->retained.bytes,
		.publish_dropped = dropped(&shard->counters),
	};
	for (const struct session *s = shard->sessions.table; s != NULL; s = s->hh.next)
		add_session(ret, s);
	ret->stored_messages =
			ret->retained_messages + ret->queued_messages + ret->inflight_messages;
	ret->stored_bytes = ret->retained_bytes + ret->queued_bytes + ret->inflight_bytes;
}
