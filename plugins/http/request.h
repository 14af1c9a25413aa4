/* SPDX-License-Identifier: MIT */
/*
 * What is posted for some records of a batch, and what the server answers. One thread at a time.
 */
#ifndef PLUGINS_HTTP_REQUEST_H
#define PLUGINS_HTTP_REQUEST_H

#include "common/str.h"
#include "plugins/relay.h"

/* Zeroed memory is an empty one. */
struct http_request {
	struct str body;
	const char *content_type; /* static */
	bool names_are_chosen;	  /* by publishers: of what each record goes into */
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
/* Forget what is in it, keep the memory. */
void http_request_clear(struct http_request *request);
void http_request_finish(struct http_request *request);

#endif
