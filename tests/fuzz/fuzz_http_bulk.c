/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what a server answers, to each format: no verdict without a reason, no mark of a
 * record that was not sent, reasons fit for a terminal. The first bytes are the format, the status
 * and the number of records in the request.
 */
#include "plugins/http/format.h"

#include "tests/fuzz/report.h"

enum { RECORDS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct judge_host {
	struct relay_host host; /* the first member */
	size_t sent;
	bool is_marked[RECORDS];
};

static void require_fit_for_a_terminal(const char *reason)
{
	REQUIRE(reason[0] != '\0' && strlen(reason) < RELAY_REASON);
	for (; *reason != '\0'; reason++)
		REQUIRE((unsigned char)*reason >= 0x20 && *reason != 0x7f);
}

static void mark(const struct relay_host *host, size_t index, enum relay_verdict verdict,
		const char *reason)
{
	struct judge_host *judge = (struct judge_host *)(uintptr_t)host;

	REQUIRE(index < judge->sent && !judge->is_marked[index]);
	REQUIRE(verdict == RELAY_RETRY || verdict == RELAY_REJECT);
	judge->is_marked[index] = true;
	require_fit_for_a_terminal(reason);
}

static void count(const struct relay_host *host, unsigned counter, uint64_t by)
{
	(void)host;
	REQUIRE(counter <= HTTP_KNOWN && by == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned statuses[] = { 200, 204, 308, 400, 401, 413, 429, 503 };
	struct judge_host judge = {
		.host = { .size = sizeof(judge.host), .mark = mark, .count = count }
	};
	struct relay_outcome outcome = { .size = sizeof(outcome) };
	size_t records[RECORDS] = { 0, 1, 2, 3 };
	struct http_request request = { .records = records };
	struct http_answer answer = { 0 };
	struct http_config config = { 0 };
	enum relay_verdict verdict;

	if (size < 3)
		return 0;
	config.format = data[0] % 4;
	answer.status = statuses[data[1] % array_size(statuses)];
	answer.is_page = data[1] & 0x80;
	answer.is_cut = data[1] & 0x40;
	request.count = judge.sent = data[2] % (RECORDS + 1);
	answer.body = span_of(data + 3, size - 3);
	verdict = http_format_of(&config)->judge(&judge.host, &request, &answer, &outcome);
	REQUIRE(verdict == RELAY_OK || verdict == RELAY_RETRY || verdict == RELAY_REJECT);
	if (verdict != RELAY_OK)
		require_fit_for_a_terminal(outcome.reason);
	return 0;
}
