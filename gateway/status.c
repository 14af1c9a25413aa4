/* SPDX-License-Identifier: MIT */
#include "gateway/status.h"

#include <inttypes.h>

static const char *const counter_names[COUNT_OF] = {
#define COUNTER_NAME(id, name, help) [COUNT_##id] = name,
	COUNTERS(COUNTER_NAME)
#undef COUNTER_NAME
};

static void add_text(struct str *into, const char *text)
{
	str_append_byte(into, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			str_append_byte(into, '\\');
		if ((unsigned char)*text >= ' ')
			str_append_byte(into, *text);
	}
	str_append_byte(into, '"');
}

static void add_counters(const struct counters *c, struct str *into)
{
	bool first = true;

	for (size_t i = 0; i < COUNT_OF; i++)
		str_printf(into, ",\"%s\":%" PRIu64, counter_names[i], (uint64_t)c->values[i]);
	str_append_text(into, ",\"rejects\":{");
	for (size_t i = 1; i < REJECT_COUNT; i++) {
		uint64_t n = c->rejects[i];

		if (n == 0)
			continue;
		str_printf(into, "%s\"%s\":%" PRIu64, first ? "" : ",",
				reject_info((enum reject)i)->code, n);
		first = false;
	}
	str_append_byte(into, '}');
}

static void add_output(const struct status *s, size_t i, struct str *into)
{
	const struct output_counters *c = worker_counters(s->workers[i]);
	const char *problem = worker_problem(s->workers[i]);
	uint64_t delivered = c->delivered;

	add_text(into, s->config->outputs[i]->name);
	str_printf(into,
			":{\"results\":%" PRIu64 ",\"batches\":%" PRIu64 ",\"reissued\":%" PRIu64
			",\"cut\":%" PRIu64 ",\"behind\":%" PRIu64 ",\"problem\":",
			(uint64_t)c->results, (uint64_t)c->batches, (uint64_t)c->reissued,
			(uint64_t)c->cut,
			s->journal.head > delivered ? s->journal.head - delivered : 0);
	if (problem != NULL)
		add_text(into, problem);
	else
		str_append_text(into, "null");
	str_append_byte(into, '}');
}

void status_format(const struct status *s, struct str *into)
{
	char now[WALL_TIME_TEXT], started[WALL_TIME_TEXT];

	str_append_text(into, "{\"state\":");
	add_text(into, s->state);
	str_append_text(into, ",\"client_id\":");
	add_text(into, s->config->client_id);
	str_printf(into, ",\"version\":\"%s\",\"time\":\"%s\",\"started\":\"%s\"", BELFRY_VERSION,
			wall_time_format(s->now, now), wall_time_format(s->started, started));
	str_printf(into,
			",\"journal\":{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64
			",\"max_bytes\":%" PRIu64 "}",
			s->journal.head + 1 - s->journal.first, s->journal.bytes,
			s->journal.max_bytes);
	add_counters(s->counters, into);
	str_append_text(into, ",\"outputs\":{");
	for (size_t i = 0; i < s->config->output_count && s->workers[i] != NULL; i++) {
		if (i > 0)
			str_append_byte(into, ',');
		add_output(s, i, into);
	}
	str_append_text(into, "}}");
}
