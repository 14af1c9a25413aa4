/* SPDX-License-Identifier: MIT */
/*
 * What an operator has set of an output of the type http. The host fills it in by the table in
 * plugin.c and keeps it; texts that were not given are NULL.
 */
#ifndef PLUGINS_HTTP_CONFIG_H
#define PLUGINS_HTTP_CONFIG_H

#include "plugins/relay.h"

enum http_format_kind { HTTP_WEBHOOK, HTTP_ELASTICSEARCH, HTTP_LOKI, HTTP_INFLUXDB };

/* How records make up the body of a webhook's request. */
enum http_body {
	HTTP_ARRAY, /* one JSON array */
	HTTP_LINES, /* a line each */
	HTTP_EACH,  /* a request each */
};

/* The word before a token in the header Authorization. */
enum http_auth { HTTP_BEARER, HTTP_TOKEN, HTTP_APIKEY };

struct http_config {
	int format; /* enum http_format_kind */
	const char *url;
	int body; /* enum http_body */
	const char *index;
	struct relay_list labels;
	const char *measurement;
	const char *user, *password;
	int auth; /* enum http_auth */
	const char *token;
	struct relay_list headers; /* "Name: value" */
	int gzip;	       /* whether bodies are made smaller; a choice's member is an int */
	uint64_t timeout;      /* seconds, for a request and its answer together */
	uint64_t max_response; /* bytes of a body */
};

#endif
