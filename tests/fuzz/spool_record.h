/* SPDX-License-Identifier: MIT */
/*
 * A record of a file in check_result_path as Nagios reads it (base/utils.c): lines of key=value, a
 * line that ends in one backslash continued by the next, two there standing for one, a line that
 * begins with # passed over, an empty one the end of the record. Anything but exactly one whole
 * record aborts.
 */
#ifndef TESTS_FUZZ_SPOOL_RECORD_H
#define TESTS_FUZZ_SPOOL_RECORD_H

#include "tests/fuzz/nagios_command.h"

struct spool_record {
	struct span host, service;
	uint64_t state;
	struct str output;
};

static inline bool spool_value(struct span line, const char *key, struct span *ret)
{
	struct span rest = line;
	struct span name = span_cut(&rest, '=');

	if (!span_equal_text(name, key) || rest.data == NULL)
		return false;
	*ret = rest;
	return true;
}

static inline struct spool_record spool_read(struct span text)
{
	static const char *const fixed[] = { "check_type=1", "check_options=0", "scheduled_check=0",
		"reschedule_check=0", "latency=0.0", "early_timeout=0", "exited_ok=1" };
	struct spool_record r = { .state = 99 };
	size_t constants = 0, times = 0;
	struct span value;

	MUST(text.len > 2 && text.data[text.len - 1] == '\n' && text.data[text.len - 2] == '\n');
	text.len -= 2;
	while (text.data != NULL) {
		struct span line = span_cut(&text, '\n');
		size_t slashes = 0;

		MUST(line.len > 0 && line.data[0] != '#'); /* no empty line within */
		for (size_t i = 0; i < line.len; i++)
			MUST(line.data[i] >= 0x20 && line.data[i] != 0x7f);
		while (slashes < line.len && line.data[line.len - 1 - slashes] == '\\')
			slashes++;
		MUST(slashes != 1);
		if (slashes > 1)
			line.len--;
		for (size_t i = 0; i < array_size(fixed); i++)
			constants += span_equal_text(line, fixed[i]);
		times += span_starts_with(line, (struct span)SPAN("start_time=")) ||
			 span_starts_with(line, (struct span)SPAN("finish_time="));
		spool_value(line, "host_name", &r.host);
		spool_value(line, "service_description", &r.service);
		if (spool_value(line, "return_code", &value))
			MUST(span_to_uint(value, 3, &r.state));
		if (spool_value(line, "output", &value)) {
			MUST(text.data == NULL && value.len > 0); /* the last, and never empty */
			nagios_unescape(&r.output, value);
		}
	}
	MUST(constants == array_size(fixed) && times == 2 && r.state <= 3 && r.output.len > 0);
	return r;
}

#endif
