/* SPDX-License-Identifier: MIT */
/*
 * What a plugin of Nagios answers: the worst of what was found, in one line, with performance
 * data. Zeroed memory is an empty answer.
 */
#ifndef CLI_PLUGIN_ANSWER_H
#define CLI_PLUGIN_ANSWER_H

#include <stdio.h>

#include "common/str.h"

enum plugin_code { PLUGIN_OK, PLUGIN_WARNING, PLUGIN_CRITICAL, PLUGIN_UNKNOWN };

struct plugin_answer {
	enum plugin_code code;
	struct str text, perfdata;
};

/* Something was found. CRITICAL is worse than UNKNOWN, that than WARNING. */
void plugin_answer_add(struct plugin_answer *a, enum plugin_code code, const char *format, ...)
		PRINTF_LIKE(3, 4);

/* The value of PREFIX + NAME. Limits of 0 are none; `unit` is one of performance data. */
void plugin_answer_perfdata(struct plugin_answer *a, const char *prefix, const char *name,
		double value, const char *unit, uint64_t warning, uint64_t critical);

/* "BELFRY OK - text | perfdata", or a JSON object. Returns the code. */
int plugin_answer_print(const struct plugin_answer *a, const char *name, bool json, FILE *out);

void plugin_answer_finish(struct plugin_answer *a);

#endif
