/* SPDX-License-Identifier: MIT */
/*
 * A host that notes what it is told, and a batch of a few records.
 */
#ifndef TESTS_UNIT_PLUGINS_HTTP_FAKE_HOST_H
#define TESTS_UNIT_PLUGINS_HTTP_FAKE_HOST_H

#include "plugins/http/format.h"

#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>

enum { FAKE_RECORDS = 8, FAKE_COUNTERS = 8, NOT_MARKED = -1 };

struct fake_host {
	struct relay_host host; /* the first member */
	int marks[FAKE_RECORDS];
	char reasons[FAKE_RECORDS][RELAY_REASON];
	uint64_t counters[FAKE_COUNTERS];
};

static inline void fake_mark(const struct relay_host *host, size_t index,
		enum relay_verdict verdict, const char *reason)
{
	struct fake_host *fake = (struct fake_host *)(uintptr_t)host;

	assert_in_range(index, 0, FAKE_RECORDS - 1);
	fake->marks[index] = verdict;
	snprintf(fake->reasons[index], RELAY_REASON, "%s", reason != NULL ? reason : "");
}

static inline void fake_count(const struct relay_host *host, unsigned counter, uint64_t by)
{
	struct fake_host *fake = (struct fake_host *)(uintptr_t)host;

	fake->counters[counter] += by;
}

static inline struct fake_host fake_host(void)
{
	struct fake_host fake = { .host = { .size = sizeof(fake.host),
						  .output = "out",
						  .gateway = "gw1",
						  .stop_fd = -1,
						  .mark = fake_mark,
						  .count = fake_count } };

	for (size_t i = 0; i < FAKE_RECORDS; i++)
		fake.marks[i] = NOT_MARKED;
	return fake;
}

static inline struct relay_text text_of(const char *text)
{
	return (struct relay_text){ text, strlen(text) };
}

/* A check of web1's HTTP, CRITICAL, at 2026-11-23. */
static inline struct relay_record a_check(const char *id, const char *text)
{
	return (struct relay_record){ .id = text_of(id),
		.text = text_of(text),
		.kind = RELAY_CHECK,
		.received_ns = 1795384096250000000,
		.time_ns = 1795384096250000000,
		.topic = text_of("nagios/web1/HTTP"),
		.host = text_of("web1"),
		.service = text_of("HTTP"),
		.state = 2 };
}

static inline struct relay_batch batch_of(const struct relay_record *records, size_t count)
{
	struct relay_batch batch = {
		.count = count, .records = records, .record_size = sizeof(records[0]), .attempt = 1
	};

	for (size_t i = 0; i < count; i++)
		batch.text_size += records[i].text.len;
	return batch;
}

static inline struct relay_list list_of(const char *const *texts, size_t count)
{
	return (struct relay_list){ (char *const *)(uintptr_t)texts, count };
}

static inline struct http_answer answer_of(unsigned status, const char *body)
{
	return (struct http_answer){ .status = status, .body = span_of_text(body) };
}

#endif
