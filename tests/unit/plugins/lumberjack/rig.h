/* SPDX-License-Identifier: MIT */
/*
 * The plugin and a host that is made up: connections whose answers stand in a script.
 */
#ifndef TESTS_UNIT_PLUGINS_LUMBERJACK_RIG_H
#define TESTS_UNIT_PLUGINS_LUMBERJACK_RIG_H

#include <errno.h>
#include <stdio.h>

#include "common/str.h"
#include "plugins/relay.h"
#include "tests/unit/unit.h"

#define EVENT(seq, n) "2J\0\0\0" seq "\0\0\0\x07{\"a\":" n "}"
#define ACK(seq)      SPAN("2A\0\0\0" seq)

enum { MARKS = 16, CONNECTIONS = 8, COUNTERS = 4 };

/* As the plugin's own settings set it. */
struct given {
	const char *hosts;
	const char *metadata;
	uint64_t window, in_flight, max_record;
	bool balance, tls;
};

static const struct given usual = { "a", "none", 2, 2, 1000, false, false };

/* What a connection answers, one a receive; its end is that of the connection. */
struct script {
	const char *refused; /* no connection, and why */
	struct span answers[8];
	bool was_idle; /* closed before it is used a second time */
	int error;     /* instead of the end: -ETIMEDOUT */
	int sends;     /* so many, and then it is reset; 0: any number */
};

struct relay_stream {
	const struct script *script;
	size_t next;
	int sends;
	struct str sent;
	uint16_t port;
	char host[32];
	bool tls, closed, used;
};

struct fake {
	struct relay_host host; /* first */
	struct relay_tls tls;
	const struct script *scripts;
	struct relay_stream streams[CONNECTIONS];
	size_t tries, opened;
	bool ends;
	struct {
		bool is_marked;
		enum relay_verdict verdict;
		char reason[RELAY_REASON];
	} marks[MARKS];
	uint64_t counters[COUNTERS];
	struct str config;
	void *instance;
	struct relay_outcome outcome;
};

/* --- the host ------------------------------------------------------------------------------- */

static inline void fake_log(
		const struct relay_host *host, enum relay_log_level level, const char *format, ...)
{
	(void)host, (void)level, (void)format;
}

static inline void fake_count(const struct relay_host *host, unsigned counter, uint64_t by)
{
	((struct fake *)(uintptr_t)host)->counters[counter] += by;
}

static inline void fake_mark(const struct relay_host *host, size_t index,
		enum relay_verdict verdict, const char *reason)
{
	struct fake *f = (struct fake *)(uintptr_t)host;

	assert_in_range(index, 0, MARKS - 1);
	f->marks[index].is_marked = true;
	f->marks[index].verdict = verdict;
	snprintf(f->marks[index].reason, RELAY_REASON, "%s", reason != NULL ? reason : "");
}

static inline struct relay_stream *fake_connect(const struct relay_host *host,
		const struct relay_place *place, char why[RELAY_REASON])
{
	struct fake *f = (struct fake *)(uintptr_t)host;
	const struct script *script = &f->scripts[f->tries++];
	struct relay_stream *s;

	if (script->refused != NULL) {
		snprintf(why, RELAY_REASON, "%s", script->refused);
		return NULL;
	}
	s = &f->streams[f->opened++];
	s->script = script;
	s->port = place->port;
	s->tls = place->tls;
	snprintf(s->host, sizeof(s->host), "%s", place->host);
	return s;
}

static inline int fake_send(struct relay_stream *s, const void *data, size_t len)
{
	assert_false(s->closed);
	s->used = true;
	if (s->script->sends > 0 && s->sends++ == s->script->sends)
		return -ECONNRESET;
	str_append(&s->sent, span_of(data, len));
	return 0;
}

static inline ptrdiff_t fake_receive(struct relay_stream *s, void *data, size_t size)
{
	struct span answer = s->script->answers[s->next];

	assert_false(s->closed);
	if (answer.len == 0)
		return s->script->error;
	s->next++;
	assert_true(answer.len <= size);
	memcpy(data, answer.data, answer.len);
	return (ptrdiff_t)answer.len;
}

static inline bool fake_is_open(struct relay_stream *s)
{
	return !s->script->was_idle || !s->used;
}

static const char *fake_why(const struct relay_stream *s)
{
	(void)s;
	return "as the host says";
}

