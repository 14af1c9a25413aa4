/* SPDX-License-Identifier: MIT */
#include "common/topic.h"

#include "common/utf8.h"

static const struct span share_prefix = SPAN("$share/");

size_t topic_level_count(struct span topic)
{
	size_t count = 1;

	for (size_t i = 0; i < topic.len; i++)
		count += topic.data[i] == '/';
	return count;
}

static bool shape_valid(struct span topic)
{
	return topic.len > 0 && topic.len <= MAX_TOPIC_LENGTH && utf8_valid_mqtt(topic) &&
	       topic_level_count(topic) <= MAX_TOPIC_LEVELS;
}

bool topic_filter_has_wildcard(struct span filter)
{
	return span_find(filter, '+') < filter.len || span_find(filter, '#') < filter.len;
}

bool topic_name_valid(struct span name)
{
	return shape_valid(name) && !topic_filter_has_wildcard(name);
}

bool topic_filter_valid(struct span filter)
{
	struct span rest = filter;

	if (!shape_valid(filter))
		return false;
	while (rest.data != NULL) {
		struct span level = span_cut(&rest, '/');

		if (level.len > 1 && topic_filter_has_wildcard(level))
			return false;
		if (span_equal_text(level, "#") && rest.data != NULL)
			return false;
	}
	return true;
}

/* Does a wildcard in the first level keep `filter` from what starts with `$`, as `other` does? */
static bool apart_by_dollar(struct span filter, struct span other)
{
	return other.len > 0 && other.data[0] == '$' && filter.len > 0 &&
	       (filter.data[0] == '+' || filter.data[0] == '#');
}

/* Byte by byte, which for levels of a few letters is several times as fast as level by level. */
bool topic_matches(struct span filter, struct span name)
{
	size_t f = 0, n = 0;

	if (apart_by_dollar(filter, name))
		return false;
	for (; f < filter.len; f++) {
		uint8_t c = filter.data[f];

		if (c == '#')
			return true;
		if (c == '+') {
			while (n < name.len && name.data[n] != '/')
				n++;
		} else if (n < name.len && name.data[n] == c) {
			n++;
		} else {
			/* Also the parent level: "a/#" matches "a". */
			return n == name.len && span_equal_text(span_from(filter, f), "/#");
		}
	}
	return n == name.len;
}

bool topic_filters_overlap(struct span a, struct span b)
{
	if (apart_by_dollar(a, b) || apart_by_dollar(b, a))
		return false;
	while (a.data != NULL && b.data != NULL) {
		struct span of_a = span_cut(&a, '/'), of_b = span_cut(&b, '/');

		if (span_equal_text(of_a, "#") || span_equal_text(of_b, "#"))
			return true;
		if (!span_equal(of_a, of_b) && !span_equal_text(of_a, "+") &&
				!span_equal_text(of_b, "+"))
			return false;
	}
	/* "a/#" and "a" have "a" in common. */
	return (a.data == NULL || span_equal_text(a, "#")) &&
	       (b.data == NULL || span_equal_text(b, "#"));
}

bool topic_filter_covers(struct span outer, struct span inner)
{
	if (apart_by_dollar(outer, inner))
		return false;
	if (span_equal_text(outer, "+/#"))
		return true; /* the same as "#": every name has a first level */
	while (outer.data != NULL) {
		struct span level = span_cut(&outer, '/'), inside;

		if (span_equal_text(level, "#"))
			return true;
		if (inner.data == NULL)
			return false;
		inside = span_cut(&inner, '/');
		if (span_equal_text(level, "+") ? span_equal_text(inside, "#")
						: !span_equal(level, inside))
			return false;
	}
	return inner.data == NULL;
}

bool topic_share_split(struct span filter, struct span *ret_group, struct span *ret_filter)
{
	struct span rest, group;

	if (!span_starts_with(filter, share_prefix))
		return false;
	rest = span_from(filter, share_prefix.len);
	group = span_cut(&rest, '/');
	if (group.len == 0 || topic_filter_has_wildcard(group) || rest.len == 0)
		return false;
	*ret_group = group;
	*ret_filter = rest;
	return true;
}
