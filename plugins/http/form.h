/* SPDX-License-Identifier: MIT */
/*
 * A form is how one kind of server wants records, and how it says what became of them. The engine
 * (plugin.c, client.c) is the same for all of them:
 *
 *     batch ─▶ build ─▶ request ─▶ POST ─▶ answer ─▶ judge ─▶ verdict, marks
 *
 * Forms are pure: they see no socket and keep nothing from one request to the next. One file each.
 */
#ifndef PLUGINS_HTTP_FORM_H
#define PLUGINS_HTTP_FORM_H

#include "common/str.h"
#include "plugins/http/config.h"

/* Zeroed memory is an empty one. */
struct http_request {
	struct str body;
	const char *content_type; /* static */
	size_t *records;	  /* which of the batch are in the body, in its order */
	size_t count, capacity;
};

/* Borrowed from the client until the next request. */
struct http_answer {
	unsigned status;
	struct span body;
	bool is_cut;		/* the body was longer than max_response; this is its beginning */
	bool is_page;		/* it is HTML, for people */
	uint32_t retry_after_s; /* 0: the server did not say */
	const char *location;	/* of a redirect; NULL: none */
};

struct http_form {
	const char *name;  /* as `format` has it */
	const char *path;  /* and query, where the url has neither; NULL: the url is taken as it is
			    */
	bool wants_answer; /* one that is cut is of no use */

	/* As relay_plugin's. NULL: nothing can be wrong. */
	bool (*check)(const struct http_config *config, char problem[RELAY_REASON]);

	/*
	 * Fill the empty *request with records from number `from` on; returns the number of the
	 * first one that is for the next request. What this kind of server cannot be told at all
	 * is marked, and not part of the request.
	 */
	size_t (*build)(const struct http_config *config, const struct relay_host *host,
			const struct relay_batch *batch, size_t from, struct http_request *request);

	/* What the answer means for the records of the request that it does not mark itself. */
	enum relay_verdict (*judge)(const struct relay_host *host,
			const struct http_request *request, const struct http_answer *answer,
			struct relay_outcome *outcome);
};

extern const struct http_form http_webhook, http_elasticsearch, http_loki, http_influxdb;

/* By enum http_format. */
const struct http_form *http_form_of(const struct http_config *config);

/* The plugin's counters: rows of its table. */
enum http_counter {
	HTTP_REQUESTS,
	HTTP_BYTES,
	HTTP_FAILURES,
	HTTP_REFUSALS,
	HTTP_KNOWN,
};

/* Note that record number `record` of the batch is in the body. */
void http_request_add(struct http_request *request, size_t record);
void http_request_clear(struct http_request *request);
void http_request_finish(struct http_request *request);

static inline struct span http_span(struct relay_text text)
{
	return span_of(text.data, text.len);
}

/* One JSON object on one line, as far as its brackets tell: nothing stands before or behind it. */
bool http_is_object(struct relay_text text);

#endif
