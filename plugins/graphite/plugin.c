/* SPDX-License-Identifier: MIT */
/*
 * Performance data of check results, for Graphite's carbon.
 */
#include "common/mem.h"
#include "plugins/destination.h"
#include "plugins/graphite/metric.h"
#include "plugins/text.h"

struct graphite_config {
	const char *url;
	uint64_t timeout;
	const char *path;
};

struct graphite {
	const struct relay_host *host;
	struct destination *destination;
	struct str path, lines;
};

/* Rows of the records' rendered texts. */
enum { RENDERED_PATH };

enum { COUNT_VALUES, COUNT_LEFT_OUT };

static const struct relay_counter counters[] = {
	[COUNT_VALUES] = { "values", "values that were sent", false },
	[COUNT_LEFT_OUT] = { "values_left_out", "values that are no numbers (U, NaN)", false },
	{ 0 },
};

static const struct url_scheme schemes[] = {
	{ "tcp", 2003, false },
	{ "tls", 2003, true },
	{ 0 },
};

#define AT(member) offsetof(struct graphite_config, member)

/* clang-format off */
static const struct relay_setting settings[] = {
	{ "url", RELAY_TEXT, AT(url), 1, 1000, NULL, RELAY_REQUIRED,
	  "Where carbon takes its plaintext protocol: tcp://HOST[:2003]; tls:// when something in "
	  "front of it takes TLS.", NULL },
	{ "path", RELAY_TEMPLATE, AT(path), 1, 1000, "${host|dots}.${service|dots}", 0,
	  "The path of a check's values, to which .LABEL is added. A level that is empty, as the "
	  "service of a result for the host itself, is left out; everything but letters, digits, _ "
	  "and - becomes _.", NULL },
	{ "timeout", RELAY_DURATION, AT(timeout), 1, 3600, "30s", 0,
	  "How long to wait for a connection, and for a carbon that takes nothing.", NULL },
	{ 0 },
};
/* clang-format on */

static struct destination_settings destination_of(const struct graphite_config *config)
{
	return (struct destination_settings){ config->url, schemes, config->timeout };
}

static bool check(const void *config, char problem[RELAY_REASON])
{
	struct destination_settings destination = destination_of(config);

	return destination_check(&destination, problem) != NULL;
}

static void *open_graphite(const struct relay_host *host, const void *config)
{
	struct graphite *g = xcalloc(1, sizeof(*g));
	struct destination_settings destination = destination_of(config);

	g->host = host;
	g->destination = destination_create(host, &destination);
	return g;
}

static void close_graphite(void *instance)
{
	struct graphite *g = instance;

	destination_destroy(g->destination);
	str_finish(&g->path);
	str_finish(&g->lines);
	free(g);
}

/* How many lines there are. */
static size_t add_values(struct graphite *g, const struct relay_record *record)
{
	size_t lines = 0;

	for (size_t i = 0; i < record->metric_count; i++) {
		if (metric_append(&g->lines, str_span(&g->path), &record->metrics[i],
				    record->time_ns))
			lines++;
	}
	return lines;
}

static enum relay_verdict deliver(
		void *instance, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	struct graphite *g = instance;
	size_t values = 0, lines = 0;

	str_clear(&g->lines);
	for (size_t i = 0; i < batch->count; i++) {
		const struct relay_record *record = relay_record_at(batch, i);

		str_clear(&g->path);
		if (!metric_append_path(&g->path, text_span(record->rendered[RENDERED_PATH]))) {
			g->host->mark(g->host, i, RELAY_REJECT,
					"its path is empty or has more than 1000 bytes; mend path");
			continue;
		}
		values += record->metric_count;
		lines += add_values(g, record);
	}
	if (lines > 0 && !destination_send(g->destination, str_span(&g->lines), outcome->reason))
		return RELAY_RETRY;
	g->host->count(g->host, COUNT_VALUES, lines);
	g->host->count(g->host, COUNT_LEFT_OUT, values - lines);
	return RELAY_OK;
}

static bool idle(void *instance, struct relay_outcome *outcome)
{
	struct graphite *g = instance;

	return destination_ready(g->destination, outcome->reason);
}

RELAY_EXPORT const struct relay_plugin belfry_relay = {
	RELAY_HEADER,
	.name = "graphite",
	.version = BELFRY_VERSION,
	.help = "Sends the performance data of check results to Graphite's carbon.",
	.flags = RELAY_USES_TLS | RELAY_WANTS_FIELDS | RELAY_WANTS_METRICS | RELAY_CHECKS_ONLY,
	.settings = settings,
	.config_size = sizeof(struct graphite_config),
	.defaults = { .batch_records = "1000", .schema = "raw" },
	.counters = counters,
	.check = check,
	.open = open_graphite,
	.deliver = deliver,
	.idle = idle,
	.close = close_graphite,
};
