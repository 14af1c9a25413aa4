/* SPDX-License-Identifier: MIT */
#include "common/network.h"

#include <arpa/inet.h>

enum { MAPPED_BITS = 96 /* in front of an IPv4 address that is mapped to IPv6 */ };

static bool read_address(struct span text, uint8_t ret[16], bool *ret_is_v4)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char copy[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.data, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	memcpy(ret, mapped, sizeof(mapped));
	*ret_is_v4 = inet_pton(AF_INET, copy, ret + sizeof(mapped)) == 1;
	return *ret_is_v4 || inet_pton(AF_INET6, copy, ret) == 1;
}

bool network_parse(struct span text, struct network *ret)
{
	size_t slash = span_find(text, '/');
	uint64_t bits;
	bool is_v4;

	if (!read_address(span_first(text, slash), ret->address, &is_v4))
		return false;
	bits = is_v4 ? 32 : 128;
	if (slash < text.len && !span_to_uint(span_from(text, slash + 1), bits, &bits))
		return false;
	ret->bits = (unsigned)bits + (is_v4 ? MAPPED_BITS : 0);
	return true;
}

/* "[fe80::1%eth0]:1883" is "fe80::1"; what has more than one colon has no port. */
static struct span without_port(struct span text)
{
	size_t colon = span_find(text, ':');
	struct span behind = span_from(text, colon + 1);

	if (text.len > 0 && text.data[0] == '[') {
		text = span_from(text, 1);
		text = span_first(text, span_find(text, ']'));
	} else if (span_find(behind, ':') == behind.len) {
		text = span_first(text, colon);
	}
	return span_first(text, span_find(text, '%'));
}

bool network_holds(const struct network *network, struct span address)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;
	uint8_t bytes[16];
	bool is_v4;

	if (!read_address(without_port(address), bytes, &is_v4) ||
			memcmp(bytes, network->address, whole) != 0)
		return false;
	return rest == 0 || (bytes[whole] ^ network->address[whole]) >> (8 - rest) == 0;
}
