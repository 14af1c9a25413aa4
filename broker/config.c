/* SPDX-License-Identifier: MIT */
#include "broker/config.h"

#include <stdio.h>

#include "broker/mqtt/types.h"
#include "common/mem.h"

#define G(type, field) SETTING_FIELD(struct config, type, field)
#define L(type, field) SETTING_FIELD(struct listener_config, type, field)

static const struct setting_choice log_type_words[] = {
	{ "error", LOG_TYPE_ERROR },
	{ "warning", LOG_TYPE_WARNING },
	{ "notice", LOG_TYPE_NOTICE },
	{ "information", LOG_TYPE_INFORMATION },
	{ "subscribe", LOG_TYPE_SUBSCRIBE },
	{ "unsubscribe", LOG_TYPE_UNSUBSCRIBE },
	{ "debug", LOG_TYPE_DEBUG },
	{ "all", LOG_TYPES_ALL },
	{ "none", LOG_TYPE_NONE },
	{ NULL, 0 },
};

static const struct setting_choice anonymous_words[] = {
	{ "true", ANONYMOUS_YES },
	{ "false", ANONYMOUS_NO },
	{ NULL, 0 },
};

/* clang-format off */
static const struct setting listener_settings[] = {
	{ "max_connections", SETTING_NUMBER, L(uint64_t, max_connections), 0, UINT64_MAX, NULL, 0,
	  "Connections that this listener takes at a time; more are closed at once. 0: no limit.", NULL },
	{ NULL, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct setting global_settings[] = {
	{ "port", SETTING_NUMBER, G(uint64_t, port), 1, 65535, NULL, 0,
	  "A listener on this port of every address. `listener` does the same and more.", NULL },
	{ "bind_address", SETTING_TEXT, G(char *, bind_address), 0, 255, NULL, 0,
	  "The address that `port` listens on instead.", NULL },
	{ "max_connections", SETTING_NUMBER, G(uint64_t, max_connections), 0, UINT64_MAX, NULL, 0,
	  "Connections that the listener of `port` takes at a time; more are closed at once. 0: no limit.", NULL },
	{ "global_max_connections", SETTING_NUMBER, G(uint64_t, global_max_connections), 0, UINT64_MAX, NULL, 0,
	  "Connections of all listeners together. 0: no limit.", NULL },
	{ "allow_anonymous", SETTING_CHOICE, G(int, allow_anonymous), 0, 0, NULL, 0,
	  "Whether clients may connect without a name. Not given: only while no listener is configured, which is on the loopback interface.", anonymous_words },
	{ "allow_zero_length_clientid", SETTING_BOOL, G(bool, allow_zero_length_clientid), 0, 0, "true", 0,
	  "Give a client that sends an empty client identifier one.", NULL },
	{ "auto_id_prefix", SETTING_TEXT, G(char *, auto_id_prefix), 0, 64, "auto-", 0,
	  "What identifiers given that way start with.", NULL },

	{ "max_inflight_messages", SETTING_NUMBER, G(uint64_t, limits.max_inflight_messages), 0, 65535, "20", 0,
	  "QoS 1 and 2 messages on their way to a client at a time; announced to MQTT 5 clients as the receive maximum of the other direction. 0: 65,535.", NULL },
	{ "max_inflight_bytes", SETTING_SIZE, G(uint64_t, limits.max_inflight_bytes), 0, UINT64_MAX, "0", 0,
	  "The same in bytes. 0: no limit.", NULL },
	{ "max_queued_messages", SETTING_NUMBER, G(uint64_t, limits.max_queued_messages), 0, UINT64_MAX, "1000", 0,
	  "QoS 1 and 2 messages that wait for one client beyond those in flight; newer ones are dropped and counted. 0: no limit.", NULL },
	{ "max_queued_bytes", SETTING_SIZE, G(uint64_t, limits.max_queued_bytes), 0, UINT64_MAX, "0", 0,
	  "The same in bytes. 0: no limit.", NULL },
	{ "max_output_bytes", SETTING_SIZE, G(uint64_t, limits.max_output_bytes), 4096, UINT64_MAX, "16M", 0,
	  "Bytes that wait in the broker for one connected client to read them. Beyond it QoS 0 messages for that client are dropped and counted, and others wait in its queue. (belfry's own)", NULL },
	{ "max_packet_size", SETTING_SIZE, G(uint64_t, limits.max_packet_size), 20, MAX_REMAINING_LENGTH, "2000000", 0,
	  "The largest packet a client may send.", NULL },
	{ "message_size_limit", SETTING_SIZE, G(uint64_t, limits.message_size_limit), 0, MAX_REMAINING_LENGTH, "0", 0,
	  "The largest payload that is passed on; a larger one is refused. 0: no limit.", NULL },
	{ "max_keepalive", SETTING_NUMBER, G(uint64_t, limits.max_keepalive), 0, 65535, "65535", 0,
	  "The longest keep-alive in seconds. MQTT 5 clients are told to keep to it, older ones that ask for more are refused.", NULL },
	{ "max_topic_alias", SETTING_NUMBER, G(uint64_t, max_topic_alias), 0, 65535, "10", 0,
	  "Topic aliases that a client may set.", NULL },
	{ "maximum_qos", SETTING_NUMBER, G(uint64_t, max_qos), 0, 2, "2", 0,
	  "The largest QoS that clients may publish with and are granted.", NULL },
	{ "max_qos", SETTING_NUMBER, G(uint64_t, max_qos), 0, 2, "2", 0,
	  "Another name of maximum_qos.", NULL },
	{ "retain_available", SETTING_BOOL, G(bool, limits.retain_available), 0, 0, "true", 0,
	  "Whether messages may be retained.", NULL },
	{ "queue_qos0_messages", SETTING_BOOL, G(bool, limits.queue_qos0_messages), 0, 0, "false", 0,
	  "Keep QoS 0 messages too for clients with a session that are away.", NULL },
	{ "upgrade_outgoing_qos", SETTING_BOOL, G(bool, limits.upgrade_outgoing_qos), 0, 0, "false", 0,
	  "Send every message with the QoS of the subscription. Not what MQTT says.", NULL },
	{ "persistent_client_expiration", SETTING_DURATION, G(uint64_t, limits.persistent_client_expiration), 0, UINT32_MAX, "0", 0,
	  "The longest time that a session outlives its connection. 0: as long as the client asked for.", NULL },
	{ "max_match_cache", SETTING_NUMBER, G(uint64_t, limits.max_match_cache), 0, 100000000, "262144", 0,
	  "Topics whose subscribers are remembered. (belfry's own)", NULL },

	{ "connection_messages", SETTING_BOOL, G(bool, connection_messages), 0, 0, "true", 0,
	  "Log clients that connect and disconnect.", NULL },
	{ "log_dest", SETTING_LIST, G(struct text_list, log_dest), 0, 0, NULL, 0,
	  "Where the log goes: stderr (the default; with -d syslog), stdout, syslog, none, or: file PATH.", NULL },
	{ "log_type", SETTING_FLAGS, G(unsigned, log_types), 0, 0, NULL, 0,
	  "What is logged; several lines add up. Not given: error, warning, notice, information.", log_type_words },
	{ "log_timestamp", SETTING_BOOL, G(bool, log_timestamp), 0, 0, "true", 0,
	  "Whether each line starts with the time.", NULL },
	{ "pid_file", SETTING_TEXT, G(char *, pid_file), 0, 4095, NULL, 0,
	  "Write the process id to this file with -d.", NULL },
	{ "set_tcp_nodelay", SETTING_BOOL, G(bool, set_tcp_nodelay), 0, 0, "true", 0,
	  "Accepted; it is always on, as the broker gathers its writes itself.", NULL },
	{ "persistence", SETTING_BOOL, G(bool, persistence), 0, 0, "false", 0,
	  "Keep sessions and retained messages on disk. Only false in this version.", NULL },
	{ NULL, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};
/* clang-format on */

#define NOT_YET                                                                                    \
	"is known from mosquitto.conf and not carried out by this version; remove the line only "  \
	"if the site can do without it"
#define REFUSE(keyword)                                                                            \
	{                                                                                          \
		keyword, NOT_YET                                                                   \
	}

/* What a site may rely on and would miss in silence. */
static const struct settings_refusal refusals[] = {
	REFUSE("accept_protocol_versions"),
	REFUSE("acl_file"),
	REFUSE("address"),
	REFUSE("addresses"),
	REFUSE("allow_duplicate_messages"),
	REFUSE("auth_opt"),
	REFUSE("auth_plugin"),
	REFUSE("auth_plugin_deny_special_chars"),
	REFUSE("autosave_interval"),
	REFUSE("autosave_on_changes"),
	REFUSE("bind_interface"),
	REFUSE("bridge_alpn"),
	REFUSE("bridge_attempt_unsubscribe"),
	REFUSE("bridge_bind_address"),
	REFUSE("bridge_cafile"),
	REFUSE("bridge_capath"),
	REFUSE("bridge_certfile"),
	REFUSE("bridge_identity"),
	REFUSE("bridge_insecure"),
	REFUSE("bridge_keyfile"),
	REFUSE("bridge_max_packet_size"),
	REFUSE("bridge_max_topic_alias"),
	REFUSE("bridge_outgoing_retain"),
	REFUSE("bridge_protocol_version"),
	REFUSE("bridge_psk"),
	REFUSE("bridge_receive_maximum"),
	REFUSE("bridge_require_ocsp"),
	REFUSE("bridge_session_expiry_interval"),
	REFUSE("bridge_tcp_keepalive"),
	REFUSE("bridge_tcp_user_timeout"),
	REFUSE("bridge_tls_version"),
	REFUSE("cafile"),
	REFUSE("capath"),
	REFUSE("certfile"),
	REFUSE("check_retain_source"),
	REFUSE("ciphers"),
	REFUSE("ciphers_tls1.3"),
	REFUSE("cleansession"),
	REFUSE("clientid"),
	REFUSE("clientid_prefixes"),
	REFUSE("connection"),
	REFUSE("crlfile"),
	REFUSE("dhparamfile"),
	REFUSE("disable_client_cert_date_checks"),
	REFUSE("enable_control_api"),
	REFUSE("enable_proxy_protocol"),
	REFUSE("global_max_clients"),
	REFUSE("global_plugin"),
	REFUSE("http_dir"),
	REFUSE("idle_timeout"),
	REFUSE("include_dir"),
	REFUSE("keepalive_interval"),
	REFUSE("keyfile"),
	REFUSE("listener_allow_anonymous"),
	REFUSE("listener_auto_id_prefix"),
	REFUSE("local_cleansession"),
	REFUSE("local_clientid"),
	REFUSE("local_password"),
	REFUSE("local_username"),
	REFUSE("log_facility"),
	REFUSE("log_timestamp_format"),
	REFUSE("max_topic_alias_broker"),
	REFUSE("memory_limit"),
	REFUSE("mount_point"),
	REFUSE("notification_topic"),
	REFUSE("notifications"),
	REFUSE("notifications_local_only"),
	REFUSE("packet_buffer_size"),
	REFUSE("password"),
	REFUSE("password_file"),
	REFUSE("per_listener_settings"),
	REFUSE("persistence_file"),
	REFUSE("persistence_location"),
	REFUSE("plugin"),
	REFUSE("plugin_load"),
	REFUSE("plugin_use"),
	REFUSE("protocol"),
	REFUSE("psk_file"),
	REFUSE("psk_hint"),
	REFUSE("remote_clientid"),
	REFUSE("remote_password"),
	REFUSE("remote_username"),
	REFUSE("require_certificate"),
	REFUSE("restart_timeout"),
	REFUSE("retain_expiry_interval"),
	REFUSE("retry_interval"),
	REFUSE("round_robin"),
	REFUSE("socket_domain"),
	REFUSE("start_type"),
	REFUSE("sys_interval"),
	REFUSE("threshold"),
	REFUSE("tls_engine"),
	REFUSE("tls_engine_kpass_sha1"),
	REFUSE("tls_keyform"),
	REFUSE("tls_version"),
	REFUSE("topic"),
	REFUSE("try_private"),
	REFUSE("use_identity_as_username"),
	REFUSE("use_subject_as_username"),
	REFUSE("use_username_as_clientid"),
	REFUSE("user"),
	REFUSE("username"),
	REFUSE("websockets_headers_size"),
	REFUSE("websockets_log_level"),
	REFUSE("websockets_origin"),
	{ NULL, NULL },
};

static bool open_listener(void *owner, struct settings_line *line, struct settings_block *ret)
{
	struct config *config = owner;
	struct span port = settings_word(line), address = settings_word(line);
	struct listener_config *listener;
	uint64_t number;

	if (!span_to_uint(port, 65535, &number))
		return settings_error(line, port,
				"is not a port; write: listener PORT [ADDRESS], PORT from 0 to "
				"65535");
	if (line->rest.len > 0)
		return settings_error(
				line, line->rest, "is too much; write: listener PORT [ADDRESS]");
	if (address.len > 0 && address.data[0] == '/')
		return settings_error(line, address,
				"is a Unix socket, which this version does not listen on");
	config->listeners = grow_array(config->listeners, config->listener_count,
			&config->listener_capacity, sizeof(*config->listeners));
	listener = &config->listeners[config->listener_count++];
	*listener = (struct listener_config){ .port = number };
	settings_init(listener_settings, listener);
	if (address.len > 0)
		listener->address = span_dup_text(address);
	*ret = (struct settings_block){
		.table = listener_settings, .target = listener, .title = "listener"
	};
	return true;
}

static const struct settings_opener openers[] = {
	{ "listener", "PORT [ADDRESS]",
			"Accept MQTT connections over TCP. Port 0 lets the kernel choose; the log "
			"says which.",
			open_listener, listener_settings },
	{ NULL, NULL, NULL, NULL, NULL },
};

struct settings_grammar config_grammar(struct config *config)
{
	return (struct settings_grammar){
		.global = { .table = global_settings, .target = config, .lines = &config->lines },
		.openers = openers,
		.refusals = refusals,
		.text_is_whole_line = true,
	};
}

struct policy *config_policy(const struct config *config)
{
	struct policy *policy = policy_create();

	policy->allow_anonymous = config->allow_anonymous == ANONYMOUS_BY_LISTENERS
						  ? config->is_local_only
						  : config->allow_anonymous == ANONYMOUS_YES;
	policy->allow_zero_length_clientid = config->allow_zero_length_clientid;
	policy->max_qos = (uint8_t)config->max_qos;
	policy->max_topic_alias = (uint16_t)config->max_topic_alias;
	if (config->auto_id_prefix != NULL)
		policy->auto_id_prefix = xstrdup(config->auto_id_prefix);
	return policy;
}

struct log_config config_log(const struct config *config)
{
	struct log_config log = { .program = "belfry-broker", .timestamps = config->log_timestamp };

	log.types = config->log_types != 0 ? config->log_types : LOG_TYPES_DEFAULT;
	if (config->verbose)
		log.types = LOG_TYPES_ALL;
	if (log.types & LOG_TYPE_NONE)
		log.types = 0;
	log.destination = config->daemon ? LOG_TO_SYSLOG : LOG_TO_STDERR;
	if (config->log_dest.count > 0)
		log_destination_parse(config->log_dest.texts[0], &log.destination, &log.file);
	return log;
}

/* An error of a keyword that was accepted line by line. */
static void keyword_error(const struct config *config, struct settings_report *report,
		const char *keyword, const char *what)
{
	struct settings_line line = {
		.file = config->file != NULL ? config->file : "command line",
		.number = settings_line_of(global_settings, &config->lines, keyword),
		.report = report,
	};

	settings_error(&line, span_of_text(keyword), "%s", what);
}

/* What one row of a table cannot know. */
static void check_config(const struct config *config, struct settings_report *report)
{
	enum log_destination destination;
	const char *file;

	if (config->persistence)
		keyword_error(config, report, "persistence",
				"true is not carried out by this version; set it to false");
	if (config->log_dest.count > 1)
		keyword_error(config, report, "log_dest",
				"was given more than once; this version logs to one place");
	if (config->log_dest.count > 0 &&
			!log_destination_parse(config->log_dest.texts[0], &destination, &file))
		keyword_error(config, report, "log_dest", "takes " LOG_DESTINATIONS);
	if (config->pid_file != NULL && config->pid_file[0] != '/')
		keyword_error(config, report, "pid_file",
				"is not absolute; write the path from / on");
	if (config->bind_address != NULL && config->port == 0)
		keyword_error(config, report, "bind_address",
				"needs a port; write: listener PORT ADDRESS");
}

static void print_help(void)
{
	struct config nothing = { 0 };
	struct settings_grammar grammar = config_grammar(&nothing);

	puts("usage: belfry-broker [-c FILE] [-p PORT] [-v] [-d] [--test-config]\n"
	     "\n"
	     "An MQTT broker for versions 3.1, 3.1.1 and 5.0.\n"
	     "\n"
	     "  -c FILE        read this configuration, written as mosquitto.conf\n"
	     "  -p PORT        listen on this port of the loopback interface\n"
	     "  -v             log everything, each packet included\n"
	     "  -d             go into the background\n"
	     "  --test-config  check the configuration and exit: 0 when it is good, 3 when not\n"
	     "  --help         print this text\n"
	     "  --version      print the version\n"
	     "\n"
	     "Without -c it listens on port 1883 of the loopback interface and lets anybody in.\n"
	     "\n"
	     "Keywords of the configuration:\n");
	settings_print_help(stdout, &grammar);
}

enum argument { ARGUMENT_GO_ON, ARGUMENT_EXIT, ARGUMENT_BAD };

static enum argument parse_argument(
		struct config *config, char **argv, int *at, struct settings_report *report)
{
	const char *word = argv[*at];
	struct settings_line line = { .file = "command line", .report = report };

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		print_help();
		return ARGUMENT_EXIT;
	}
	if (strcmp(word, "--version") == 0) {
		puts("belfry-broker " BELFRY_VERSION);
		return ARGUMENT_EXIT;
	}
	if (strcmp(word, "-v") == 0 || strcmp(word, "--verbose") == 0) {
		config->verbose = true;
	} else if (strcmp(word, "-d") == 0 || strcmp(word, "--daemon") == 0) {
		config->daemon = true;
	} else if (strcmp(word, "--test-config") == 0) {
		config->test = true;
	} else if ((strcmp(word, "-c") == 0 || strcmp(word, "-p") == 0) && argv[*at + 1] == NULL) {
		settings_error(&line, span_of_text(word), "needs a value; see --help");
		return ARGUMENT_BAD;
	} else if (strcmp(word, "-c") == 0) {
		config->file = argv[++*at];
	} else if (strcmp(word, "-p") == 0) {
		if (!settings_set(global_settings, config, "command line", "port", argv[++*at],
				    report))
			return ARGUMENT_BAD;
	} else {
		settings_error(&line, span_of_text(word), "unknown argument; see --help");
		return ARGUMENT_BAD;
	}
	return ARGUMENT_GO_ON;
}

/* Without a listener in the file: loopback only, and on the port of -p if there is one. */
static void complete(struct config *config, bool port_from_command_line)
{
	config->is_local_only = config->listener_count == 0 &&
				(config->port == 0 || port_from_command_line);
	if (config->is_local_only && config->port == 0)
		config->port = DEFAULT_PORT;
}

bool config_load(struct config *config, int argc, char **argv, int *ret_status)
{
	struct settings_report report = { 0 };
	struct settings_grammar grammar;
	uint64_t port;

	*config = (struct config){ 0 };
	settings_init(global_settings, config);
	*ret_status = EXIT_SUCCESS;
	for (int i = 1; i < argc; i++) {
		if (parse_argument(config, argv, &i, &report) == ARGUMENT_EXIT) {
			str_finish(&report.text);
			return false;
		}
	}
	port = config->port;
	grammar = config_grammar(config);
	if (report.errors == 0 && config->file != NULL)
		settings_load(config->file, &grammar, config, &report);
	if (port != 0)
		config->port = port; /* the command line wins */
	if (report.errors == 0)
		check_config(config, &report);
	complete(config, port != 0);
	fputs(str_text(&report.text), stderr);
	str_finish(&report.text);
	if (report.errors > 0)
		*ret_status = EXIT_CONFIG;
	if (config->test && report.errors == 0)
		printf("%s: the configuration is good\n",
				config->file != NULL ? config->file : "no file");
	return report.errors == 0 && !config->test;
}

void config_finish(struct config *config)
{
	for (size_t i = 0; i < config->listener_count; i++) {
		settings_finish(listener_settings, &config->listeners[i]);
		free(config->listeners[i].address);
	}
	free(config->listeners);
	settings_finish(global_settings, config);
	*config = (struct config){ 0 };
}
