/* SPDX-License-Identifier: MIT */
#include "broker/core/figures.h"

#include "broker/core/metric.h"
#include "broker/core/shard.h"

static void add_session(struct figures *f, const struct session *s)
{
	f->queued_messages += s->outbox.count;
	f->queued_bytes += s->outbox.bytes;
	f->inflight_messages += s->inflight.count;
	f->inflight_bytes += s->inflight.bytes;
	if (s->client != NULL) {
		f->output_packets += s->client->output.packets;
		f->output_bytes += client_unsent(s->client);
	}
}

/* Whatever is counted below belfry/dropped/. */
static uint64_t dropped(const struct figures *f)
{
	static const struct span reasons = SPAN("belfry/dropped/");
	uint64_t sum = 0;

	for (size_t i = 0; i < metric_count; i++) {
		if (span_starts_with(span_of_text(metrics[i].topic), reasons))
			sum += metric_value(&metrics[i], f);
	}
	return sum;
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
		.stored_messages = shard->budget.messages.count,
		.stored_bytes = shard->budget.messages.bytes,
		.limited_memory_bytes = shard_memory(shard),
	};
	ret->publish_dropped = dropped(ret);
	for (const struct session *s = shard->sessions.table; s != NULL; s = s->hh.next)
		add_session(ret, s);
}
