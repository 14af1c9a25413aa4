/* SPDX-License-Identifier: MIT */
#include "broker/core/metric.h"

#include <inttypes.h>

#define NAME "belfry_broker_"

#define SUFFIX_METRIC_COUNTER "_total"
#define SUFFIX_METRIC_GAUGE   ""
#define SUFFIX_METRIC_SECONDS ""

#define COUNTER_ROW(field, topic, help)                                                            \
	{ NAME #field SUFFIX_METRIC_COUNTER, METRIC_COUNTER, topic, NULL, help,                    \
		offsetof(struct figures, counters.field) },

#define FIGURE_ROW(field, type, topic, alias, help)                                                \
	{ NAME #field SUFFIX_##type, type, topic, alias, help, offsetof(struct figures, field) },

/* clang-format off */
const struct metric metrics[] = {
	FIGURES(FIGURE_ROW)
	COUNTERS(COUNTER_ROW)
};
/* clang-format on */
const size_t metric_count = array_size(metrics);

void metrics_format(const struct figures *f, struct str *into)
{
	str_append_text(into, "# HELP " NAME "info the version, as a label\n"
			      "# TYPE " NAME "info gauge\n" NAME "info{version=\"" BELFRY_VERSION
			      "\"} 1\n");
	for (size_t i = 0; i < metric_count; i++) {
		const struct metric *m = &metrics[i];

		str_printf(into, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", m->name, m->help,
				m->name, m->type == METRIC_COUNTER ? "counter" : "gauge", m->name,
				metric_value(m, f));
	}
}
