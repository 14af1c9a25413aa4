/* SPDX-License-Identifier: MIT */
/*
 * The topic of a result, and what it was the topic of.
 */
#include "cli/result.h"
#include "common/name.h"
#include "common/object_topic.h"
#include "common/percent.h"
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

bool result_topic_read(struct span topic, const char *prefix, struct str *host, struct str *service)
{
	struct span start = span_of_text(prefix);
	struct span rest = span_from(topic, start.len + 1);

	if (!span_starts_with(topic, start) || rest.len == 0 || topic.data[start.len] != '/')
		return false;
	/* Decoded slashes and those between levels come out alike. */
	return percent_decode(span_cut(&rest, '/'), host) && percent_decode(rest, service);
}
