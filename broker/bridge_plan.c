/* SPDX-License-Identifier: MIT */
#include "broker/bridge_plan.h"

#include <unistd.h>

#include "broker/config_tables.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/topic.h"

enum { MQTT_PORT = 1883 };

/* The line of a keyword, for settings_error(); without one, that of the connection. */
static struct settings_line line_of(
		const struct bridge_config *b, const char *keyword, struct settings_report *report)
{
	unsigned number = settings_line_of(config_bridge_settings, &b->lines, keyword);

	return (struct settings_line){ .file = b->file,
		.number = number > 0 ? number : b->line,
		.keyword = span_of_text(keyword),
		.report = report };
}

static char *copy(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

/* --- names ---------------------------------------------------------------------------------- */

static void set_names(struct bridge_plan *plan, const struct bridge_config *b)
{
	char host[256] = "";
	struct str s = { 0 };

	plan->name = xstrdup(b->name);
	if (b->remote_clientid != NULL) {
		plan->remote_client_id = xstrdup(b->remote_clientid);
	} else {
		gethostname(host, sizeof(host) - 1);
		str_printf(&s, "%s.%s", b->name, host);
		plan->remote_client_id = str_take(&s);
	}
	if (b->local_clientid != NULL) {
		plan->local_client_id = xstrdup(b->local_clientid);
	} else {
		str_printf(&s, "local.%s", plan->remote_client_id);
		plan->local_client_id = str_take(&s);
	}
	plan->remote_username = copy(b->remote_username);
	plan->remote_password = copy(b->remote_password);
	plan->local_username = copy(b->local_username);
	plan->bind_address = copy(b->bind_address);
}

static void set_notifications(struct bridge_plan *plan, const struct bridge_config *b,
		struct settings_report *report)
{
	struct settings_line line = line_of(b, "notification_topic", report);
	struct str s = { 0 };

	if (!b->notifications)
		return;
	if (b->notification_topic != NULL)
		str_append_text(&s, b->notification_topic);
	else
		str_printf(&s, "$SYS/broker/connection/%s/state", plan->remote_client_id);
	if (!topic_name_valid(str_span(&s)))
		settings_error(&line, str_span(&s),
				"is no topic that the state can be published on; set a "
				"notification_topic without wildcards");
	plan->notification_topic = str_take(&s);
}

static void read_topics(struct bridge_plan *plan, const struct bridge_config *b,
		struct settings_report *report)
{
	struct settings_line line = line_of(b, "topic", report);

	for (size_t i = 0; i < b->topics.count; i++) {
		line.number = b->topics.lines[i];
		line.rest = span_of_text(b->topics.texts[i]);
		bridge_topics_add(&plan->topics, &line);
	}
}

/* --- addresses ------------------------------------------------------------------------------ */

static bool read_port(struct span digits, uint16_t *ret)
{
	unsigned port = 0;

	for (size_t i = 0; i < digits.len; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9' || port > UINT16_MAX)
			return false;
		port = port * 10 + digits.data[i] - '0';
	}
	*ret = (uint16_t)port;
	return port > 0 && port <= UINT16_MAX;
}

/* "host", "host:port", "::1:port", "[::1]:port", "[::1]" */
static bool split_address(struct span word, struct span *host, uint16_t *port)
{
	size_t colon = word.len;

	*port = MQTT_PORT;
	while (colon > 0 && word.data[colon - 1] != ':' && word.data[colon - 1] != ']')
		colon--;
	if (colon == 0 || word.data[colon - 1] == ']') {
		*host = word;
	} else {
		*host = span_first(word, colon - 1);
		if (!read_port(span_from(word, colon), port))
			return false;
	}
	if (host->len > 2 && host->data[0] == '[' && host->data[host->len - 1] == ']')
		*host = span_of(host->data + 1, host->len - 2);
	return host->len > 0;
}

static void read_addresses(struct bridge_plan *plan, const struct bridge_config *b,
		struct settings_report *report)
{
	struct settings_line line = line_of(b, "address", report);
	size_t capacity = 0;
	struct span word;

	line.rest = span_of_text(b->addresses);
	while ((word = settings_word(&line)).len > 0) {
		struct bridge_address address = { 0 };
		struct span host;

		if (!split_address(word, &host, &address.port)) {
			settings_error(&line, word, "is no address; write HOST or HOST:PORT");
			continue;
		}
		address.host = span_dup_text(host);
		plan->addresses = grow_array(plan->addresses, plan->address_count, &capacity,
				sizeof(*plan->addresses));
		plan->addresses[plan->address_count++] = address;
	}
}

/* --- TLS ------------------------------------------------------------------------------------ */

static bool wants_tls(const struct bridge_config *b)
{
	return b->cafile != NULL || b->capath != NULL || b->use_os_certs || b->certfile != NULL ||
	       b->psk != NULL;
}

/* Bytes of the key, or 0 when it is none. */
static size_t read_key(const char *hex, uint8_t key[TLS_MAX_KEY])
{
	size_t len = strlen(hex);

	if (len % 2 != 0 || len / 2 > TLS_MAX_KEY)
		return 0;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit((uint8_t)hex[i]), low = hex_digit((uint8_t)hex[i + 1]);

		if (high < 0 || low < 0)
			return 0;
		key[i / 2] = (uint8_t)(high << 4 | low);
	}
	return len / 2;
}

