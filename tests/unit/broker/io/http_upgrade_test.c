/* SPDX-License-Identifier: MIT */
#include "broker/io/http_upgrade.h"

#include <stdio.h>

#include "tests/unit/unit.h"

/* The example of RFC 6455 1.2 and 1.3, but for its subprotocols. */
#define START                                                                                      \
	"GET /chat HTTP/1.1\r\n"                                                                   \
	"Host: server.example.com\r\n"
#define UPGRADE                                                                                    \
	"Upgrade: websocket\r\n"                                                                   \
	"Connection: Upgrade\r\n"
#define KEY    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define MQTT   "Sec-WebSocket-Protocol: mqtt\r\n"
#define V13    "Sec-WebSocket-Version: 13\r\n"
#define ORIGIN "Origin: http://example.com\r\n"
#define END    "\r\n"
#define GOOD   START UPGRADE KEY ORIGIN MQTT V13 END

struct exchange {
	enum http_upgrade_result result;
	size_t used;
	struct str answer;
	char refusal[128];
};

static struct http_upgrade_rules *rules;

/* Feed `input` in pieces of that size. */
static struct exchange feed(struct span input, size_t piece)
{
	struct exchange e = { .result = HTTP_UPGRADE_INCOMPLETE };
	struct http_upgrade *u = http_upgrade_create(rules);
	const char *refusal;

	while (e.result == HTTP_UPGRADE_INCOMPLETE && e.used < input.len) {
		struct span part = span_first(span_from(input, e.used), piece);
		size_t used;

		e.result = http_upgrade_feed(u, part, &used, &e.answer);
		e.used += used;
		if (e.result == HTTP_UPGRADE_INCOMPLETE)
			assert_int_equal(used, part.len);
	}
	refusal = http_upgrade_refusal(u);
	assert_int_equal(refusal != NULL, e.result == HTTP_UPGRADE_REFUSED);
	strncpy(e.refusal, refusal != NULL ? refusal : "", sizeof(e.refusal) - 1);
	http_upgrade_destroy(u);
	return e;
}

static void assert_accepted(struct span request, const char *protocol)
{
	char wanted[256];
	struct exchange e = feed(request, SIZE_MAX);

	snprintf(wanted, sizeof(wanted),
			"HTTP/1.1 101 Switching Protocols\r\n"
			"Upgrade: websocket\r\n"
			"Connection: Upgrade\r\n"
			"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
			"Sec-WebSocket-Protocol: %s\r\n"
			"\r\n",
			protocol);
	assert_int_equal(e.result, HTTP_UPGRADE_ACCEPTED);
	assert_int_equal(e.used, request.len);
	assert_string_equal(str_text(&e.answer), wanted);
	str_finish(&e.answer);
}

static void assert_refused(struct span request, const char *status, const char *headers)
{
	char wanted[512];
	struct exchange e = feed(request, SIZE_MAX);

	snprintf(wanted, sizeof(wanted),
			"HTTP/1.1 %s\r\n%sContent-Type: text/plain\r\nContent-Length: %zu\r\n"
			"Connection: close\r\n\r\n%s\n",
			status, headers, strlen(e.refusal) + 1, e.refusal);
	assert_int_equal(e.result, HTTP_UPGRADE_REFUSED);
	assert_string_equal(str_text(&e.answer), wanted);
	str_finish(&e.answer);
}

static int make_rules(void **unused)
{
	struct text_list none = { 0 };

	(void)unused;
	rules = http_upgrade_rules_create(&none, HTTP_UPGRADE_SIZE);
	return 0;
}

static int drop_rules(void **unused)
{
	(void)unused;
	http_upgrade_rules_unref(rules);
	return 0;
}

static void the_request_of_the_rfc_is_accepted(void **unused)
{
	(void)unused;
	assert_accepted(BYTES(GOOD), "mqtt");
}

