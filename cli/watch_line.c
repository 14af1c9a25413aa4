/* SPDX-License-Identifier: MIT */
#include "cli/watch_line.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <time.h>

#include "cli/result.h"
#include "cli/show.h"
#include "common/json.h"
#include "common/result_keys.h"
#include "common/time_parse.h"
#include "common/topic.h"

enum { NAME_WIDTH = 28, STATE_WIDTH = 8, OUTPUT_MOST = 400, JSON_MOST = 4 * 1024 * 1024 };

/* One result, or what is known of a message that is none. */
struct seen {
	struct str host, service;
	bool is_host;	   /* a result of the host itself */
	struct str state;  /* a state's word; else what the payload has */
	struct str output; /* any bytes */
	double age;	   /* of the time it tells; negative: it tells none */
};

struct writer_of_lines {
	struct str *into;
	struct span topic;
	struct wall_time now;
	bool colours, json;
	size_t lines;
};

/* --- keys ---------------------------------------------------------------------------------- */

/* The best name of the key that the object has. NRDP puts some of them one level deeper. */
static const cJSON *member(const cJSON *object, enum result_key key)
{
	const cJSON *best = NULL, *item;
	int rank = -1;

	cJSON_ArrayForEach(item, object)
	{
		int row = item->string != NULL && item->string[0] != '\0'
					  ? key_alias_find(span_of_text(item->string))
					  : -1;

		if (row < 0)
			continue;
		if (key_aliases[row].key == KEY_CHECKRESULT && best == NULL && rank < 0)
			best = member(item, key);
		if (key_aliases[row].key == key && (rank < 0 || row < rank)) {
			best = item;
			rank = row;
		}
	}
	return best;
}

static void append_scalar(struct str *into, const cJSON *item)
{
	if (cJSON_IsString(item))
		str_append_text(into, item->valuestring);
	else if (cJSON_IsNumber(item))
		str_printf(into, "%.15g", item->valuedouble);
}

static void append_state(struct seen *s, const cJSON *item)
{
	struct str text = { 0 };
	const char *word;

	append_scalar(&text, item);
	word = state_parse(str_span(&text), s->is_host);
	str_append_text(&s->state, word != NULL ? word : text.len > 0 ? str_text(&text) : "?");
	str_finish(&text);
}

static double age_of(const cJSON *item, struct wall_time now)
{
	struct str text = { 0 };
	struct wall_time then;
	double age = -1;

	append_scalar(&text, item);
	if (text.len > 0 && time_parse(str_span(&text), &then))
		age = (double)(now.ns - then.ns) / 1e9;
	str_finish(&text);
	return age;
}

/* --- writing ------------------------------------------------------------------------------- */

