/* SPDX-License-Identifier: MIT */
/*
 * Whatever host, service and label are made of, a value is one line of carbon's plaintext protocol,
 * and its path one below carbon's folder.
 */
#include "plugins/graphite/metric.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "tests/fuzz/relay_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(struct span path)
{
	MUST(path.len > 0);
	while (path.data != NULL) {
		struct span level = span_cut(&path, '.');

		MUST(level.len >= 1 && level.len <= METRIC_MOST_LEVEL);
		for (size_t i = 0; i < level.len; i++)
			MUST(isalnum(level.data[i]) || level.data[i] == '_' ||
					level.data[i] == '-');
	}
}

static void check_line(struct span line, double value)
{
	struct span path, number;
	uint64_t second;

	MUST(line.len > 0 && line.data[line.len - 1] == '\n');
	line.len--;
	path = span_cut(&line, ' ');
	check_path(path);
	number = span_cut(&line, ' ');
	MUST(strtod((const char *)number.data, NULL) == value);
	MUST(span_to_uint(line, UINT64_MAX, &second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader reader = reader_of(span_of(data, size));
	uint8_t flags;
	struct relay_record record = take_record(&reader, &flags);
	struct relay_metric metric = { .label = record.service };
	struct str path = { 0 }, line = { 0 };
	uint64_t bits = (uint64_t)record.time_ns * 0x9e3779b97f4a7c15U;

	memcpy(&metric.value, &bits, sizeof(bits));
	if (metric_append_path(&path, span_of(record.text.data, record.text.len))) {
		MUST(path.len <= METRIC_MOST_PATH);
		check_path(str_span(&path));
		if (metric_append(&line, str_span(&path), &metric, record.time_ns))
			check_line(str_span(&line), metric.value);
		else
			MUST(!isfinite(metric.value) && line.len == 0);
	}
	str_finish(&path);
	str_finish(&line);
	return 0;
}
