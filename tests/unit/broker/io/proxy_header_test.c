/* SPDX-License-Identifier: MIT */
#include "broker/io/proxy_header.h"

#include <stdio.h>
#include <sys/un.h>

#include "common/net.h"
#include "common/wire.h"
#include "tests/unit/unit.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

/* A header of version 2 around `body`. */
struct binary {
	uint8_t bytes[PROXY_HEADER_MAX + 64];
};

static struct span binary(struct binary *b, uint8_t command, uint8_t family, struct span body)
{
	struct writer w = writer_of(b->bytes, sizeof(b->bytes));

	write_bytes(&w, BYTES(SIGNATURE));
	write_u8(&w, command);
	write_u8(&w, family);
	write_block16(&w, body);
	assert_false(writer_failed(&w));
	return writer_span(&w);
}

static void assert_address(const struct sockaddr_storage *address, const char *wanted)
{
	char text[NET_ADDRESS_TEXT];

	assert_string_equal(net_format_address(address, text, sizeof(text)), wanted);
}

static void assert_malformed(struct span input, enum proxy_version version)
{
	struct proxy_header h;

	assert_int_equal(proxy_header_parse(input, version, &h), PROXY_MALFORMED);
}

/* Complete with all of `input`, whatever follows; incomplete with less. */
static struct proxy_header parsed(struct span input, enum proxy_version version)
{
	struct proxy_header h, longer;
	uint8_t more[PROXY_HEADER_MAX + 8];

	for (size_t len = 0; len < input.len; len++)
		assert_int_equal(proxy_header_parse(span_first(input, len), version, &h),
				PROXY_INCOMPLETE);
	assert_int_equal(proxy_header_parse(input, version, &h), PROXY_COMPLETE);
	assert_int_equal(h.len, input.len);
	memcpy(more, input.data, input.len);
	memcpy(more + input.len, "\x10\x0e\0\4MQT", 7);
	assert_int_equal(proxy_header_parse(span_of(more, input.len + 7), version, &longer),
			PROXY_COMPLETE);
	assert_int_equal(longer.len, input.len);
	return h;
}

/* --- version 1 ------------------------------------------------------------------------------ */

static void a_line_names_both_ends(void **unused)
{
	struct proxy_header h =
			parsed(BYTES("PROXY TCP4 192.0.2.5 192.0.2.1 49152 1883\r\n"), PROXY_V1);

	(void)unused;
	assert_address(&h.source, "192.0.2.5:49152");
	assert_address(&h.destination, "192.0.2.1:1883");
	assert_false(h.is_tls);
	h = parsed(BYTES("PROXY TCP6 2001:db8::7 ::1 65535 0\r\n"), PROXY_V1);
	assert_address(&h.source, "[2001:db8::7]:65535");
	assert_address(&h.destination, "[::1]:0");
}

static void the_longest_line_is_taken(void **unused)
{
	(void)unused;
	/* The specification's worst case of TCP6 is 104 bytes. */
	parsed(BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
			PROXY_V1);
	/* And 107 with UNKNOWN in its place. */
	parsed(BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
			PROXY_V1);
	assert_malformed(BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
			       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535xx"),
			PROXY_V1);
	assert_malformed(BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
			       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535x\r\n"),
			PROXY_V1);
}

static void an_unknown_client_has_no_address(void **unused)
{
	(void)unused;
	assert_int_equal(parsed(BYTES("PROXY UNKNOWN\r\n"), PROXY_V1).source.ss_family, AF_UNSPEC);
	assert_int_equal(parsed(BYTES("PROXY UNKNOWN what ever\r\n"), PROXY_V1).source.ss_family,
			AF_UNSPEC);
}

