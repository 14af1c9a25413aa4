/* SPDX-License-Identifier: MIT */
/*
 * What a plugin says of itself, struct relay_plugin of plugins/relay.h: whether it is what the host
 * can work with. Only data is looked at, nothing of the plugin runs.
 *
 * Pure. Any thread.
 */
#ifndef GATEWAY_PLUGIN_DESCRIPTOR_H
#define GATEWAY_PLUGIN_DESCRIPTOR_H

#include "common/span.h"
#include "plugins/relay.h"

enum { PLUGIN_MAX_TEMPLATES = 8, PLUGIN_MAX_COUNTERS = 32 };

/* How many rows its tables have. */
struct descriptor_rows {
	size_t settings, templates, counters; /* templates are settings, too */
};

/*
 * What is wrong with it, to be read behind the name of its file ("has a counter without help"), or
 * NULL: nothing, and *ret is filled in. `name` is that of the file, without ".so".
 */
const char *descriptor_problem(
		const struct relay_plugin *r, struct span name, struct descriptor_rows *ret);

#endif
