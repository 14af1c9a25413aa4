/* SPDX-License-Identifier: MIT */
/*
 * Records as syslog messages, over UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425).
 */
#include <stdio.h>

#include "common/mem.h"
#include "plugins/destination.h"
#include "plugins/syslog/message.h"

enum {
	DATAGRAM_SIZE = 2048, /* RFC 5426, 3.2: what receivers should take */
	DATAGRAM_MOST = 65507,
	STREAM_SIZE = 8192, /* what rsyslogd and syslog-ng take, unless told otherwise */
	STREAM_MOST = 1 << 20,
};

/* Rows of the records' rendered texts. */
enum { RENDERED_APP_NAME };

enum framing { FRAMING_OCTET, FRAMING_NEWLINE };

struct syslog_config {
	const char *url;
	uint64_t timeout;
	int framing, facility, severity;
	const char *app_name;
	uint64_t enterprise, max_size;
};

struct syslog {
	const struct syslog_config *config;
	struct destination *destination;
	struct syslog_form form;
	char hostname[256];
	struct datagrams messages;
	struct str stream; /* messages in their frames */
};

static const struct url_scheme schemes[] = {
	{ "udp", 514, false },
	{ "tcp", 601, false },
	{ "tls", 6514, true },
	{ 0 },
};

/* clang-format off */
static const struct relay_choice framings[] = {
	{ "octet", FRAMING_OCTET }, { "newline", FRAMING_NEWLINE }, { 0 },
};

static const struct relay_choice facilities[] = { /* RFC 5424, table 1 */
	{ "kern", 0 }, { "user", 1 }, { "mail", 2 }, { "daemon", 3 }, { "auth", 4 },
	{ "syslog", 5 }, { "lpr", 6 }, { "news", 7 }, { "uucp", 8 }, { "cron", 9 },
	{ "authpriv", 10 }, { "ftp", 11 }, { "ntp", 12 }, { "audit", 13 }, { "alert", 14 },
	{ "clock", 15 }, { "local0", 16 }, { "local1", 17 }, { "local2", 18 }, { "local3", 19 },
	{ "local4", 20 }, { "local5", 21 }, { "local6", 22 }, { "local7", 23 }, { 0 },
};

#define AT(member) offsetof(struct syslog_config, member)

static const struct relay_setting settings[] = {
	{ "url", RELAY_TEXT, AT(url), 1, 1000, NULL, RELAY_REQUIRED,
	  "Where to send to: udp://HOST[:514], tcp://HOST[:601] or tls://HOST[:6514].", NULL },
	{ "framing", RELAY_CHOICE, AT(framing), 0, 0, "octet", 0,
	  "How tcp and tls tell messages apart: octet writes the length in front of each, newline "
	  "ends each with a line feed, for receivers that know nothing else.", framings },
	{ "facility", RELAY_CHOICE, AT(facility), 0, 0, "daemon", 0,
	  "The facility of all messages.", facilities },
	{ "severity", RELAY_CHOICE, AT(severity), 0, 0, "notice", 0,
	  "The severity of what is no check result; that of a check result follows from its state.",
	  severity_choices },
	{ "app_name", RELAY_TEMPLATE, AT(app_name), 1, 1000, "belfry", 0,
	  "The field APP-NAME, a template such as ${topic[0]}. At most 48 characters of it are "
	  "sent.", NULL },
	{ "enterprise", RELAY_NUMBER, AT(enterprise), 1, UINT32_MAX, "32473", 0,
	  "The private enterprise number in the name of the structured data, belfry@32473. The "
	  "default is the one that RFC 5612 sets aside for examples; put your own here if you "
	  "have one.", NULL },
	{ "max_size", RELAY_SIZE, AT(max_size), SYSLOG_LEAST_SIZE, STREAM_MOST, NULL, 0,
	  "Bytes of a message; the end of a longer one is cut off. Default: 2048 over UDP, 8k "
	  "else.", NULL },
	{ "timeout", RELAY_DURATION, AT(timeout), 1, 3600, "30s", 0,
	  "How long to wait for a connection, and for a receiver that takes nothing.", NULL },
	{ 0 },
};
/* clang-format on */