static void a_request_may_come_in_pieces(void **unused)
{
	struct span request = BYTES(GOOD);

	(void)unused;
	for (size_t piece = 1; piece < request.len; piece++) {
		struct exchange e = feed(request, piece);

		assert_int_equal(e.result, HTTP_UPGRADE_ACCEPTED);
		assert_int_equal(e.used, request.len);
		assert_non_null(strstr(str_text(&e.answer), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
		str_finish(&e.answer);
	}
}

static void what_follows_the_request_is_left_alone(void **unused)
{
	struct exchange e = feed(BYTES(GOOD "\x82\x81...."), SIZE_MAX);

	(void)unused;
	assert_int_equal(e.result, HTTP_UPGRADE_ACCEPTED);
	assert_int_equal(e.used, sizeof(GOOD) - 1);
	str_finish(&e.answer);
}

static void names_of_headers_and_tokens_have_no_case(void **unused)
{
	(void)unused;
	assert_accepted(BYTES("GET /mqtt HTTP/1.1\r\n"
			      "hOST: x\r\n"
			      "UPGRADE: WebSocket\r\n"
			      "connection: keep-alive, UPGRADE\r\n"
			      "sec-websocket-key:   dGhlIHNhbXBsZSBub25jZQ==  \r\n"
			      "SEC-WEBSOCKET-VERSION: 13\r\n"
			      "Sec-Websocket-Protocol: mqtt\r\n" END),
			"mqtt");
}

/* [v5 MQTT-6.0.0-4] [v3 MQTT-6.0.0-4] */
static void the_first_subprotocol_that_is_mqtt_is_taken(void **unused)
{
#define OFFER(list) START UPGRADE KEY V13 list END
	(void)unused;
	assert_accepted(BYTES(OFFER("Sec-WebSocket-Protocol: chat, mqtt, mqttv3.1\r\n")), "mqtt");
	assert_accepted(BYTES(OFFER("Sec-WebSocket-Protocol: mqttv3.1,mqtt\r\n")), "mqttv3.1");
	assert_accepted(BYTES(OFFER("Sec-WebSocket-Protocol: chat\r\n"
				    "Sec-WebSocket-Protocol: mqtt\r\n")),
			"mqtt");
	assert_refused(BYTES(OFFER("Sec-WebSocket-Protocol: mqttv3\r\n")), "400 Bad Request", "");
	assert_refused(BYTES(OFFER("Sec-WebSocket-Protocol: \r\n")), "400 Bad Request", "");
	assert_refused(BYTES(OFFER("")), "400 Bad Request", "");
}

static void another_version_is_told_which_one_is_spoken(void **unused)
{
	static const struct span versions[] = { SPAN("Sec-WebSocket-Version: 8\r\n"),
		SPAN("Sec-WebSocket-Version: 13, 8\r\n"), SPAN("") };

	(void)unused;
	for (size_t i = 0; i < array_size(versions); i++) {
		struct str request = { 0 };

		str_append_text(&request, START UPGRADE KEY MQTT);
		str_append(&request, versions[i]);
		str_append_text(&request, END);
		assert_refused(str_span(&request), "426 Upgrade Required",
				"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
		str_finish(&request);
	}
}

static void a_request_that_is_no_upgrade_is_told_what_is_here(void **unused)
{
	(void)unused;
	assert_refused(BYTES(START END), "404 Not Found", "");
	assert_refused(BYTES(START "Upgrade: websocket\r\n" KEY MQTT V13 END), "404 Not Found", "");
	assert_refused(BYTES(START "Connection: upgrade\r\n" KEY MQTT V13 END), "404 Not Found",
			"");
	assert_refused(BYTES(START "Connection: upgrade\r\nUpgrade: h2c\r\n" KEY MQTT V13 END),
			"404 Not Found", "");
	assert_refused(BYTES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
			"405 Method Not Allowed", "Allow: GET\r\n");
	assert_refused(BYTES("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"), "405 Method Not Allowed",
			"Allow: GET\r\n");
}

static void what_is_not_http_is_refused_at_once(void **unused)
{
	(void)unused;
	assert_refused(BYTES("\x10\x0e\0\4MQTT\4\2\0\x3c\0\2id"), "400 Bad Request", "");
	assert_refused(BYTES("\x16\3\1\2\0\1\0\1\xfc\3\3"), "400 Bad Request", "");
	assert_refused(BYTES("GET / HTTP/1.0\r\n" UPGRADE KEY MQTT V13 END), "400 Bad Request", "");
	assert_refused(BYTES("GET / HTTP/2.0\r\n" UPGRADE KEY MQTT V13 END), "400 Bad Request", "");
	assert_refused(BYTES("GET / HTTP/1.1\r\nHost\r\n\r\n"), "400 Bad Request", "");
	assert_refused(BYTES("GET /chat HTTP/1.1\r\n" UPGRADE KEY MQTT V13 END), "400 Bad Request",
			"");
}

static void a_key_is_16_bytes_in_base64(void **unused)
{
	static const char *const keys[] = {
		"",
		"Sec-WebSocket-Key: \r\n",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQA=\r\n",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ===\r\n",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSB!b25jZQ==\r\n",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAAAA==\r\n",
		KEY KEY,
	};

	(void)unused;
	for (size_t i = 0; i < array_size(keys); i++) {
		struct str request = { 0 };

		str_printf(&request, START UPGRADE MQTT V13 "%s" END, keys[i]);
		assert_refused(str_span(&request), "400 Bad Request", "");
		str_finish(&request);
	}
}

static void only_listed_origins_may_connect(void **unused)
{
	struct text_list origins = { 0 };
	struct http_upgrade_rules *any = rules;

	(void)unused;
	text_list_add(&origins, BYTES("http://example.com"));
	text_list_add(&origins, BYTES("https://example.com:8443"));
	rules = http_upgrade_rules_create(&origins, HTTP_UPGRADE_SIZE);
	text_list_finish(&origins);
#define FROM(origin) START UPGRADE KEY MQTT V13 origin END
	assert_accepted(BYTES(GOOD), "mqtt");
	assert_accepted(BYTES(FROM("Origin: https://example.com:8443\r\n")), "mqtt");
	assert_accepted(BYTES(FROM("")), "mqtt"); /* no browser */
	assert_refused(BYTES(FROM("Origin: http://example.com.evil\r\n")), "403 Forbidden", "");
	assert_refused(BYTES(FROM("Origin: http://example.co\r\n")), "403 Forbidden", "");
	assert_refused(BYTES(FROM("Origin: http://Example.com\r\n")), "403 Forbidden", "");
	assert_refused(BYTES(FROM("Origin: \r\n")), "403 Forbidden", "");
	assert_refused(BYTES(FROM("Origin: null\r\n")), "403 Forbidden", "");
	assert_refused(BYTES(FROM(ORIGIN "Origin: http://evil\r\n")), "403 Forbidden", "");
	http_upgrade_rules_unref(rules);
	rules = any;
}

static void request_of(struct str *request, size_t size)
{
	str_append_text(request, START UPGRADE KEY MQTT V13 "Cookie: ");
	while (request->len < size - 4)
		str_append_byte(request, 'c');
	str_append_text(request, "\r\n\r\n");
}

static void a_request_is_no_larger_than_allowed(void **unused)
{
	struct str request = { 0 };
	struct exchange e;

	(void)unused;
	request_of(&request, HTTP_UPGRADE_SIZE);
	assert_accepted(str_span(&request), "mqtt");
	str_clear(&request);
	request_of(&request, HTTP_UPGRADE_SIZE + 1);
	assert_refused(str_span(&request), "431 Request Header Fields Too Large", "");
	e = feed(str_span(&request), 100);
	assert_int_equal(e.result, HTTP_UPGRADE_REFUSED);
	assert_int_equal(e.used, HTTP_UPGRADE_SIZE);
	str_finish(&e.answer);
	str_finish(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request_of_the_rfc_is_accepted),
		cmocka_unit_test(a_request_may_come_in_pieces),
		cmocka_unit_test(what_follows_the_request_is_left_alone),
		cmocka_unit_test(names_of_headers_and_tokens_have_no_case),
		cmocka_unit_test(the_first_subprotocol_that_is_mqtt_is_taken),
		cmocka_unit_test(another_version_is_told_which_one_is_spoken),
		cmocka_unit_test(a_request_that_is_no_upgrade_is_told_what_is_here),
		cmocka_unit_test(what_is_not_http_is_refused_at_once),
		cmocka_unit_test(a_key_is_16_bytes_in_base64),
		cmocka_unit_test(only_listed_origins_may_connect),
		cmocka_unit_test(a_request_is_no_larger_than_allowed),
	};

	return cmocka_run_group_tests(tests, make_rules, drop_rules);
}
