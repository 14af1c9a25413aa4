/* SPDX-License-Identifier: MIT */
#include "broker/broker.h"

#include <errno.h>
#include <signal.h>

#include "broker/bridges.h"
#include "broker/certificates.h"
#include "broker/core/restore.h"
#include "broker/io/connection.h"
#include "broker/io/listener.h"
#include "broker/io/verifier.h"
#include "broker/observe.h"
#include "broker/persistence.h"
#include "broker/reload.h"
#include "broker/supervise.h"
#include "common/hash.h"
#include "common/mem.h"
#include "common/notify.h"

struct broker {
	struct config *config;
	struct resources resources;
	struct shard *shard;
	struct reactor reactor;
	struct address_limit *limit;
	struct verifier *verifier;
	struct sys *sys;
	struct persistence *persistence; /* NULL: nothing is kept */
	struct http_api *http_api;	 /* NULL while no listener serves it */
	struct listener *listeners;
	struct bridges *bridges;
	struct supervise supervise;
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
	struct broker *b = watcher->data;
	struct reloadable parts = { .config = &b->config,
		.resources = &b->resources,
		.reactor = &b->reactor,
		.sys = b->sys,
		.bridges = b->bridges,
		.listeners = b->listeners };

	(void)loop;
	(void)events;
	notify_reloading(instant_now());
	reload(&parts);
	notify("READY=1");
}

static void watch_signal(struct broker *b, ev_signal *watcher, int number,
		void (*handler)(struct ev_loop *, ev_signal *, int))
{
	ev_signal_init(watcher, handler, number);
	watcher->data = b;
	ev_signal_start(b->reactor.loop, watcher);
}

/* One core is for the loop. A thread takes 16 MiB while it hashes with scrypt. */
static unsigned hashing_threads(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores < 3 ? 1 : cores > 4 ? 4 : (unsigned)cores - 1;
}

static void address_of(const struct client *c, struct sockaddr_storage *ret)
{
	connection_address(c->connection, ret);
}

static void describe_peer(const struct client *c, struct str *into)
{
	char peer[CONNECTION_PEER];

	str_append_text(into, connection_peer(c->connection, peer));
}

static void decide(struct client *c, enum verdict verdict)
{
	connection_decide(c->connection, verdict);
}

static void watch_addresses(struct broker *b)
{
	b->limit = address_limit_create(hash_seed());
	address_limit_set(b->limit, b->config->address_limits);
	b->reactor.limit = b->limit;
}

/* False when no thread can be started. */
static bool verify_passwords(struct broker *b)
{
	struct verifier_options options = { .loop = b->reactor.loop,
		.now = &b->reactor.now,
		.counters = &b->shard->counters,
		.limit = b->limit,
		.threads = hashing_threads(),
		.seed = hash_seed(),
		.address = address_of,
		.decide = decide };

	b->verifier = verifier_create(&options);
	if (b->verifier == NULL)
		return false;
	b->shard->authenticator = verifier_authenticator(b->verifier);
	return true;
}

struct broker *broker_create(struct config *config, struct resources *resources)
{
	struct broker *b = xcalloc(1, sizeof(*b));
	struct core_observer observer =
			observe_core(config->connection_messages, log_enabled(LOG_TYPE_DEBUG));

	b->config = config;
	b->resources = *resources;
	*resources = (struct resources){ 0 };
	b->shard = shard_create(&config->limits, &observer, hash_seed(), hash_seed());
	b->shard->describe_peer = describe_peer;
	reactor_init(&b->reactor, b->shard);
	b->reactor.max_connections = config->global_max_connections;
	watch_addresses(b);
	b->bridges = bridges_create(&b->reactor);
	b->sys = sys_create(&b->reactor);
	log_set_publisher(sys_publish_log, b->sys);
	watch_signal(b, &b->term, SIGTERM, on_stop);
	watch_signal(b, &b->interrupt, SIGINT, on_stop);
	watch_signal(b, &b->hangup, SIGHUP, on_hangup);
	return b;
}

/* One serves all listeners of `protocol http_api`. False when it cannot. */
static bool open_http_api(struct broker *b)
{
	if (b->http_api == NULL)
		b->http_api = http_api_create(&b->reactor, b->sys);
	return b->http_api != NULL;
}

static bool all_are_taken(const struct activation *passed)
{
	struct str left = { 0 };
	size_t count = activation_left(passed, &left);

	if (count > 0)
		log_error("systemd passes sockets that no listener is for: %s; write a `listener` "
			  "with the port and address of each, or take it out of the socket unit",
				str_text(&left));
	str_finish(&left);
	return count == 0;
}

bool broker_listen(struct broker *b, struct activation *passed)
{
	if (!verify_passwords(b)) {
		log_error_errno(errno, "no thread can be started to hash passwords on");
		return false;
	}
	for (size_t i = 0; i < b->resources.count; i++) {
		struct listener_options options = resources_options(&b->resources.listeners[i]);

		if (b->resources.listeners[i].config->protocol == PROTOCOL_HTTP_API) {
			if (!open_http_api(b))
				return false;
			options.http_api = b->http_api;
		}
		if (listeners_open(&b->reactor, &options, passed, &b->listeners) < 0)
			return false;
	}
	sys_set_certificate_expiry(b->sys, certificates_expiry(b->listeners));
	sys_set_interval(b->sys, b->config->sys_interval);
	return all_are_taken(passed);
}

bool broker_restore(struct broker *b)
{
	if (!persistence_start(&b->reactor, b->sys, b->config, &b->resources, &b->persistence) ||
			!bridges_apply(b->bridges, &b->resources, NULL, b->config))
		return false;
	restore_end_orphans(b->shard, b->reactor.now);
	return true;
}

void broker_run(struct broker *b)
{
	log_notice("belfry-broker %s running%s", BELFRY_VERSION,
			b->config->is_local_only ? " in local only mode: write a `listener` to let "
						   "other machines in"
						 : "");
	supervise_start(&b->supervise, b->reactor.loop);
	reactor_run(&b->reactor);
	supervise_stop(&b->supervise, b->reactor.loop);
	persistence_stop(b->persistence);
	reactor_shut_down(&b->reactor);
}

void broker_destroy(struct broker *b)
{
	if (b == NULL)
		return;
	log_set_publisher(NULL, NULL);
	listeners_close(&b->listeners);
	bridges_destroy(b->bridges);
	verifier_destroy(b->verifier); /* while the clients that wait for it are there */
	b->shard->authenticator = (struct authenticator){ 0 };
	http_api_destroy(b->http_api);
	sys_destroy(b->sys);
	persistence_destroy(
			b->persistence); /* its thread reads the shard's batch, wakes the loop */
	reactor_finish(&b->reactor);
	address_limit_destroy(b->limit);
	shard_destroy(b->shard);
	resources_close(&b->resources);
	config_destroy(b->config);
	free(b);
}
