/* SPDX-License-Identifier: MIT */
/*
 * The tables of the broker's configuration; only config*.c includes this. Rows that stand in more
 * than one table are written here once: `T` is the struct of the table's target, `at` says where
 * in it the fields are.
 */
#ifndef BROKER_CONFIG_TABLES_H
#define BROKER_CONFIG_TABLES_H

#include "broker/config.h"

extern const struct setting_choice config_anonymous_words[];
extern const struct setting_choice config_protocol_words[];
extern const struct setting_choice config_domain_words[];
extern const struct setting_choice config_tls_words[];

extern const struct setting config_global_settings[];
extern const struct setting config_listener_settings[];
extern const struct setting config_bridge_settings[];
extern const struct settings_refusal config_refusals[];

/* Openers of the blocks; `owner` is the struct config. */
bool config_open_listener(void *owner, struct settings_line *line, struct settings_block *ret);
bool config_open_bridge(void *owner, struct settings_line *line, struct settings_block *ret);

/* Of a listener block: with per_listener_settings it has more rows. */
const struct setting *config_listener_table(const struct config *config);

/* What one row cannot know. */
void config_check_log(const struct config *config, struct settings_report *report);
void config_check_store(struct config *config, struct settings_report *report);
void config_check_listeners(const struct config *config, struct settings_report *report);
void config_check_bridges(const struct config *config, struct settings_report *report);

/* An error of a keyword that was accepted line by line. */
void config_keyword_error(struct settings_report *report, const struct setting *table,
		const struct settings_lines *lines, const char *keyword, const char *what);

void config_listener_destroy(struct listener_config *listener);
void config_bridge_destroy(struct bridge_config *bridge);

/* clang-format off */
#define SETTINGS_END { NULL, 0, 0, 0, 0, NULL, 0, NULL, NULL }

#define SECURITY_ROWS(T, at) \
	{ "allow_anonymous", SETTING_CHOICE, SETTING_FIELD(T, int, at allow_anonymous), 0, 0, NULL, 0, \
	  "Whether clients may connect without a user name. Not given: only while no listener is configured, which is on the loopback interface.", config_anonymous_words }, \
	{ "allow_zero_length_clientid", SETTING_BOOL, SETTING_FIELD(T, bool, at allow_zero_length_clientid), 0, 0, "true", 0, \
	  "Give a client that sends an empty client identifier one.", NULL }, \
	{ "auto_id_prefix", SETTING_TEXT, SETTING_FIELD(T, char *, at auto_id_prefix), 0, 64, "auto-", 0, \
	  "What identifiers given that way start with.", NULL }, \
	{ "password_file", SETTING_TEXT, SETTING_FIELD(T, char *, at password_file), 0, 4095, NULL, 0, \
	  "User names and hashed passwords, as `belfry passwd` and mosquitto_passwd write them. A client that sends a user name must be in it.", NULL }, \
	{ "acl_file", SETTING_TEXT, SETTING_FIELD(T, char *, at acl_file), 0, 4095, NULL, 0, \
	  "Who may publish and read which topics. With it, what no line allows is denied.", NULL }, \
	{ "psk_file", SETTING_TEXT, SETTING_FIELD(T, char *, at psk_file), 0, 4095, NULL, 0, \
	  "Identities and keys in hexadecimal, IDENTITY:KEY a line, for listeners with a psk_hint.", NULL }

