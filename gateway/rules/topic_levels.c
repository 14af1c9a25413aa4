/* SPDX-License-Identifier: MIT */
#include "gateway/rules/topic_levels.h"

#include "common/percent.h"
#include "common/topic.h"

bool topic_levels_parse(struct span text, struct topic_levels *ret)
{
	uint64_t first, last;
	struct span from, to;
	size_t dots;

	if (text.len < 3 || text.data[0] != '[' || text.data[text.len - 1] != ']')
		return false;
	text = span_of(text.data + 1, text.len - 2);
	dots = span_find(text, '.');
	from = span_first(text, dots);
	if (!span_to_uint(from, MAX_TOPIC_LEVELS - 1, &first))
		return false;
	last = first;
	if (dots < text.len) {
		to = span_from(text, dots + 1);
		if (to.len == 0 || to.data[0] != '.')
			return false;
		to = span_from(to, 1);
		last = MAX_TOPIC_LEVELS - 1;
		if (to.len > 0 && (!span_to_uint(to, MAX_TOPIC_LEVELS - 1, &last) || last < first))
			return false;
	}
	*ret = (struct topic_levels){ first, last };
	return true;
}

bool topic_levels_append(const struct topic_levels *levels, struct span topic, struct str *into)
{
	bool is_decoded = true;

	for (size_t i = 0; topic.data != NULL && i <= levels->last; i++) {
		struct span level = span_cut(&topic, '/');
		size_t start;

		if (i < levels->first)
			continue;
		if (i > levels->first)
			str_append_byte(into, '/');
		start = into->len;
		if (percent_decode(level, into))
			continue;
		str_truncate(into, start);
		str_append(into, level);
		is_decoded = false;
	}
	return is_decoded;
}
