/* SPDX-License-Identifier: MIT */
#include "cli/gateway_report.h"

#include "cli/show.h"
#include "common/mem.h"
#include "common/time_parse.h"

enum { LEAST_AGE = 60, MISSED_INTERVALS = 3 };

struct report_limits report_limits_default(void)
{
	static const struct setting rows[] = { REPORT_LIMIT_ROWS(struct report_limits, ), { 0 } };
	struct report_limits limits = { 0 };

	settings_init(rows, &limits);
	return limits;
}

struct judge {
	struct gateway_report *report;
	const struct report_limits *limits;
	struct wall_time now;
};

/* --- members ------------------------------------------------------------------------------- */

double report_number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? cJSON_GetNumberValue(item) : 0;
}

double report_age(const cJSON *object, const char *name, struct wall_time now)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
	struct wall_time then;

	if (text == NULL || !time_parse(span_of_text(text), &then))
		return -1;
	return now.ns > then.ns ? (double)(now.ns - then.ns) / 1e9 : 0;
}

void report_text(const cJSON *object, const char *name, struct str *into)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	if (text != NULL)
		str_append_escaped(into, span_of_text(text));
}

/* --- findings ------------------------------------------------------------------------------ */

static void find(const struct judge *j, enum severity severity, struct str *text)
{
	struct gateway_report *r = j->report;
	size_t at = r->finding_count;

	r->findings = grow_array(
			r->findings, r->finding_count, &r->finding_capacity, sizeof(*r->findings));
	for (; at > 0 && r->findings[at - 1].severity < severity; at--)
		r->findings[at] = r->findings[at - 1];
	r->findings[at] = (struct finding){ severity, str_take(text) };
	r->finding_count++;
}

static void find_text(const struct judge *j, enum severity severity, const char *text)
{
	struct str s = { 0 };

	str_append_text(&s, text);
	find(j, severity, &s);
}

/* How bad is a value, of which more is worse? */
static enum severity grade(double value, uint64_t warning, uint64_t critical)
{
	if (critical > 0 && value >= (double)critical)
		return SEVERITY_CRITICAL;
	return warning > 0 && value >= (double)warning ? SEVERITY_WARNING : SEVERITY_NONE;
}

static void judge_state(const struct judge *j)
{
	const char *state = j->report->state;

	if (strcmp(state, "online") == 0)
		return;
	if (strcmp(state, "offline") == 0)
		find_text(j, SEVERITY_CRITICAL,
				"is offline; is belfry-gateway running there, and can it reach "
				"this broker?");
	else if (strcmp(state, "full") == 0)
		find_text(j, SEVERITY_CRITICAL,
				"its journal is full: it takes no messages until an output has "
				"caught up; mend the output, or raise journal_max_size");
	else
		find_text(j, SEVERITY_UNKNOWN, "does not tell its state; is it a belfry-gateway?");
}

static void judge_age(const struct judge *j)
{
	double interval = report_number(j->report->json, "interval");
	double limit = (double)j->limits->age;
	struct str text = { 0 };

	if (limit <= 0 && interval > 0)
		limit = interval * MISSED_INTERVALS > LEAST_AGE ? interval * MISSED_INTERVALS
								: LEAST_AGE;
	if (limit <= 0 || j->report->age <= limit)
		return;
	str_append_text(&text, "has said nothing for ");
	show_seconds(&text, j->report->age);
	str_append_text(&text, "; is it hanging, or cut off? Look at its log (journalctl -u "
			       "belfry-gateway)");
	find(j, SEVERITY_CRITICAL, &text);
}

static void judge_broker(const struct judge *j, const cJSON *broker)
{
	struct str text = { 0 };

	if (!cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(broker, "connected")))
		return;
	str_append_text(&text, "broker ");
	str_append_escaped(&text, span_of_text(broker->string));
	str_append_text(&text, ": not connected: ");
	report_text(broker, "last_error", &text);
	find(j, SEVERITY_WARNING, &text);
}

static void begin_output(struct str *text, const cJSON *output)
{
	str_append_text(text, "output ");
	str_append_escaped(text, span_of_text(output->string));
	str_append_text(text, ": ");
}

static void judge_lag(const struct judge *j, const cJSON *output)
{
	double lag = report_number(output, "lag_seconds");
	enum severity severity = grade(lag, j->limits->lag_warning, j->limits->lag_critical);
	struct str text = { 0 };

	if (severity == SEVERITY_NONE)
		return;
	begin_output(&text, output);
	str_printf(&text, "%.0f record%s behind, the oldest for ", report_number(output, "behind"),
			report_number(output, "behind") == 1 ? "" : "s");
	show_seconds(&text, lag);
	str_append_text(&text, "; is the other side too slow, stopped or hanging?");
	find(j, severity, &text);
}

