/* SPDX-License-Identifier: MIT */
/*
 * The plugin against a host that is made up: connections whose answers stand in a script.
 */
#include "plugins/relay.h"

#include "common/str.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/unit.h"

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

static void fake_log(
		const struct relay_host *host, enum relay_log_level level, const char *format, ...)
{
	(void)host, (void)level, (void)format;
}

static void fake_count(const struct relay_host *host, unsigned counter, uint64_t by)
{
	((struct fake *)(uintptr_t)host)->counters[counter] += by;
}

static void fake_mark(const struct relay_host *host, size_t index, enum relay_verdict verdict,
		const char *reason)
{
	struct fake *f = (struct fake *)(uintptr_t)host;

	assert_in_range(index, 0, MARKS - 1);
	f->marks[index].is_marked = true;
	f->marks[index].verdict = verdict;
	snprintf(f->marks[index].reason, RELAY_REASON, "%s", reason != NULL ? reason : "");
}

static struct relay_stream *fake_connect(const struct relay_host *host,
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

static int fake_send(struct relay_stream *s, const void *data, size_t len)
{
	assert_false(s->closed);
	s->used = true;
	if (s->script->sends > 0 && s->sends++ == s->script->sends)
		return -ECONNRESET;
	str_append(&s->sent, span_of(data, len));
	return 0;
}

static ptrdiff_t fake_receive(struct relay_stream *s, void *data, size_t size)
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

static bool fake_is_open(struct relay_stream *s)
{
	return !s->script->was_idle || !s->used;
}

static const char *fake_why(const struct relay_stream *s)
{
	(void)s;
	return "as the host says";
}

static void fake_close(struct relay_stream *s)
{
	if (s != NULL) {
		assert_false(s->closed);
		s->closed = true;
	}
}

static bool fake_sleep(const struct relay_host *host, uint32_t ms)
{
	(void)ms;
	return ((const struct fake *)(const void *)host)->ends;
}

/* --- what a test does ------------------------------------------------------------------------ */

static void *member(struct fake *f, const char *name)
{
	for (const struct relay_setting *s = belfry_relay.settings; s->name != NULL; s++) {
		if (strcmp(s->name, name) == 0)
			return f->config.text + s->offset;
	}
	fail_msg("no setting %s", name);
	return NULL;
}

static char *host_texts[1];

static void configure(struct fake *f, const struct given *given)
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

static void begin(struct fake *f, const struct given *given, const struct script *scripts)
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

static void end(struct fake *f)
{
	belfry_relay.close(f->instance);
	for (size_t i = 0; i < f->opened; i++) {
		assert_true(f->streams[i].closed);
		str_finish(&f->streams[i].sent);
	}
	str_finish(&f->config);
}

/* Deliver records of these texts; NULL ends them. */
static enum relay_verdict deliver(struct fake *f, const char *const *texts)
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

static void assert_sent(const struct fake *f, size_t connection, struct span bytes)
{
	assert_true(connection < f->opened);
	assert_span_equal(str_span(&f->streams[connection].sent), bytes);
}

static bool has_sent(const struct fake *f, size_t connection, const char *text)
{
	const struct str *sent = &f->streams[connection].sent;

	return memmem(sent->text, sent->len, text, strlen(text)) != NULL;
}

static void assert_marked(const struct fake *f, size_t from, size_t to, enum relay_verdict verdict)
{
	for (size_t i = from; i < to; i++) {
		assert_true(f->marks[i].is_marked);
		assert_int_equal(f->marks[i].verdict, verdict);
	}
	assert_false(f->marks[to].is_marked);
}

static void assert_reason(const struct fake *f, const char *word)
{
	if (strstr(f->outcome.reason, word) == NULL)
		fail_msg("'%s' is not in: %s", word, f->outcome.reason);
}

static const char *const three[] = { "{\"a\":1}", "{\"a\":2}", "{\"a\":3}", NULL };
static const char *const one[] = { "{}", NULL };

/* --- tests ----------------------------------------------------------------------------------- */

#define EVENT(seq, n) "2J\0\0\0" seq "\0\0\0\x07{\"a\":" n "}"
#define ACK(seq)      SPAN("2A\0\0\0" seq)

static void a_batch_goes_out_as_windows_of_their_size(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\2"), ACK("\1") } } };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, three), RELAY_OK);
	assert_sent(&f, 0,
			BYTES("2W\0\0\0\2" EVENT("\1", "1") EVENT("\2", "2") //
					"2W\0\0\0\1" EVENT("\1", "3")));
	assert_marked(&f, 0, 0, RELAY_OK);
	assert_int_equal(f.streams[0].port, 5044);
	assert_false(f.streams[0].tls);
	end(&f);
}

static void no_more_windows_are_on_their_way_than_allowed(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.window = 1;
	given.in_flight = 1;
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, three), RELAY_RETRY);
	/* the second one was sent behind the first acknowledgement, the third not at all */
	assert_span_equal(span_first(str_span(&f.streams[0].sent), 46),
			BYTES("2W\0\0\0\1" EVENT("\1", "1") "2W\0\0\0\1" EVENT("\1", "2")));
	end(&f);
}

