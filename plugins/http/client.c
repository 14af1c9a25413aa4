/* SPDX-License-Identifier: MIT */
#include "plugins/http/client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <strings.h>

#include "common/mem.h"
#include "plugins/deflate.h"
#include "plugins/http/client_error.h"
#include "plugins/http/client_setup.h"
#include "plugins/http/header.h"
#include "plugins/http/url.h"

enum { GZIP_LEVEL = 3 }; /* JSON becomes a tenth with this; 9 makes it little less */

struct http_client {
	const struct relay_host *host;	  /* borrowed */
	const struct http_config *config; /* borrowed */
	CURL *easy;
	CURLM *multi; /* has the connection */
	char *url;
	struct deflater *deflater;
	struct str packed; /* the body, compressed */
	struct str answer;
	bool is_cut;
	bool has_head; /* the empty line below the headers has come */
	char error[CURL_ERROR_SIZE];
};

/*
 * The one thing of this plugin that outlives its instances: libcurl wants to be set up once, before
 * any thread uses it, and two outputs are two threads.
 */
static pthread_once_t setup = PTHREAD_ONCE_INIT;

static void set_up(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Of a body that is too long the beginning is kept, and the connection is given up. */
static size_t take_answer(char *data, size_t size, size_t count, void *owner)
{
	struct http_client *client = owner;
	size_t len = size * count;

	if (len > client->config->max_response - client->answer.len) {
		client->is_cut = true;
		len = client->config->max_response - client->answer.len;
	}
	str_append(&client->answer, span_of(data, len));
	return client->is_cut ? CURL_WRITEFUNC_ERROR : len;
}

/* To libcurl a connection that closes within the headers has answered. */
static size_t take_header(char *data, size_t size, size_t count, void *owner)
{
	struct http_client *client = owner;
	size_t len = size * count;

	client->has_head = len > 0 && (data[0] == '\r' || data[0] == '\n');
	return len;
}

struct http_client *http_client_create(
		const struct relay_host *host, const struct http_config *config)
{
	struct http_client *client = xcalloc(1, sizeof(*client));

	pthread_once(&setup, set_up);
	*client = (struct http_client){ .host = host, .config = config };
	if (config->gzip)
		client->deflater = deflater_create(GZIP_LEVEL, DEFLATE_GZIP);
	client->url = http_url_make(config, NULL);
	client->easy = curl_easy_init();
	client->multi = curl_multi_init();
	if (client->easy == NULL || client->multi == NULL || client->url == NULL ||
			!client_setup(client->easy, client->url, config, host->tls)) {
		http_client_destroy(client);
		return NULL;
	}
	curl_easy_setopt(client->easy, CURLOPT_ERRORBUFFER, client->error);
	curl_easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(client->easy, CURLOPT_WRITEDATA, client);
	curl_easy_setopt(client->easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(client->easy, CURLOPT_HEADERDATA, client);
	return client;
}

void http_client_destroy(struct http_client *client)
{
	if (client == NULL)
		return;
	curl_easy_cleanup(client->easy);
	curl_multi_cleanup(client->multi);
	curl_free(client->url);
	deflater_destroy(client->deflater);
	str_finish(&client->packed);
	str_finish(&client->answer);
	free(client);
}

/* Until the request has ended: its result. CURLE_ABORTED_BY_CALLBACK when the output is to end. */
static CURLcode run(struct http_client *client)
{
	struct curl_waitfd stop = { .fd = client->host->stop_fd, .events = CURL_WAIT_POLLIN };
	int running = 1, left;
	CURLMcode result;
	CURLMsg *message;

	for (;;) {
		result = curl_multi_perform(client->multi, &running);
		if (result != CURLM_OK || running == 0)
			break;
		result = curl_multi_poll(client->multi, &stop, 1, 1000, NULL);
		if (result != CURLM_OK || stop.revents != 0)
			return CURLE_ABORTED_BY_CALLBACK;
	}
	while ((message = curl_multi_info_read(client->multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE)
			return message->data.result;
	return CURLE_FAILED_INIT;
}

static struct http_answer read_answer(struct http_client *client)
{
	struct http_answer answer = { .body = str_span(&client->answer), .is_cut = client->is_cut };
	long status = 0;
	curl_off_t wait_s = 0;
	char *type = NULL, *location = NULL;

	curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(client->easy, CURLINFO_RETRY_AFTER, &wait_s);
	curl_easy_getinfo(client->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(client->easy, CURLINFO_REDIRECT_URL, &location);
	answer.status = (unsigned)status;
	answer.retry_after_s = wait_s <= 0	     ? 0
			       : wait_s < UINT32_MAX ? (uint32_t)wait_s
						     : UINT32_MAX;
	answer.is_page = type != NULL && strncasecmp(type, "text/html", 9) == 0;
	answer.location = location;
	return answer;
}

static CURLcode post(struct http_client *client, struct span body, const char *content_type)
{
	struct curl_slist *headers =
			http_headers_make(client->config, content_type, client->config->gzip);
	CURLcode result;

	if (client->config->gzip) {
		str_clear(&client->packed);
		deflater_append(client->deflater, &client->packed, body);
		body = str_span(&client->packed);
	}
	curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	curl_easy_setopt(client->easy, CURLOPT_POSTFIELDS, (const char *)body.data);
	if (curl_multi_add_handle(client->multi, client->easy) == CURLM_OK)
		result = run(client);
	else
		result = CURLE_FAILED_INIT;
	curl_multi_remove_handle(client->multi, client->easy);
	curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	client->host->count(client->host, HTTP_REQUESTS, 1);
	client->host->count(client->host, HTTP_BYTES, body.len);
	return result;
}

bool http_client_post(struct http_client *client, struct span body, const char *content_type,
		struct http_answer *ret, char why[RELAY_REASON])
{
	CURLcode result;

	str_clear(&client->answer);
	client->is_cut = client->has_head = false;
	client->error[0] = '\0';
	result = post(client, body, content_type);
	*ret = read_answer(client);
	if (result == CURLE_OK && !client->has_head)
		result = CURLE_PARTIAL_FILE;
	if (result == CURLE_OK || (result == CURLE_WRITE_ERROR && client->is_cut))
		return true;
	client_error_explain(
			result, client->error, client->config, client->host->tls->certfile, why);
	return false;
}
