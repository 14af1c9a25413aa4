/* SPDX-License-Identifier: MIT */
#include "cli/status_broker.h"

#include <cjson/cJSON.h>

#include "cli/show.h"
#include "common/json.h"

#define PREFIX "$SYS/broker/"

/* How a figure is shown. */
enum form {
	FORM_PLAIN,
	FORM_BYTES,   /* with a unit */
	FORM_IF_SOME, /* left out while it is 0 */
	FORM_HIDDEN,  /* another topic says the same, or it is shown elsewhere */
};

struct figure {
	const char *topic; /* below PREFIX; NULL: a title */
	const char *label;
	enum form form;
	const char *bytes; /* a topic that tells the same in bytes; NULL: none */
};

/* What is shown, in this order. Topics that a broker does not have are left out. */
static const struct figure figures[] = {
	{ NULL, "clients", FORM_PLAIN, NULL },
	{ "clients/connected", "connected", FORM_PLAIN, NULL },
	{ "clients/maximum", "most at a time", FORM_PLAIN, NULL },
	{ "clients/disconnected", "away, with a session", FORM_PLAIN, NULL },
	{ "clients/total", "both", FORM_PLAIN, NULL },
	{ "clients/expired", "sessions expired", FORM_IF_SOME, NULL },
	{ "subscriptions/count", "subscriptions", FORM_PLAIN, NULL },
	{ "shared_subscriptions/count", "shared subscriptions", FORM_IF_SOME, NULL },
	{ "belfry/sockets", "network connections", FORM_PLAIN, NULL },
	{ "connections/socket/count", "opened since the start", FORM_PLAIN, NULL },
	{ "belfry/connects/received", "CONNECTs", FORM_HIDDEN, NULL },
	{ "belfry/connects/accepted", "let in", FORM_PLAIN, NULL },
	{ "belfry/connects/refused", "refused", FORM_IF_SOME, NULL },
	{ "belfry/refused/sessions", "refused: a limit", FORM_IF_SOME, NULL },
	{ "belfry/refused/subscriptions", "subscriptions refused", FORM_IF_SOME, NULL },
	{ "belfry/passwords/wrong", "wrong passwords", FORM_IF_SOME, NULL },
	{ "belfry/passwords/hashed", NULL, FORM_HIDDEN, NULL },
	{ "belfry/passwords/remembered", NULL, FORM_HIDDEN, NULL },
	{ "belfry/closed/protocol_error", "closed: broke the protocol", FORM_IF_SOME, NULL },
	{ "belfry/closed/keep_alive", "closed: fell silent", FORM_IF_SOME, NULL },
	{ "belfry/closed/taken_over", "closed: connected again", FORM_IF_SOME, NULL },

	{ NULL, "messages since the start", FORM_PLAIN, NULL },
	{ "publish/messages/received", "published to it", FORM_PLAIN, NULL },
	{ "publish/messages/sent", "delivered", FORM_PLAIN, NULL },
	{ "publish/messages/dropped", "dropped", FORM_PLAIN, NULL },
	{ "belfry/dropped/queue_full", "dropped: queue full", FORM_IF_SOME, NULL },
	{ "belfry/dropped/output_full", "dropped: reader too slow", FORM_IF_SOME, NULL },
	{ "belfry/dropped/offline", "dropped: away, QoS 0", FORM_IF_SOME, NULL },
	{ "belfry/dropped/expired", "dropped: expired", FORM_IF_SOME, NULL },
	{ "belfry/dropped/too_large", "dropped: too large", FORM_IF_SOME, NULL },
	{ "belfry/dropped/memory", "dropped: memory_limit", FORM_IF_SOME, NULL },
	{ "belfry/refused/memory", "refused: memory_limit", FORM_IF_SOME, NULL },
	{ "belfry/refused/store", "refused: the store", FORM_IF_SOME, NULL },
	{ "belfry/refused/retained", "not retained: a limit", FORM_IF_SOME, NULL },
	{ "belfry/wills", "wills", FORM_IF_SOME, NULL },
	{ "publish/bytes/received", "payloads received", FORM_BYTES, NULL },
	{ "publish/bytes/sent", "payloads sent", FORM_BYTES, NULL },
	{ "messages/received", "packets received", FORM_PLAIN, NULL },
	{ "messages/sent", "packets sent", FORM_PLAIN, NULL },
	{ "bytes/received", "bytes received", FORM_BYTES, NULL },
	{ "bytes/sent", "bytes sent", FORM_BYTES, NULL },

	{ NULL, "kept", FORM_PLAIN, NULL },
	{ "retained messages/count", "retained messages", FORM_PLAIN, "belfry/retained/bytes" },
	{ "belfry/queued/messages", "queued for clients", FORM_PLAIN, "belfry/queued/bytes" },
	{ "belfry/inflight/messages", "unacknowledged", FORM_PLAIN, "belfry/inflight/bytes" },
	{ "store/messages/count", "all of these", FORM_PLAIN, "store/messages/bytes" },
	{ "packet/out/count", "packets not yet read", FORM_PLAIN, "packet/out/bytes" },
	{ "belfry/store/commits", "commits; on disk", FORM_IF_SOME, "belfry/store/bytes/used" },
	{ "belfry/store/failures", "commits that failed", FORM_IF_SOME, NULL },
	{ "belfry/store/failing", "THE STORE CANNOT BE WRITTEN", FORM_IF_SOME, NULL },
	{ "belfry/memory/limited", "counted for memory_limit", FORM_BYTES, NULL },
	{ "heap/current", "memory", FORM_BYTES, NULL },
	{ "heap/maximum", "most memory", FORM_BYTES, NULL },

	{ "belfry/store/written", NULL, FORM_HIDDEN, NULL },
	{ "belfry/store/removed", NULL, FORM_HIDDEN, NULL },
	{ "belfry/store/bytes", NULL, FORM_HIDDEN, NULL },
	{ "belfry/store/commit/last", NULL, FORM_HIDDEN, NULL },
	{ "belfry/store/commit/longest", NULL, FORM_HIDDEN, NULL },
	{ "belfry/match_cache/hits", NULL, FORM_HIDDEN, NULL },
	{ "belfry/match_cache/misses", NULL, FORM_HIDDEN, NULL },
	{ "belfry/backlog", NULL, FORM_HIDDEN, NULL },
	{ "version", NULL, FORM_HIDDEN, NULL },
	{ "uptime", NULL, FORM_HIDDEN, NULL },
	{ "clients/active", NULL, FORM_HIDDEN, NULL },
	{ "clients/inactive", NULL, FORM_HIDDEN, NULL },
	{ "messages/stored", NULL, FORM_HIDDEN, NULL },
};

