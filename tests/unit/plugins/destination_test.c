/* SPDX-License-Identifier: MIT */
#include "plugins/destination.h"

#include "tests/unit/plugins/host.h"
#include "tests/unit/udp_receiver.h"

static const struct url_scheme schemes[] = {
	{ "udp", 514, false },
	{ "tcp", 601, false },
	{ "tls", 6514, true },
	{ 0 },
};

static struct destination *make(const char *url)
{
	struct destination_settings settings = { url, schemes, 7 };
	char problem[RELAY_REASON];

	assert_non_null(destination_check(&settings, problem));
	return destination_create(&fake.host, &settings);
}

static void urls_are_checked(void **state)
{
	static const struct {
		const char *url, *problem;
	} cases[] = {
		{ "http://a", "take one of udp://HOST[:PORT] tcp://HOST[:PORT] tls://" },
		{ "tcp://", "names no host" },
		{ "tcp://a:0", "no port" },
		{ "tcp://bob@a", "names a user" },
		{ "tcp://bob:x@a", "holds a password" },
	};
	char problem[RELAY_REASON];

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct destination_settings settings = { cases[i].url, schemes, 1 };

		assert_null(destination_check(&settings, problem));
		assert_non_null(strstr(problem, cases[i].problem));
		assert_memory_equal(problem, "url ", 4);
	}
}

static void a_stream_is_kept(void **state)
{
	struct destination *d = make("tls://logs.example");
	char reason[RELAY_REASON] = "";

	(void)state;
	assert_false(destination_is_datagram(d));
	assert_true(destination_send(d, BYTES("one "), reason));
	assert_true(destination_send(d, BYTES("two"), reason));
	assert_true(destination_ready(d, reason));
	assert_span_text(str_span(&fake.sent), "one two");
	assert_int_equal(fake.connects, 1);
	assert_int_equal(fake.drains, 2);
	assert_string_equal(fake.place.host, "logs.example");
	assert_int_equal(fake.place.port, 6514);
	assert_true(fake.place.tls);
	assert_int_equal(fake.place.timeout_ms, 7000);
	destination_destroy(d);
}

/* What is written into a connection that is closed already would be lost. */
static void a_closed_stream_is_made_anew_first(void **state)
{
	struct destination *d = make("tcp://a:1");
	char reason[RELAY_REASON] = "";

	(void)state;
	assert_true(destination_send(d, BYTES("one "), reason));
	fake.is_closed = true;
	assert_true(destination_send(d, BYTES("two"), reason));
	assert_int_equal(fake.connects, 2);
	assert_span_text(str_span(&fake.sent), "one two");
	destination_destroy(d);
}

static void a_server_that_turns_us_away_gets_nothing(void **state)
{
	struct destination *d = make("tls://a");
	char reason[RELAY_REASON] = "";

	(void)state;
	fake.closes_early = true;
	assert_false(destination_send(d, BYTES("lost"), reason));
	assert_int_equal(fake.sent.len, 0);
	assert_int_equal(fake.sleeps, 1);
	assert_non_null(strstr(reason, "closes the connection as soon as it is made"));
	assert_non_null(strstr(reason, "certfile"));
	destination_destroy(d);
}

static void failures_have_a_reason(void **state)
{
	struct destination *d = make("tcp://a");
	char reason[RELAY_REASON] = "";

	(void)state;
	fake.refuses = true;
	assert_false(destination_ready(d, reason));
	assert_string_equal(reason, "refused");
	fake.refuses = false;
	fake.send_fails = true;
	assert_false(destination_send(d, BYTES("x"), reason));
	assert_string_equal(reason, "a: it broke");
	fake.send_fails = false;
	assert_true(destination_send(d, BYTES("x"), reason));
	assert_int_equal(fake.connects, 2);
	destination_destroy(d);
}

/* Bytes that only our own kernel has go down with the connection. */
static void what_is_not_acknowledged_is_not_delivered(void **state)
{
	struct destination *d = make("tcp://a");
	char reason[RELAY_REASON] = "";

	(void)state;
	fake.drain_fails = true;
	assert_false(destination_send(d, BYTES("x"), reason));
	assert_string_equal(reason, "a: it broke");
	assert_int_equal(fake.closes, 1);
	fake.drain_fails = false;
	assert_true(destination_send(d, BYTES("x"), reason));
	assert_int_equal(fake.connects, 2);
	destination_destroy(d);
}

static void the_end_of_the_gateway_is_not_waited_for(void **state)
{
	struct destination *d = make("tcp://a");
	char reason[RELAY_REASON] = "";

	(void)state;
	fake.is_ending = true;
	assert_false(destination_send(d, BYTES("x"), reason));
	assert_int_equal(fake.sent.len, 0);
	destination_destroy(d);
}

static void nothing_needs_no_connection(void **state)
{
	struct datagrams none = { 0 };
	struct destination *d = make("tcp://a"), *u = make("udp://127.0.0.1:9");
	char reason[RELAY_REASON] = "";

	(void)state;
	fake.refuses = true;
	assert_true(destination_send(d, span_of(NULL, 0), reason));
	assert_true(destination_send_datagrams(u, &none, reason));
	destination_destroy(d);
	destination_destroy(u);
}

static void datagrams_are_sent_again_after_a_refusal(void **state)
{
	struct datagrams d = { 0 };
	char url[64], reason[RELAY_REASON] = "", got[8];
	uint16_t port = 0;
	int fd = udp_receiver(&port);
	struct destination *to;

	(void)state;
	snprintf(url, sizeof(url), "udp://127.0.0.1:%u", port);
	close(fd);
	to = make(url);
	assert_true(destination_is_datagram(to));
	str_append_text(&d.bytes, "x");
	datagrams_end(&d);
	str_append_text(&d.bytes, "y");
	datagrams_end(&d);
	assert_false(destination_send_datagrams(to, &d, reason));
	assert_non_null(strstr(reason, "nobody receives there"));

	fd = udp_receiver(&port);
	assert_true(destination_send_datagrams(to, &d, reason));
	assert_int_equal(recv(fd, got, sizeof(got), 0), 1);
	assert_int_equal(recv(fd, got, sizeof(got), 0), 1);
	close(fd);
	destination_destroy(to);
	datagrams_finish(&d);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_begin, fake_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(urls_are_checked),
		TEST(a_stream_is_kept),
		TEST(a_closed_stream_is_made_anew_first),
		TEST(a_server_that_turns_us_away_gets_nothing),
		TEST(failures_have_a_reason),
		TEST(what_is_not_acknowledged_is_not_delivered),
		TEST(the_end_of_the_gateway_is_not_waited_for),
		TEST(nothing_needs_no_connection),
		TEST(datagrams_are_sent_again_after_a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
