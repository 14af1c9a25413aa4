/* SPDX-License-Identifier: MIT */
/*
 * Relays over HTTP: one request for each batch, in the format that the server wants (format.h).
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/mem.h"
#include "plugins/http/client.h"
#include "plugins/http/format.h"
#include "plugins/http/header.h"
#include "plugins/http/status.h"
#include "plugins/http/url.h"

static const struct relay_choice formats[] = {
	{ "webhook", HTTP_WEBHOOK },
	{ "elasticsearch", HTTP_ELASTICSEARCH },
	{ "loki", HTTP_LOKI },
	{ "influxdb", HTTP_INFLUXDB },
	{ 0 },
};

static const struct relay_choice bodies[] = {
	{ "array", HTTP_ARRAY },
	{ "lines", HTTP_LINES },
	{ "each", HTTP_EACH },
	{ 0 },
};

static const struct relay_choice auths[] = {
	{ "bearer", HTTP_BEARER },
	{ "token", HTTP_TOKEN },
	{ "apikey", HTTP_APIKEY },
	{ 0 },
};

static const struct relay_choice compressions[] = {
	{ "off", false },
	{ "gzip", true },
	{ 0 },
};

#define AT(member) offsetof(struct http_config, member)

/* clang-format off */
static const struct relay_setting settings[] = {
	{ "format", RELAY_CHOICE, AT(format), 0, 0, "webhook", 0,
	  "What kind of server it is; elasticsearch is OpenSearch, too.", formats },
	{ "url", RELAY_TEXT, AT(url), 1, 4000, NULL, RELAY_REQUIRED,
	  "Where requests go, http:// or https://. For elasticsearch and loki the path may be "
	  "left out.", NULL },
	{ "body", RELAY_CHOICE, AT(body), 0, 0, "array", 0,
	  "Of format webhook: a JSON array of records, a line for each, or a request for each.", bodies },
	{ "index", RELAY_TEMPLATE, AT(index), 1, 1000, NULL, 0,
	  "Of format elasticsearch: the index or data stream, in lower case, such as "
	  "belfry-${time:%Y.%m.%d}.", NULL },
	{ "label", RELAY_LIST, AT(labels), 1, 1000, NULL, 0,
	  "Of format loki, one a line: host, service, state, topic, user, gateway, or "
	  "NAME=VALUE. Without any: host and service; job=belfry beside them.", NULL },
	{ "measurement", RELAY_TEXT, AT(measurement), 1, 255, "check", 0,
	  "Of format influxdb: the name of the measurement.", NULL },
	{ "user", RELAY_TEXT, AT(user), 1, 255, NULL, 0,
	  "The user's name.", NULL },
	{ "password_file", RELAY_SECRET, AT(password), 0, 0, NULL, 0,
	  "A file with the user's password.", NULL },
	{ "token_file", RELAY_SECRET, AT(token), 0, 0, NULL, 0,
	  "A file with a token that takes the place of user and password.", NULL },
	{ "auth", RELAY_CHOICE, AT(auth), 0, 0, "bearer", 0,
	  "The word before the token: Bearer, Token (InfluxDB 2) or ApiKey (Elasticsearch).", auths },
	{ "header", RELAY_LIST, AT(headers), 1, 4000, NULL, 0,
	  "A header of each request, NAME: VALUE; several lines give several.", NULL },
	{ "compression", RELAY_CHOICE, AT(gzip), 0, 0, "off", 0,
	  "gzip makes bodies smaller, where the server takes that.", compressions },
	{ "timeout", RELAY_DURATION, AT(timeout), 1, 3600, "30s", 0,
	  "How long a request and its answer may take.", NULL },
	{ "max_response", RELAY_SIZE, AT(max_response), 1024, 256 << 20, "4M", 0,
	  "The longest answer that is read.", NULL },
	{ 0 },
};
/* clang-format on */

static const struct relay_counter counters[] = {
	[HTTP_REQUESTS] = { "requests", "requests sent", false },
	[HTTP_BYTES] = { "bytes", "bytes of their bodies", false },
	[HTTP_FAILURES] = { "failures", "requests that were not answered", false },
	[HTTP_REFUSALS] = { "refusals", "documents that the server refused", false },
	[HTTP_KNOWN] = { "known", "documents that were there already", false },
	{ 0 },
};

struct instance {
	const struct relay_host *host;	  /* borrowed */
	const struct http_config *config; /* borrowed */
	struct http_client *client;
	struct http_request request;
};

static const char *fault_of_credentials(const struct http_config *config)
{
	if (config->user != NULL && config->token != NULL)
		return "take user and password_file, or token_file, not both";
	if (config->user != NULL && config->password == NULL)
		return "user needs password_file";
	if (config->user == NULL && config->password != NULL)
		return "password_file needs user";
	if (config->user != NULL && strchr(config->user, ':') != NULL)
		return "user must not hold a colon, which ends it [RFC 7617 section 2]";
	return NULL;
}

