/* SPDX-License-Identifier: MIT */
/*
 * The gateway's configuration: command line and file, checked as a whole. What config_load()
 * accepted needs no further checks.
 */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include "common/log.h"
#include "common/settings.h"
#include "common/url.h"
#include "gateway/route.h"

enum {
	EXIT_BAD_CONFIG = 3,
	MAX_BROKERS = 16,
	MAX_OUTPUTS = 64,
};

struct sink_class;

enum delivery { DELIVERY_CONFIRMED, DELIVERY_PIPE };

/* One `output` block. */
struct output_config {
	char *name;
	const struct sink_class *class;
	unsigned line; /* that opened it */
	struct settings_lines lines;

	char *path;
	int delivery;	 /* enum delivery */
	char *batch_dir; /* absolute; never NULL for confirmed delivery */
	uint64_t max_output;
	uint64_t batch_results;
	uint64_t batch_size;
};

/* One `route` block as it was written; `route` is what it means. */
struct route_config {
	struct text_list to;
	char *decode;
	char *host;
	char *service;
	unsigned line; /* that opened it */
	struct settings_lines lines;
	struct route route;
};

struct config {
	struct settings_lines lines;
	struct text_list broker_texts;
	struct url brokers[MAX_BROKERS];
	size_t broker_count;
	char *client_id;
	char *password_file;
	char *password; /* read from it */
	char *cafile;
	char *certfile;
	char *keyfile;
	uint64_t keepalive;
	uint64_t session_expiry;
	uint64_t receive_maximum;
	uint64_t max_packet_size;

	char *state_dir;
	uint64_t journal_max_size;
	uint64_t status_interval;
	uint64_t reject_queue;

	struct text_list log_dests;
	unsigned log_types;
	bool log_timestamp;
	struct log_config log;

	struct output_config **outputs;
	size_t output_count;
	size_t output_capacity;
	struct route_config **route_configs;
	struct route *routes; /* the same, compiled, in the order of the file */
	size_t route_count;
	size_t route_capacity;

	const char *file;
	bool daemonise;
	int exit_status; /* when config_load() returned false */
};

/*
 * Read command line and file. False when the program is to end with config->exit_status: after
 * --help, --version, --test-config, or errors, all of which were printed.
 */
bool config_load(struct config *config, int argc, char **argv);

/* Read and check text, as a file named `name`. For tests. */
bool config_parse(struct config *config, struct span text, const char *name,
		struct settings_report *report);

void config_finish(struct config *config);

/* The line of the file that set a keyword; of a block, else the line that opened it; else 0. */
unsigned config_line(const struct config *config, const char *keyword);
unsigned config_route_line(const struct route_config *route, const char *keyword);

#endif
