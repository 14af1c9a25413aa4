/* SPDX-License-Identifier: MIT */
/*
 * The plugin lumberjack: records as events to Logstash's beats input, or whatever else speaks
 * version 2 of the Lumberjack protocol (Elastic Agent, Vector, Graylog).
 *
 * The server acknowledges an event when it is in its queue, which can be on its disk. So what is OK
 * here is as safe as the server keeps it, and what is not acknowledged is sent again, to the same
 * server or to another one.
 */
#include <stdio.h>

#include "common/json.h"
#include "common/mem.h"
#include "plugins/lumberjack/delivery.h"
#include "plugins/lumberjack/servers.h"

struct config {
	struct relay_list hosts;
	bool balance, tls;
	uint64_t window, in_flight, compression, timeout, max_record;
	const char *metadata;
};

struct lumberjack {
	const struct relay_host *host;
	const struct config *config;
	bool tls;
	struct servers servers;
	struct delivery delivery;
	struct str member;
	bool reached;		   /* the last that was heard of any server is good */
	char reason[RELAY_REASON]; /* why it is not */
};

/* clang-format off */
static const struct relay_setting settings[] = {
	{ "hosts", RELAY_LIST, offsetof(struct config, hosts), 1, 4000, NULL, RELAY_REQUIRED,
	  "HOST[:PORT] of a beats input, port 5044 when none is given. Several, with blanks between "
	  "or on lines of their own: when one fails the next one is used.", NULL },
	{ "balance", RELAY_BOOL, offsetof(struct config, balance), 0, 0, "false", 0,
	  "Each batch goes to another one of the hosts, instead of all to one until it fails.", NULL },
	{ "tls", RELAY_BOOL, offsetof(struct config, tls), 0, 0, "false", 0,
	  "Speak TLS. A cafile, capath or certfile says so, too.", NULL },
	{ "window", RELAY_NUMBER, offsetof(struct config, window), 1, 65536, "2048", 0,
	  "Most records that are acknowledged together. A batch that is smaller is one window.", NULL },
	{ "in_flight", RELAY_NUMBER, offsetof(struct config, in_flight), 1, ACKS_WINDOWS, "2", 0,
	  "Windows of a batch that are sent before the first one's acknowledgement is waited for.", NULL },
	{ "compression", RELAY_NUMBER, offsetof(struct config, compression), 0, 9, "3", 0,
	  "How hard zlib tries: 1 is fast, 9 is small, 0 sends the records as they are.", NULL },
	{ "metadata", RELAY_TEXT, offsetof(struct config, metadata), 1, 100, "belfry", 0,
	  "The name in each event's @metadata.beat, which Logstash's usual index names begin with; "
	  "@metadata.version is belfry's. none: no @metadata.", NULL },
	{ "timeout", RELAY_DURATION, offsetof(struct config, timeout), 1, 3600, "30s", 0,
	  "How long a server may be silent: while connecting, taking bytes, and before it answers. A "
	  "busy Logstash answers every 5 s that it is still there.", NULL },
	{ "max_record", RELAY_SIZE, offsetof(struct config, max_record), 1024, 256 * 1024 * 1024,
	  "10M", 0,
	  "A larger record becomes a dead letter. Logstash closes the connection over texts of more "
	  "than 20 million characters.", NULL },
	{ 0 },
};

static const struct relay_counter counters[] = {
	[COUNT_CONNECTIONS] = { "connections", "connections that were opened", false },
	[COUNT_WINDOWS] = { "windows", "windows that were sent", false },
	[COUNT_BYTES] = { "bytes_sent", "bytes of them, as sent", false },
	[COUNT_KEEP_ALIVES] = { "keep_alives", "answers of a server that was busy", false },
	{ 0 },
};
/* clang-format on */

/* It becomes the beginning of an index's name: what Elasticsearch allows there. */
static bool is_index_name(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(text) &&
	       strchr("-_.", text[0]) == NULL;
}

static bool check(const void *config, char problem[RELAY_REASON])
{
	const struct config *c = config;
	struct servers *servers = xcalloc(1, sizeof(*servers));
	struct str why = { 0 };
	bool ok = servers_parse(servers, &c->hosts, &why);

	if (!ok) {
		snprintf(problem, RELAY_REASON, "%s", str_text(&why));
	} else if (!is_index_name(c->metadata)) {
		snprintf(problem, RELAY_REASON,
				"metadata: '%s' is no beginning of an index's name; take a-z, 0-9, "
				"and - _ . behind the first letter",
				c->metadata);
		ok = false;
	}
	servers_finish(servers);
	free(servers);
	str_finish(&why);
	return ok;
}

static void write_member(struct str *into, const char *beat)
{
	if (strcmp(beat, "none") == 0)
		return;
	str_append_text(into, "\"@metadata\":{\"beat\":");
	json_append_string(into, span_of_text(beat));
	json_append_member(into, "version", span_of_text(BELFRY_VERSION));
	str_append_byte(into, '}');
}

static void close_lumberjack(void *instance)
{
	struct lumberjack *l = instance;

	for (size_t i = 0; i < l->servers.count; i++)
		l->host->close(l->servers.list[i].stream);
	servers_finish(&l->servers);
	window_finish(&l->delivery.window);
	free(l->delivery.events);
	str_finish(&l->member);
	free(l);
}

