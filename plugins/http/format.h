/* SPDX-License-Identifier: MIT */
/*
 * A format is how one kind of server wants records, and how it says what became of them: the
 * setting `format` names one. The engine (plugin.c, client.c) is the same for all of them:
 *
 *     batch ─▶ build ─▶ request ─▶ POST ─▶ answer ─▶ judge ─▶ verdict, marks
 *
 * Formats are pure: they see no socket and keep nothing between requests. One file each.
 */
#ifndef PLUGINS_HTTP_FORMAT_H
#define PLUGINS_HTTP_FORMAT_H

#include "plugins/http/config.h"
#include "plugins/http/request.h"

struct http_format {
	/* And query, where the url has neither; NULL: the url is taken as it is. */
	const char *path;

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

extern const struct http_format http_webhook, http_elasticsearch, http_loki, http_influxdb;

/* By enum http_format_kind. */
const struct http_format *http_format_of(const struct http_config *config);

#endif
