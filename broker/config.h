/* SPDX-License-Identifier: MIT */
/*
 * The broker's configuration: mosquitto.conf and the command line. What a keyword means stands
 * with its row in config_global.c, config_listener.c and config_bridge.c.
 */
#ifndef BROKER_CONFIG_H
#define BROKER_CONFIG_H

#include "broker/core/limits.h"
#include "broker/core/policy.h"
#include "broker/io/address_limit.h"
#include "broker/io/bridge.h"
#include "common/log.h"
#include "common/settings.h"

enum { EXIT_CONFIG = 3, DEFAULT_PORT = 1883 };

enum anonymous { ANONYMOUS_BY_LISTENERS, ANONYMOUS_YES, ANONYMOUS_NO };
enum listener_protocol { PROTOCOL_MQTT, PROTOCOL_WEBSOCKETS, PROTOCOL_HTTP_API };
enum socket_domain { DOMAIN_ANY, DOMAIN_IPV4, DOMAIN_IPV6 };
enum tls_version { TLS_ANY, TLS_1_2, TLS_1_3 };

/* Of all listeners, or with per_listener_settings of one. */
struct security_config {
	int allow_anonymous; /* enum anonymous */
	bool allow_zero_length_clientid;
	char *auto_id_prefix;
	char *acl_file;
	char *password_file;
	char *psk_file;
};

struct listener_config {
	uint64_t port; /* 0: the kernel chooses, or a Unix socket; of `first`: not given */
	char *address; /* NULL: all; a path from / on: a Unix socket */
	uint64_t max_connections;
	int protocol;	   /* enum listener_protocol */
	int socket_domain; /* enum socket_domain */
	char *bind_interface;
	char *mount_point;
	char *accept_protocol_versions;
	uint64_t max_qos;
	uint64_t max_topic_alias;
	uint64_t max_topic_alias_broker;
	bool use_username_as_clientid;
	int listener_allow_anonymous; /* enum anonymous */
	char *listener_auto_id_prefix;

	char *cafile, *capath, *certfile, *keyfile, *crlfile, *dhparamfile;
	char *ciphers, *ciphers_tls13;
	int tls_version; /* enum tls_version */
	bool require_certificate;
	bool use_identity_as_username, use_subject_as_username;
	bool disable_client_cert_date_checks;
	char *psk_hint;

	struct text_list websockets_origin;
	uint64_t enable_proxy_protocol; /* 0 = none, 1, 2 */
	bool proxy_protocol_v2_require_tls;

	struct security_config security;
	struct settings_lines lines;
};

struct bridge_config {
	char *name;
	char *addresses;
	struct text_list topics; /* "PATTERN [DIRECTION [QOS [LOCAL REMOTE]]]" */
	char *remote_clientid, *remote_username, *remote_password;
	char *local_clientid, *local_username, *local_password;
	bool cleansession;
	int local_cleansession; /* -1: as cleansession */
	uint64_t keepalive_interval;
	bool notifications, notifications_local_only;
	char *notification_topic;
	char *restart_timeout;
	bool round_robin;
	bool try_private;
	int start_type; /* enum bridge_start */
	uint64_t idle_timeout;
	uint64_t threshold;
	int protocol_version; /* enum mqtt_version */
	bool attempt_unsubscribe;
	bool outgoing_retain;
	uint64_t max_packet_size, receive_maximum, session_expiry_interval, max_topic_alias;
	char *bind_address;
	uint64_t tcp_user_timeout;
	char *cafile, *capath, *certfile, *keyfile, *alpn;
	bool use_os_certs;
	bool insecure;
	char *identity, *psk; /* psk in hexadecimal */
	char *ciphers, *ciphers_tls13;
	int tls_version;  /* enum tls_version */
	const char *file; /* and line, where it begins */
	unsigned line;
	struct settings_lines lines;
};

struct config {
	struct limits limits;
	struct security_config security;
	/* Of keywords before the first `listener` line: the listener of `port`. */
	struct listener_config first;
	bool per_listener_settings;
	uint64_t global_max_connections;
	struct text_list clientid_prefixes;
	uint64_t websockets_headers_size;
	struct address_limits address_limits;
	uint64_t sys_interval;

	bool connection_messages;
	struct text_list log_dest;
	unsigned log_types;
	bool log_timestamp;
	char *log_timestamp_format;
	int log_format; /* enum log_format */
	uint64_t log_facility;
	char *pid_file;
	char *user;
	bool persistence;
	char *persistence_location, *persistence_file;
	char *persistence_sync;
	uint64_t store_interval; /* seconds, of persistence_sync; 0: commit */
	uint64_t max_store_bytes;
	uint64_t autosave_interval;
	bool autosave_on_changes;
	bool set_tcp_nodelay;
	bool allow_duplicate_messages;

	struct settings_lines lines;
	struct text_list files; /* that it was read from */

	struct listener_config **listeners;
	size_t listener_count, listener_capacity;
	struct bridge_config **bridges;
	size_t bridge_count, bridge_capacity;

	/* From the command line. */
	const char *file;
	uint64_t port_given; /* 0: none */
	bool verbose, daemon, test;
	bool is_local_only; /* no listener was configured: loopback, anonymous */
};

/*
 * Read the command line and the file it names. True to go on. False to exit with *ret_status:
 * 0 after --help or --version, EXIT_CONFIG after an error; everything has
 * been said then. Either way the caller calls config_finish().
 */
bool config_load(struct config *config, int argc, char **argv, int *ret_status);

/*
 * Read the file of `config` again into a new configuration, under the same command line, of which
 * it borrows. NULL after errors, which are added to the report.
 */
struct config *config_load_again(const struct config *config, struct settings_report *report);

void config_finish(struct config *config);

/* On the heap; empty until config_load(). */
struct config *config_create(void);

/* Accepts NULL. */
void config_destroy(struct config *config);

/* "3,4,5" as a set of policy_version(). False when it is something else. */
bool config_versions(const char *text, uint8_t *ret);

/* The settings that `listener` is to be held to: its own, or those of all. */
const struct security_config *config_security(
		const struct config *config, const struct listener_config *listener);

/* What `listener` asks of its clients; the caller's reference. */
struct policy *config_policy(const struct config *config, const struct listener_config *listener);

/* Of `persistence true`: the store's folder, which the caller frees. */
char *config_store_folder(const struct config *config);

/* What log_open() wants. `file` borrows from the configuration. */
struct log_config config_log(const struct config *config);

/* The grammar of the file, for --help and tests. `config` is the target. */
struct settings_grammar config_grammar(struct config *config);

#endif