static void *open_lumberjack(const struct relay_host *host, const void *config)
{
	const struct config *c = config;
	struct lumberjack *l = xcalloc(1, sizeof(*l));
	struct str why = { 0 };

	l->host = host;
	l->config = c;
	l->tls = c->tls || host->tls->cafile != NULL || host->tls->capath != NULL ||
		 host->tls->certfile != NULL;
	write_member(&l->member, c->metadata);
	l->delivery = (struct delivery){ .host = host,
		.window_size = c->window,
		.in_flight = (unsigned)c->in_flight,
		.timeout = c->timeout,
		.tls = l->tls,
		.max_record = c->max_record,
		.member = str_span(&l->member) };
	window_init(&l->delivery.window, (int)c->compression);
	if (!servers_parse(&l->servers, &c->hosts, &why)) {
		host->log(host, RELAY_LOG_ERROR, "%s", str_text(&why));
		close_lumberjack(l);
		l = NULL;
	}
	str_finish(&why);
	return l;
}

static void disconnect(struct lumberjack *l, struct server *server)
{
	l->host->close(server->stream);
	server->stream = NULL;
}

static bool connect_to(struct lumberjack *l, struct server *server, char why[RELAY_REASON])
{
	const struct relay_place place = {
		.host = server->where.host,
		.port = server->where.port,
		.tls = l->tls,
		.timeout_ms = (uint32_t)l->config->timeout * 1000,
	};

	server->stream = l->host->connect(l->host, &place, why);
	if (server->stream != NULL)
		l->host->count(l->host, COUNT_CONNECTIONS, 1);
	return server->stream != NULL;
}

static void note_failure(struct lumberjack *l, const struct server *server, const char *why)
{
	bool is_named = strncmp(why, server->name, strlen(server->name)) == 0;

	snprintf(l->reason, sizeof(l->reason), "%.80s%s%.170s", is_named ? "" : server->name,
			is_named ? "" : ": ", why);
}

/* Of several servers the status names the last one only: the log tells of each, once. */
static void tell_failure(struct lumberjack *l, struct server *server)
{
	if (l->servers.count > 1 && !server->told)
		l->host->log(l->host, RELAY_LOG_NOTICE, "%s", l->reason);
	server->told = true;
}

static void tell_success(struct lumberjack *l, struct server *server)
{
	if (l->servers.count > 1 && server->told)
		l->host->log(l->host, RELAY_LOG_NOTICE, "%s takes records again", server->name);
	server->told = false;
}

/*
 * A server closes connections that were idle for a minute, and may do so just now: what fails on a
 * connection that was there already is tried once more on a new one before the server has failed.
 */
static void try_server(struct lumberjack *l, struct server *server)
{
	char why[RELAY_REASON] = "";
	bool was_there;

	if (server->stream != NULL && !l->host->is_open(server->stream))
		disconnect(l, server);
	was_there = server->stream != NULL;
	if ((was_there || connect_to(l, server, why)) &&
			delivery_run(&l->delivery, server->stream, why)) {
		servers_worked(&l->servers, server, l->config->balance);
		tell_success(l, server);
		return;
	}
	disconnect(l, server);
	note_failure(l, server, why);
	if (was_there)
		return;
	tell_failure(l, server);
	servers_failed(&l->servers, server, instant_now());
}

static enum relay_verdict deliver(
		void *instance, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	struct lumberjack *l = instance;

	delivery_begin(&l->delivery, batch);
	servers_begin(&l->servers);
	while (!delivery_is_done(&l->delivery)) {
		struct server *server = servers_next(&l->servers, instant_now());

		if (server == NULL || l->host->sleep(l->host, 0)) {
			delivery_mark_confirmed(&l->delivery);
			memcpy(outcome->reason, l->reason, sizeof(l->reason));
			l->reached = false;
			return RELAY_RETRY;
		}
		try_server(l, server);
	}
	l->reached = l->reached || l->delivery.count > 0;
	return RELAY_OK;
}

/*
 * Whether a server can be reached is known before there is something to deliver; then a connection
 * that a server closes because it is idle is opened again when it is needed.
 */
static bool idle(void *instance, struct relay_outcome *outcome)
{
	struct lumberjack *l = instance;
	struct server *server;
	char why[RELAY_REASON];

	for (size_t i = 0; i < l->servers.count; i++) {
		server = &l->servers.list[i];
		if (server->stream != NULL && !l->host->is_open(server->stream))
			disconnect(l, server);
	}
	servers_begin(&l->servers);
	while (!l->reached && (server = servers_next(&l->servers, instant_now())) != NULL &&
			instant_reached(server->rests_until, instant_now())) {
		l->reached = server->stream != NULL || connect_to(l, server, why);
		if (!l->reached) {
			note_failure(l, server, why);
			tell_failure(l, server);
			servers_failed(&l->servers, server, instant_now());
		}
	}
	memcpy(outcome->reason, l->reason, sizeof(l->reason));
	return l->reached;
}

RELAY_EXPORT const struct relay_plugin belfry_relay = {
	RELAY_HEADER,
	.name = "lumberjack",
	.version = BELFRY_VERSION,
	.help = "Events to Logstash's beats input, acknowledged.",
	.flags = RELAY_USES_TLS,
	.settings = settings,
	.config_size = sizeof(struct config),
	.defaults = { .batch_records = "4096", .batch_size = "2M", .linger = "5" },
	.counters = counters,
	.check = check,
	.open = open_lumberjack,
	.deliver = deliver,
	.idle = idle,
	.close = close_lumberjack,
};
