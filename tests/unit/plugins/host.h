/* SPDX-License-Identifier: MIT */
/*
 * A host for plugins in unit tests: its streams are an array of bytes. One test at a time.
 */
#ifndef TESTS_UNIT_PLUGINS_HOST_H
#define TESTS_UNIT_PLUGINS_HOST_H

#include <errno.h>
#include <stdio.h>

#include "common/str.h"
#include "plugins/relay.h"
#include "tests/unit/unit.h"

enum { HOST_MOST_RECORDS = 64 };

static struct fake_host {
	struct relay_host host;
	struct str sent;
	struct relay_place place; /* of the last connect */
	unsigned connects, closes, sleeps;
	unsigned drains;
	bool refuses, closes_early, is_closed, send_fails, drain_fails, is_ending;
	enum relay_verdict marks[HOST_MOST_RECORDS];
	bool is_marked[HOST_MOST_RECORDS];
	char reason[RELAY_REASON]; /* of the last mark */
	uint64_t counters[8];
} fake;

static struct relay_stream *fake_connect(const struct relay_host *host,
		const struct relay_place *place, char why[RELAY_REASON])
{
	(void)host;
	if (fake.refuses) {
		snprintf(why, RELAY_REASON, "refused");
		return NULL;
	}
	fake.connects++;
	fake.place = *place;
	fake.is_closed = fake.closes_early;
	return (struct relay_stream *)(void *)&fake;
}

static inline int fake_send(struct relay_stream *stream, const void *data, size_t len)
{
	(void)stream;
	if (fake.send_fails)
		return -EPIPE;
	str_append(&fake.sent, span_of(data, len));
	return 0;
}

static inline int fake_drain(struct relay_stream *stream)
{
	(void)stream;
	fake.drains++;
	return fake.drain_fails ? -ETIMEDOUT : 0;
}

static bool fake_is_open(struct relay_stream *stream)
{
	(void)stream;
	return !fake.is_closed;
}

static const char *fake_why(const struct relay_stream *stream)
{
	(void)stream;
	return "it broke";
}

static void fake_close(struct relay_stream *stream)
{
	(void)stream;
	fake.closes++;
}

static bool fake_sleep(const struct relay_host *host, uint32_t milliseconds)
{
	(void)host;
	(void)milliseconds;
	fake.sleeps++;
	return fake.is_ending;
}

static void fake_mark(const struct relay_host *host, size_t index, enum relay_verdict verdict,
		const char *reason)
{
	(void)host;
	assert_true(index < HOST_MOST_RECORDS);
	fake.marks[index] = verdict;
	fake.is_marked[index] = true;
	snprintf(fake.reason, sizeof(fake.reason), "%s", reason);
}

static void fake_count(const struct relay_host *host, unsigned counter, uint64_t by)
{
	(void)host;
	fake.counters[counter] += by;
}

/* A fresh one, for setup. */
static inline int fake_begin(void **state)
{
	(void)state;
	fake = (struct fake_host){
		.host = {
			.size = sizeof(fake.host),
			.output = "test",
			.gateway = "gateway-1",
			.stop_fd = -1,
			.count = fake_count,
			.mark = fake_mark,
			.connect = fake_connect,
			.send = fake_send,
			.is_open = fake_is_open,
			.why = fake_why,
			.close = fake_close,
			.sleep = fake_sleep,
			.drain = fake_drain,
		},
	};
	return 0;
}

/* Every stream that was made is closed, for teardown. */
static inline int fake_end(void **state)
{
	(void)state;
	str_finish(&fake.sent);
	return fake.connects == fake.closes ? 0 : -1;
}

static inline struct relay_text relay_text_of(const char *text)
{
	return (struct relay_text){ text, strlen(text) };
}

/* The member of the plugin's struct of settings that a keyword sets. */
static inline void *relay_member(void *config, const char *keyword)
{
	const struct relay_setting *s = belfry_relay.settings;

	while (strcmp(s->name, keyword) != 0)
		s++;
	return (uint8_t *)config + s->offset;
}

/* One batch through an instance of its own. */
static inline enum relay_verdict deliver_once(const void *config, const struct relay_batch *batch)
{
	struct relay_outcome outcome = { .size = sizeof(outcome) };
	void *instance = belfry_relay.open(&fake.host, config);
	enum relay_verdict verdict = belfry_relay.deliver(instance, batch, &outcome);

	assert_true(verdict == RELAY_OK || outcome.reason[0] != '\0');
	belfry_relay.close(instance);
	return verdict;
}

/* All records of a test in one batch. */
static inline struct relay_batch batch_of(const struct relay_record *records, size_t count)
{
	return (struct relay_batch){
		.count = count,
		.records = records,
		.record_size = sizeof(records[0]),
		.attempt = 1,
	};
}

#endif
