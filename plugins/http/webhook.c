/* SPDX-License-Identifier: MIT */
/*
 * Records as they are, to anything that takes a POST: one JSON array, lines, or a request each.
 */
#include "plugins/http/format.h"
#include "plugins/http/status.h"
#include "plugins/json_record.h"
#include "plugins/text.h"

static bool append_line(struct str *into, struct relay_text text)
{
	struct span line = text_span(text);

	if (span_find(line, '\n') < line.len)
		return false;
	str_append(into, line);
	str_append_byte(into, '\n');
	return true;
}

static size_t build_each(const struct relay_batch *batch, size_t from, struct http_request *request)
{
	struct relay_text text = relay_record_at(batch, from)->text;

	request->content_type = json_record_is_object(text) ? "application/json"
							    : "text/plain; charset=utf-8";
	str_append(&request->body, text_span(text));
	http_request_add(request, from);
	return from + 1;
}

static size_t build(const struct http_config *config, const struct relay_host *host,
		const struct relay_batch *batch, size_t from, struct http_request *request)
{
	if (config->body == HTTP_EACH)
		return build_each(batch, from, request);
	request->content_type =
			config->body == HTTP_ARRAY ? "application/json" : "application/x-ndjson";
	str_reserve(&request->body, batch->text_size + batch->count + 2);
	for (; from < batch->count; from++) {
		struct relay_text text = relay_record_at(batch, from)->text;

		if (config->body == HTTP_ARRAY) {
			str_append_byte(&request->body, request->count > 0 ? ',' : '[');
			json_record_append(&request->body, text);
		} else if (!append_line(&request->body, text)) {
			host->mark(host, from, RELAY_REJECT,
					"it has several lines, and `body lines` wants one; take "
					"body array, body each or a schema");
			continue;
		}
		http_request_add(request, from);
	}
	if (config->body == HTTP_ARRAY)
		str_append_byte(&request->body, ']');
	return from;
}

static enum relay_verdict judge(const struct relay_host *host, const struct http_request *request,
		const struct http_answer *answer, struct relay_outcome *outcome)
{
	(void)host;
	(void)request;
	return http_judge_status(answer, outcome);
}

const struct http_format http_webhook = { .build = build, .judge = judge };
