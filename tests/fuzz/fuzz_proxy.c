/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a header of a proxy: the first says the version. What is complete is complete with
 * nothing behind it, incomplete with a byte less, and points into itself.
 */
#include "broker/io/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void require_complete(struct span input, enum proxy_version version, struct proxy_header h)
{
	struct proxy_header again;

	REQUIRE(h.len > 0 && h.len <= input.len && h.len <= PROXY_HEADER_MAX);
	REQUIRE(proxy_header_parse(span_first(input, h.len), version, &again) == PROXY_COMPLETE);
	REQUIRE(again.len == h.len && span_equal(again.common_name, h.common_name));
	REQUIRE(memcmp(&again.source, &h.source, sizeof(h.source)) == 0);
	REQUIRE(h.source.ss_family == h.destination.ss_family);
	REQUIRE(!h.has_certificate || h.is_tls);
	if (h.common_name.len > 0) {
		REQUIRE(h.has_certificate && h.common_name.data > input.data);
		REQUIRE(h.common_name.data + h.common_name.len <= input.data + h.len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header h;
	enum proxy_version version;
	struct span input;
	size_t complete = 0;

	if (size < 1)
		return 0;
	version = data[0] & 1 ? PROXY_V1 : PROXY_V2;
	input = span_of(data + 1, size - 1);
	if (proxy_header_parse(input, version, &h) == PROXY_COMPLETE) {
		require_complete(input, version, h);
		complete = h.len;
	}
	for (size_t len = 0; len < complete; len++)
		REQUIRE(proxy_header_parse(span_first(input, len), version, &h) ==
				PROXY_INCOMPLETE);
	return 0;
}
