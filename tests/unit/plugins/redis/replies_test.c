/* SPDX-License-Identifier: MIT */
#include "plugins/redis/replies.h"
#include "plugins/redis/sentinel.h"

#include "tests/unit/unit.h"

/* Ten arrays, each in the one before. */
#define FIVE_DEEP "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
#define TOO_DEEP  FIVE_DEEP FIVE_DEEP

static void answers_come_in_order_however_they_are_cut(void **state)
{
	static const char bytes[] = ":128\r\n-OOM no\r\n$3\r\na\r\n\r\n*2\r\n+x\r\n$-1\r\n";

	(void)state;
	for (size_t piece = 1; piece < sizeof(bytes); piece++) {
		struct replies *r = replies_create();
		struct span rest = span_of(bytes, sizeof(bytes) - 1);
		redisReply *reply, *got[8] = { NULL };
		size_t n = 0;

		while (rest.len > 0) {
			replies_feed(r, span_first(rest, piece));
			rest = span_from(rest, piece);
			while (replies_next(r, &reply) == REPLIES_ONE)
				got[n++] = reply;
		}
		assert_int_equal(n, 4);
		assert_int_equal(got[0]->integer, 128);
		assert_int_equal(got[1]->type, REDIS_REPLY_ERROR);
		assert_span_text(reply_text(got[1]), "OOM no");
		assert_span_text(reply_text(got[2]), "a\r\n");
		assert_true(reply_is_array(got[3], 2));
		assert_false(reply_is_array(got[3], 3));
		assert_int_equal(got[3]->element[1]->type, REDIS_REPLY_NIL);
		for (size_t i = 0; i < n; i++)
			freeReplyObject(got[i]);
		replies_destroy(r);
	}
}

static void what_is_no_answer_is_told_and_nothing_is_read_after_it(void **state)
{
	static const char *const bad[] = { "HTTP/1.1 400 Bad Request\r\n", "*1000000000\r\n",
		"*1025\r\n", "*30\r\n*1000\r\n", TOO_DEEP, ":12x\r\n" };

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct replies *r = replies_create();
		redisReply *reply;

		replies_feed(r, span_of_text(bad[i]));
		assert_int_equal(replies_next(r, &reply), REPLIES_BROKEN);
		replies_feed(r, BYTES("+OK\r\n"));
		assert_int_equal(replies_next(r, &reply), REPLIES_BROKEN);
		assert_null(reply);
		replies_destroy(r);
	}
}

/* Every place of an array costs memory at once, and a place may be an array again. */
static void arrays_in_arrays_are_counted_together(void **state)
{
	struct replies *r = replies_create();
	redisReply *reply;
	size_t arrays = 0;

	(void)state;
	replies_feed(r, BYTES("*3\r\n"));
	while (replies_next(r, &reply) == REPLIES_MORE && arrays < 3) {
		replies_feed(r, BYTES("*400\r\n"));
		for (size_t i = 0; i < 400; i++)
			replies_feed(r, BYTES("$-1\r\n"));
		arrays++;
	}
	assert_int_equal(arrays, 3);
	assert_int_equal(replies_next(r, &reply), REPLIES_BROKEN);
	replies_destroy(r);
}

/* Of one line without an end: what is asked for is never so long. */
static size_t bytes_taken(struct replies *r)
{
	static const char line[4096] = "+";
	redisReply *reply;
	size_t bytes = 0;

	while (replies_next(r, &reply) == REPLIES_MORE) {
		replies_feed(r, bytes == 0 ? BYTES("+") : span_of(line + 1, 4095));
		bytes += bytes == 0 ? 1 : 4095;
	}
	replies_destroy(r);
	return bytes;
}

static void an_answer_without_an_end_is_none(void **state)
{
	struct replies *r = replies_create();

	(void)state;
	assert_in_range(bytes_taken(r), REPLIES_MOST_BYTES, REPLIES_MOST_BYTES + 4096);
	r = replies_create();
	replies_allow(r, 1 << 20);
	assert_in_range(bytes_taken(r), 1 << 20, (1 << 20) + 4096);
	r = replies_create();
	replies_allow(r, 1 << 20);
	replies_allow(r, 0);
	assert_in_range(bytes_taken(r), REPLIES_MOST_BYTES, REPLIES_MOST_BYTES + 4096);
}

static void an_answer_without_text_has_an_empty_one(void **state)
{
	(void)state;
	assert_int_equal(reply_text(NULL).len, 0);
	assert_false(reply_is_array(NULL, 0));
}

static bool address_in(const char *bytes, struct address *ret)
{
	struct replies *r = replies_create();
	redisReply *reply = NULL;
	bool ok;

	replies_feed(r, span_of_text(bytes));
	assert_int_equal(replies_next(r, &reply), REPLIES_ONE);
	ok = sentinel_read_address(reply, ret);
	freeReplyObject(reply);
	replies_destroy(r);
	return ok;
}

static void a_sentinels_answer_is_a_host_and_a_port(void **state)
{
	static const char *const bad[] = { "*2\r\n$0\r\n\r\n$4\r\n6379\r\n",
		"*2\r\n$1\r\nh\r\n$5\r\n65536\r\n", "*2\r\n$1\r\nh\r\n$1\r\n0\r\n",
		"*1\r\n$1\r\nh\r\n", "*-1\r\n", "+h 6379\r\n", "*2\r\n$1\r\nh\r\n*-1\r\n" };
	struct address a = { { 0 }, 0 };

	(void)state;
	assert_true(address_in("*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n", &a));
	assert_string_equal(a.host, "127.0.0.1");
	assert_int_equal(a.port, 6379);
	for (size_t i = 0; i < array_size(bad); i++)
		assert_false(address_in(bad[i], &a));
	assert_false(address_set(&a, BYTES("a\0b"), 1));
	assert_string_equal(a.host, "127.0.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_in_order_however_they_are_cut),
		cmocka_unit_test(what_is_no_answer_is_told_and_nothing_is_read_after_it),
		cmocka_unit_test(arrays_in_arrays_are_counted_together),
		cmocka_unit_test(an_answer_without_an_end_is_none),
		cmocka_unit_test(an_answer_without_text_has_an_empty_one),
		cmocka_unit_test(a_sentinels_answer_is_a_host_and_a_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