static inline void fake_close(struct relay_stream *s)
{
	if (s != NULL) {
		assert_false(s->closed);
		s->closed = true;
	}
}

static inline bool fake_sleep(const struct relay_host *host, uint32_t ms)
{
	(void)ms;
	return ((const struct fake *)(const void *)host)->ends;
}

/* --- what a test does ------------------------------------------------------------------------ */

static inline void *member(struct fake *f, const char *name)
{
	for (const struct relay_setting *s = belfry_relay.settings; s->name != NULL; s++) {
		if (strcmp(s->name, name) == 0)
			return f->config.text + s->offset;
	}
	fail_msg("no setting %s", name);
	return NULL;
}

static char *host_texts[1];

static inline void configure(struct fake *f, const struct given *given)
{
	str_reserve(&f->config, belfry_relay.config_size);
	memset(f->config.text, 0, belfry_relay.config_size);
	host_texts[0] = (char *)(uintptr_t)given->hosts;
	*(struct relay_list *)member(f, "hosts") = (struct relay_list){ host_texts, 1 };
	*(const char **)member(f, "metadata") = given->metadata;
	*(uint64_t *)member(f, "window") = given->window;
	*(uint64_t *)member(f, "in_flight") = given->in_flight;
	*(uint64_t *)member(f, "max_record") = given->max_record;
	*(uint64_t *)member(f, "timeout") = 7;
	*(bool *)member(f, "balance") = given->balance;
	*(bool *)member(f, "tls") = given->tls;
}

static inline void begin(struct fake *f, const struct given *given, const struct script *scripts)
{
	*f = (struct fake){ .scripts = scripts };
	f->host = (struct relay_host){ .size = sizeof(f->host),
		.output = "test",
		.gateway = "gateway",
		.tls = &f->tls,
		.stop_fd = -1,
		.log = fake_log,
		.count = fake_count,
		.mark = fake_mark,
		.connect = fake_connect,
		.send = fake_send,
		.receive = fake_receive,
		.is_open = fake_is_open,
		.why = fake_why,
		.close = fake_close,
		.sleep = fake_sleep };
	configure(f, given);
	f->instance = belfry_relay.open(&f->host, f->config.text);
	assert_non_null(f->instance);
}

static inline void end(struct fake *f)
{
	belfry_relay.close(f->instance);
	for (size_t i = 0; i < f->opened; i++) {
		assert_true(f->streams[i].closed);
		str_finish(&f->streams[i].sent);
	}
	str_finish(&f->config);
}

/* Deliver records of these texts; NULL ends them. */
static inline enum relay_verdict deliver(struct fake *f, const char *const *texts)
{
	struct relay_record records[MARKS] = { 0 };
	struct relay_batch batch = { .records = records, .record_size = sizeof(records[0]) };

	memset(f->marks, 0, sizeof(f->marks));
	f->outcome = (struct relay_outcome){ .size = sizeof(f->outcome) };
	for (; texts[batch.count] != NULL; batch.count++) {
		records[batch.count].text = (struct relay_text){ texts[batch.count],
			strlen(texts[batch.count]) };
	}
	return belfry_relay.deliver(f->instance, &batch, &f->outcome);
}

static inline void assert_sent(const struct fake *f, size_t connection, struct span bytes)
{
	assert_true(connection < f->opened);
	assert_span_equal(str_span(&f->streams[connection].sent), bytes);
}

static inline bool has_sent(const struct fake *f, size_t connection, const char *text)
{
	const struct str *sent = &f->streams[connection].sent;

	return memmem(sent->text, sent->len, text, strlen(text)) != NULL;
}

static inline void assert_marked(
		const struct fake *f, size_t from, size_t to, enum relay_verdict verdict)
{
	for (size_t i = from; i < to; i++) {
		assert_true(f->marks[i].is_marked);
		assert_int_equal(f->marks[i].verdict, verdict);
	}
	assert_false(f->marks[to].is_marked);
}

static inline void assert_reason(const struct fake *f, const char *word)
{
	if (strstr(f->outcome.reason, word) == NULL)
		fail_msg("'%s' is not in: %s", word, f->outcome.reason);
}

static const char *const three[] = { "{\"a\":1}", "{\"a\":2}", "{\"a\":3}", NULL };
static const char *const one[] = { "{}", NULL };

#endif
