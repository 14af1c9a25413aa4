/* SPDX-License-Identifier: MIT */
/*
 * A check's performance data in the plaintext protocol of carbon
 * (https://graphite.readthedocs.io/en/stable/feeding-carbon.html), one line for each value:
 *
 *     web1.disk.used 98.2 1795384096
 *
 * What becomes a file of carbon's is chosen here, not by publishers: a level of a path has letters,
 * digits, `_` and `-` only, is at most 200 bytes long and never empty, so that no name leads out of
 * carbon's folder, adds a line, or makes tags.
 *
 * Pure.
 */
#ifndef PLUGINS_GRAPHITE_METRIC_H
#define PLUGINS_GRAPHITE_METRIC_H

#include "common/str.h"
#include "plugins/relay.h"

enum { METRIC_MOST_LEVEL = 200, METRIC_MOST_PATH = 1000 };

/*
 * Append `path` as a path of carbon: every byte that may not be in one becomes `_`, levels that are
 * empty are left out. False when it has no level at all, or more than METRIC_MOST_PATH bytes.
 */
bool metric_append_path(struct str *into, struct span path);

/* Append the line of a value below `path`; false, and nothing is appended, when it is no number. */
bool metric_append(struct str *into, struct span path, const struct relay_metric *metric,
		int64_t time_ns);

#endif
