/* SPDX-License-Identifier: MIT */
/*
 * The names of hosts and services. They are the only part of a command that is neither a digit nor
 * escaped, so what could end a field or a line is refused here.
 */
#include "common/name.h"

#include "common/utf8.h"

bool name_valid(struct span name)
{
	if (name.len == 0 || name.len > MAX_NAME_BYTES || name.data[0] == ' ' ||
			name.data[name.len - 1] == ' ')
		return false;
	while (name.len > 0) {
		uint32_t c;
		size_t len = utf8_decode(name, &c);

		if (len == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == ';')
			return false;
		name = span_from(name, len);
	}
	return true;
}