static const struct {
	const char *topic, *label;
} loads[] = {
	{ "load/publish/received", "published to it" },
	{ "load/publish/sent", "delivered" },
	{ "load/publish/dropped", "dropped" },
	{ "load/messages/received", "packets received" },
	{ "load/messages/sent", "packets sent" },
	{ "load/bytes/received", "bytes received" },
	{ "load/bytes/sent", "bytes sent" },
	{ "load/connections", "CONNECTs" },
	{ "load/sockets", "network connections" },
};

static const char *const periods[] = { "1min", "5min", "15min" };

/* A text of the broker's, or of somebody's, fit for a terminal. */
static void print_escaped(FILE *out, const char *text)
{
	struct str shown = { 0 };

	str_append_escaped(&shown, span_of_text(text));
	fputs(str_text(&shown), out);
	str_finish(&shown);
}

static void print_bytes(FILE *out, double bytes)
{
	struct str text = { 0 };

	show_bytes(&text, bytes);
	fputs(str_text(&text), out);
	str_finish(&text);
}

static void print_figure(const struct figure *f, const char *value, const char *bytes, FILE *out)
{
	uint64_t number;
	bool is_number = span_to_uint(span_of_text(value), UINT64_MAX, &number);

	if (f->form == FORM_HIDDEN || (f->form == FORM_IF_SOME && is_number && number == 0))
		return;
	fprintf(out, "  %-28s ", f->label);
	if (f->form == FORM_BYTES && is_number)
		print_bytes(out, (double)number);
	else
		print_escaped(out, value);
	if (bytes != NULL && span_to_uint(span_of_text(bytes), UINT64_MAX, &number)) {
		fputs(", ", out);
		print_bytes(out, (double)number);
	}
	fputc('\n', out);
}

static void print_figures(const struct retained_set *set, FILE *out)
{
	const char *title = NULL;

	for (size_t i = 0; i < array_size(figures); i++) {
		const struct figure *f = &figures[i];
		const char *value;

		if (f->topic == NULL) {
			title = f->label;
			continue;
		}
		value = retained_set_find(set, PREFIX, f->topic);
		if (value == NULL || f->form == FORM_HIDDEN)
			continue;
		if (title != NULL)
			fprintf(out, "\n%s\n", title);
		title = NULL;
		print_figure(f, value,
				f->bytes != NULL ? retained_set_find(set, PREFIX, f->bytes) : NULL,
				out);
	}
}

static const char *load_of(const struct retained_set *set, size_t load, size_t period)
{
	char topic[64];

	snprintf(topic, sizeof(topic), "%s/%s", loads[load].topic, periods[period]);
	return retained_set_find(set, PREFIX, topic);
}

static void print_loads(const struct retained_set *set, FILE *out)
{
	bool has_title = false;

	for (size_t i = 0; i < array_size(loads); i++) {
		if (load_of(set, i, 0) == NULL)
			continue;
		if (!has_title)
			fprintf(out, "\n%-30s %14s %14s %14s\n", "a minute, averaged over", "1 min",
					"5 min", "15 min");
		has_title = true;
		fprintf(out, "  %-28s", loads[i].label);
		for (size_t period = 0; period < array_size(periods); period++) {
			const char *value = load_of(set, i, period);

			fprintf(out, " %14.2f", value != NULL ? strtod(value, NULL) : 0.0);
		}
		fputc('\n', out);
	}
}

