/* SPDX-License-Identifier: MIT */
/*
 * The table of everything the broker says about itself, made of the lists in counters.h and
 * figures.h: a row has the value's place in struct figures, its topics below "$SYS/broker/", and
 * its name and help for Prometheus. Whatever publishes figures walks it.
 */
#ifndef BROKER_CORE_METRIC_H
#define BROKER_CORE_METRIC_H

#include "broker/core/figures.h"
#include "common/str.h"

#define SYS_PREFIX "$SYS/broker/"

struct metric {
	const char *name; /* for Prometheus: "belfry_broker_..." */
	enum metric_type type;
	const char *topic; /* below SYS_PREFIX */
	const char *alias; /* another topic with the same value, or NULL */
	const char *help;
	size_t offset; /* in struct figures, of a uint64_t */
};

extern const struct metric metrics[];
extern const size_t metric_count;

static inline uint64_t metric_value(const struct metric *m, const struct figures *f)
{
	return *(const uint64_t *)(const void *)((const char *)f + m->offset);
}

/* All figures in Prometheus' text format 0.0.4, with the version as belfry_broker_info. */
void metrics_format(const struct figures *f, struct str *into);

#endif
