/* SPDX-License-Identifier: MIT */
#include "gateway/status.h"

#include "common/json.h"
#include "common/mem.h"
#include "gateway/figures.h"
#include "gateway/output/sink.h"
#include "plugins/relay.h"

/* clang-format off */
#define ROW(member, name, metric, kind, help) { name, metric, kind, help, offsetof(struct status, member) },
#define COUNTER_ROW(id, name, help) ROW(counters[COUNT_##id], name, name "_total", FIGURE_COUNTER, help)
static const struct figure gateway_figures[] = {
	ROW(started,             "started",        "start_time_seconds",     FIGURE_TIME,   "when the gateway was started, in Unix time")
	ROW(interval,            "interval",       "status_interval_seconds", FIGURE_NUMBER, "how often it publishes its status; 0: only when something changes")
	ROW(reject_rate,         "reject_rate",    NULL,                     FIGURE_REAL,   "results refused a second, over a minute")
	COUNTERS(COUNTER_ROW)
};
static const struct figure journal_rows[] = {
	ROW(journal.records,     "records",        "journal_records",        FIGURE_NUMBER, "records in the journal, those among them that are delivered but not yet removed")
	ROW(journal.waiting,     "waiting",        "journal_waiting_records", FIGURE_NUMBER, "records that are not yet delivered everywhere")
	ROW(journal.bytes,       "bytes",          "journal_bytes",          FIGURE_NUMBER, "what the records occupy")
	ROW(journal.max_bytes,   "max_bytes",      "journal_max_bytes",      FIGURE_NUMBER, "what they may occupy (journal_max_size)")
	ROW(journal.oldest,      "oldest_seconds", "journal_oldest_seconds", FIGURE_REAL,   "how long the oldest record that waits has waited")
};
#undef COUNTER_ROW
#undef ROW

#define ROW(member, name, metric, kind, help) { name, metric, kind, help, offsetof(struct broker_status, member) },
static const struct figure broker_figures[] = {
	ROW(view.connected,      "connected",      "broker_connected",       FIGURE_FLAG,   "1 while the broker is connected")
	ROW(view.since,          "since",          "broker_since_timestamp_seconds", FIGURE_TIME, "since when it has been connected, or not, in Unix time")
	ROW(view.protocol,       "protocol",       NULL,                     FIGURE_TEXT,   "the version of MQTT")
	ROW(view.connections,    "connections",    "broker_connections_total", FIGURE_COUNTER, "times the broker accepted the gateway")
	ROW(view.lost,           "lost",           "broker_connections_lost_total", FIGURE_COUNTER, "times its connection ended by itself")
	ROW(last_error,          "last_error",     NULL,                     FIGURE_TEXT,   "what went wrong last")
	ROW(view.last_error_at,  "last_error_time", "broker_last_error_timestamp_seconds", FIGURE_TIME, "when something went wrong last, in Unix time; 0: never")
};
#undef ROW

#define ROW(member, name, metric, kind, help) { name, metric, kind, help, offsetof(struct output_status, member) },
#define COUNTER_ROW(name, help) ROW(name, #name, "output_" #name "_total", FIGURE_COUNTER, help)
static const struct figure output_figures[] = {
	ROW(connected,           "connected",      "output_connected",       FIGURE_FLAG,   "1 while the far end can be reached")
	ROW(problem,             "problem",        NULL,                     FIGURE_TEXT,   "what is in its way")
	ROW(behind,              "behind",         "output_lag_records",     FIGURE_NUMBER, "records that it has not delivered")
	ROW(lag,                 "lag_seconds",    "output_lag_seconds",     FIGURE_REAL,   "how long the oldest of them has waited; 0 when there is none")
	ROW(rate_10s,            "rate_10s",       NULL,                     FIGURE_REAL,   "results confirmed a second, over 10 seconds")
	ROW(rate_60s,            "rate_60s",       NULL,                     FIGURE_REAL,   "results confirmed a second, over a minute")
	ROW(last_confirmed,      "last_confirmed", "output_last_confirmed_timestamp_seconds", FIGURE_TIME, "when the other side confirmed last, in Unix time; 0: not yet")
	ROW(last_error,          "last_error",     NULL,                     FIGURE_TEXT,   "what was in its way last")
	ROW(last_error_at,       "last_error_time", "output_last_error_timestamp_seconds", FIGURE_TIME, "when something got into its way last, in Unix time; 0: never")
	OUTPUT_COUNTERS(COUNTER_ROW)
};
#undef COUNTER_ROW
#undef ROW
/* clang-format on */