#define LISTENER_ROWS(T, at) \
	{ "max_connections", SETTING_NUMBER, SETTING_FIELD(T, uint64_t, at max_connections), 0, UINT64_MAX, NULL, SETTING_UNLIMITED, \
	  "Connections that this listener takes at a time; more are closed at once.", NULL }, \
	{ "protocol", SETTING_CHOICE, SETTING_FIELD(T, int, at protocol), 0, 0, "mqtt", SETTING_RESTART, \
	  "What is spoken: MQTT, MQTT in WebSocket frames, or HTTP with /metrics and /healthz.", config_protocol_words }, \
	{ "socket_domain", SETTING_CHOICE, SETTING_FIELD(T, int, at socket_domain), 0, 0, NULL, SETTING_RESTART, \
	  "Listen on addresses of this kind only. Not given: on both.", config_domain_words }, \
	{ "bind_interface", SETTING_TEXT, SETTING_FIELD(T, char *, at bind_interface), 0, 15, NULL, SETTING_RESTART, \
	  "Listen on the addresses of this network interface, whatever address is given.", NULL }, \
	{ "mount_point", SETTING_TEXT, SETTING_FIELD(T, char *, at mount_point), 0, 1024, NULL, 0, \
	  "Put this before every topic of this listener's clients, and take it off what they are sent. It is text: end it with a slash.", NULL }, \
	{ "accept_protocol_versions", SETTING_TEXT, SETTING_FIELD(T, char *, at accept_protocol_versions), 0, 15, NULL, 0, \
	  "The MQTT versions that clients may speak: 3 (MQTT 3.1), 4 (3.1.1), 5, separated by commas. Not given: all.", NULL }, \
	{ "max_qos", SETTING_NUMBER, SETTING_FIELD(T, uint64_t, at max_qos), 0, 2, "2", 0, \
	  "The largest QoS that clients may publish with and are granted.", NULL }, \
	{ "maximum_qos", SETTING_NUMBER, SETTING_FIELD(T, uint64_t, at max_qos), 0, 2, "2", 0, \
	  "Another name of max_qos.", NULL }, \
	{ "max_topic_alias", SETTING_NUMBER, SETTING_FIELD(T, uint64_t, at max_topic_alias), 0, 65535, "10", 0, \
	  "Topic aliases that an MQTT 5 client may set.", NULL }, \
	{ "max_topic_alias_broker", SETTING_NUMBER, SETTING_FIELD(T, uint64_t, at max_topic_alias_broker), 0, 65535, "10", 0, \
	  "Topic aliases that the broker sets at most for an MQTT 5 client that takes them.", NULL }, \
	{ "use_username_as_clientid", SETTING_BOOL, SETTING_FIELD(T, bool, at use_username_as_clientid), 0, 0, "false", 0, \
	  "Take the user name as the client identifier, so that nobody can take over the session of another.", NULL }, \
	{ "listener_allow_anonymous", SETTING_CHOICE, SETTING_FIELD(T, int, at listener_allow_anonymous), 0, 0, NULL, 0, \
	  "allow_anonymous for this listener alone.", config_anonymous_words }, \
	{ "listener_auto_id_prefix", SETTING_TEXT, SETTING_FIELD(T, char *, at listener_auto_id_prefix), 0, 64, NULL, 0, \
	  "auto_id_prefix for this listener alone.", NULL }, \
	{ "certfile", SETTING_TEXT, SETTING_FIELD(T, char *, at certfile), 0, 4095, NULL, 0, \
	  "The server's certificate, with its chain, in PEM. It and keyfile make this a TLS listener.", NULL }, \
	{ "keyfile", SETTING_TEXT, SETTING_FIELD(T, char *, at keyfile), 0, 4095, NULL, 0, \
	  "The private key of certfile, in PEM.", NULL }, \
	{ "cafile", SETTING_TEXT, SETTING_FIELD(T, char *, at cafile), 0, 4095, NULL, 0, \
	  "The authorities that client certificates are held against, in PEM.", NULL }, \
	{ "capath", SETTING_TEXT, SETTING_FIELD(T, char *, at capath), 0, 4095, NULL, 0, \
	  "The same as a folder, prepared with: openssl rehash FOLDER.", NULL }, \
	{ "crlfile", SETTING_TEXT, SETTING_FIELD(T, char *, at crlfile), 0, 4095, NULL, 0, \
	  "Revoked client certificates, in PEM.", NULL }, \
	{ "require_certificate", SETTING_BOOL, SETTING_FIELD(T, bool, at require_certificate), 0, 0, "false", 0, \
	  "Whether a client needs a certificate of one of these authorities.", NULL }, \
	{ "use_identity_as_username", SETTING_BOOL, SETTING_FIELD(T, bool, at use_identity_as_username), 0, 0, "false", 0, \
	  "Take the common name of the client's certificate, or its PSK identity, as its user name; no password is asked for. Needs require_certificate or a psk_hint.", NULL }, \
	{ "use_subject_as_username", SETTING_BOOL, SETTING_FIELD(T, bool, at use_subject_as_username), 0, 0, "false", 0, \
	  "Take the whole subject of the client's certificate as its user name. Needs require_certificate or a psk_hint.", NULL }, \
	{ "disable_client_cert_date_checks", SETTING_BOOL, SETTING_FIELD(T, bool, at disable_client_cert_date_checks), 0, 0, "false", 0, \
	  "Accept client certificates that have expired or are not valid yet, for devices without a clock.", NULL }, \
	{ "tls_version", SETTING_CHOICE, SETTING_FIELD(T, int, at tls_version), 0, 0, NULL, 0, \
	  "The oldest TLS version that is accepted. Not given: 1.2.", config_tls_words }, \
	{ "ciphers", SETTING_TEXT, SETTING_FIELD(T, char *, at ciphers), 0, 4095, NULL, 0, \
	  "The ciphers of TLS 1.2, as `openssl ciphers` names them.", NULL }, \
	{ "ciphers_tls1.3", SETTING_TEXT, SETTING_FIELD(T, char *, at ciphers_tls13), 0, 4095, NULL, 0, \
	  "The ciphersuites of TLS 1.3.", NULL }, \
	{ "dhparamfile", SETTING_TEXT, SETTING_FIELD(T, char *, at dhparamfile), 0, 4095, NULL, 0, \
	  "Diffie-Hellman parameters in PEM, for old ciphers of TLS 1.2.", NULL }, \
	{ "psk_hint", SETTING_TEXT, SETTING_FIELD(T, char *, at psk_hint), 0, 128, NULL, 0, \
	  "Let clients in that have a key of psk_file; the hint tells them which.", NULL }, \
	{ "websockets_origin", SETTING_LIST, SETTING_FIELD(T, struct text_list, at websockets_origin), 0, 255, NULL, 0, \
	  "A web site that may connect (the Origin header); several lines add up. Not given: any.", NULL }, \
	{ "enable_proxy_protocol", SETTING_NUMBER, SETTING_FIELD(T, uint64_t, at enable_proxy_protocol), 1, 2, NULL, SETTING_RESTART, \
	  "Take the client's address from a PROXY protocol header of this version, which then must come first.", NULL }, \
	{ "proxy_protocol_v2_require_tls", SETTING_BOOL, SETTING_FIELD(T, bool, at proxy_protocol_v2_require_tls), 0, 0, "false", 0, \
	  "Close connections of which the proxy says that their client came without TLS.", NULL }
/* clang-format on */

#endif
