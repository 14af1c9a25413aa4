/* SPDX-License-Identifier: MIT */
#include "common/span.h"

#include "common/mem.h"

#include <strings.h>

char *span_dup_text(struct span s)
{
	char *text = xmalloc(s.len + 1);

	if (s.len > 0)
		memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	return text;
}

bool span_to_uint(struct span s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)s.data[i] - '0';

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (value > max)
		return false;
	*ret = value;
	return true;
}

bool span_equal_nocase(struct span a, struct span b)
{
	return a.len == b.len &&
	       (a.len == 0 || strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0);
}
