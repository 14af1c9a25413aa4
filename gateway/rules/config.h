/* SPDX-License-Identifier: MIT */
/*
 * What the operator has set, as data that every part of the gateway may read. gateway/config.h
 * reads it from command line and file; it does not change while anybody uses it.
 */
#ifndef GATEWAY_RULES_CONFIG_H
#define GATEWAY_RULES_CONFIG_H

#include "common/log.h"
#include "common/settings.h"
#include "common/tls.h"
#include "common/url.h"
#include "gateway/rules/route.h"
#include "gateway/rules/submit.h"
#include "gateway/rules/tls_oldest.h"

enum {
	EXIT_BAD_CONFIG = 3,
	MAX_BROKERS = 16,
	MAX_OUTPUTS = 64,
};

struct sink_class;
struct relay_type;

/*
 * What every `output` block has. That of a type begins with it and adds the type's own settings;
 * see struct sink_class.
 */
struct output_config {
	char *name;
	const struct sink_class *class;
	unsigned line; /* that opened it */
	bool tells;    /* whoever published hears when it has confirmed: of cores, not of relays */
	struct settings_lines lines;

	uint64_t max_output;	/* bytes of a result's output that are kept */
	uint64_t batch_results; /* a batch is full with as many results */
	uint64_t batch_size;	/* or bytes */
	bool coalesce;		/* of results that wait, only the newest of each object */
	uint64_t linger;	/* milliseconds that a batch may wait to become full */
	int when_full;		/* enum backlog_policy */
	uint64_t queue_records; /* that may wait, unless the policy is to block */
	uint64_t files;		/* digest of the files that it names: passwords, certificates */
	const char *writes; /* path of a file that it alone may write to; borrowed; NULL: none */
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
	struct text_list commands;
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

/*
 * How to prove to a broker who we are, and whom to believe. Given once before the first broker, and
 * below each: what stands there counts for that broker.
 */
struct access_config {
	char *password_file;
	char *cafile, *capath;
	bool tls_use_os_certs;
	char *crlfile;
	char *certfile, *keyfile;
	char *psk_file, *psk_identity;
	int tls_version; /* enum tls_oldest */
	char *share;
};

/* One `broker` block. */
struct broker_config {
	struct url url;
	unsigned line; /* that opened it */
	struct settings_lines lines;
	struct access_config access; /* as written below it */

	/* What holds for it, made by config_check(). */
	struct tls_context *tls; /* NULL: without TLS */
	const char *trusted;	 /* the keyword that says whom to believe; a literal */
	bool has_certificate, has_psk;
	char *password;	   /* NULL: none */
	const char *share; /* whose share of the messages we take; NULL: we take all */
	uint64_t files;	   /* a digest of all the files that were read for it */
};

struct config {
	struct settings_lines lines;
	struct broker_config brokers[MAX_BROKERS];
	size_t broker_count;
	bool broker_refused;		  /* there was a broker that could not be read */
	struct text_list outputs_refused; /* names of outputs that could not be read */
	struct access_config access;	  /* of brokers that say nothing else */
	char *client_id;
	uint64_t keepalive;
	uint64_t session_expiry;
	uint64_t receive_maximum;
	uint64_t max_packet_size;

	char *state_dir;
	char *plugin_dir;
	uint64_t journal_max_size;
	uint64_t journal_keep;
	uint64_t max_age, max_skew;
	int when_old, when_new; /* enum stamp_policy */
	uint64_t max_objects;
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

	struct relay_type **relay_types; /* plugins that were loaded */
	size_t relay_type_count;
	size_t relay_type_capacity;
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
	uint64_t text;	 /* a digest of what it says */
	struct str kept; /* of a reload: what the file says and only a start can change, in lines */
	bool verbose, daemonise, test; /* of the command line */
	int exit_status;	       /* when config_load() returned false */
};

#endif
