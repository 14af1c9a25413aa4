/* SPDX-License-Identifier: MIT */
/*
 * The broker's configuration: mosquitto.conf and the command line.
 */
#ifndef BROKER_CONFIG_H
#define BROKER_CONFIG_H

#include "broker/core/limits.h"
#include "broker/core/policy.h"
#include "common/log.h"
#include "common/settings.h"

enum { EXIT_CONFIG = 3, DEFAULT_PORT = 1883 };

struct listener_config {
	uint64_t port;
	char *address; /* NULL: all */
	uint64_t max_connections;
};

struct config {
	struct limits limits;

	/* Before the first `listener` line these describe a listener too. */
	uint64_t port; /* 0: not given */
	char *bind_address;
	uint64_t max_connections;

	uint64_t global_max_connections;
	int allow_anonymous; /* enum anonymous */
	bool allow_zero_length_clientid;
	char *auto_id_prefix;
	uint64_t max_topic_alias;
	uint64_t max_qos;
	bool connection_messages;
	struct text_list log_dest;
	unsigned log_types;
	bool log_timestamp;
	char *pid_file;
	bool persistence;
	bool set_tcp_nodelay;

	struct settings_lines lines;

	struct listener_config *listeners;
	size_t listener_count, listener_capacity;

	/* From the command line. */
	const char *file;
	bool verbose, daemon, test;
	bool is_local_only; /* no listener was configured: loopback, anonymous */
};

enum anonymous { ANONYMOUS_BY_LISTENERS, ANONYMOUS_YES, ANONYMOUS_NO };

/*
 * Read the command line and the file it names. True to go on. False to exit with *ret_status:
 * 0 after --help, --version or a good --test-config, EXIT_CONFIG after an error; everything has
 * been said then. Either way the caller calls config_finish().
 */
bool config_load(struct config *config, int argc, char **argv, int *ret_status);

void config_finish(struct config *config);

/* What listeners ask of clients; the caller's reference. */
struct policy *config_policy(const struct config *config);

/* What log_open() wants. `file` borrows from the configuration. */
struct log_config config_log(const struct config *config);

/* The grammar of the file, for --help and tests. `config` is the target. */
struct settings_grammar config_grammar(struct config *config);

#endif
