/* SPDX-License-Identifier: MIT */
/*
 * Grafana Loki: POST /loki/api/v1/push, with the lines of each set of labels together and in the
 * order of their times, as Loki wants them unless it is told otherwise:
 *
 *     {"streams":[{"stream":{"job":"belfry","host":"web1"},"values":[["1795384096250000000","..."]]}]}
 *
 * A line that Loki has already, with the same labels and time, it does not store again.
 */
#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "plugins/http/format.h"
#include "plugins/http/label.h"
#include "plugins/http/status.h"
#include "plugins/text.h"

enum { LINE_SIZE = 40 }; /* what is around a line */

/* One line: where its labels are in the text of all labels, and what orders it. */
struct line {
	struct span labels; /* the JSON object */
	size_t labels_at, labels_len;
	int64_t time_ns;
	size_t record;
};

static int compare_spans(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.data, b.data, len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* By labels, by time, and else as they came. */
static int compare_lines(const void *a, const void *b)
{
	const struct line *one = a, *other = b;
	int order = compare_spans(one->labels, other->labels);

	if (order == 0)
		order = (one->time_ns > other->time_ns) - (one->time_ns < other->time_ns);
	if (order == 0)
		order = (one->record > other->record) - (one->record < other->record);
	return order;
}

/* Fills `lines` with all records of the batch from `from` on; their labels go into *labels. */
static void list_lines(const struct http_config *config, const struct relay_host *host,
		const struct relay_batch *batch, size_t from, struct line *lines,
		struct str *labels)
{
	const size_t count = batch->count - from;

	for (size_t i = 0; i < count; i++) {
		const struct relay_record *record = relay_record_at(batch, from + i);

		lines[i] = (struct line){
			.labels_at = labels->len, .time_ns = record->time_ns, .record = from + i
		};
		label_append_set(labels, &config->labels, host->gateway, record);
		lines[i].labels_len = labels->len - lines[i].labels_at;
	}
	for (size_t i = 0; i < count; i++)
		lines[i].labels = span_of(labels->text + lines[i].labels_at, lines[i].labels_len);
	qsort(lines, count, sizeof(lines[0]), compare_lines);
}

static void append_line(struct str *body, const struct relay_record *record)
{
	str_printf(body, "[\"%" PRId64 "\",", record->time_ns);
	json_append_string(body, text_span(record->text));
	str_append_byte(body, ']');
}

static size_t build(const struct http_config *config, const struct relay_host *host,
		const struct relay_batch *batch, size_t from, struct http_request *request)
{
	const size_t count = batch->count - from;
	AUTO_FREE struct line *lines = xcalloc(count, sizeof(lines[0]));
	struct str labels = { 0 }, *body = &request->body;

	request->content_type = "application/json";
	list_lines(config, host, batch, from, lines, &labels);
	str_reserve(body, batch->text_size + count * LINE_SIZE);
	str_append_text(body, "{\"streams\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && span_equal(lines[i].labels, lines[i - 1].labels)) {
			str_append_byte(body, ',');
		} else {
			str_append_text(body, i > 0 ? "]},{\"stream\":" : "{\"stream\":");
			str_append(body, lines[i].labels);
			str_append_text(body, ",\"values\":[");
		}
		append_line(body, relay_record_at(batch, lines[i].record));
		http_request_add(request, lines[i].record);
	}
	str_append_text(body, "]}]}");
	str_finish(&labels);
	return batch->count;
}

/*
 * 429 says "not so fast", for which one waits, and also that a line would need a stream more than
 * Loki keeps. Publishers choose hosts and services, and so how many there are: whoever waited for
 * that would let one of them hold up all others. The lines of streams that are there are taken.
 */
static bool is_stream_too_many(const struct http_answer *answer)
{
	static const char words[] = "active stream limit exceeded";

	return answer->status == 429 &&
	       memmem(answer->body.data, answer->body.len, words, sizeof(words) - 1) != NULL;
}

/* 400 is for lines that are too old, too long or have too many labels; the others were taken. */
static enum relay_verdict judge(const struct relay_host *host, const struct http_request *request,
		const struct http_answer *answer, struct relay_outcome *outcome)
{
	enum relay_verdict verdict;

	(void)host;
	(void)request;
	if (answer->status >= 200 && answer->status <= 299 && answer->is_page)
		return http_judge_stranger(answer, "Loki's", outcome);
	verdict = http_judge_status(answer, outcome);
	if (!is_stream_too_many(answer))
		return verdict;
	outcome->retry_after_ms = 0;
	return RELAY_REJECT;
}

const struct http_format http_loki = {
	.path = "/loki/api/v1/push",
	.check = label_check,
	.build = build,
	.judge = judge,
};
