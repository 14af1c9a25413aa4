/* SPDX-License-Identifier: MIT */
/*
 * Elasticsearch and OpenSearch: POST /_bulk, of which two lines are one document:
 *
 *     {"create":{"_index":"belfry-2026.11.23","_id":"..."}}
 *     {"@timestamp":"2026-11-23T04:05:06.789Z",...}
 *
 * `create` and not `index`: data streams take nothing else, and a document that is there already
 * is answered with 409, so that a repeated request stores nothing twice. The answer has an item
 * for each document, in the same order, which bulk_answer.c reads.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "plugins/http/bulk_answer.h"
#include "plugins/http/format.h"
#include "plugins/http/status.h"
#include "plugins/json_record.h"
#include "plugins/text.h"

/* Rows of the records' rendered texts. */
enum { RENDERED_INDEX };

enum { ACTION_SIZE = 128 }; /* bytes of a line that says where a document goes, by and large */

/* Outside of its fields and their filters, which have words of their own. */
static bool has_capitals(const char *template)
{
	bool in_field = false;

	for (const char *c = template; *c != '\0'; c++) {
		if (c[0] == '$' && c[1] == '{')
			in_field = true;
		else if (*c == '}')
			in_field = false;
		else if (!in_field && *c >= 'A' && *c <= 'Z')
			return true;
	}
	return false;
}

static bool check(const struct http_config *config, char problem[RELAY_REASON])
{
	if (config->index != NULL && has_capitals(config->index))
		snprintf(problem, RELAY_REASON,
				"index %.150s has capital letters, which no index may have; make "
				"them small",
				config->index);
	if (config->index != NULL)
		return !has_capitals(config->index);
	snprintf(problem, RELAY_REASON,
			"format elasticsearch needs an index, such as belfry-${time:%%Y.%%m.%%d}, "
			"or the name of a data stream");
	return false;
}

/* Does a field other than the gateway's own and the time stand in the template? */
static bool is_chosen(const char *template)
{
	static const char *const ours[] = { "time", "received", "gateway" };

	while ((template = strstr(template, "${")) != NULL) {
		size_t len = strcspn(template += 2, "}:|");
		bool is_ours = false;

		for (size_t i = 0; i < array_size(ours); i++)
			is_ours = is_ours || span_equal_text(span_of(template, len), ours[i]);
		if (!is_ours)
			return true;
	}
	return false;
}

static void append_document(struct str *body, const struct relay_record *record)
{
	str_append_text(body, "{\"create\":{\"_index\":");
	json_append_string(body, text_span(record->rendered[RENDERED_INDEX]));
	json_append_member(body, "_id", text_span(record->id));
	str_append_text(body, "}}\n");
	str_append(body, text_span(record->text));
	str_append_byte(body, '\n');
}

static size_t build(const struct http_config *config, const struct relay_host *host,
		const struct relay_batch *batch, size_t from, struct http_request *request)
{
	request->content_type = "application/x-ndjson";
	request->names_are_chosen = is_chosen(config->index);
	str_reserve(&request->body, batch->text_size + batch->count * ACTION_SIZE);
	for (; from < batch->count; from++) {
		const struct relay_record *record = relay_record_at(batch, from);

		/* A line break in it would make the rest an action of the publisher's choice. */
		if (!json_record_is_object(record->text)) {
			host->mark(host, from, RELAY_REJECT,
					"it is no JSON object, and documents are; take schema ecs "
					"or schema logstash");
			continue;
		}
		append_document(&request->body, record);
		http_request_add(request, from);
	}
	return from;
}

/*
 * Errors of status 400 that somebody can mend without touching the document: an index that is
 * closed, a cluster that has as many shards as it may have. The names are the exceptions of both
 * servers, as their answers spell them.
 */
static bool blames_cluster(struct span type)
{
	static const char *const types[] = { "index_closed_exception", "validation_exception",
		"cluster_block_exception", "circuit_breaking_exception" };

	for (size_t i = 0; i < array_size(types); i++)
		if (span_equal_text(type, types[i]))
			return true;
	return false;
}

/*
 * An index that is not there and is not made, or that this user may not write to. Where the
 * operator has named it somebody will mend that; where a publisher has, nobody would, and all that
 * comes behind its record would wait for ever.
 */
static bool refuses_name(const struct bulk_item *item)
{
	return item->status == 404 ||
	       (item->status == 403 && strcmp(item->type, "security_exception") == 0);
}

static enum relay_verdict judge_item(const struct bulk_item *item, bool names_are_chosen)
{
	if (item->status >= 200 && item->status <= 299)
		return RELAY_OK;
	if (item->status == 409) /* by an earlier attempt */
		return RELAY_OK;
	if (item->status == 400 && !blames_cluster(span_of_text(item->type)))
		return RELAY_REJECT;
	if (item->status == 413 || (names_are_chosen && refuses_name(item)))
		return RELAY_REJECT;
	return RELAY_RETRY;
}

static void explain_item(const struct bulk_item *item, char reason[RELAY_REASON])
{
	struct str words = { 0 };

	str_append_escaped(&words, span_first(span_of_text(item->type), RELAY_REASON));
	if (words.len > 0 && item->reason[0] != '\0')
		str_append_text(&words, ": ");
	str_append_escaped(&words, span_first(span_of_text(item->reason), RELAY_REASON));
	http_set_reason(reason, item->status, str_span(&words), NULL);
	str_finish(&words);
}

struct judging {
	const struct relay_host *host;
	const struct http_request *request;
	struct relay_outcome *outcome;
	size_t retries;
};

static void take_item(void *owner, size_t number, const struct bulk_item *item)
{
	struct judging *judging = owner;
	const enum relay_verdict verdict = judge_item(item, judging->request->names_are_chosen);
	char reason[RELAY_REASON];

	if (item->status == 409)
		judging->host->count(judging->host, HTTP_KNOWN, 1);
	if (verdict == RELAY_OK)
		return;
	explain_item(item, reason);
	judging->host->mark(judging->host, judging->request->records[number], verdict, reason);
	if (verdict == RELAY_REJECT)
		judging->host->count(judging->host, HTTP_REFUSALS, 1);
	else if (judging->retries++ == 0)
		memcpy(judging->outcome->reason, reason, sizeof(reason));
}

static enum relay_verdict judge(const struct relay_host *host, const struct http_request *request,
		const struct http_answer *answer, struct relay_outcome *outcome)
{
	struct judging judging = { host, request, outcome, 0 };
	enum relay_verdict verdict = http_judge_status(answer, outcome);

	if (verdict != RELAY_OK)
		return verdict;
	if (answer->is_cut) {
		snprintf(outcome->reason, RELAY_REASON,
				"the answer is longer than max_response; raise it, or lower "
				"batch_records");
		return RELAY_RETRY;
	}
	switch (bulk_answer_read(answer->body, request->count, take_item, &judging)) {
	case BULK_ALL_WELL:
	case BULK_ITEMS:
		return RELAY_OK;
	case BULK_COUNT:
		snprintf(outcome->reason, RELAY_REASON,
				"the answer tells of more or of fewer documents than were sent");
		return RELAY_RETRY;
	case BULK_FOREIGN:
		break;
	}
	return http_judge_stranger(answer, "one of Elasticsearch's _bulk", outcome);
}

const struct http_format http_elasticsearch = {
	.path = "/_bulk?filter_path=errors,items.*.status,items.*.error.type,"
		"items.*.error.reason",
	.check = check,
	.build = build,
	.judge = judge,
};
