/* SPDX-License-Identifier: MIT */
/*
 * A host and a server for the plugin, both made of a script: for each connection what the server
 * answers to each send. When a connection's turns are used up, the server hangs up.
 */
#ifndef TESTS_UNIT_PLUGINS_REDIS_SCRIPT_H
#define TESTS_UNIT_PLUGINS_REDIS_SCRIPT_H

#include "common/str.h"
#include "plugins/redis/delivery.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

enum { SCRIPT_TURNS = 6, SCRIPT_CONNECTIONS = 6, SCRIPT_RECORDS = 8 };

#define GREETED	  "+OK\r\n"
#define HUNG	  "\1" /* as an answer: the server says nothing, and the wait ends */
#define WRONGTYPE "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"

struct script {
	struct relay_host host;					   /* first: the functions get it */
	const char *connections[SCRIPT_CONNECTIONS][SCRIPT_TURNS]; /* NULL first: refused */
	struct redis_settings settings;
	struct relay_record records[SCRIPT_RECORDS];
	struct relay_text keys[SCRIPT_RECORDS];
	size_t count; /* of records */
	/* What was done: */
	struct str sent, places, logged;
	size_t connected, turn;
	struct span answer; /* what is left of the turn's */
	int send_result;
	bool drips; /* each receive gives one byte */
	uint64_t counted[COUNT_LIST_LENGTH + 1];
	int marks[SCRIPT_RECORDS]; /* -1: none */
	char reasons[SCRIPT_RECORDS][RELAY_REASON];
	struct relay_outcome outcome;
};

static inline struct script *script_of(const struct relay_host *host)
{
	return (struct script *)(uintptr_t)host;
}

static inline struct relay_stream *script_connect(
		const struct relay_host *host, const struct relay_place *place, char *why)
{
	struct script *s = script_of(host);

	str_printf(&s->places, "%s:%u ", place->host, place->port);
	s->turn = 0;
	s->answer = span_of(NULL, 0);
	if (s->connected++ >= SCRIPT_CONNECTIONS || s->connections[s->connected - 1][0] == NULL) {
		snprintf(why, RELAY_REASON, "refused");
		return NULL;
	}
	return (struct relay_stream *)(void *)s;
}

static inline int script_send(struct relay_stream *stream, const void *data, size_t len)
{
	struct script *s = (struct script *)(void *)stream;
	const char *answer =
			s->turn < SCRIPT_TURNS ? s->connections[s->connected - 1][s->turn] : NULL;

	s->turn++;
	str_append(&s->sent, span_of(data, len));
	s->answer = span_of_text(answer != NULL ? answer : "");
	return s->send_result;
}

static inline ptrdiff_t script_receive(struct relay_stream *stream, void *data, size_t size)
{
	struct script *s = (struct script *)(void *)stream;
	size_t n = s->answer.len < size ? s->answer.len : size;

	if (n > 0 && s->answer.data[0] == HUNG[0])
		return -ETIMEDOUT;
	if (n > 1 && s->drips)
		n = 1;
	if (n > 0)
		memcpy(data, s->answer.data, n);
	s->answer = span_from(s->answer, n);
	return (ptrdiff_t)n;
}

static inline bool script_is_open(struct relay_stream *stream)
{
	(void)stream;
	return true;
}

static inline const char *script_why(const struct relay_stream *stream)
{
	(void)stream;
	return "it broke";
}

static inline void script_close(struct relay_stream *stream)
{
	(void)stream;
}

static inline void script_count(const struct relay_host *host, unsigned counter, uint64_t by)
{
	if (counter == COUNT_LIST_LENGTH)
		script_of(host)->counted[counter] = by;
	else
		script_of(host)->counted[counter] += by;
}

static inline void script_mark(const struct relay_host *host, size_t index,
		enum relay_verdict verdict, const char *reason)
{
	struct script *s = script_of(host);

	assert_int_equal(s->marks[index], -1);
	s->marks[index] = (int)verdict;
	snprintf(s->reasons[index], RELAY_REASON, "%s", reason != NULL ? reason : "");
}

RELAY_PRINTF_LIKE(3, 4)
static inline void script_log(
		const struct relay_host *host, enum relay_log_level level, const char *format, ...)
{
	va_list args;

	(void)level;
	va_start(args, format);
	str_vprintf(&script_of(host)->logged, format, args);
	va_end(args);
}

/* With `count` records of the key "k": texts {"n":0} ..., ids id-0 ..., received one ms apart. */
static inline void script_init(struct script *s, size_t count)
{
	static const char *const texts[] = { "{\"n\":0}", "{\"n\":1}", "{\"n\":2}", "{\"n\":3}" };
	static const char *const ids[] = { "id-0", "id-1", "id-2", "id-3" };

	*s = (struct script){
		.host = { .size = sizeof(s->host),
				.output = "out put",
				.gateway = "gw",
				.log = script_log,
				.count = script_count,
				.mark = script_mark,
				.connect = script_connect,
				.send = script_send,
				.receive = script_receive,
				.is_open = script_is_open,
				.why = script_why,
				.close = script_close },
		.settings = { .url = "redis://server",
				.timeout = 10,
				.key = "k",
				.push_values = 128,
				.pack = 1 },
		.count = count,
	};
	for (size_t i = 0; i < count; i++) {
		s->keys[i] = (struct relay_text){ "k", 1 };
		s->records[i] = (struct relay_record){
			.sequence = 7 + i,
			.id = { ids[i], 4 },
			.text = { texts[i], strlen(texts[i]) },
			.rendered = &s->keys[i],
			.received_ns = (int64_t)(1000 + i) * 1000000,
			.topic = { "t", 1 },
		};
	}
}

static inline void script_finish(struct script *s)
{
	str_finish(&s->sent);
	str_finish(&s->places);
	str_finish(&s->logged);
}

static inline enum relay_verdict script_deliver(struct script *s, void *instance)
{
	struct relay_batch batch = { .count = s->count,
		.records = s->records,
		.record_size = sizeof(s->records[0]),
		.attempt = 1 };

	s->outcome = (struct relay_outcome){ .size = sizeof(s->outcome) };
	str_clear(&s->sent);
	for (size_t i = 0; i < SCRIPT_RECORDS; i++)
		s->marks[i] = -1;
	return belfry_relay.deliver(instance, &batch, &s->outcome);
}

/* What was sent, on one line: commands and arguments with a blank between them. */
static inline const char *script_sent(struct script *s)
{
	struct span rest = str_span(&s->sent);
	struct str line = { 0 };

	while (rest.len > 0) {
		struct span part = span_cut(&rest, '\n');

		part = span_trim(part);
		if (part.len == 0 || (part.len > 1 && (part.data[0] == '*' || part.data[0] == '$')))
			continue;
		if (line.len > 0)
			str_append_byte(&line, ' ');
		str_append(&line, part);
	}
	str_clear(&s->sent);
	str_append(&s->sent, str_span(&line));
	str_finish(&line);
	return str_text(&s->sent);
}

#endif
