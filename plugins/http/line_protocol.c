/* SPDX-License-Identifier: MIT */
#include "plugins/http/line_protocol.h"

#include <inttypes.h>
#include <math.h>

#include "common/utf8.h"
#include "plugins/text.h"

/*
 * `special` are the characters that a backslash goes before. There is no way to write a backslash
 * that stands before one of these or at the end: InfluxDB looks at the character before, others
 * count. So that one becomes a slash: "C:/ Used" for the well-known "C:\ Used". A line break ends
 * the line wherever it is, so control characters become blanks.
 */
static void append_escaped(struct str *into, struct span text, const char *special)
{
	while (text.len > 0) {
		uint32_t code;
		size_t len = utf8_decode(text, &code);
		struct span rest = span_from(text, len > 0 ? len : 1);

		if (len == 0) {
			str_append_text(into, UTF8_REPLACEMENT);
		} else if (code < 0x20 || code == 0x7f || code == ' ') {
			str_append_text(into, "\\ ");
		} else if (code < 0x80 && strchr(special, (int)code) != NULL) {
			str_append_byte(into, '\\');
			str_append_byte(into, (char)code);
		} else if (code == '\\' &&
				(rest.len == 0 || rest.data[0] <= ' ' || rest.data[0] == 0x7f ||
						strchr(special, rest.data[0]) != NULL ||
						rest.data[0] == '\\')) {
			str_append_byte(into, '/');
		} else {
			str_append(into, span_first(text, len));
		}
		text = rest;
	}
}

/* A tag without a value is no tag. */
static void append_tag(struct str *into, const char *key, struct span value)
{
	if (value.len == 0)
		return;
	str_printf(into, ",%s=", key);
	append_escaped(into, value, ",=");
}

/* The protocol knows neither NaN nor infinity. */
static void append_field(struct str *into, const char *key, double value)
{
	if (!isfinite(value))
		return;
	str_printf(into, "%s=", key);
	str_append_double(into, value);
	str_append_byte(into, ',');
}

/* In the order of the keys, as InfluxDB likes tags best. */
static void append_line(struct str *into, const char *measurement,
		const struct relay_record *record, const struct relay_metric *metric)
{
	append_escaped(into, span_of_text(measurement), ",");
	append_tag(into, "host", text_span(record->host));
	if (metric != NULL)
		append_tag(into, "metric", text_span(metric->label));
	append_tag(into, "service", text_span(record->service));
	if (metric != NULL)
		append_tag(into, "unit", text_span(metric->unit));
	str_append_byte(into, ' ');
	if (metric != NULL) {
		append_field(into, "value", metric->value);
		append_field(into, "warn", metric->warn);
		append_field(into, "crit", metric->crit);
		append_field(into, "min", metric->min);
		append_field(into, "max", metric->max);
	}
	str_printf(into, "state=%di %" PRId64 "\n", record->state, record->time_ns);
}

void line_protocol_append(
		struct str *into, const char *measurement, const struct relay_record *record)
{
	size_t before = into->len;

	for (size_t i = 0; i < record->metric_count; i++)
		if (isfinite(record->metrics[i].value))
			append_line(into, measurement, record, &record->metrics[i]);
	if (into->len == before)
		append_line(into, measurement, record, NULL);
}
