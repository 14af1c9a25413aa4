/* SPDX-License-Identifier: MIT */
/*
 * `listener` blocks, and the listener of `port`.
 */
#include "broker/config_tables.h"
#include "broker/io/http_api.h"
#include "broker/io/websocket.h"
#include "common/mem.h"
#include "common/topic.h"

const struct setting_choice config_anonymous_words[] = {
	{ "true", ANONYMOUS_YES },
	{ "false", ANONYMOUS_NO },
	{ NULL, 0 },
};

const struct setting_choice config_protocol_words[] = {
	{ "mqtt", PROTOCOL_MQTT },
	{ "websockets", PROTOCOL_WEBSOCKETS },
	{ "http_api", PROTOCOL_HTTP_API },
	{ NULL, 0 },
};

const struct setting_choice config_domain_words[] = {
	{ "ipv4", DOMAIN_IPV4 },
	{ "ipv6", DOMAIN_IPV6 },
	{ NULL, 0 },
};

const struct setting_choice config_tls_words[] = {
	{ "tlsv1.2", TLS_1_2 },
	{ "tlsv1.3", TLS_1_3 },
	{ NULL, 0 },
};

const struct setting config_listener_settings[] = {
	LISTENER_ROWS(struct listener_config, ),
	SETTINGS_END,
};

/* With per_listener_settings these belong to the block, else to the file as a whole. */
static const struct setting secured_listener_settings[] = {
	LISTENER_ROWS(struct listener_config, ),
	SECURITY_ROWS(struct listener_config, security.),
	SETTINGS_END,
};

const struct setting *config_listener_table(const struct config *config)
{
	return config->per_listener_settings ? secured_listener_settings : config_listener_settings;
}

bool config_open_listener(void *owner, struct settings_line *line, struct settings_block *ret)
{
	struct config *config = owner;
	struct span port = settings_word(line), address = settings_word(line);
	bool is_path = address.len > 0 && address.data[0] == '/';
	struct listener_config *listener;
	uint64_t number;

	if (!span_to_uint(port, 65535, &number))
		return settings_error(line, port,
				"is not a port; write: listener PORT [ADDRESS], PORT from 0 to "
				"65535");
	if (line->rest.len > 0)
		return settings_error(
				line, line->rest, "is too much; write: listener PORT [ADDRESS]");
	if (is_path && number != 0)
		return settings_error(line, port,
				"is not the port of a Unix socket; write: listener 0 /PATH");
	config->listeners = grow_array(config->listeners, config->listener_count,
			&config->listener_capacity, sizeof(*config->listeners));
	listener = xcalloc(1, sizeof(*listener));
	config->listeners[config->listener_count++] = listener;
	settings_init(config_listener_table(config), listener);
	listener->port = number;
	if (address.len > 0)
		listener->address = span_dup_text(address);
	*ret = (struct settings_block){ .table = config_listener_table(config),
		.target = listener,
		.title = "listener",
		.lines = &listener->lines };
	return true;
}

void config_listener_destroy(struct listener_config *listener)
{
	/* The larger table; the texts that the smaller one does not have are NULL. */
	settings_finish(secured_listener_settings, listener);
	free(listener->address);
	free(listener);
}

/* `protocol http_api` has no TLS, no passwords and none of these limits: nobody is to think so. */
static void check_http_api(const struct setting *rows, const struct setting *table,
		const struct settings_lines *lines, struct settings_report *report)
{
	static const char *const good[] = { "protocol", "socket_domain", "bind_interface" };

	if (!http_api_is_available())
		config_keyword_error(report, table, lines, "protocol",
				"http_api needs libmicrohttpd, and this broker was built without "
				"it; install libmicrohttpd-dev and build again");
	for (const struct setting *s = rows; s->name != NULL; s++) {
		bool is_good = settings_line_of(table, lines, s->name) == 0;

		for (size_t i = 0; i < array_size(good); i++)
			is_good = is_good || strcmp(s->name, good[i]) == 0;
		if (!is_good)
			config_keyword_error(report, table, lines, s->name,
					"is not for a listener of protocol http_api, which has no "
					"TLS and asks for no password; bind it to an address that "
					"only the monitoring reaches");
	}
}

