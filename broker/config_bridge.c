/* SPDX-License-Identifier: MIT */
/*
 * `connection` blocks: bridges to other brokers.
 */
#include "broker/config_tables.h"
#include "common/mem.h"

#define B(type, field) SETTING_FIELD(struct bridge_config, type, field)

static const struct setting_choice start_words[] = {
	{ "automatic", START_AUTOMATIC },
	{ "lazy", START_LAZY },
	{ "once", START_ONCE },
	{ NULL, 0 },
};

static const struct setting_choice version_words[] = {
	{ "mqttv31", MQTT_3_1 },
	{ "mqttv311", MQTT_3_1_1 },
	{ "mqttv50", MQTT_5 },
	{ NULL, 0 },
};

static const struct setting_choice own_bool_words[] = {
	{ "true", true },
	{ "false", false },
	{ "as_cleansession", -1 },
	{ NULL, 0 },
};

/* clang-format off */
const struct setting config_bridge_settings[] = {
	{ "address", SETTING_TEXT, B(char *, addresses), 0, 4095, NULL, 0,
	  "The other broker: HOST[:PORT], several separated by blanks. An IPv6 address needs its port.", NULL },
	{ "addresses", SETTING_TEXT, B(char *, addresses), 0, 4095, NULL, 0,
	  "Another name of address.", NULL },
	{ "topic", SETTING_LIST, B(struct text_list, topics), 0, 65535, NULL, 0,
	  "What is passed on: PATTERN [out|in|both [QOS [LOCAL_PREFIX REMOTE_PREFIX]]]; \"\" stands for an empty one.", NULL },
	{ "remote_clientid", SETTING_TEXT, B(char *, remote_clientid), 0, 1024, NULL, 0,
	  "The client identifier there. Not given: NAME.HOSTNAME.", NULL },
	{ "clientid", SETTING_TEXT, B(char *, remote_clientid), 0, 1024, NULL, 0,
	  "Another name of remote_clientid.", NULL },
	{ "remote_username", SETTING_TEXT, B(char *, remote_username), 0, 65535, NULL, 0,
	  "The user name there.", NULL },
	{ "username", SETTING_TEXT, B(char *, remote_username), 0, 65535, NULL, 0,
	  "Another name of remote_username.", NULL },
	{ "remote_password", SETTING_TEXT, B(char *, remote_password), 0, 65535, NULL, SETTING_SECRET,
	  "The password there.", NULL },
	{ "password", SETTING_TEXT, B(char *, remote_password), 0, 65535, NULL, SETTING_SECRET,
	  "Another name of remote_password.", NULL },
	{ "local_clientid", SETTING_TEXT, B(char *, local_clientid), 0, 1024, NULL, 0,
	  "The client identifier of its session here. Not given: local.REMOTE_CLIENTID.", NULL },
	{ "local_username", SETTING_TEXT, B(char *, local_username), 0, 65535, NULL, 0,
	  "The user name that its rights here are those of.", NULL },
	{ "local_password", SETTING_TEXT, B(char *, local_password), 0, 65535, NULL, SETTING_SECRET,
	  "Accepted; a bridge of this broker is not asked for its password.", NULL },
	{ "cleansession", SETTING_BOOL, B(bool, cleansession), 0, 0, "false", 0,
	  "Whether session and subscriptions there end with the connection.", NULL },
	{ "local_cleansession", SETTING_CHOICE, B(int, local_cleansession), 0, 0, "as_cleansession", 0,
	  "The same for the session here.", own_bool_words },
	{ "keepalive_interval", SETTING_NUMBER, B(uint64_t, keepalive_interval), 5, 65535, "60", 0,
	  "Seconds without traffic after which a ping is sent.", NULL },
	{ "notifications", SETTING_BOOL, B(bool, notifications), 0, 0, "true", 0,
	  "Publish 1 or 0, retained, here and there, when the connection comes and goes.", NULL },
	{ "notifications_local_only", SETTING_BOOL, B(bool, notifications_local_only), 0, 0, "false", 0,
	  "Publish that only here.", NULL },
	{ "notification_topic", SETTING_TEXT, B(char *, notification_topic), 0, 65535, NULL, 0,
	  "Where. Not given: $SYS/broker/connection/REMOTE_CLIENTID/state.", NULL },
	{ "restart_timeout", SETTING_TEXT, B(char *, restart_timeout), 0, 64, "5 30", 0,
	  "Seconds between attempts to connect: BASE CAP with growing random steps, or one number.", NULL },
	{ "round_robin", SETTING_BOOL, B(bool, round_robin), 0, 0, "false", 0,
	  "Treat all addresses alike; else the first is returned to when it is there.", NULL },
	{ "try_private", SETTING_BOOL, B(bool, try_private), 0, 0, "true", 0,
	  "Tell the other broker that this is a bridge, so that it does not send back what it is sent.", NULL },
	{ "start_type", SETTING_CHOICE, B(int, start_type), 0, 0, "automatic", 0,
	  "Connect always, when messages wait (threshold, idle_timeout), or once.", start_words },
	{ "idle_timeout", SETTING_DURATION, B(uint64_t, idle_timeout), 1, UINT32_MAX, "60", 0,
	  "With start_type lazy: seconds without traffic after which the connection is closed.", NULL },
	{ "threshold", SETTING_NUMBER, B(uint64_t, threshold), 1, UINT32_MAX, "10", 0,
	  "With start_type lazy: messages that wait before it is opened.", NULL },
	{ "bridge_protocol_version", SETTING_CHOICE, B(int, protocol_version), 0, 0, "mqttv311", 0,
	  "The MQTT version spoken.", version_words },
	{ "bridge_attempt_unsubscribe", SETTING_BOOL, B(bool, attempt_unsubscribe), 0, 0, "true", 0,
	  "Unsubscribe there from what is only passed out, in case it was passed in before.", NULL },
	{ "bridge_outgoing_retain", SETTING_BOOL, B(bool, outgoing_retain), 0, 0, "true", 0,
	  "Keep the retain flag of what is passed out.", NULL },
	{ "bridge_max_packet_size", SETTING_SIZE, B(uint64_t, max_packet_size), 0, MAX_REMAINING_LENGTH, "0", 0,
	  "The largest packet sent. 0: what the other broker takes.", NULL },
	{ "bridge_receive_maximum", SETTING_NUMBER, B(uint64_t, receive_maximum), 0, 65535, "0", 0,
	  "MQTT 5: unacknowledged messages taken at a time. 0: max_inflight_messages.", NULL },
	{ "bridge_session_expiry_interval", SETTING_DURATION, B(uint64_t, session_expiry_interval), 0, UINT32_MAX, "0", 0,
	  "MQTT 5: how long the session there outlives the connection. 0: for ever, or with cleansession not at all.", NULL },
	{ "bridge_max_topic_alias", SETTING_NUMBER, B(uint64_t, max_topic_alias), 0, 65535, "10", 0,
	  "MQTT 5: topic aliases that the other broker may set.", NULL },
	{ "bridge_bind_address", SETTING_TEXT, B(char *, bind_address), 0, 255, NULL, 0,
	  "The address of this machine to connect from.", NULL },
	{ "bridge_tcp_user_timeout", SETTING_NUMBER, B(uint64_t, tcp_user_timeout), 0, INT32_MAX, "0", 0,
	  "Milliseconds that sent bytes may stay unacknowledged before the connection counts as broken. 0: the system's.", NULL },
	{ "bridge_cafile", SETTING_TEXT, B(char *, cafile), 0, 4095, NULL, 0,
	  "The authorities that the other broker's certificate is held against, in PEM. It makes this a TLS connection.", NULL },
	{ "bridge_capath", SETTING_TEXT, B(char *, capath), 0, 4095, NULL, 0,
	  "The same as a folder, prepared with: openssl rehash FOLDER.", NULL },
	{ "bridge_tls_use_os_certs", SETTING_BOOL, B(bool, use_os_certs), 0, 0, "false", 0,
	  "The same with the authorities that this machine trusts.", NULL },
	{ "bridge_certfile", SETTING_TEXT, B(char *, certfile), 0, 4095, NULL, 0,
	  "The certificate to show.", NULL },
	{ "bridge_keyfile", SETTING_TEXT, B(char *, keyfile), 0, 4095, NULL, 0,
	  "Its private key.", NULL },
	{ "bridge_insecure", SETTING_BOOL, B(bool, insecure), 0, 0, "false", 0,
	  "Do not check that the certificate bears the name of the address. For tests only.", NULL },
	{ "bridge_alpn", SETTING_TEXT, B(char *, alpn), 0, 255, NULL, 0,
	  "The protocol to ask for in the TLS handshake.", NULL },
	{ "bridge_identity", SETTING_TEXT, B(char *, identity), 0, 128, NULL, 0,
	  "The identity of bridge_psk.", NULL },
	{ "bridge_psk", SETTING_TEXT, B(char *, psk), 0, 1024, NULL, SETTING_SECRET,
	  "A shared key in hexadecimal in place of certificates.", NULL },
	{ "bridge_ciphers", SETTING_TEXT, B(char *, ciphers), 0, 4095, NULL, 0,
	  "The ciphers of TLS 1.2.", NULL },
	{ "bridge_ciphers_tls1.3", SETTING_TEXT, B(char *, ciphers_tls13), 0, 4095, NULL, 0,
	  "The ciphersuites of TLS 1.3.", NULL },
	{ "bridge_tls_version", SETTING_CHOICE, B(int, tls_version), 0, 0, NULL, 0,
	  "The oldest TLS version that is accepted. Not given: 1.2.", config_tls_words },
	SETTINGS_END,
};
/* clang-format on */