static void judge_dead_letters(const struct judge *j, const cJSON *output)
{
	double count = report_number(output, "dead_letters");
	enum severity severity = grade(
			count, j->limits->dead_letters_warning, j->limits->dead_letters_critical);
	struct str text = { 0 };

	if (severity == SEVERITY_NONE)
		return;
	begin_output(&text, output);
	str_printf(&text,
			"%.0f dead letter%s since the gateway's start or reload; its log says "
			"why and in which file",
			count, count == 1 ? "" : "s");
	find(j, severity, &text);
}

static void judge_output(const struct judge *j, const cJSON *output)
{
	struct str text = { 0 };

	if (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(output, "problem"))) {
		begin_output(&text, output);
		report_text(output, "problem", &text);
		find(j, SEVERITY_CRITICAL, &text);
	} else if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(output, "connected"))) {
		begin_output(&text, output);
		str_append_text(&text, "not reached yet");
		find(j, SEVERITY_WARNING, &text);
	}
	judge_lag(j, output);
	judge_dead_letters(j, output);
}

static void judge_journal(const struct judge *j)
{
	const cJSON *journal = cJSON_GetObjectItemCaseSensitive(j->report->json, "journal");
	double most = report_number(journal, "max_bytes");
	double percent = most > 0 ? report_number(journal, "bytes") / most * 100 : 0;
	enum severity severity =
			grade(percent, j->limits->journal_warning, j->limits->journal_critical);
	struct str text = { 0 };

	if (severity == SEVERITY_NONE)
		return;
	str_printf(&text,
			"journal: %.0f %% full; when it is full no messages are taken; mend the "
			"output that is behind, or raise journal_max_size",
			percent);
	find(j, severity, &text);
}

static void judge_rejects(const struct judge *j)
{
	double a_minute = report_number(j->report->json, "reject_rate") * 60;
	enum severity severity =
			grade(a_minute, j->limits->rejects_warning, j->limits->rejects_critical);
	struct str text = { 0 };

	if (severity == SEVERITY_NONE)
		return;
	str_printf(&text, "%.0f results refused a minute; belfry watch shows which, and why",
			a_minute);
	find(j, severity, &text);
}

static void judge(const struct judge *j)
{
	const cJSON *json = j->report->json, *item;

	judge_state(j);
	if (strcmp(j->report->state, "offline") == 0)
		return; /* the rest is what it was when it connected */
	judge_age(j);
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "brokers"))
	{
		if (cJSON_IsObject(item) && item->string != NULL)
			judge_broker(j, item);
	}
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "outputs"))
	{
		if (cJSON_IsObject(item) && item->string != NULL)
			judge_output(j, item);
	}
	judge_journal(j);
	judge_rejects(j);
}

/* --- reading ------------------------------------------------------------------------------- */

static char *name_of(const cJSON *json, const char *topic)
{
	size_t prefix = strlen(GATEWAY_STATUS_PREFIX);
	struct str name = { 0 };

	report_text(json, "client_id", &name);
	if (name.len == 0)
		str_append_escaped(&name,
				span_of_text(strncmp(topic, GATEWAY_STATUS_PREFIX, prefix) == 0
								? topic + prefix
								: topic));
	return str_take(&name);
}

void gateway_report_read(struct gateway_report *ret, const struct retained_message *message,
		struct wall_time now, const struct report_limits *limits)
{
	struct judge j = { ret, limits, now };
	struct str state = { 0 };
	cJSON *json = cJSON_Parse(message->payload);
	double since_start;

	if (!cJSON_IsObject(json)) {
		cJSON_Delete(json);
		json = NULL;
	}
	report_text(json, "state", &state);
	if (state.len == 0)
		str_append_byte(&state, '?');
	*ret = (struct gateway_report){ .json = json,
		.name = name_of(json, message->topic),
		.state = str_take(&state),
		.age = report_age(json, "time", now) };
	since_start = report_age(json, "started", now);
	ret->uptime = since_start < 0 || ret->age < 0 ? -1 : since_start - ret->age;
	if (json == NULL)
		find_text(&j, SEVERITY_UNKNOWN, "what it published is no JSON object");
	else
		judge(&j);
}

void gateway_report_finish(struct gateway_report *r)
{
	for (size_t i = 0; i < r->finding_count; i++)
		free(r->findings[i].text);
	free(r->findings);
	free(r->name);
	free(r->state);
	cJSON_Delete(r->json);
	*r = (struct gateway_report){ 0 };
}

enum severity gateway_report_severity(const struct gateway_report *r)
{
	return r->finding_count > 0 ? r->findings[0].severity : SEVERITY_NONE;
}