#define METADATA "\"@metadata\":{\"beat\":\"belfry\",\"version\":\"" BELFRY_VERSION "\"}"

static void metadata_is_the_last_member(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\2") } } };
	static const char *const texts[] = { "{\"@metadata\":7}", " { }\n", NULL };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.metadata = "belfry";
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, texts), RELAY_OK);
	assert_true(has_sent(&f, 0, "{\"@metadata\":7," METADATA "}"));
	assert_true(has_sent(&f, 0, "{ " METADATA "}"));
	end(&f);
}

static void keep_alives_and_parts_are_waited_through(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\0"), ACK("\1"), ACK("\0"),
								   SPAN("2A\0"), SPAN("\0\0\2"),
								   ACK("\0"), ACK("\1") } } };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, three), RELAY_OK);
	assert_int_equal(f.counters[3], 3);
	end(&f);
}

static void what_was_acknowledged_is_not_sent_again(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } },
		{ .answers = { ACK("\2") } } };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, three), RELAY_RETRY);
	assert_marked(&f, 0, 1, RELAY_OK);
	assert_reason(&f, "a:5044: the server closed the connection before");
	assert_int_equal(deliver(&f, three + 1), RELAY_OK); /* the host's next attempt */
	assert_sent(&f, 1, BYTES("2W\0\0\0\2" EVENT("\1", "2") EVENT("\2", "3")));
	end(&f);
}

static void what_was_acknowledged_before_a_reset_counts(void **unused)
{
	static const struct script scripts[] = {
		{ .answers = { ACK("\1"), ACK("\1") }, .sends = 2 }, { .answers = { ACK("\1") } }
	};
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.window = 1;
	given.in_flight = 3;
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, three), RELAY_RETRY);
	assert_marked(&f, 0, 2, RELAY_OK);
	assert_reason(&f, "closed the connection");
	end(&f);
}

static void another_host_goes_on_where_the_first_one_failed(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } },
		{ .refused = "b:1: Connection refused" }, { .answers = { ACK("\2"), ACK("\1") } } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.hosts = "a b:1 c";
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, three), RELAY_OK);
	assert_sent(&f, 1, BYTES("2W\0\0\0\2" EVENT("\1", "2") EVENT("\2", "3")));
	assert_string_equal(f.streams[1].host, "c");
	assert_int_equal(deliver(&f, one), RELAY_OK); /* and is kept */
	assert_int_equal(f.opened, 2);
	end(&f);
}

static void each_host_is_tried_once(void **unused)
{
	static const struct script scripts[] = { { .refused = "first" },
		{ .refused = "b:5044: no" } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.hosts = "a b";
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, three), RELAY_RETRY);
	assert_int_equal(f.tries, 2);
	assert_string_equal(f.outcome.reason, "b:5044: no"); /* the name stands there once */
	assert_marked(&f, 0, 0, RELAY_OK);
	end(&f);
}

static void a_connection_that_was_idle_is_opened_anew(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") }, .was_idle = true },
		{ .answers = { ACK("\1") } }, { .answers = { ACK("\1") } } };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_true(f.streams[0].closed);
	assert_sent(&f, 1,
			BYTES("2W\0\0\0\1"
			      "2J\0\0\0\1\0\0\0\2{}"));
	/* the second one is closed just when it is used again: that is no failure either */
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_int_equal(f.opened, 3);
	end(&f);
}