/* --- taken --------------------------------------------------------------------------------- */

static double age(struct wall_time then, struct wall_time now)
{
	return then.ns == 0 || now.ns < then.ns ? 0 : (double)(now.ns - then.ns) / 1e9;
}

static void take_output(struct status *s, const struct status_sources *from,
		const struct journal_status *journal, size_t i)
{
	struct output_health *health = from->outputs[i];
	struct output_view view = output_health_view(health);
	struct output_status *o = &s->outputs[i];
	uint64_t delivered = health->counters.delivered;

	*o = (struct output_status){ .name = from->config->outputs[i]->name,
		.plugin_rows = from->config->outputs[i]->class->counters,
		.connected = view.connected,
		.problem = view.problem,
		.last_error = view.last_error.text,
		.last_error_at = view.last_error.at,
		.last_confirmed = view.last_confirmed,
		.behind = journal->head > delivered ? journal->head - delivered : 0,
		.rate_10s = view.rate_10s,
		.rate_60s = view.rate_60s,
#define TAKE(name, help) .name = health->counters.name,
		OUTPUT_COUNTERS(TAKE)
#undef TAKE
	};
	for (size_t n = 0; n < OUTPUT_PLUGIN_COUNTERS; n++)
		o->plugin[n] = health->counters.plugin[n];
	if (o->behind > 0)
		o->lag = age(journal_received(from->journal, delivered + 1), s->now);
	if (o->behind > s->journal.waiting)
		s->journal.waiting = o->behind;
	if (o->lag > s->journal.oldest)
		s->journal.oldest = o->lag;
}

static void take_broker(struct status *s, const struct status_sources *from, size_t i)
{
	struct broker_status *b = &s->brokers[i];
	struct str url = { 0 };

	url_format(&from->config->brokers[i].url, &url);
	b->url = str_take(&url);
	b->view = broker_health_view(from->brokers[i]);
	b->last_error = b->view.last_error[0] != '\0' ? b->view.last_error : NULL;
}

void status_take(struct status *s, const struct status_sources *from)
{
	struct journal_status journal = journal_status(from->journal);

	s->now = wall_time_now();
	s->client_id = from->config->client_id;
	s->interval = from->config->status_interval;
	s->journal = (struct journal_figures){ .records = journal.head + 1 - journal.first,
		.bytes = journal.bytes,
		.max_bytes = journal.max_bytes };
	for (size_t i = 0; i < COUNT_OF; i++)
		s->counters[i] = from->counters->values[i];
	for (size_t i = 0; i < REJECT_COUNT; i++)
		s->rejects[i] = from->counters->rejects[i];
	for (size_t i = 0; i < from->config->broker_count && from->brokers[i] != NULL; i++)
		take_broker(s, from, s->broker_count++);
	for (size_t i = 0; i < from->config->output_count && from->outputs[i] != NULL; i++)
		take_output(s, from, &journal, s->output_count++);
}

void status_finish(struct status *s)
{
	for (size_t i = 0; i < s->broker_count; i++)
		free(s->brokers[i].url);
	s->broker_count = 0;
}

/* --- as JSON ------------------------------------------------------------------------------- */

static void add_member(struct str *into, const char *name, const char *text)
{
	str_printf(into, "%s\"%s\":", into->text[into->len - 1] == '{' ? "" : ",", name);
	json_append_string(into, span_of_text(text));
}

static void add_rejects(const struct status *s, struct str *into)
{
	const char *separator = "";

	str_append_text(into, ",\"rejects\":{");
	for (size_t i = 1; i < REJECT_COUNT; i++) {
		if (s->rejects[i] == 0)
			continue;
		str_printf(into, "%s\"%s\":%llu", separator, reject_info((enum reject)i)->code,
				(unsigned long long)s->rejects[i]);
		separator = ",";
	}
	str_append_byte(into, '}');
}

/* "NAME":{...}, the first one without a comma. */
static void add_object(struct str *into, const char *name, const struct figure *rows, size_t count,
		const void *object)
{
	if (into->text[into->len - 1] != '{')
		str_append_byte(into, ',');
	json_append_string(into, span_of_text(name));
	str_append_text(into, ":{");
	figures_json(rows, count, object, into);
	str_append_byte(into, '}');
}

