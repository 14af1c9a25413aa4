/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a core's object cache, whole and in pieces: both give the same, and only what was
 * defined is found. The first byte says how long the pieces are.
 */
#include "gateway/output/object_set.h"

#include "tests/fuzz/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED = 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct span host = SPAN("a"), service = SPAN("s"), none = SPAN("");
	struct object_set *whole = object_set_create(SEED), *parts = object_set_create(SEED);
	struct span text = span_from(span_of(data, size), 1);
	size_t step = size > 0 ? (size_t)data[0] + 1 : 1;

	object_set_feed(whole, text);
	for (struct span rest = text; rest.len > 0; rest = span_from(rest, step))
		object_set_feed(parts, span_first(rest, step));
	REQUIRE(object_set_complete(whole) == object_set_complete(parts));
	REQUIRE(object_set_hosts(whole) == object_set_hosts(parts));
	REQUIRE(object_set_services(whole) == object_set_services(parts));
	REQUIRE(object_set_find(whole, host, service) == object_set_find(parts, host, service));
	if (object_set_hosts(whole) == 0)
		REQUIRE(object_set_find(whole, host, none) == OBJECT_NO_HOST);
	if (object_set_services(whole) == 0)
		REQUIRE(object_set_find(whole, host, service) != OBJECT_THERE);
	REQUIRE(object_set_hosts(whole) + object_set_services(whole) <= size / 10);
	object_set_destroy(whole);
	object_set_destroy(parts);
	return 0;
}
