/* SPDX-License-Identifier: MIT */
/*
 * A plugin that delivers nothing to nobody, built by the tests of this folder; what they define
 * makes it one that the host is to refuse.
 */
#include "plugins/relay.h"

#include <stdlib.h>

#ifndef SAMPLE_MAJOR
#define SAMPLE_MAJOR RELAY_ABI_MAJOR
#endif
#ifndef SAMPLE_NAME
#define SAMPLE_NAME "sample"
#endif
#ifndef SAMPLE_ROW
#define SAMPLE_ROW
#endif
#ifndef SAMPLE_COUNTER
#define SAMPLE_COUNTER
#endif
#ifndef SAMPLE_DEFAULTS
#define SAMPLE_DEFAULTS
#endif
#ifndef SAMPLE_SYMBOL
#define SAMPLE_SYMBOL belfry_relay
#endif

/* plugin_rig.h has the same. */
struct config {
	bool flag;
	uint64_t number, size, duration;
	const char *text;
	struct relay_list list;
	int choice;
	const char *secret, *template, *other_template;
};

static const struct relay_choice choices[] = { { "one", 1 }, { "seven", 7 }, { NULL, 0 } };

static const struct relay_setting settings[] = {
	{ "flag", RELAY_BOOL, offsetof(struct config, flag), 0, 0, "true", 0, "A flag.", NULL },
	{ "number", RELAY_NUMBER, offsetof(struct config, number), 1, 10, "3", 0, "A number.",
			NULL },
	{ "size", RELAY_SIZE, offsetof(struct config, size), 0, 1 << 20, "1k", 0, "A size.", NULL },
	{ "duration", RELAY_DURATION, offsetof(struct config, duration), 0, 7200, "1m", 0,
			"A time.", NULL },
	{ "text", RELAY_TEXT, offsetof(struct config, text), 1, 10, NULL, 0, "A text.", NULL },
	{ "list", RELAY_LIST, offsetof(struct config, list), 0, 0, NULL, 0, "Texts.", NULL },
	{ "choice", RELAY_CHOICE, offsetof(struct config, choice), 0, 0, "seven", 0, "A choice.",
			choices },
	{ "secret", RELAY_SECRET, offsetof(struct config, secret), 0, 0, NULL, 0, "A secret.",
			NULL },
	{ "first", RELAY_TEMPLATE, offsetof(struct config, template), 0, 0, NULL, 0, "A template.",
			NULL },
	{ "second", RELAY_TEMPLATE, offsetof(struct config, other_template), 0, 0, "${topic}", 0,
			"Another.", NULL },
	SAMPLE_ROW{ 0 },
};

static const struct relay_counter counters[] = {
	{ "pushed", "things that were pushed", false },
	SAMPLE_COUNTER{ 0 },
};

static void *open_sample(const struct relay_host *host, const void *config)
{
	(void)host;
	(void)config;
	return malloc(1);
}

static enum relay_verdict deliver(
		void *instance, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	(void)instance;
	(void)batch;
	(void)outcome;
	return RELAY_OK;
}

RELAY_EXPORT const struct relay_plugin SAMPLE_SYMBOL = { SAMPLE_MAJOR, RELAY_ABI_MINOR,
	sizeof(struct relay_plugin), .name = SAMPLE_NAME, .version = "1.0",
	.help = "Delivers nothing.", .settings = settings, .config_size = sizeof(struct config),
	.counters = counters, .open = open_sample, .deliver = deliver, .close = free,
	SAMPLE_DEFAULTS };