static void a_line_that_is_not_exactly_one_is_refused(void **unused)
{
	static const char *const lines[] = {
		"GET / HTTP/1.1\r\n",
		"PROXZ",
		"proxy TCP4 192.0.2.5 192.0.2.1 1 2\r\n",
		"PROXY  TCP4 192.0.2.5 192.0.2.1 1 2\r\n",
		"PROXY TCP5 192.0.2.5 192.0.2.1 1 2\r\n",
		"PROXY TCP 192.0.2.5 192.0.2.1 1 2\r\n",
		"PROXY UNKNOWN2\r\n",
		"PROXY \r\n",
		"PROXY TCP4\r\n",
		"PROXY TCP4 192.0.2.5\r\n",
		"PROXY TCP4 192.0.2.5 192.0.2.1\r\n",
		"PROXY TCP4 192.0.2.5 192.0.2.1 1\r\n",
		"PROXY TCP4 192.0.2.5 192.0.2.1 1 \r\n",
		"PROXY TCP4 192.0.2.5 192.0.2.1  1 2\r\n",
		"PROXY TCP4 192.0.2.5 192.0.2.1 1 2 \r\n",
		"PROXY TCP4 192.0.2.5 192.0.2.1 1 2 3\r\n",
		"PROXY TCP4 192.0.2.5 192.0.2.1 1 2\n",
		"PROXY TCP4 192.0.2.5 192.0.2.1 1 65536\r\n",
		"PROXY TCP4 192.0.2.5 192.0.2.1 000001 2\r\n",
		"PROXY TCP4 192.0.2.5 192.0.2.1 -1 2\r\n",
		"PROXY TCP4 192.0.2.5 192.0.2.1 x 2\r\n",
		"PROXY TCP4 192.0.2.05 192.0.2.1 1 2\r\n",
		"PROXY TCP4 192.0.2 192.0.2.1 1 2\r\n",
		"PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n",
		"PROXY TCP4 ::1 ::1 1 2\r\n",
		"PROXY TCP6 192.0.2.5 192.0.2.1 1 2\r\n",
		"PROXY TCP6 ::1 ::g 1 2\r\n",
		"PROXY TCP6 ::1%lo ::1 1 2\r\n",
		"\x10\x0e",
	};

	(void)unused;
	for (size_t i = 0; i < array_size(lines); i++)
		assert_malformed(span_of_text(lines[i]), PROXY_V1);
	assert_malformed(BYTES("PROXY TCP4 192.0.2.5\0 192.0.2.1 1 2\r\n"), PROXY_V1);
}

/* --- version 2 ------------------------------------------------------------------------------ */

#define ENDS4 "\xc0\0\2\5\xc0\0\2\1\xc0\0\7\x5b"
#define ENDS6                                                                                      \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"                                                   \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"                                                         \
	"\xc0\0\7\x5b"

static void a_binary_header_names_both_ends(void **unused)
{
	struct binary b;
	struct proxy_header h = parsed(binary(&b, 0x21, 0x11, BYTES(ENDS4)), PROXY_V2);

	(void)unused;
	assert_address(&h.source, "192.0.2.5:49152");
	assert_address(&h.destination, "192.0.2.1:1883");
	assert_false(h.is_tls);
	assert_false(h.has_certificate);
	h = parsed(binary(&b, 0x21, 0x21, BYTES(ENDS6)), PROXY_V2);
	assert_address(&h.source, "[2001:db8::7]:49152");
	assert_address(&h.destination, "[::1]:1883");
}

static void the_ends_may_be_unix_sockets(void **unused)
{
	uint8_t paths[216] = "/run/client";
	struct proxy_header h;
	struct binary b;

	(void)unused;
	memset(paths + 108, 'p', 108); /* a path may fill its field without a NUL */
	h = parsed(binary(&b, 0x21, 0x31, span_of(paths, sizeof(paths))), PROXY_V2);
	assert_int_equal(h.source.ss_family, AF_UNIX);
	assert_string_equal(((struct sockaddr_un *)&h.source)->sun_path, "/run/client");
	assert_memory_equal(((struct sockaddr_un *)&h.destination)->sun_path, paths + 108, 108);
	assert_malformed(binary(&b, 0x21, 0x31, span_of(paths, 215)), PROXY_V2);
}

static void a_proxy_may_speak_for_itself(void **unused)
{
	struct proxy_header h;
	struct binary b;

	(void)unused;
	h = parsed(binary(&b, 0x20, 0x00, BYTES("")), PROXY_V2);
	assert_int_equal(h.source.ss_family, AF_UNSPEC);
	/* What it says beside LOCAL is to be thrown away, its claims included. */
	h = parsed(binary(&b, 0x20, 0x11, BYTES(ENDS4 "\x20\0\5\5\0\0\0\0")), PROXY_V2);
	assert_int_equal(h.source.ss_family, AF_UNSPEC);
	assert_false(h.is_tls);
	h = parsed(binary(&b, 0x21, 0x00, BYTES("\x20\0\5\5\0\0\0\0")), PROXY_V2);
	assert_int_equal(h.source.ss_family, AF_UNSPEC);
	assert_false(h.is_tls);
}

static struct proxy_header with_tlvs(struct binary *b, struct span tlvs)
{
	uint8_t body[1024];
	struct writer w = writer_of(body, sizeof(body));

	write_bytes(&w, BYTES(ENDS4));
	write_bytes(&w, tlvs);
	return parsed(binary(b, 0x21, 0x11, writer_span(&w)), PROXY_V2);
}

static void what_the_proxy_says_of_tls_is_read(void **unused)
{
	struct proxy_header h;
	struct binary b;

	(void)unused;
	h = with_tlvs(&b, BYTES("\x20\0\5\1\0\0\0\1"));
	assert_true(h.is_tls);
	assert_false(h.has_certificate);
	h = with_tlvs(&b, BYTES("\4\0\2..\x20\0\x16\7\0\0\0\0"
				"\x21\0\7TLSv1.3"
				"\x22\0\4pump"
				"\5\0\1u"));
	assert_true(h.is_tls);
	assert_true(h.has_certificate);
	assert_span_text(h.common_name, "pump");
	h = with_tlvs(&b, BYTES("\x20\0\5\4\0\0\0\0"));
	assert_false(h.is_tls);
	assert_false(h.has_certificate);
}

