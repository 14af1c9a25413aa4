/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "tests/bench/options.h"
#include "tests/bench/result.h"

/* One line for a person. */
void report_line(const struct options *o, const struct result *r);

/* One JSON object; rates are messages a second, latencies milliseconds. */
void report_json(const struct options *o, const struct result *r);

#endif