static struct destination_settings destination_of(const struct syslog_config *config)
{
	return (struct destination_settings){ config->url, schemes, config->timeout };
}

static bool check(const void *at, char problem[RELAY_REASON])
{
	const struct syslog_config *config = at;
	struct destination_settings destination = destination_of(config);
	const struct url_scheme *scheme = destination_check(&destination, problem);
	const char *wrong = NULL;

	if (scheme == NULL)
		return false;
	if (strcmp(scheme->name, "udp") != 0)
		return true;
	if (config->framing != FRAMING_OCTET)
		wrong = "framing is for tcp:// and tls://; a datagram is one message";
	else if (config->max_size > DATAGRAM_MOST)
		wrong = "max_size must not be above 65507 with udp://";
	if (wrong != NULL)
		snprintf(problem, RELAY_REASON, "%s", wrong);
	return wrong == NULL;
}

static void *open_syslog(const struct relay_host *host, const void *at)
{
	struct syslog *s = xcalloc(1, sizeof(*s));
	struct destination_settings destination = destination_of(at);
	bool datagrams;

	s->config = at;
	s->destination = destination_create(host, &destination);
	datagrams = destination_is_datagram(s->destination);
	if (gethostname(s->hostname, sizeof(s->hostname) - 1) < 0)
		s->hostname[0] = '\0';
	s->form = (struct syslog_form){
		.hostname = s->hostname,
		.facility = (uint32_t)s->config->facility,
		.severity = (enum severity)s->config->severity,
		.enterprise = (uint32_t)s->config->enterprise,
		.max_size = s->config->max_size > 0 ? s->config->max_size
			    : datagrams		    ? DATAGRAM_SIZE
						    : STREAM_SIZE,
		.one_line = s->config->framing == FRAMING_NEWLINE,
	};
	return s;
}

static void close_syslog(void *instance)
{
	struct syslog *s = instance;

	destination_destroy(s->destination);
	datagrams_finish(&s->messages);
	str_finish(&s->stream);
	free(s);
}

static void write_messages(struct syslog *s, const struct relay_batch *batch)
{
	datagrams_clear(&s->messages);
	for (size_t i = 0; i < batch->count; i++) {
		const struct relay_record *record = relay_record_at(batch, i);

		syslog_append_message(&s->messages.bytes, &s->form, record,
				record->rendered[RENDERED_APP_NAME]);
		datagrams_end(&s->messages);
	}
}

/* RFC 6587: 3.4.1 octet counting, 3.4.2 a line feed behind each. */
static struct span framed(struct syslog *s)
{
	str_clear(&s->stream);
	for (size_t i = 0; i < s->messages.count; i++) {
		struct span message = datagrams_at(&s->messages, i);

		if (s->config->framing == FRAMING_OCTET)
			str_printf(&s->stream, "%zu ", message.len);
		str_append(&s->stream, message);
		if (s->config->framing == FRAMING_NEWLINE)
			str_append_byte(&s->stream, '\n');
	}
	return str_span(&s->stream);
}

static enum relay_verdict deliver(
		void *instance, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	struct syslog *s = instance;
	bool sent;

	write_messages(s, batch);
	if (destination_is_datagram(s->destination))
		sent = destination_send_datagrams(s->destination, &s->messages, outcome->reason);
	else
		sent = destination_send(s->destination, framed(s), outcome->reason);
	return sent ? RELAY_OK : RELAY_RETRY;
}

static bool idle(void *instance, struct relay_outcome *outcome)
{
	struct syslog *s = instance;

	return destination_ready(s->destination, outcome->reason);
}

RELAY_EXPORT const struct relay_plugin belfry_relay = {
	RELAY_HEADER,
	.name = "syslog",
	.version = BELFRY_VERSION,
	.help = "Sends records as syslog messages (RFC 5424) over UDP, TCP or TLS.",
	.flags = RELAY_USES_TLS | RELAY_WANTS_FIELDS,
	.settings = settings,
	.config_size = sizeof(struct syslog_config),
	.defaults = { .batch_records = "500", .schema = "raw" },
	.check = check,
	.open = open_syslog,
	.deliver = deliver,
	.idle = idle,
	.close = close_syslog,
};
