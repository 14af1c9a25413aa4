/* SPDX-License-Identifier: MIT */
#include "plugins/graphite/metric.h"

#include <inttypes.h>
#include <math.h>

#include "plugins/text.h"

static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* The inside of a level: a dot is no exception. */
static void append_level(struct str *into, struct span text)
{
	text = span_first(text, METRIC_MOST_LEVEL);
	for (size_t i = 0; i < text.len; i++)
		str_append_byte(into, is_plain(text.data[i]) ? (char)text.data[i] : '_');
}

bool metric_append_path(struct str *into, struct span path)
{
	size_t start = into->len;

	while (path.data != NULL) {
		struct span level = span_cut(&path, '.');

		if (level.len == 0)
			continue;
		if (into->len > start)
			str_append_byte(into, '.');
		append_level(into, level);
	}
	if (into->len > start && into->len - start <= METRIC_MOST_PATH)
		return true;
	str_truncate(into, start);
	return false;
}

bool metric_append(struct str *into, struct span path, const struct relay_metric *metric,
		int64_t time_ns)
{
	if (!isfinite(metric->value))
		return false;
	str_append(into, path);
	str_append_byte(into, '.');
	if (metric->label.len > 0)
		append_level(into, text_span(metric->label));
	else
		str_append_byte(into, '_');
	str_append_byte(into, ' ');
	str_append_double(into, metric->value);
	str_printf(into, " %" PRId64 "\n", time_ns / 1000000000);
	return true;
}