static void balance_takes_turns_and_keeps_connections(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1"), ACK("\1") } },
		{ .answers = { ACK("\1"), ACK("\1") } } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.hosts = "a b";
	given.balance = true;
	begin(&f, &given, scripts);
	for (int i = 0; i < 4; i++)
		assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_int_equal(f.opened, 2);
	assert_string_equal(f.streams[1].host, "b");
	assert_int_equal(f.streams[0].next, 2);
	assert_int_equal(f.streams[1].next, 2);
	end(&f);
}

static void what_the_server_should_not_say_ends_the_connection(void **unused)
{
	static const struct {
		struct script script;
		const char *reason;
		size_t confirmed;
	} cases[] = {
		{ { .answers = { ACK("\3") } }, "acknowledges event 3", 0 },
		{ { .answers = { ACK("\2"), ACK("\2") } }, "acknowledges event 2", 2 },
		{ { .answers = { SPAN("HTTP/1.1 400") } }, "HTTP", 0 },
		{ { .answers = { SPAN("\x15\3\1\0\2\2\x28") } }, "set tls true", 0 },
		{ { .answers = { SPAN("220 mail\r\n") } }, "does not speak Lumberjack", 0 },
		{ { .error = -ETIMEDOUT }, "nothing for 7 s", 0 },
		{ { .error = -EHOSTUNREACH }, "as the host says", 0 },
		{ { .error = -ECONNRESET }, "does it want TLS?", 0 },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct fake f;

		begin(&f, &usual, &cases[i].script);
		assert_int_equal(deliver(&f, three), RELAY_RETRY);
		assert_reason(&f, cases[i].reason);
		assert_true(f.streams[0].closed);
		assert_marked(&f, 0, cases[i].confirmed, RELAY_OK);
		end(&f);
	}
}

/* An answer too many would be taken for one to the next batch. */
static void an_answer_too_many_is_not_kept_for_the_next_batch(void **unused)
{
	static const struct script scripts[] = { { .answers = { SPAN("2A\0\0\0\1"
								     "2A\0\0\0\1") } },
		{ .answers = { ACK("\1") } } };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_true(f.streams[0].closed);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	end(&f);
}

static void what_is_no_object_is_a_dead_letter_and_the_others_arrive(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\2") } } };
	static const char *const texts[] = { "OK - fine", "{\"a\":1}", "{\"a\":", "{\"a\":2}",
		"[1]", NULL };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, texts), RELAY_OK);
	assert_sent(&f, 0, BYTES("2W\0\0\0\2" EVENT("\1", "1") EVENT("\2", "2")));
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(f.marks[i].is_marked, i % 2 == 0);
		if (f.marks[i].is_marked)
			assert_int_equal(f.marks[i].verdict, RELAY_REJECT);
	}
	assert_non_null(strstr(f.marks[0].reason, "does not begin with {"));
	end(&f);
}

static void what_is_confirmed_is_marked_by_its_place_in_the_batch(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } } };
	static const char *const texts[] = { "no", "{\"a\":1}", "{\"a\":2}", NULL };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, texts), RELAY_RETRY);
	assert_int_equal(f.marks[0].verdict, RELAY_REJECT);
	assert_true(f.marks[1].is_marked && f.marks[1].verdict == RELAY_OK);
	assert_false(f.marks[2].is_marked);
	end(&f);
}

static void a_batch_without_an_event_needs_no_connection(void **unused)
{
	static const char *const texts[] = { "a", "b", NULL };
	struct fake f;

	(void)unused;
	begin(&f, &usual, NULL);
	assert_int_equal(deliver(&f, texts), RELAY_OK);
	assert_marked(&f, 0, 2, RELAY_REJECT);
	end(&f);
}

static void a_record_that_is_too_large_is_a_dead_letter(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } } };
	static const char *const texts[] = { "{\"a\":\"1234567\"}", "{}", NULL };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.max_record = 14;
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, texts), RELAY_OK);
	assert_marked(&f, 0, 1, RELAY_REJECT);
	assert_non_null(strstr(f.marks[0].reason, "it has 15 bytes; max_record allows 14"));
	end(&f);
}

