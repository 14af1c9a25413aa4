/* SPDX-License-Identifier: MIT */
/*
 * What the operator has set, as data that every part of the gateway may read. gateway/config.h
 * reads it from command line and file; it does not change while anybody uses it.
 */
#ifndef GATEWAY_RULES_CONFIG_H
#define GATEWAY_RULES_CONFIG_H

#include "common/log.h"
#include "common/settings.h"
#include "common/url.h"
#include "gateway/rules/route.h"
#include "gateway/rules/submit.h"

enum {
	EXIT_BAD_CONFIG = 3,
	MAX_BROKERS = 16,
	MAX_OUTPUTS = 64,
};

struct sink_class;

/*
 * What every `output` block has. That of a type begins with it and adds the type's own settings;
 * see struct sink_class.
 */
struct output_config {
	char *name;
	const struct sink_class *class;
	unsigned line; /* that opened it */
	struct settings_lines lines;

	uint64_t max_output;	/* bytes of a result's output that are kept */
	uint64_t batch_results; /* a batch is full with as many results */
	uint64_t batch_size;	/* or bytes */
	bool coalesce;		/* of results that wait, only the newest of each object */
};

/* One `route` block as it was written; `route` is what it means. */
struct route_config {
	struct text_list to;
	char *decode;
	char *host;
	char *service;
	uint64_t ttl;
	int on_silence; /* enum check_state, of a service */
	uint64_t will_delay;
	unsigned line; /* that opened it */
	struct settings_lines lines;
	struct route route;
};

/* One `submit` block as it was written; `rule` is what it means. */
struct submit_config {
	struct text_list users, clients, addresses, hosts, services, kinds;
	unsigned line; /* that opened it */
	struct settings_lines lines;
	struct submit_rule rule;
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
	uint64_t journal_keep;
	uint64_t max_age, max_skew;
	int when_old, when_new; /* enum stamp_policy */
	uint64_t id_window, max_ids;
	uint64_t grace;
	uint64_t state_rate;
	uint64_t status_interval;
	uint64_t reject_queue;
	uint64_t pending_limit;

	char *http_listen;     /* NULL: nothing is served */
	struct url http_place; /* what it says */
	struct text_list http_hosts;
	uint64_t ready_lag;

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
	struct submit_config **submit_configs;
	struct submit_rule *submits; /* the same, compiled */
	size_t submit_count;
	size_t submit_capacity;

	const char *file;
	bool daemonise;
	int exit_status; /* when config_load() returned false */
};

#endif