/* What a proxy can tell, and what a listener may so ask of it. */
static void check_proxy(const struct listener_config *l, const struct setting *table,
		const struct settings_lines *lines, struct settings_report *report)
{
	bool is_told = l->enable_proxy_protocol == 2;
	bool has_tls = l->certfile != NULL || l->psk_hint != NULL;

	if (l->proxy_protocol_v2_require_tls && !is_told)
		config_keyword_error(report, table, lines, "proxy_protocol_v2_require_tls",
				"needs the header that tells of it; add a line: "
				"enable_proxy_protocol 2");
	if (l->require_certificate && !has_tls && !is_told)
		config_keyword_error(report, table, lines, "require_certificate",
				"needs TLS; add lines: certfile PATH and keyfile PATH, or behind a "
				"proxy that speaks it: enable_proxy_protocol 2");
	if (l->require_certificate && has_tls && l->cafile == NULL && l->capath == NULL)
		config_keyword_error(report, table, lines, "require_certificate",
				"needs authorities to hold certificates against; add a line: "
				"cafile PATH");
	if (l->use_subject_as_username && !has_tls && l->enable_proxy_protocol > 0)
		config_keyword_error(report, table, lines, "use_subject_as_username",
				"is more than a proxy tells; take use_identity_as_username");
	if (l->use_identity_as_username && !has_tls && l->enable_proxy_protocol == 1)
		config_keyword_error(report, table, lines, "use_identity_as_username",
				"is more than this version of the header tells; write: "
				"enable_proxy_protocol 2");
}

static void check_listener(const struct listener_config *l, const struct setting *table,
		const struct settings_lines *lines, struct settings_report *report)
{
	uint8_t versions;

	if ((l->certfile == NULL) != (l->keyfile == NULL))
		config_keyword_error(report, table, lines,
				l->certfile != NULL ? "certfile" : "keyfile",
				l->certfile != NULL ? "needs its key; add a line: keyfile PATH"
						    : "needs its certificate; add a line: certfile "
						      "PATH");
	if (l->mount_point != NULL && !topic_name_valid(span_of_text(l->mount_point)))
		config_keyword_error(report, table, lines, "mount_point",
				"is no beginning of a topic; write text in UTF-8 without + and #, "
				"as "
				"in: mount_point site1/");
	check_proxy(l, table, lines, report);
	if (l->protocol == PROTOCOL_WEBSOCKETS && !websocket_is_available())
		config_keyword_error(report, table, lines, "protocol",
				"websockets needs wslay and http-parser, and this broker was built "
				"without them; install libwslay-dev and libhttp-parser-dev and "
				"build again");
	if (l->accept_protocol_versions != NULL &&
			!config_versions(l->accept_protocol_versions, &versions))
		config_keyword_error(report, table, lines, "accept_protocol_versions",
				"takes 3, 4 and 5, separated by commas");
}

/* Keywords of a listener before the first one, where there is no listener of `port`. */
static void check_strays(const struct config *config, struct settings_report *report)
{
	for (const struct setting *s = config_listener_settings; s->name != NULL; s++) {
		if (settings_line_of(config_global_settings, &config->lines, s->name) > 0)
			config_keyword_error(report, config_global_settings, &config->lines,
					s->name,
					"stands before the first `listener`, where it is for the "
					"listener of `port`, and there is none; move it below a "
					"listener line");
	}
}

void config_check_listeners(const struct config *config, struct settings_report *report)
{
	if (config->first.port == 0 && config->listener_count > 0)
		check_strays(config, report);
	check_listener(&config->first, config_global_settings, &config->lines, report);
	if (config->first.protocol == PROTOCOL_HTTP_API)
		check_http_api(config_listener_settings, config_global_settings, &config->lines,
				report);
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener_config *l = config->listeners[i];

		check_listener(l, config_listener_table(config), &l->lines, report);
		if (l->protocol == PROTOCOL_HTTP_API)
			check_http_api(config_listener_table(config), config_listener_table(config),
					&l->lines, report);
	}
}
