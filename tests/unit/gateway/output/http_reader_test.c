/* SPDX-License-Identifier: MIT */
#include "gateway/output/http_reader.h"

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/unit.h"

struct seen {
	struct str text; /* "200 body;" of each */
	size_t most;	 /* answers to take */
};

static bool take(void *owner, const struct http_answer *answer)
{
	struct seen *seen = owner;

	str_printf(&seen->text, "%u %.*s%s;", answer->status, SPAN_ARGS(answer->body),
			answer->is_last ? "!" : "");
	return --seen->most > 0;
}

#define A "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
#define B                                                                                          \
	"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: "                                            \
	"chunked\r\n\r\n1\r\nx\r\n2\r\nyz\r\n0\r\n\r\n"

/* All of it in pieces of `piece` bytes. */
static void expect(const char *text, size_t piece, bool fed, bool ended, const char *seen_text)
{
	struct seen seen = { .most = 10 };
	struct http_reader *r = http_reader_create(take, &seen);
	struct span rest = span_of_text(text);
	bool ok = true;

	while (ok && rest.len > 0) {
		ok = http_reader_feed(r, span_first(rest, piece));
		rest = span_from(rest, piece);
	}
	assert_int_equal(ok, fed);
	if (ok)
		assert_int_equal(http_reader_end(r), ended);
	assert_string_equal(str_text(&seen.text), seen_text);
	http_reader_destroy(r);
	str_finish(&seen.text);
}

static void answers_are_read_however_they_are_cut(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 200; piece++)
		expect(A B A, piece, true, true, "200 ab;404 xyz;200 ab;");
}

static void an_answer_may_end_with_the_connection(void **state)
{
	(void)state;
	expect("HTTP/1.1 200 OK\r\n\r\nabc", 5, true, true, "200 abc!;");
	expect("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", 99, true, true,
			"200 a!;");
	expect("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 99, true, true, "200 a!;");
}

static void half_an_answer_is_none(void **state)
{
	(void)state;
	expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", 99, true, false, "");
	expect("HTTP/1.1 200 OK\r\nContent-", 99, true, false, "");
	expect(A "HT", 99, true, false, "200 ab;");
}

static void what_announces_an_answer_is_none(void **state)
{
	(void)state;
	expect("HTTP/1.1 100 Continue\r\n\r\n" A, 7, true, true, "200 ab;");
}

static void what_is_not_http_is_refused(void **state)
{
	(void)state;
	expect("SSH-2.0-OpenSSH\r\n", 99, false, false, "");
	expect(A "garbage\r\n\r\n", 99, false, false, "200 ab;");
	expect("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 99,
			false, false, "");
}

static void a_long_body_is_kept_in_part(void **state)
{
	struct seen seen = { .most = 2 };
	struct http_reader *r = http_reader_create(take, &seen);
	struct str text = { 0 };

	(void)state;
	str_printf(&text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%0*d" A, HTTP_MAX_BODY + 9,
			HTTP_MAX_BODY + 9, 0);
	assert_false(http_reader_feed(r, str_span(&text))); /* the second was enough */
	assert_int_equal(seen.text.len, strlen("200 ;200 ab;") + HTTP_MAX_BODY);
	str_finish(&text);
	str_finish(&seen.text);
	http_reader_destroy(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_read_however_they_are_cut),
		cmocka_unit_test(an_answer_may_end_with_the_connection),
		cmocka_unit_test(half_an_answer_is_none),
		cmocka_unit_test(what_announces_an_answer_is_none),
		cmocka_unit_test(what_is_not_http_is_refused),
		cmocka_unit_test(a_long_body_is_kept_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