static bool check(const void *settings_of, char problem[RELAY_REASON])
{
	const struct http_config *config = settings_of;
	const struct http_format *format = http_format_of(config);
	const char *fault = fault_of_credentials(config);
	char *url = http_url_make(config, problem);

	curl_free(url);
	if (url == NULL)
		return false;
	if (fault != NULL) {
		snprintf(problem, RELAY_REASON, "%s", fault);
		return false;
	}
	for (size_t i = 0; i < config->headers.count; i++)
		if (!http_header_valid(config->headers.texts[i], problem))
			return false;
	return format->check == NULL || format->check(config, problem);
}

/* Settings of TLS let somebody believe that nobody listens in. */
static void warn_of_plain(const struct relay_host *host, const struct http_config *config)
{
	const struct relay_tls *t = host->tls;

	if (t == NULL)
		return;
	if (t->cafile == NULL && t->capath == NULL && t->certfile == NULL && t->crlfile == NULL)
		return;
	if (strncasecmp(config->url, "http://", strlen("http://")) == 0)
		host->log(host, RELAY_LOG_WARNING,
				"it connects without TLS, whatever cafile, certfile and so on say; "
				"write https:// in url, or take them away");
}

static void *open_instance(const struct relay_host *host, const void *config)
{
	struct http_client *client = http_client_create(host, config);
	struct instance *instance;

	if (client == NULL) {
		host->log(host, RELAY_LOG_ERROR, "libcurl cannot be set up for this url and TLS");
		return NULL;
	}
	warn_of_plain(host, config);
	instance = xcalloc(1, sizeof(*instance));
	*instance = (struct instance){ .host = host, .config = config, .client = client };
	return instance;
}

static void close_instance(void *owner)
{
	struct instance *instance = owner;

	http_client_destroy(instance->client);
	http_request_finish(&instance->request);
	free(instance);
}

/*
 * What a server says of the credentials may have them in it; a reason stands in the log and in the
 * status, for many eyes.
 */
static void hide_credentials(const struct http_config *config, char reason[RELAY_REASON])
{
	const char *const secrets[] = { config->password, config->token };

	for (size_t i = 0; i < array_size(secrets); i++) {
		if (secrets[i] == NULL || secrets[i][0] == '\0' ||
				strstr(reason, secrets[i]) == NULL)
			continue;
		snprintf(reason, RELAY_REASON,
				"the server's answer, which is not told because the password or "
				"token is in it; look at user, password_file and token_file");
	}
}

static enum relay_verdict send_request(struct instance *instance, struct relay_outcome *outcome)
{
	const struct http_format *format = http_format_of(instance->config);
	struct http_request *request = &instance->request;
	struct http_answer answer;
	enum relay_verdict verdict;

	if (!http_client_post(instance->client, str_span(&request->body), request->content_type,
			    &answer, outcome->reason)) {
		instance->host->count(instance->host, HTTP_FAILURES, 1);
		return RELAY_RETRY;
	}
	verdict = format->judge(instance->host, request, &answer, outcome);
	hide_credentials(instance->config, outcome->reason);
	return verdict;
}

/*
 * Most batches are one request, of which the verdict is the batch's. Where it takes several, each
 * record has its own, and what comes behind one that is for RETRY waits with it.
 */
static enum relay_verdict deliver(
		void *owner, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	struct instance *instance = owner;
	const struct relay_host *host = instance->host;
	const struct http_format *format = http_format_of(instance->config);
	struct http_request *request = &instance->request;
	enum relay_verdict verdict = RELAY_OK;

	for (size_t from = 0, next; from < batch->count; from = next) {
		http_request_clear(request);
		next = format->build(instance->config, host, batch, from, request);
		if (request->count == 0)
			continue;
		verdict = send_request(instance, outcome);
		if (verdict == RELAY_RETRY)
			return verdict;
		if (from == 0 && next == batch->count)
			break;
		for (size_t i = 0; i < request->count; i++)
			host->mark(host, request->records[i], verdict,
					verdict == RELAY_REJECT ? outcome->reason : NULL);
	}
	return verdict;
}

RELAY_EXPORT const struct relay_plugin belfry_relay = {
	RELAY_HEADER,
	.name = "http",
	.version = BELFRY_VERSION,
	.help = "Posts records to webhooks, Elasticsearch, OpenSearch, Loki and InfluxDB.",
	.flags = RELAY_USES_TLS | RELAY_WANTS_FIELDS | RELAY_WANTS_METRICS,
	.settings = settings,
	.config_size = sizeof(struct http_config),
	.defaults = { .batch_records = "1000",
			.batch_size = "1M",
			.linger = "100",
			.schema = "logstash" },
	.counters = counters,
	.check = check,
	.open = open_instance,
	.deliver = deliver,
	.close = close_instance,
};