/* Who has the most to read. */
static void print_backlog(const struct retained_set *set, FILE *out)
{
	const char *text = retained_set_find(set, PREFIX, "belfry/backlog");
	cJSON *backlog = text != NULL ? cJSON_Parse(text) : NULL;
	const cJSON *client;

	if (cJSON_GetArraySize(backlog) > 0)
		fprintf(out, "\n%-30s %14s   %s\n", "slowest readers", "messages", "in bytes");
	cJSON_ArrayForEach(client, backlog)
	{
		const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(client, "client"));
		bool is_away = cJSON_IsFalse(cJSON_GetObjectItem(client, "connected"));
		struct str name = { 0 };

		str_append_escaped(&name, span_of_text(id != NULL ? id : "?"));
		str_append_text(&name, is_away ? " (away)" : "");
		fprintf(out, "  %-28s %14.0f   ", str_text(&name),
				cJSON_GetNumberValue(cJSON_GetObjectItem(client, "messages")));
		print_bytes(out, cJSON_GetNumberValue(cJSON_GetObjectItem(client, "bytes")));
		fputc('\n', out);
		str_finish(&name);
	}
	cJSON_Delete(backlog);
}

static bool is_known(const char *topic)
{
	for (size_t i = 0; i < array_size(figures); i++) {
		const struct figure *f = &figures[i];

		if ((f->topic != NULL && strcmp(f->topic, topic) == 0) ||
				(f->bytes != NULL && strcmp(f->bytes, topic) == 0))
			return true;
	}
	for (size_t i = 0; i < array_size(loads); i++) {
		size_t len = strlen(loads[i].topic);

		if (strncmp(topic, loads[i].topic, len) == 0 && topic[len] == '/')
			return true;
	}
	return false;
}

static const char *below_prefix(const char *topic)
{
	size_t len = strlen(PREFIX);

	return strncmp(topic, PREFIX, len) == 0 ? topic + len : topic;
}

/* Of what is not known, what is not 0. */
static void print_rest(const struct retained_set *set, FILE *out)
{
	bool has_title = false;

	for (size_t i = 0; i < set->count; i++) {
		const char *topic = below_prefix(set->all[i].topic);

		if (is_known(topic) || strcmp(set->all[i].payload, "0") == 0)
			continue;
		fputs(has_title ? "  " : "\nother\n  ", out);
		has_title = true;
		print_escaped(out, topic);
		fputs(": ", out);
		print_escaped(out, set->all[i].payload);
		fputc('\n', out);
	}
}

/* "3725 seconds" as "1 h 2 min"; what is not of that form, as it is. */
static void print_uptime(FILE *out, const char *uptime)
{
	struct span rest = span_of_text(uptime);
	struct str text = { 0 };
	uint64_t seconds;

	if (!span_to_uint(span_cut(&rest, ' '), UINT32_MAX, &seconds)) {
		print_escaped(out, uptime);
		return;
	}
	show_seconds(&text, (double)seconds);
	fputs(str_text(&text), out);
	str_finish(&text);
}

void status_broker_print(const struct retained_set *set, const char *broker, FILE *out)
{
	const char *version = retained_set_find(set, PREFIX, "version");
	const char *uptime = retained_set_find(set, PREFIX, "uptime");

	fprintf(out, "%s: ", broker);
	print_escaped(out, version != NULL ? version : "a broker that does not tell its version");
	if (uptime != NULL) {
		fputs(", up ", out);
		print_uptime(out, uptime);
	}
	fputc('\n', out);
	print_figures(set, out);
	print_loads(set, out);
	print_backlog(set, out);
	print_rest(set, out);
}

static void append_value(struct str *json, const char *text)
{
	cJSON *inner;

	if (json_is_number(span_of_text(text))) {
		str_append_text(json, text);
		return;
	}
	inner = *text == '[' || *text == '{' ? cJSON_Parse(text) : NULL;
	if (inner != NULL) {
		char *printed = cJSON_PrintUnformatted(inner);

		str_append_text(json, printed);
		cJSON_free(printed);
	} else {
		json_append_string(json, span_of_text(text));
	}
	cJSON_Delete(inner);
}

void status_broker_json(const struct retained_set *set, FILE *out)
{
	struct str json = { 0 };

	for (size_t i = 0; i < set->count; i++) {
		str_append_text(&json, i == 0 ? "{" : ",\n ");
		json_append_string(&json, span_of_text(below_prefix(set->all[i].topic)));
		str_append_text(&json, ": ");
		append_value(&json, set->all[i].payload);
	}
	fprintf(out, "%s}\n", set->count > 0 ? str_text(&json) : "{");
	str_finish(&json);
}
