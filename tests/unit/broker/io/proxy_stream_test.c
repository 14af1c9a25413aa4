/* SPDX-License-Identifier: MIT */
#include "broker/io/proxy_stream.h"

#include "common/net.h"
#include "tests/unit/broker/io/memory_stream.h"

#define LINE	  "PROXY TCP4 192.0.2.5 192.0.2.1 49152 1883\r\n"
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define ENDS	  "\xc0\0\2\5\xc0\0\2\1\xc0\0\7\x5b"
#define PLAIN	  SIGNATURE "\x21\x11\0\x0c" ENDS
#define TLS	  SIGNATURE "\x21\x11\0\x14" ENDS "\x20\0\5\1\0\0\0\1"
#define CERTIFIED SIGNATURE "\x21\x11\0\x1b" ENDS "\x20\0\x0c\7\0\0\0\0\x22\0\4pump"
#define LOCAL	  SIGNATURE "\x20\0\0\0"

static uint8_t buffer[STREAM_MIN_RECEIVE];

/* What receive() says to these bytes, which come in pieces of `step`. */
static ssize_t feed(struct memory_stream *peer, struct stream *s, struct span bytes, size_t step)
{
	ssize_t n;

	peer->step = step;
	str_append(&peer->coming, bytes);
	do
		n = stream_receive(s, buffer, sizeof(buffer));
	while (n == -EAGAIN && peer->coming.len > 0);
	return n;
}

static void what_follows_the_header_is_passed_through(void **unused)
{
	struct span input = BYTES(LINE "CONNECT");
	char text[NET_ADDRESS_TEXT];

	(void)unused;
	for (size_t step = 1; step <= input.len; step++) {
		struct proxy_rules rules = { .version = PROXY_V1 };
		struct memory_stream peer;
		struct stream *s;
		struct span reply = BYTES("CONNACK");
		ssize_t n;
		size_t got = 0;

		memory_stream_init(&peer);
		s = proxy_stream_create(&peer.base, &rules);
		assert_false(s->is_open);
		assert_int_equal(proxy_stream_source(s)->ss_family, AF_UNSPEC);
		for (n = feed(&peer, s, input, step); n > 0;
				n = stream_receive(s, buffer, sizeof(buffer))) {
			assert_memory_equal(buffer, &"CONNECT"[got], n);
			got += (size_t)n;
		}
		assert_int_equal(n, -EAGAIN);
		assert_int_equal(got, 7);
		assert_true(s->is_open);
		assert_string_equal(net_format_address(proxy_stream_source(s), text, sizeof(text)),
				"192.0.2.5:49152");
		assert_int_equal(stream_send(s, &reply, 1), 7);
		assert_span_text(str_span(&peer.gone), "CONNACK");
		stream_shutdown(s);
		assert_true(peer.is_shut_down);
		stream_destroy(s);
		memory_stream_finish(&peer);
	}
}

/* 0: let in. Else what receive() says, and it has said why. */
static ssize_t judged(const struct proxy_rules *rules, struct span header)
{
	struct memory_stream peer;
	struct stream *s;
	ssize_t n;

	memory_stream_init(&peer);
	s = proxy_stream_create(&peer.base, rules);
	n = feed(&peer, s, header, SIZE_MAX);
	assert_int_equal(s->is_open, n == -EAGAIN);
	assert_int_equal(s->failure != NULL, n == -EPROTO);
	stream_destroy(s);
	memory_stream_finish(&peer);
	return n == -EAGAIN ? 0 : n;
}

static void without_a_good_header_nothing_passes(void **unused)
{
	struct proxy_rules rules = { .version = PROXY_V2 };
	uint8_t endless[PROXY_HEADER_MAX + 100] = { 0 };

	(void)unused;
	assert_int_equal(judged(&rules, BYTES(PLAIN)), 0);
	assert_int_equal(judged(&rules, BYTES(LINE)), -EPROTO);
	assert_int_equal(judged(&rules, BYTES("\x10\x0e\0\4MQTT")), -EPROTO);
	memcpy(endless, SIGNATURE "\x21\x11\xff\xff", 16);
	assert_int_equal(judged(&rules, span_of(endless, sizeof(endless))), -EPROTO);
	rules.version = PROXY_V1;
	assert_int_equal(judged(&rules, BYTES(LINE)), 0);
	assert_int_equal(judged(&rules, BYTES(PLAIN)), -EPROTO);
}

static void tls_may_be_required_of_the_client(void **unused)
{
	struct proxy_rules rules = { .version = PROXY_V2, .require_tls = true };

	(void)unused;
	assert_int_equal(judged(&rules, BYTES(PLAIN)), -EPROTO);
	assert_int_equal(judged(&rules, BYTES(LOCAL)), -EPROTO);
	assert_int_equal(judged(&rules, BYTES(TLS)), 0);
	assert_int_equal(judged(&rules, BYTES(CERTIFIED)), 0);
}

static void a_certificate_may_be_required_of_the_client(void **unused)
{
	struct proxy_rules rules = { .version = PROXY_V2, .require_certificate = true };
	struct memory_stream peer;
	struct stream *s;

	(void)unused;
	assert_int_equal(judged(&rules, BYTES(PLAIN)), -EPROTO);
	assert_int_equal(judged(&rules, BYTES(TLS)), -EPROTO);
	assert_int_equal(judged(&rules, BYTES(CERTIFIED)), 0);
	rules = (struct proxy_rules){ .version = PROXY_V2, .use_identity = true };
	assert_int_equal(judged(&rules, BYTES(TLS)), -EPROTO);
	memory_stream_init(&peer);
	s = proxy_stream_create(&peer.base, &rules);
	assert_string_equal(proxy_stream_common_name(s), "");
	assert_int_equal(feed(&peer, s, BYTES(CERTIFIED), 1), -EAGAIN);
	assert_string_equal(proxy_stream_common_name(s), "pump");
	stream_destroy(s);
	memory_stream_finish(&peer);
}

static void a_proxy_of_its_own_has_no_other_address(void **unused)
{
	struct proxy_rules rules = { .version = PROXY_V2 };
	struct memory_stream peer;
	struct stream *s;

	(void)unused;
	memory_stream_init(&peer);
	s = proxy_stream_create(&peer.base, &rules);
	assert_int_equal(feed(&peer, s, BYTES(LOCAL), 1), -EAGAIN);
	assert_true(s->is_open);
	assert_int_equal(proxy_stream_source(s)->ss_family, AF_UNSPEC);
	stream_destroy(s);
	memory_stream_finish(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_follows_the_header_is_passed_through),
		cmocka_unit_test(without_a_good_header_nothing_passes),
		cmocka_unit_test(tls_may_be_required_of_the_client),
		cmocka_unit_test(a_certificate_may_be_required_of_the_client),
		cmocka_unit_test(a_proxy_of_its_own_has_no_other_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