static void a_certificate_that_was_not_verified_counts_for_nothing(void **unused)
{
	struct proxy_header h;
	struct binary b;

	(void)unused;
	h = with_tlvs(&b, BYTES("\x20\0\x0c\7\0\0\0\1\x22\0\4pump"));
	assert_true(h.is_tls);
	assert_false(h.has_certificate);
	assert_int_equal(h.common_name.len, 0);
	h = with_tlvs(&b, BYTES("\x20\0\x0c\1\0\0\0\0\x22\0\4pump"));
	assert_false(h.has_certificate);
	assert_int_equal(h.common_name.len, 0);
}

static void tlvs_that_lie_about_their_length_are_refused(void **unused)
{
	static const struct span bodies[] = {
		SPAN(ENDS4 "\4"),
		SPAN(ENDS4 "\4\0"),
		SPAN(ENDS4 "\4\0\1"),
		SPAN(ENDS4 "\x20\0\4\1\0\0\0"),
		SPAN(ENDS4 "\x20\0\6\1\0\0\0\0\x22"),
		SPAN(ENDS4 "\x20\0\x08\1\0\0\0\0\x22\0\1"),
		SPAN(ENDS4 "\x20\0\5\1\0\0\0\0\x20\0\5\5\0\0\0\0"), /* told twice */
		SPAN(ENDS4 "\x20\0\x0a\7\0\0\0\0\x22\0\2\xff\xfe"), /* a name that is no text */
		SPAN(ENDS4 "\x20\0\x0b\7\0\0\0\0\x22\0\3r\0t"),
	};
	struct binary b;

	(void)unused;
	for (size_t i = 0; i < array_size(bodies); i++)
		assert_malformed(binary(&b, 0x21, 0x11, bodies[i]), PROXY_V2);
}

static void a_binary_header_that_is_not_exactly_one_is_refused(void **unused)
{
	uint8_t zeros[PROXY_HEADER_MAX] = { 0 };
	struct binary b;

	(void)unused;
	assert_malformed(BYTES("PROXY TCP4 192.0.2.5 192.0.2.1 1 2\r\n"), PROXY_V2);
	assert_malformed(BYTES("\x10"), PROXY_V2);
	assert_malformed(BYTES("\r\n\r\n\0\r\nQUIZ"), PROXY_V2);
	assert_malformed(binary(&b, 0x11, 0x11, BYTES(ENDS4)), PROXY_V2); /* version 1 */
	assert_malformed(binary(&b, 0x22, 0x11, BYTES(ENDS4)), PROXY_V2); /* unknown command */
	assert_malformed(binary(&b, 0x21, 0x12, BYTES(ENDS4)), PROXY_V2); /* UDP */
	assert_malformed(binary(&b, 0x21, 0x41, BYTES(ENDS4)), PROXY_V2); /* unknown family */
	assert_malformed(binary(&b, 0x21, 0x11, span_first(BYTES(ENDS4), 11)), PROXY_V2);
	assert_malformed(binary(&b, 0x21, 0x21, span_first(BYTES(ENDS6), 35)), PROXY_V2);
	assert_malformed(binary(&b, 0x21, 0x11, BYTES("")), PROXY_V2);
	parsed(binary(&b, 0x20, 0x00, span_of(zeros, PROXY_HEADER_MAX - 16)), PROXY_V2);
	assert_malformed(span_first(binary(&b, 0x20, 0x00, span_of(zeros, PROXY_HEADER_MAX - 15)),
					 16),
			PROXY_V2);
}

static void one_version_does_not_stand_for_the_other(void **unused)
{
	struct binary b;

	(void)unused;
	assert_malformed(binary(&b, 0x21, 0x11, BYTES(ENDS4)), PROXY_V1);
	assert_malformed(BYTES("PROXY UNKNOWN\r\n"), PROXY_V2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_names_both_ends),
		cmocka_unit_test(the_longest_line_is_taken),
		cmocka_unit_test(an_unknown_client_has_no_address),
		cmocka_unit_test(a_line_that_is_not_exactly_one_is_refused),
		cmocka_unit_test(a_binary_header_names_both_ends),
		cmocka_unit_test(the_ends_may_be_unix_sockets),
		cmocka_unit_test(a_proxy_may_speak_for_itself),
		cmocka_unit_test(what_the_proxy_says_of_tls_is_read),
		cmocka_unit_test(a_certificate_that_was_not_verified_counts_for_nothing),
		cmocka_unit_test(tlvs_that_lie_about_their_length_are_refused),
		cmocka_unit_test(a_binary_header_that_is_not_exactly_one_is_refused),
		cmocka_unit_test(one_version_does_not_stand_for_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