/* The certificate has to bear the name of the address, so each has a context of its own. */
static void open_tls(const struct bridge_config *b, struct bridge_address *address, bool is_first,
		struct span key, struct settings_report *report)
{
	struct settings_line line = line_of(b, "connection", report);
	struct str error = { 0 }, warning = { 0 }, prefix = { 0 };
	struct tls_settings settings = { .prefix = "bridge_",
		.cafile = b->cafile,
		.capath = b->capath,
		.certfile = b->certfile,
		.keyfile = b->keyfile,
		.tls_version = b->tls_version == TLS_1_3 ? "tlsv1.3" : "tlsv1.2",
		.ciphers = b->ciphers,
		.ciphers_tls13 = b->ciphers_tls13,
		.host = address->host,
		.insecure = b->insecure,
		.use_os_certs = b->use_os_certs,
		.alpn = b->alpn,
		.psk_identity = b->identity,
		.psk = key };

	address->tls = tls_client_create(&settings, &error, &warning);
	str_printf(&prefix, "connection %s", b->name);
	if (is_first) /* the others are made of the same files */
		log_lines(LOG_TYPE_WARNING, str_text(&prefix), str_span(&warning));
	if (address->tls == NULL)
		settings_error(&line, span_of_text(b->name), "%s", str_text(&error));
	str_finish(&error);
	str_finish(&warning);
	str_finish(&prefix);
}

static void read_tls(struct bridge_plan *plan, const struct bridge_config *b,
		struct settings_report *report)
{
	struct settings_line line = line_of(b, "bridge_psk", report);
	uint8_t key[TLS_MAX_KEY];
	size_t len = 0;

	if (!wants_tls(b))
		return;
	if (b->psk != NULL && (len = read_key(b->psk, key)) == 0) {
		settings_error(&line, line.keyword,
				"is no key: it has pairs of hexadecimal digits, of 1 to %d bytes",
				TLS_MAX_KEY);
		return;
	}
	for (size_t i = 0; i < plan->address_count; i++) {
		unsigned errors = report->errors;

		open_tls(b, &plan->addresses[i], i == 0, span_of(key, len), report);
		if (report->errors > errors)
			break; /* the others would say the same */
	}
	wipe(key, sizeof(key));
}

/* --- times and limits ----------------------------------------------------------------------- */

static bool read_seconds(struct settings_line *line, uint64_t *ret)
{
	struct span word = settings_word(line);
	uint64_t n = 0;

	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] < '0' || word.data[i] > '9' || n > 86400)
			return false;
		n = n * 10 + word.data[i] - '0';
	}
	*ret = n;
	return n > 0 && n <= 86400;
}

static void read_restart(struct bridge_plan *plan, const struct bridge_config *b,
		struct settings_report *report)
{
	struct settings_line line = line_of(b, "restart_timeout", report);
	struct span all = line.rest = span_of_text(b->restart_timeout);
	uint64_t base = 0, cap = 0;
	bool ok = read_seconds(&line, &base);

