/* SPDX-License-Identifier: MIT */
/*
 * The plugin redis: records into a list, a channel or a stream of a Redis server, as Logstash's
 * redis input and others read them.
 */
#include <stdio.h>

#include "common/mem.h"
#include "plugins/redis/delivery.h"

struct instance {
	const struct relay_host *host;
	const struct redis_settings *settings;
	struct connection connection;
	struct request request, second;
	struct full_lists full;
	uint8_t *fates;
	size_t fates_size;
};

static void close_redis(void *at)
{
	struct instance *it = at;

	connection_finish(&it->connection);
	request_finish(&it->request);
	request_finish(&it->second);
	for (size_t i = 0; i < it->full.count; i++)
		str_finish(&it->full.keys[i]);
	free(it->fates);
	free(it);
}

/* The operator has chosen it; but one publisher is then enough to hold up all the others. */
static void warn_of_chosen_keys(const struct relay_host *host, const struct redis_settings *s)
{
	if (s->mode == MODE_LIST && s->max_len > 0 && s->on_full == ON_FULL_BLOCK &&
			redis_key_is_chosen(s))
		host->log(host, RELAY_LOG_WARNING,
				"with on_full block a publisher whose topic names a list that "
				"nobody reads holds up everything else; take on_full drop_oldest "
				"or drop_newest, or a key that no topic is part of");
}

static void *open_redis(const struct relay_host *host, const void *config)
{
	struct instance *it = xcalloc(1, sizeof(*it));

	it->host = host;
	it->settings = config;
	if (connection_init(&it->connection, host, config)) {
		warn_of_chosen_keys(host, config);
		return it;
	}
	free(it);
	return NULL;
}

static uint8_t *fates_of(struct instance *it, size_t count)
{
	if (count > it->fates_size) {
		it->fates = xrealloc(it->fates, count);
		it->fates_size = count;
	}
	return memset(it->fates, FATE_WAITING, count);
}

static enum relay_verdict deliver(
		void *at, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	static void (*const modes[])(struct delivery *) = {
		[MODE_LIST] = deliver_to_list,
		[MODE_CHANNEL] = deliver_to_channel,
		[MODE_STREAM] = deliver_to_stream,
	};
	struct instance *it = at;
	struct delivery d = {
		.host = it->host,
		.settings = it->settings,
		.batch = batch,
		.connection = &it->connection,
		.request = &it->request,
		.second = &it->second,
		.full = &it->full,
		.fates = fates_of(it, batch->count),
	};
	enum relay_verdict verdict;

	if (connection_ready(&it->connection, &d.failure))
		modes[it->settings->mode](&d);
	verdict = delivery_verdict(&d, outcome);
	str_finish(&d.error);
	return verdict;
}

static bool idle(void *at, struct relay_outcome *outcome)
{
	struct instance *it = at;
	struct failure why;

	if (connection_alive(&it->connection, &why))
		return true;
	snprintf(outcome->reason, sizeof(outcome->reason), "%s", why.reason);
	return false;
}

static const struct relay_counter counters[] = {
	[COUNT_PUSHED] = { "pushed", "records that the server has taken", false },
	[COUNT_NO_SUBSCRIBERS] = { "no_subscribers", "records that nobody listened to", false },
	[COUNT_TRIMMED] = { "trimmed", "elements cut off full lists", false },
	[COUNT_DROPPED_FULL] = { "dropped_full", "records dropped because of full lists", false },
	[COUNT_REPEATED] = { "repeated", "records that a stream had already", false },
	[COUNT_RENUMBERED] = { "renumbered", "records that the server gave other ids", false },
	[COUNT_LIST_LENGTH] = { "list_length", "elements of the longest list of a batch", true },
	{ 0 },
};

RELAY_EXPORT const struct relay_plugin belfry_relay = {
	RELAY_HEADER,
	.name = "redis",
	.version = BELFRY_VERSION,
	.help = "Appends records to a list, a channel or a stream of Redis.",
	.flags = RELAY_USES_TLS,
	.settings = redis_setting_rows,
	.config_size = sizeof(struct redis_settings),
	.defaults = { .batch_records = "1000", .batch_size = "1M", .linger = "5" },
	.counters = counters,
	.check = redis_settings_check,
	.open = open_redis,
	.deliver = deliver,
	.idle = idle,
	.close = close_redis,
};
