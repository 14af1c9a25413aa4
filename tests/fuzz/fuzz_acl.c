/* SPDX-License-Identifier: MIT */
/*
 * User name, client identifier, topic and filter, a line each, and behind them the text of an
 * acl_file: errors are whole lines with a place; what the rules allow does not depend on their
 * order, no unsafe name gains by a pattern, and no subscription is refused that would bring
 * something.
 */
#include "broker/core/acl_parse.h"
#include "common/mem.h"
#include "common/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* "acl:12: 'word': sentence", one line each. */
static void check_report(const struct settings_report *report)
{
	struct span rest = str_span(&report->text);
	unsigned lines = 0;

	while (rest.len > 0) {
		struct span line = span_cut(&rest, '\n');

		REQUIRE(span_starts_with(line, span_of_text("acl:")));
		for (size_t i = 0; i < line.len; i++)
			REQUIRE(line.data[i] >= 0x20 && line.data[i] != 0x7f);
		lines++;
	}
	REQUIRE(lines == report->errors);
}

static struct acl *parse(struct span text)
{
	struct settings_report report = { 0 };
	struct acl *acl = acl_parse(text, "acl", 9, &report);

	REQUIRE((acl == NULL) == (report.errors > 0));
	check_report(&report);
	str_finish(&report.text);
	return acl;
}

/* The text with the lines inside each part that begins with a `user` line turned around. */
static void turn_around(struct span text, struct str *ret)
{
	size_t part = 0;

	while (text.data != NULL) {
		struct span line = span_cut(&text, '\n');
		struct str before = { 0 };

		if (span_starts_with(span_trim(line), span_of_text("user"))) {
			str_append(ret, line);
			str_append_byte(ret, '\n');
			part = ret->len;
			continue;
		}
		if (ret->len > part)
			str_append(&before, span_from(str_span(ret), part));
		str_truncate(ret, part);
		str_append(ret, line);
		str_append_byte(ret, '\n');
		str_append(ret, str_span(&before));
		str_finish(&before);
	}
}

static void check_order(const struct acl *acl, struct span text, const struct acl_subject *s,
		struct span topic)
{
	struct str turned = { 0 };
	struct acl *other;

	turn_around(text, &turned);
	other = parse(str_span(&turned));
	REQUIRE(other != NULL);
	for (unsigned access = ACL_READ; access <= ACL_WRITE; access++)
		REQUIRE(acl_allows(acl, s, topic, access) == acl_allows(other, s, topic, access));
	acl_unref(other);
	str_finish(&turned);
}

static void check_subject(const struct acl *acl, const struct acl_subject *s, struct span topic,
		struct span filter)
{
	bool read = acl_allows(acl, s, topic, ACL_READ);
	bool unsafe = topic_filter_has_wildcard(s->username) ||
		      topic_filter_has_wildcard(s->client_id);

	if (unsafe) { /* patterns are void: the client identifier makes no difference */
		struct acl_subject other = { s->username, SPAN("#") };

		REQUIRE(read == acl_allows(acl, &other, topic, ACL_READ));
	}
	if (read) {
		REQUIRE(acl_allows_filter(acl, s, topic));
		REQUIRE(!topic_matches(filter, topic) || acl_allows_filter(acl, s, filter));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size < 16384 ? size : 16384);
	struct acl_subject s;
	struct span topic, filter;
	struct acl *acl;

	s.username = span_cut(&rest, '\n');
	s.client_id = span_cut(&rest, '\n');
	topic = span_cut(&rest, '\n');
	filter = span_cut(&rest, '\n');
	if (rest.data == NULL)
		return 0;
	acl = parse(rest);
	if (acl != NULL && topic_name_valid(topic) && topic_filter_valid(filter) &&
			s.client_id.len > 0) {
		check_order(acl, rest, &s, topic);
		check_subject(acl, &s, topic, filter);
	}
	acl_unref(acl);
	return 0;
}