bool config_open_bridge(void *owner, struct settings_line *line, struct settings_block *ret)
{
	struct config *config = owner;
	struct span name = line->rest;
	struct bridge_config *bridge;

	if (name.len == 0)
		return settings_error(line, line->keyword, "has no name; write: connection NAME");
	for (size_t i = 0; i < config->bridge_count; i++) {
		if (span_equal_text(name, config->bridges[i]->name))
			return settings_error(line, name,
					"is the name of the connection of line %u already; take "
					"another",
					config->bridges[i]->line);
	}
	config->bridges = grow_array(config->bridges, config->bridge_count,
			&config->bridge_capacity, sizeof(*config->bridges));
	bridge = xcalloc(1, sizeof(*bridge));
	config->bridges[config->bridge_count++] = bridge;
	settings_init(config_bridge_settings, bridge);
	bridge->name = span_dup_text(name);
	bridge->file = line->file;
	bridge->line = line->number;
	*ret = (struct settings_block){ .table = config_bridge_settings,
		.target = bridge,
		.title = "connection",
		.lines = &bridge->lines };
	return true;
}

void config_bridge_destroy(struct bridge_config *bridge)
{
	settings_finish(config_bridge_settings, bridge);
	free(bridge->name);
	free(bridge);
}

static void check_bridge(const struct bridge_config *b, struct settings_report *report)
{
	struct settings_line line = { .file = b->file, .number = b->line, .report = report };

	if (b->addresses == NULL)
		settings_error(&line, span_of_text(b->name),
				"is a connection without an address; add a line: address "
				"HOST[:PORT]");
	if (b->topics.count == 0)
		settings_error(&line, span_of_text(b->name),
				"is a connection that passes nothing on; add a line: topic "
				"PATTERN");
	if ((b->certfile == NULL) != (b->keyfile == NULL))
		settings_error(&line, span_of_text(b->name),
				"needs both of bridge_certfile and bridge_keyfile, or none");
	if ((b->identity == NULL) != (b->psk == NULL))
		settings_error(&line, span_of_text(b->name),
				"needs both of bridge_identity and bridge_psk, or none");
	if (b->remote_password != NULL && b->remote_username == NULL)
		settings_error(&line, span_of_text(b->name),
				"has a remote_password without a remote_username; add it");
}

void config_check_bridges(const struct config *config, struct settings_report *report)
{
	for (size_t i = 0; i < config->bridge_count; i++)
		check_bridge(config->bridges[i], report);
}
