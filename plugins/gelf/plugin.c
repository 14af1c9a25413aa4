/* SPDX-License-Identifier: MIT */
/*
 * Records as messages of GELF 1.1, for Graylog and others: datagrams in chunks, or TCP and TLS,
 * where a NUL ends each and nothing is compressed.
 */
#include <stdio.h>

#include "common/hash.h"
#include "common/mem.h"
#include "plugins/deflate.h"
#include "plugins/destination.h"
#include "plugins/gelf/chunk.h"
#include "plugins/gelf/message.h"

enum { LEAST_CHUNK = 256, MOST_CHUNK = 8192, MOST_MESSAGE = 64 << 20 };

enum { COMPRESSION_NONE, COMPRESSION_ZLIB };

struct gelf_config {
	const char *url;
	uint64_t timeout;
	int severity, compression;
	uint64_t chunk_size, max_size;
};

struct gelf {
	const struct relay_host *host;
	const struct gelf_config *config;
	struct destination *destination;
	struct gelf_form form;
	char hostname[256];
	struct deflater *deflater;  /* NULL: nothing is compressed */
	uint64_t next_id;	    /* of a message in chunks */
	struct str message, packed; /* the one at hand */
	struct str stream;	    /* messages, each behind its end */
	struct datagrams datagrams;
};

static const struct url_scheme schemes[] = {
	{ "udp", 12201, false },
	{ "tcp", 12201, false },
	{ "tls", 12201, true },
	{ 0 },
};

static const struct relay_choice compressions[] = {
	{ "none", COMPRESSION_NONE },
	{ "zlib", COMPRESSION_ZLIB },
	{ 0 },
};

#define AT(member) offsetof(struct gelf_config, member)

/* clang-format off */
static const struct relay_setting settings[] = {
	{ "url", RELAY_TEXT, AT(url), 1, 1000, NULL, RELAY_REQUIRED,
	  "Where to send to: udp://HOST[:12201], tcp://HOST[:12201] or tls://HOST[:12201].", NULL },
	{ "severity", RELAY_CHOICE, AT(severity), 0, 0, "notice", 0,
	  "The level of what is no check result; that of a check result follows from its state.",
	  severity_choices },
	{ "compression", RELAY_CHOICE, AT(compression), 0, 0, "zlib", 0,
	  "How messages are compressed over UDP. Over TCP they never are: the format has no way to "
	  "say so.", compressions },
	{ "chunk_size", RELAY_SIZE, AT(chunk_size), LEAST_CHUNK, MOST_CHUNK, "1420", 0,
	  "Bytes of a datagram; what is longer is sent in chunks, at most 128. 1420 passes every "
	  "network; in one with jumbo frames, or on one machine, 8154 costs less.", NULL },
	{ "max_size", RELAY_SIZE, AT(max_size), 1024, MOST_MESSAGE, "2M", 0,
	  "Bytes of a message. A longer one becomes a dead letter: Graylog, which by itself takes "
	  "2 MiB, would close the connection over it.", NULL },
	{ "timeout", RELAY_DURATION, AT(timeout), 1, 3600, "30s", 0,
	  "How long to wait for a connection, and for a server that takes nothing.", NULL },
	{ 0 },
};
/* clang-format on */

static struct destination_settings destination_of(const struct gelf_config *config)
{
	return (struct destination_settings){ config->url, schemes, config->timeout };
}

static bool check(const void *config, char problem[RELAY_REASON])
{
	struct destination_settings destination = destination_of(config);

	return destination_check(&destination, problem) != NULL;
}

static void *open_gelf(const struct relay_host *host, const void *config)
{
	struct gelf *g = xcalloc(1, sizeof(*g));
	struct destination_settings destination = destination_of(config);

	g->host = host;
	g->config = config;
	g->destination = destination_create(host, &destination);
	g->next_id = hash_seed();
	if (g->config->compression == COMPRESSION_ZLIB && destination_is_datagram(g->destination))
		g->deflater = deflater_create(DEFLATE_USUAL, DEFLATE_ZLIB);
	if (gethostname(g->hostname, sizeof(g->hostname) - 1) < 0)
		g->hostname[0] = '\0';
	g->form = (struct gelf_form){
		.hostname = g->hostname,
		.gateway = host->gateway,
		.severity = (enum severity)g->config->severity,
	};
	return g;
}

static void close_gelf(void *instance)
{
	struct gelf *g = instance;

	destination_destroy(g->destination);
	deflater_destroy(g->deflater);
	str_finish(&g->message);
	str_finish(&g->packed);
	str_finish(&g->stream);
	datagrams_finish(&g->datagrams);
	free(g);
}

static void reject(struct gelf *g, size_t index, const char *remedy)
{
	char reason[RELAY_REASON];

	snprintf(reason, sizeof(reason), "a message of %zu bytes is too long: %s", g->message.len,
			remedy);
	g->host->mark(g->host, index, RELAY_REJECT, reason);
}

static void add(struct gelf *g, size_t index, bool as_datagrams)
{
	struct span bytes = str_span(&g->message);

	if (bytes.len > g->config->max_size) {
		reject(g, index, "raise max_size, if the server takes more");
	} else if (!as_datagrams) {
		str_append(&g->stream, bytes);
		str_append_byte(&g->stream, '\0');
	} else {
		if (g->deflater != NULL) {
			str_clear(&g->packed);
			deflater_append(g->deflater, &g->packed, bytes);
			bytes = str_span(&g->packed);
		}
		if (!gelf_append_chunks(&g->datagrams, bytes, g->config->chunk_size, g->next_id++))
			reject(g, index,
					"128 chunks do not hold it; raise chunk_size, or use "
					"tcp://");
	}
}

static enum relay_verdict deliver(
		void *instance, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	struct gelf *g = instance;
	bool as_datagrams = destination_is_datagram(g->destination), sent;

	str_clear(&g->stream);
	datagrams_clear(&g->datagrams);
	for (size_t i = 0; i < batch->count; i++) {
		str_clear(&g->message);
		gelf_append_message(&g->message, &g->form, relay_record_at(batch, i));
		add(g, i, as_datagrams);
	}
	if (as_datagrams)
		sent = destination_send_datagrams(g->destination, &g->datagrams, outcome->reason);
	else
		sent = destination_send(g->destination, str_span(&g->stream), outcome->reason);
	return sent ? RELAY_OK : RELAY_RETRY;
}

static bool idle(void *instance, struct relay_outcome *outcome)
{
	struct gelf *g = instance;

	return destination_ready(g->destination, outcome->reason);
}

RELAY_EXPORT const struct relay_plugin belfry_relay = {
	RELAY_HEADER,
	.name = "gelf",
	.version = BELFRY_VERSION,
	.help = "Sends records to Graylog and other servers that take GELF, over UDP, TCP or TLS.",
	.flags = RELAY_USES_TLS | RELAY_WANTS_FIELDS,
	.settings = settings,
	.config_size = sizeof(struct gelf_config),
	.defaults = { .batch_records = "500", .schema = "raw" },
	.check = check,
	.open = open_gelf,
	.deliver = deliver,
	.idle = idle,
	.close = close_gelf,
};
