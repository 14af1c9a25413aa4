/* SPDX-License-Identifier: MIT */
/*
 * The topic of a result, and what it was the topic of.
 */
#include "cli/result.h"
#include "common/name.h"
#include "common/object_topic.h"
#include "common/topic.h"

static bool check_name(const char *what, struct span name, struct str *problem)
{
	if (name_valid(name))
		return true;
	str_append_byte(problem, '\'');
	str_append_escaped(problem, name);
	str_printf(problem,
			"' cannot be the name of a %s; take 1 to %d bytes of UTF-8 without ; and "
			"control characters, and no blank at its ends",
			what, MAX_NAME_BYTES);
	return false;
}

bool result_topic(const struct result *r, const char *prefix, struct str *into, struct str *problem)
{
	size_t start = into->len;

	if (!check_name("host", r->host, problem) ||
			(r->service.len > 0 && !check_name("service", r->service, problem)))
		return false;
	object_topic(into, prefix, r->host, r->service);
	if (topic_name_valid(span_from(str_span(into), start)))
		return true;
	str_append_byte(problem, '\'');
	str_append_escaped(problem, span_from(str_span(into), start));
	str_append_text(problem, "' is no topic that can be published to; look at --topic-prefix");
	return false;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool append_decoded(struct str *into, struct span level)
{
	while (level.len > 0) {
		int high, low;

		if (level.data[0] != '%') {
			str_append_byte(into, (char)level.data[0]);
			level = span_from(level, 1);
			continue;
		}
		high = level.len > 2 ? hex_digit(level.data[1]) : -1;
		low = level.len > 2 ? hex_digit(level.data[2]) : -1;
		if (high < 0 || low < 0)
			return false;
		str_append_byte(into, (char)(high << 4 | low));
		level = span_from(level, 3);
	}
	return true;
}

bool result_topic_read(struct span topic, const char *prefix, struct str *host, struct str *service)
{
	struct span start = span_of_text(prefix);
	struct span rest = span_from(topic, start.len + 1);

	if (!span_starts_with(topic, start) || rest.len == 0 || topic.data[start.len] != '/')
		return false;
	/* Decoded slashes and those between levels come out alike. */
	return append_decoded(host, span_cut(&rest, '/')) && append_decoded(service, rest);
}