static void tls_is_spoken_when_a_setting_says_so(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.tls = true;
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_true(f.streams[0].tls);
	end(&f);

	begin(&f, &usual, scripts);
	belfry_relay.close(f.instance);
	f.tls.cafile = "ca.crt";
	f.instance = belfry_relay.open(&f.host, f.config.text);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_true(f.streams[0].tls);
	end(&f);
}

static void nothing_is_begun_while_the_output_ends(void **unused)
{
	struct fake f;

	(void)unused;
	begin(&f, &usual, NULL);
	f.ends = true;
	assert_int_equal(deliver(&f, one), RELAY_RETRY);
	assert_int_equal(f.tries, 0);
	end(&f);
}

static void idle_finds_out_whether_there_is_a_server(void **unused)
{
	static const struct script scripts[] = { { .refused = "no" }, { .answers = { ACK("\1") } },
		{ .answers = { ACK("\1") }, .was_idle = true } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.hosts = "a b";
	begin(&f, &given, scripts);
	assert_true(belfry_relay.idle(f.instance, &f.outcome));
	assert_int_equal(f.tries, 2);
	assert_true(belfry_relay.idle(f.instance, &f.outcome));
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_int_equal(f.tries, 2);
	end(&f);

	begin(&f, &usual, scripts);
	assert_false(belfry_relay.idle(f.instance, &f.outcome));
	assert_reason(&f, "a:5044: no");
	assert_false(belfry_relay.idle(f.instance, &f.outcome)); /* it rests */
	assert_reason(&f, "a:5044: no");
	assert_int_equal(f.tries, 1);
	end(&f);

	/* closed by the server, and left alone until it is needed */
	begin(&f, &usual, scripts + 2);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_true(belfry_relay.idle(f.instance, &f.outcome));
	assert_true(f.streams[0].closed);
	assert_int_equal(f.tries, 1);
	end(&f);
}

static void settings_are_looked_at_together(void **unused)
{
	static const struct {
		const char *hosts, *metadata, *word;
	} cases[] = { { "a b:5045 [::1]", "belfry-2.x", NULL }, { "a:b", "belfry", "hosts" },
		{ "a", "Belfry", "metadata" }, { "a", "-a", "metadata" },
		{ "a", "a b", "metadata" } };

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct given given = usual;
		char problem[RELAY_REASON] = "";
		struct fake f = { 0 };

		given.hosts = cases[i].hosts;
		given.metadata = cases[i].metadata;
		configure(&f, &given);
		assert_int_equal(belfry_relay.check(f.config.text, problem), cases[i].word == NULL);
		assert_true(cases[i].word == NULL || strstr(problem, cases[i].word) != NULL);
		str_finish(&f.config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_goes_out_as_windows_of_their_size),
		cmocka_unit_test(no_more_windows_are_on_their_way_than_allowed),
		cmocka_unit_test(metadata_is_the_last_member),
		cmocka_unit_test(keep_alives_and_parts_are_waited_through),
		cmocka_unit_test(what_was_acknowledged_is_not_sent_again),
		cmocka_unit_test(what_was_acknowledged_before_a_reset_counts),
		cmocka_unit_test(another_host_goes_on_where_the_first_one_failed),
		cmocka_unit_test(each_host_is_tried_once),
		cmocka_unit_test(a_connection_that_was_idle_is_opened_anew),
		cmocka_unit_test(balance_takes_turns_and_keeps_connections),
		cmocka_unit_test(what_the_server_should_not_say_ends_the_connection),
		cmocka_unit_test(an_answer_too_many_is_not_kept_for_the_next_batch),
		cmocka_unit_test(what_is_no_object_is_a_dead_letter_and_the_others_arrive),
		cmocka_unit_test(what_is_confirmed_is_marked_by_its_place_in_the_batch),
		cmocka_unit_test(a_batch_without_an_event_needs_no_connection),
		cmocka_unit_test(a_record_that_is_too_large_is_a_dead_letter),
		cmocka_unit_test(tls_is_spoken_when_a_setting_says_so),
		cmocka_unit_test(nothing_is_begun_while_the_output_ends),
		cmocka_unit_test(idle_finds_out_whether_there_is_a_server),
		cmocka_unit_test(settings_are_looked_at_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
