/* SPDX-License-Identifier: MIT */
/*
 * Outputs whose type is a plugin: `output logstash redis`. The type is made of the settings that
 * every relay has and those of the plugin.
 *
 * Whoever reads the configuration loads types and checks blocks, one thread at a time; while an
 * output runs, neither changes.
 */
#ifndef GATEWAY_OUTPUT_RELAY_H
#define GATEWAY_OUTPUT_RELAY_H

#include "gateway/output/sink.h"
#include "gateway/plugin/plugin_settings.h"
#include "gateway/relay/filter.h"
#include "gateway/relay/schema.h"

/* A plugin as a type of output. */
struct relay_type {
	struct sink_class class;
	struct plugin *plugin;
	struct setting *rows; /* what class.settings is */
};

/* NULL with a sentence in *problem. */
struct relay_type *relay_type_load(const char *folder, struct span name, struct str *problem);
/* Accepts NULL. No output of the type may be left. */
void relay_type_unload(struct relay_type *t);

/*
 * What the manual says, as mdoc(7): about the keywords that every relay has, and about those of one
 * plugin. False with a sentence in *problem when that cannot be loaded.
 */
void relay_print_mdoc(FILE *out);
bool relay_print_plugin_mdoc(FILE *out, const char *folder, struct span name, struct str *problem);

/* All keywords of such an output, its own and those of every relay, for people. As above. */
bool relay_print_plugin_help(FILE *out, const char *folder, struct span name, struct str *problem);

struct relay_config {
	struct output_config output;

	int schema;  /* enum schema_kind */
	int payload; /* enum schema_payload */
	char *template, *type;
	char *host; /* of messages; NULL: they have none */
	struct text_list tags;

	struct text_list topics, excludes;
	int min_state; /* enum check_state */
	bool changes_only, skip_retained;
	uint64_t max_rate; /* records a second; 0: any */

	uint64_t retry_first; /* milliseconds */
	uint64_t retry_most;  /* seconds */
	char *dead_letters;   /* the path; made by the check when it is not given */
	uint64_t dead_letters_size;

	/* With RELAY_USES_TLS. */
	char *cafile, *capath, *certfile, *keyfile, *crlfile;
	int tls_version; /* enum tls_oldest */
	bool tls_insecure;

	/* What the check makes of it. */
	struct record_template text; /* of SCHEMA_TEMPLATE */
	struct template host_template;
	struct record_template templates[PLUGIN_MAX_TEMPLATES];
	struct text_list topic_filters, exclude_filters; /* one a text */

	union plugin_slot slots[]; /* of the plugin's own settings */
};

#endif