/* "12:01:59.123" of the local time */
static void append_clock(struct str *into, struct wall_time now)
{
	time_t second = (time_t)wall_time_seconds(now);
	char text[16];
	struct tm tm;

	localtime_r(&second, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	str_printf(into, "%s.%03d ", text, (int)(now.ns / 1000000 % 1000));
}

static void append_padded(struct str *into, const struct str *text, size_t width)
{
	size_t before = into->len;

	str_append_escaped(into, str_span(text));
	for (size_t n = into->len - before; n < width; n++)
		str_append_byte(into, ' ');
	str_append_byte(into, ' ');
}

static void write_line(struct writer_of_lines *w, const struct seen *s)
{
	enum colour colour = colour_of_state(str_text(&s->state));
	struct str name = { 0 };

	append_clock(w->into, w->now);
	str_append(&name, str_span(&s->host));
	if (s->service.len > 0)
		str_append_byte(&name, ' ');
	str_append(&name, str_span(&s->service));
	append_padded(w->into, &name, NAME_WIDTH);
	str_append_text(w->into, colour_on(colour, w->colours));
	append_padded(w->into, &s->state, STATE_WIDTH);
	str_append_text(w->into, colour_off(colour, w->colours));
	str_append_escaped(w->into, span_first(str_span(&s->output), OUTPUT_MOST));
	if (s->age >= 0) {
		str_append_text(w->into, "  (");
		show_seconds(w->into, s->age);
		str_append_text(w->into, " old)");
	}
	str_append_byte(w->into, '\n');
	str_finish(&name);
}

static void add_member(struct str *into, const char *key, struct span text)
{
	str_printf(into, ",\"%s\":", key);
	json_append_string(into, text);
}

static void begin_json(struct writer_of_lines *w)
{
	char time[WALL_TIME_TEXT];

	str_printf(w->into, "{\"time\":\"%s\"", wall_time_format(w->now, time));
	add_member(w->into, "topic", w->topic);
}

static void write_json(struct writer_of_lines *w, const struct seen *s)
{
	begin_json(w);
	add_member(w->into, "host", str_span(&s->host));
	add_member(w->into, "service", str_span(&s->service));
	add_member(w->into, "state", str_span(&s->state));
	add_member(w->into, "output", str_span(&s->output));
	if (s->age >= 0)
		str_printf(w->into, ",\"age\":%.3f", s->age);
	str_append_text(w->into, "}\n");
}

static void write_seen(struct writer_of_lines *w, struct seen *s)
{
	if (w->json)
		write_json(w, s);
	else
		write_line(w, s);
	w->lines++;
	str_finish(&s->host);
	str_finish(&s->service);
	str_finish(&s->state);
	str_finish(&s->output);
}

/* --- messages ------------------------------------------------------------------------------ */

/* The names of a plan other than nagios/HOST/SERVICE are the gateway's to know. */
static void read_topic(struct span topic, struct seen *s)
{
	if (result_topic_read(topic, "nagios", &s->host, &s->service)) {
		s->is_host = s->service.len == 0;
		return;
	}
	str_clear(&s->host);
	str_clear(&s->service);
	str_append(&s->host, topic);
}

static void write_result(struct writer_of_lines *w, const cJSON *object)
{
	struct seen s = { 0 };

	read_topic(w->topic, &s);
	if (s.service.len == 0)
		append_scalar(&s.service, member(object, KEY_SERVICE));
	s.is_host = s.is_host && s.service.len == 0;
	append_state(&s, member(object, KEY_STATE));
	append_scalar(&s.output, member(object, KEY_OUTPUT));
	s.age = age_of(member(object, KEY_TIME), w->now);
	write_seen(w, &s);
}

static void write_text(struct writer_of_lines *w, struct span payload)
{
	struct seen s = { .age = -1 };
	struct span word = span_first(payload, span_find(payload, ' '));
	const char *state;

	read_topic(w->topic, &s);
	state = state_parse(word, s.is_host);
	str_append_text(&s.state, state != NULL ? state : "?");
	str_append(&s.output, state != NULL ? span_from(payload, word.len + 1) : payload);
	write_seen(w, &s);
}

/* An object, an array of them, or NRDP's object that has the array. */
static void write_results(struct writer_of_lines *w, const cJSON *json)
{
	const cJSON *list = cJSON_GetObjectItem(json, "checkresults"), *item;

	if (list == NULL)
		list = cJSON_IsArray(json) ? json : NULL;
	if (list == NULL) {
		write_result(w, json);
		return;
	}
	cJSON_ArrayForEach(item, list)
	{
		write_result(w, item);
	}
}

static void append_text_of(struct str *into, const cJSON *json, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

	if (text != NULL)
		str_append_escaped(into, span_of_text(text));
}

/* What the gateway says, told in red: code, topic, the sentence with the remedy. */
static void write_reject_line(struct writer_of_lines *w, const cJSON *json, struct span payload)
{
	AUTO_FREE char *sentence = reject_sentence(payload);

	append_clock(w->into, w->now);
	str_append_text(w->into, colour_on(COLOUR_RED, w->colours));
	str_append_text(w->into, "REFUSED ");
	append_text_of(w->into, json, "code");
	str_append_byte(w->into, ' ');
	str_append_escaped(w->into, span_from(w->topic, strlen(REJECT_PREFIX)));
	str_append_text(w->into, colour_off(COLOUR_RED, w->colours));
	str_append_text(w->into, ": ");
	str_append_escaped(w->into, span_of_text(sentence));
	str_append_byte(w->into, '\n');
}

static void write_reject_json(struct writer_of_lines *w, const cJSON *json, struct span payload)
{
	char *text = cJSON_IsObject(json) ? cJSON_PrintUnformatted(json) : NULL;

	begin_json(w);
	if (text != NULL) {
		str_append_text(w->into, ",\"reject\":");
		json_append_printed(w->into, span_of_text(text));
	} else {
		add_member(w->into, "reject", payload);
	}
	str_append_text(w->into, "}\n");
	cJSON_free(text);
}

static void write_message(struct writer_of_lines *w, struct span payload)
{
	cJSON *json = payload.len <= JSON_MOST ? cJSON_ParseWithLength((const char *)payload.data,
								 payload.len)
					       : NULL;

	if (span_starts_with(w->topic, span_of_text(REJECT_PREFIX))) {
		if (w->json)
			write_reject_json(w, json, payload);
		else
			write_reject_line(w, json, payload);
		w->lines++;
	} else if (cJSON_IsObject(json) || cJSON_IsArray(json)) {
		write_results(w, json);
	} else {
		write_text(w, payload);
	}
	cJSON_Delete(json);
}

size_t watch_line_append(struct str *into, struct span topic, struct span payload,
		struct wall_time now, bool colours)
{
	struct writer_of_lines w = { .into = into, .topic = topic, .now = now, .colours = colours };

	write_message(&w, payload);
	return w.lines;
}

size_t watch_json_append(
		struct str *into, struct span topic, struct span payload, struct wall_time now)
{
	struct writer_of_lines w = { .into = into, .topic = topic, .now = now, .json = true };

	write_message(&w, payload);
	return w.lines;
}
