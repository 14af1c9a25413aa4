/* SPDX-License-Identifier: MIT */
#include "broker/broker.h"

#include <signal.h>

#include "broker/io/listener.h"
#include "broker/io/reactor.h"
#include "broker/observe.h"
#include "common/hash.h"
#include "common/mem.h"

struct broker {
	const struct config *config;
	struct shard *shard;
	struct reactor reactor;
	struct listener *listeners;
	ev_signal term, interrupt, hangup;
};

static void on_stop(struct ev_loop *loop, ev_signal *watcher, int events)
{
	struct broker *b = watcher->data;

	(void)loop;
	(void)events;
	log_info("stopping on signal %d", watcher->signum);
	reactor_stop(&b->reactor);
}

static void on_hangup(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)loop;
	(void)watcher;
	(void)events;
	log_notice("SIGHUP: this version does not reload its configuration; restart to apply it");
}

static void watch_signal(struct broker *b, ev_signal *watcher, int number,
		void (*handler)(struct ev_loop *, ev_signal *, int))
{
	ev_signal_init(watcher, handler, number);
	watcher->data = b;
	ev_signal_start(b->reactor.loop, watcher);
}

struct broker *broker_create(const struct config *config)
{
	struct broker *b = xcalloc(1, sizeof(*b));
	struct core_observer observer =
			observe_core(config->connection_messages, log_enabled(LOG_TYPE_DEBUG));

	b->config = config;
	b->shard = shard_create(&config->limits, &observer, hash_seed(), hash_seed());
	reactor_init(&b->reactor, b->shard);
	b->reactor.max_connections = config->global_max_connections;
	watch_signal(b, &b->term, SIGTERM, on_stop);
	watch_signal(b, &b->interrupt, SIGINT, on_stop);
	watch_signal(b, &b->hangup, SIGHUP, on_hangup);
	return b;
}

static bool listen_on(struct broker *b, const char *host, const struct listener_config *l)
{
	struct policy *policy = config_policy(b->config, l);
	struct listener_options options = { .host = host,
		.port = (uint16_t)l->port,
		.max_connections = l->max_connections,
		.policy = policy };
	int error = listeners_open(&b->reactor, &options, &b->listeners);

	policy_unref(policy);
	return error == 0;
}

bool broker_listen(struct broker *b)
{
	const struct config *config = b->config;

	if (config->is_local_only)
		return listen_on(b, "localhost", &config->first);
	if (config->first.port > 0 && !listen_on(b, config->first.address, &config->first))
		return false;
	for (size_t i = 0; i < config->listener_count; i++) {
		if (!listen_on(b, config->listeners[i]->address, config->listeners[i]))
			return false;
	}
	return true;
}

void broker_run(struct broker *b)
{
	log_notice("belfry-broker %s running%s", BELFRY_VERSION,
			b->config->is_local_only ? " in local only mode: write a `listener` to let "
						   "other machines in"
						 : "");
	reactor_run(&b->reactor);
	reactor_shut_down(&b->reactor);
}

void broker_destroy(struct broker *b)
{
	if (b == NULL)
		return;
	listeners_close(&b->listeners);
	reactor_finish(&b->reactor);
	shard_destroy(b->shard);
	free(b);
}
