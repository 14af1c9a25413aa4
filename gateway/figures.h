/* SPDX-License-Identifier: MIT */
/*
 * A figure is one row of a table: a member of a plain struct, its name in the status message, its
 * name in /metrics, and what it means. Both walk the same tables.
 */
#ifndef GATEWAY_FIGURES_H
#define GATEWAY_FIGURES_H

#include "common/clock.h"
#include "common/str.h"

/* The type of the member. */
enum figure_kind {
	FIGURE_COUNTER, /* uint64_t, only grows */
	FIGURE_NUMBER,	/* uint64_t */
	FIGURE_REAL,	/* double */
	FIGURE_FLAG,	/* bool */
	FIGURE_TIME,	/* struct wall_time, ns == 0: never */
	FIGURE_TEXT,	/* const char *, NULL: none; not in /metrics */
};

struct figure {
	const char *name;   /* in the status message */
	const char *metric; /* behind "belfry_gateway_"; NULL: not in /metrics */
	enum figure_kind kind;
	const char *help;
	size_t offset;
};

/* Append `"name":value` of each row, with commas between them and in front if there are members. */
void figures_json(const struct figure *rows, size_t count, const void *object, struct str *into);

/* One of several objects, which a label tells apart. */
struct figure_object {
	const void *object;
	struct span label; /* its value */
};

/*
 * Append the families of the rows, each with a sample for each object, in Prometheus' text format
 * 0.0.4. `label` is the name of the label; NULL: there is one object, and no label.
 */
void figures_metrics(const struct figure *rows, size_t count, const char *label,
		const struct figure_object *objects, size_t object_count, struct str *into);

/* The beginning of a family: HELP and TYPE. `type` is "counter" or "gauge". */
void metric_family(struct str *into, const char *metric, const char *type, const char *help);

/* Append `text` as the value of a label, quotes included. */
void metric_label(struct str *into, struct span text);

#endif
