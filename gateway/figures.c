/* SPDX-License-Identifier: MIT */
#include "gateway/figures.h"

#include <inttypes.h>

#include "common/json.h"
#include "common/utf8.h"

#define PREFIX "belfry_gateway_"

static const void *member(const struct figure *f, const void *object)
{
	return (const char *)object + f->offset;
}

static uint64_t number_of(const struct figure *f, const void *object)
{
	return *(const uint64_t *)member(f, object);
}

static double real_of(const struct figure *f, const void *object)
{
	return *(const double *)member(f, object);
}

static bool flag_of(const struct figure *f, const void *object)
{
	return *(const bool *)member(f, object);
}

static struct wall_time time_of(const struct figure *f, const void *object)
{
	return *(const struct wall_time *)member(f, object);
}

/* --- the status message -------------------------------------------------------------------- */

static void append_text(struct str *into, const char *text)
{
	if (text != NULL)
		json_append_string(into, span_of_text(text));
	else
		str_append_text(into, "null");
}

static void append_value(const struct figure *f, const void *object, struct str *into)
{
	char time[WALL_TIME_TEXT];

	switch (f->kind) {
	case FIGURE_COUNTER:
	case FIGURE_NUMBER:
		str_printf(into, "%" PRIu64, number_of(f, object));
		break;
	case FIGURE_REAL:
		str_printf(into, "%.3f", real_of(f, object));
		break;
	case FIGURE_FLAG:
		str_append_text(into, flag_of(f, object) ? "true" : "false");
		break;
	case FIGURE_TIME:
		append_text(into, time_of(f, object).ns == 0
						  ? NULL
						  : wall_time_format(time_of(f, object), time));
		break;
	case FIGURE_TEXT:
		append_text(into, *(const char *const *)member(f, object));
		break;
	}
}

void figures_json(const struct figure *rows, size_t count, const void *object, struct str *into)
{
	for (size_t i = 0; i < count; i++) {
		if (into->len > 0 && into->text[into->len - 1] != '{')
			str_append_byte(into, ',');
		str_printf(into, "\"%s\":", rows[i].name);
		append_value(&rows[i], object, into);
	}
}

/* --- Prometheus ---------------------------------------------------------------------------- */

void metric_family(struct str *into, const char *metric, const char *type, const char *help)
{
	str_printf(into, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", metric, help, metric,
			type);
}

void metric_label(struct str *into, struct span text)
{
	str_append_byte(into, '"');
	while (text.len > 0) {
		uint32_t code;
		size_t len = utf8_decode(text, &code);

		if (len == 0 || (code < 0x20 && code != '\n'))
			str_append_text(into, UTF8_REPLACEMENT);
		else if (code == '\n')
			str_append_text(into, "\\n");
		else if (code == '"' || code == '\\')
			str_printf(into, "\\%c", (int)code);
		else
			str_append(into, span_first(text, len));
		text = span_from(text, len > 0 ? len : 1);
	}
	str_append_byte(into, '"');
}

static void append_sample(const struct figure *f, const char *label,
		const struct figure_object *object, struct str *into)
{
	str_printf(into, PREFIX "%s", f->metric);
	if (label != NULL) {
		str_printf(into, "{%s=", label);
		metric_label(into, object->label);
		str_append_byte(into, '}');
	}
	str_append_byte(into, ' ');
	if (f->kind == FIGURE_FLAG)
		str_append_byte(into, flag_of(f, object->object) ? '1' : '0');
	else if (f->kind == FIGURE_TIME)
		str_printf(into, "%.3f", (double)time_of(f, object->object).ns / 1e9);
	else
		append_value(f, object->object, into);
	str_append_byte(into, '\n');
}

void figures_metrics(const struct figure *rows, size_t count, const char *label,
		const struct figure_object *objects, size_t object_count, struct str *into)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].metric == NULL)
			continue;
		metric_family(into, rows[i].metric,
				rows[i].kind == FIGURE_COUNTER ? "counter" : "gauge", rows[i].help);
		for (size_t n = 0; n < object_count; n++)
			append_sample(&rows[i], label, &objects[n], into);
	}
}
