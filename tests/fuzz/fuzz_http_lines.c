/* SPDX-License-Identifier: MIT */
/*
 * Any texts as names in the line protocol: read back by its rules, the line has the tags that it
 * should have, and its fields and its time are where they belong. The input is four texts apart by
 * NUL: host, service, label, unit.
 */
#include "plugins/http/line_protocol.h"

#include "tests/fuzz/report.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Cut what stands before the next `end` that has no backslash before it off the front. Both ways
 * of reading backslashes, the character before (InfluxDB) and their number (VictoriaMetrics), must
 * find the same.
 */
static struct span cut(struct span *rest, char end)
{
	size_t slashes = 0, at = 0;

	while (at < rest->len && (rest->data[at] != end || slashes > 0)) {
		slashes = rest->data[at] == '\\' ? slashes + 1 : 0;
		REQUIRE(slashes < 2);
		at++;
	}
	REQUIRE(at < rest->len);
	struct span part = span_first(*rest, at);

	*rest = span_from(*rest, at + 1);
	return part;
}

static void require_tag(struct span *tags, const char *key, struct span value)
{
	if (value.len == 0)
		return;
	REQUIRE(span_equal_text(cut(tags, '='), key));
	REQUIRE(cut(tags, ',').len > 0);
}

static void require_line(struct span *lines, const struct relay_record *record,
		const struct relay_metric *metric)
{
	struct span line = span_cut(lines, '\n'), tags;
	struct str list = { 0 };

	str_append(&list, cut(&line, ' '));
	str_append_byte(&list, ',');
	tags = str_span(&list);
	REQUIRE(span_equal_text(cut(&tags, ','), "m"));
	require_tag(&tags, "host", span_of(record->host.data, record->host.len));
	require_tag(&tags, "metric", span_of(metric->label.data, metric->label.len));
	require_tag(&tags, "service", span_of(record->service.data, record->service.len));
	require_tag(&tags, "unit", span_of(metric->unit.data, metric->unit.len));
	REQUIRE(tags.len == 0);
	REQUIRE(span_equal_text(cut(&line, ' '), "value=1.5,state=1i"));
	REQUIRE(span_equal_text(line, "-7"));
	str_finish(&list);
}

static struct relay_text next_text(struct span *rest)
{
	struct span part = span_cut(rest, '\0');

	return (struct relay_text){ (const char *)part.data, part.len };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	struct relay_metric metrics[2] = {
		{ .value = 1.5, .warn = NAN, .crit = NAN, .min = NAN, .max = INFINITY }
	};
	struct relay_record record = { .kind = RELAY_CHECK,
		.state = 1,
		.time_ns = -7,
		.metrics = metrics,
		.metric_count = 2 };
	struct str lines = { 0 };
	struct span left;

	record.host = next_text(&rest);
	record.service = next_text(&rest);
	metrics[0].label = next_text(&rest);
	metrics[0].unit = next_text(&rest);
	metrics[1] = metrics[0];
	line_protocol_append(&lines, "m", &record);
	left = str_span(&lines);
	require_line(&left, &record, &metrics[0]);
	require_line(&left, &record, &metrics[1]);
	REQUIRE(left.len == 0);
	str_finish(&lines);
	return 0;
}