/* Whether output `o` has a row `n` of what its plugin counts. */
static bool has_plugin_row(const struct output_status *o, size_t n)
{
	return o->plugin_rows != NULL && n < OUTPUT_PLUGIN_COUNTERS &&
	       o->plugin_rows[n].name != NULL;
}

/* As add_object(); what a plugin counts is an object in it. */
static void add_output(struct str *into, const struct output_status *o)
{
	add_object(into, o->name, output_figures, array_size(output_figures), o);
	if (o->plugin_rows == NULL)
		return;
	into->len--; /* within its braces */
	str_append_text(into, ",\"plugin\":{");
	for (size_t n = 0; has_plugin_row(o, n); n++)
		str_printf(into, "%s\"%s\":%llu", n > 0 ? "," : "", o->plugin_rows[n].name,
				(unsigned long long)o->plugin[n]);
	str_append_text(into, "}}");
}

void status_format(const struct status *s, struct str *into)
{
	char now[WALL_TIME_TEXT];

	str_append_byte(into, '{');
	add_member(into, "state", s->state);
	add_member(into, "client_id", s->client_id);
	add_member(into, "version", BELFRY_VERSION);
	add_member(into, "time", wall_time_format(s->now, now));
	figures_json(gateway_figures, array_size(gateway_figures), s, into);
	add_rejects(s, into);
	add_object(into, "journal", journal_rows, array_size(journal_rows), s);
	str_append_text(into, ",\"brokers\":{");
	for (size_t i = 0; i < s->broker_count; i++)
		add_object(into, s->brokers[i].url, broker_figures, array_size(broker_figures),
				&s->brokers[i]);
	str_append_text(into, "},\"outputs\":{");
	for (size_t i = 0; i < s->output_count; i++)
		add_output(into, &s->outputs[i]);
	str_append_text(into, "}}");
}

/* --- for Prometheus ------------------------------------------------------------------------ */

static void add_info(const struct status *s, struct str *into)
{
	metric_family(into, "info", "gauge", "version and client_id, as labels");
	str_append_text(into, "belfry_gateway_info{version=\"" BELFRY_VERSION "\",client_id=");
	metric_label(into, span_of_text(s->client_id));
	str_append_text(into, "} 1\n");
	metric_family(into, "full", "gauge",
			"1 while the journal is full and no messages are taken");
	str_printf(into, "belfry_gateway_full %d\n", strcmp(s->state, "full") == 0);
}

static void add_reject_metrics(const struct status *s, struct str *into)
{
	metric_family(into, "rejects_total", "counter", "results and messages refused, by code");
	for (size_t i = 1; i < REJECT_COUNT; i++)
		str_printf(into, "belfry_gateway_rejects_total{code=\"%s\"} %llu\n",
				reject_info((enum reject)i)->code,
				(unsigned long long)s->rejects[i]);
}

static void add_plugin_metrics(const struct status *s, struct str *into)
{
	metric_family(into, "output_plugin", "gauge",
			"what the plugin of an output counts, by counter; see its manual");
	for (size_t i = 0; i < s->output_count; i++) {
		const struct output_status *o = &s->outputs[i];

		for (size_t n = 0; has_plugin_row(o, n); n++) {
			str_append_text(into, "belfry_gateway_output_plugin{output=");
			metric_label(into, span_of_text(o->name));
			str_printf(into, ",counter=\"%s\"} %llu\n", o->plugin_rows[n].name,
					(unsigned long long)o->plugin[n]);
		}
	}
}

void status_metrics(const struct status *s, struct str *into)
{
	struct figure_object gateway = { s, { 0 } };
	struct figure_object brokers[MAX_BROKERS], outputs[MAX_OUTPUTS];

	for (size_t i = 0; i < s->broker_count; i++)
		brokers[i] = (struct figure_object){ &s->brokers[i],
			span_of_text(s->brokers[i].url) };
	for (size_t i = 0; i < s->output_count; i++)
		outputs[i] = (struct figure_object){ &s->outputs[i],
			span_of_text(s->outputs[i].name) };
	add_info(s, into);
	figures_metrics(gateway_figures, array_size(gateway_figures), NULL, &gateway, 1, into);
	add_reject_metrics(s, into);
	figures_metrics(journal_rows, array_size(journal_rows), NULL, &gateway, 1, into);
	figures_metrics(broker_figures, array_size(broker_figures), "broker", brokers,
			s->broker_count, into);
	figures_metrics(output_figures, array_size(output_figures), "output", outputs,
			s->output_count, into);
	add_plugin_metrics(s, into);
}