	cap = base;
	if (ok && line.rest.len > 0)
		ok = read_seconds(&line, &cap) && cap >= base && line.rest.len == 0;
	if (!ok)
		settings_error(&line, all,
				"is no time between attempts; write one number of seconds, or two: "
				"BASE CAP, from 1 to 86400");
	plan->options.restart = (struct jitter){ .base = seconds((int64_t)base),
		.cap = seconds((int64_t)cap) };
}

static void set_core_options(struct bridge_plan *plan, const struct bridge_config *b)
{
	bool own_clean = b->local_cleansession < 0 ? b->cleansession : b->local_cleansession > 0;

	plan->options.core = (struct bridge_options){ .name = plan->name,
		.topics = &plan->topics,
		.local_client_id = plan->local_client_id,
		.remote_client_id = plan->remote_client_id,
		.local_username = plan->local_username,
		.remote_username = plan->remote_username,
		.remote_password = plan->remote_password,
		.notification_topic = plan->notification_topic,
		.notifies_local_only = b->notifications_local_only,
		.version = (enum mqtt_version)b->protocol_version,
		.clean_start = b->cleansession,
		/* A lazy bridge that kept nothing would never start. */
		.local_clean_start = own_clean && b->start_type != START_LAZY,
		.is_lazy = b->start_type == START_LAZY,
		.threshold = b->threshold,
		.try_private = b->try_private,
		.attempt_unsubscribe = b->attempt_unsubscribe,
		.outgoing_retain = b->outgoing_retain,
		.keep_alive = (uint16_t)b->keepalive_interval,
		.max_packet_size = (uint32_t)b->max_packet_size,
		.receive_maximum = (uint16_t)b->receive_maximum,
		.session_expiry = (uint32_t)b->session_expiry_interval };
}

static void set_options(struct bridge_plan *plan, const struct bridge_config *b)
{
	set_core_options(plan, b);
	plan->options.addresses = plan->addresses;
	plan->options.address_count = plan->address_count;
	plan->options.round_robin = b->round_robin;
	plan->options.start = (enum bridge_start)b->start_type;
	plan->options.idle_timeout = seconds((int64_t)b->idle_timeout);
	plan->options.bind_address = plan->bind_address;
	plan->options.tcp_user_timeout = (unsigned)b->tcp_user_timeout;
	plan->policy = policy_create();
	plan->policy->allow_anonymous = true;
	plan->policy->max_topic_alias = (uint16_t)b->max_topic_alias;
}

struct bridge_plan *bridge_plan_create(
		const struct bridge_config *b, struct settings_report *report)
{
	struct bridge_plan *plan = xcalloc(1, sizeof(*plan));
	unsigned errors = report->errors;

	set_names(plan, b);
	set_notifications(plan, b, report);
	read_topics(plan, b, report);
	read_addresses(plan, b, report);
	read_tls(plan, b, report);
	read_restart(plan, b, report);
	set_options(plan, b);
	if (report->errors == errors)
		return plan;
	bridge_plan_destroy(plan);
	return NULL;
}

void bridge_plan_destroy(struct bridge_plan *plan)
{
	if (plan == NULL)
		return;
	for (size_t i = 0; i < plan->address_count; i++) {
		free(plan->addresses[i].host);
		tls_context_unref(plan->addresses[i].tls);
	}
	free(plan->addresses);
	if (plan->remote_password != NULL)
		wipe(plan->remote_password, strlen(plan->remote_password));
	free(plan->name);
	free(plan->remote_client_id);
	free(plan->remote_username);
	free(plan->remote_password);
	free(plan->local_client_id);
	free(plan->local_username);
	free(plan->notification_topic);
	free(plan->bind_address);
	bridge_topics_finish(&plan->topics);
	policy_unref(plan->policy);
	free(plan);
}

void bridge_plan_renew(struct bridge_plan *plan, struct bridge_plan *from)
{
	policy_move(&plan->policy, from->policy);
	for (size_t i = 0; i < plan->address_count; i++) {
		struct tls_context *old = plan->addresses[i].tls;

		plan->addresses[i].tls = from->addresses[i].tls;
		from->addresses[i].tls = old;
	}
}
