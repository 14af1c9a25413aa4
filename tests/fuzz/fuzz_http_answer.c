/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what an HTTP server sends: read in one piece and in many they give the same answers,
 * and what is looked for in their bodies stays within them. The first byte is the size of a piece.
 */
#include "common/str.h"
#include "gateway/output/http_reader.h"
#include "gateway/output/icinga2_answer.h"

#include "tests/fuzz/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *owner, const struct http_answer *answer)
{
	struct str *seen = owner, found = { 0 };

	REQUIRE(answer->status >= 200 && answer->body.len <= HTTP_MAX_BODY);
	str_printf(seen, "%u %d ", answer->status, answer->is_last);
	str_append(seen, answer->body);
	icinga2_sentence(answer->body, &found);
	icinga2_program_id(answer->body, &found);
	REQUIRE(found.len <= 3 * answer->body.len + 1);
	icinga2_permits(answer->body, "status/query");
	str_finish(&found);
	return true;
}

static bool read_all(struct span input, size_t piece, struct str *seen)
{
	struct http_reader *r = http_reader_create(take, seen);
	bool ok = true;

	while (ok && input.len > 0) {
		ok = http_reader_feed(r, span_first(input, piece));
		input = span_from(input, piece);
	}
	ok = ok && http_reader_end(r);
	http_reader_destroy(r);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str whole = { 0 }, pieces = { 0 };
	struct span input = span_from(span_of(data, size), 1);
	size_t piece = size > 0 ? data[0] % 32u + 1 : 1;
	bool ok = read_all(input, SIZE_MAX, &whole);

	REQUIRE(ok == read_all(input, piece, &pieces));
	REQUIRE(span_equal(str_span(&whole), str_span(&pieces)));
	str_finish(&whole);
	str_finish(&pieces);
	return 0;
}
