/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what a Redis server or a sentinel sends: read in one piece and in many they are the
 * same answers, what is said about errors is one line, and an address is a whole one. The first
 * byte is the size of a piece.
 */
#include "common/str.h"
#include "plugins/redis/refusal.h"
#include "plugins/redis/sentinel.h"

#include "tests/fuzz/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(struct span error)
{
	struct failure f = refusal_failure(error);
	struct span host;
	uint16_t port;

	REQUIRE(f.kind != REFUSAL_NONE && strlen(f.reason) < sizeof(f.reason));
	for (const char *c = f.reason; *c != '\0'; c++)
		REQUIRE((unsigned char)*c >= ' ' && *c != 0x7f);
	if (refusal_moved_to(error, &host, &port))
		REQUIRE(port > 0 && host.len < error.len);
}

static void note(const redisReply *reply, struct str *seen)
{
	struct address address = { { 0 }, 0 };

	str_printf(seen, "%d %lld ", reply->type,
			reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0);
	str_append(seen, reply_text(reply));
	if (reply->type == REDIS_REPLY_ERROR)
		check_error(reply_text(reply));
	if (sentinel_read_address(reply, &address))
		REQUIRE(address.host[0] != '\0' && address.port > 0);
	for (size_t i = 0; reply_is_array(reply, i + 1); i++)
		note(reply->element[i], seen);
}

static bool read_all(struct span input, size_t piece, struct str *seen)
{
	struct replies *r = replies_create();
	enum replies_next next = REPLIES_MORE;

	while (next == REPLIES_MORE && input.len > 0) {
		redisReply *reply;

		replies_feed(r, span_first(input, piece));
		input = span_from(input, piece);
		while ((next = replies_next(r, &reply)) == REPLIES_ONE) {
			note(reply, seen);
			freeReplyObject(reply);
		}
	}
	replies_destroy(r);
	return next != REPLIES_BROKEN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str whole = { 0 }, pieces = { 0 };
	struct span input = span_from(span_of(data, size), 1);
	size_t piece = size > 0 ? data[0] % 32U + 1 : 1;
	bool ok = read_all(input, SIZE_MAX, &whole);

	REQUIRE(ok == read_all(input, piece, &pieces));
	REQUIRE(span_equal(str_span(&whole), str_span(&pieces)));
	str_finish(&whole);
	str_finish(&pieces);
	return 0;
}
