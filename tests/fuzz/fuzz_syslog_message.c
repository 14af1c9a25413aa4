/* SPDX-License-Identifier: MIT */
/*
 * Whatever a record is made of, what is written is one message by the grammar of RFC 5424, 6, no
 * longer than it may be.
 */
#include "plugins/syslog/message.h"

#include "common/utf8.h"
#include "tests/fuzz/relay_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A field of the header: what stands before the next blank, 1 to `most` of PRINTUSASCII. */
static struct span field(struct span *rest, size_t most)
{
	struct span f;

	MUST(span_find(*rest, ' ') < rest->len);
	f = span_cut(rest, ' ');
	MUST(f.len >= 1 && f.len <= most);
	for (size_t i = 0; i < f.len; i++)
		MUST(f.data[i] > ' ' && f.data[i] < 0x7f);
	return f;
}

static void check_header(struct span *rest)
{
	uint64_t priority;
	struct span first = field(rest, 6), time, id;

	MUST(first.data[0] == '<' && first.data[first.len - 1] == '1' &&
			first.data[first.len - 2] == '>');
	MUST(span_to_uint(span_of(first.data + 1, first.len - 3), 191, &priority));
	time = field(rest, 24);
	MUST(time.len == 24 && time.data[10] == 'T' && time.data[23] == 'Z');
	field(rest, 255);
	field(rest, 48);
	MUST(span_equal_text(field(rest, 128), "-"));
	id = field(rest, 32);
	MUST(span_equal_text(id, "check") || span_equal_text(id, "message"));
}

/* PARAM-VALUE with its quotes; returns what is behind it. */
static struct span check_value(struct span rest)
{
	MUST(rest.len > 0 && rest.data[0] == '"');
	for (size_t i = 1; i < rest.len; i++) {
		uint8_t c = rest.data[i];

		MUST(c >= ' ' && c != 0x7f && c != ']');
		if (c == '"') {
			MUST(utf8_valid(span_first(rest, i)));
			return span_from(rest, i + 1);
		}
		if (c == '\\') {
			i++;
			MUST(i < rest.len && (rest.data[i] == '"' || rest.data[i] == '\\' ||
							     rest.data[i] == ']'));
		}
	}
	abort();
}

static struct span check_structured_data(struct span rest)
{
	struct span name = span_first(rest, span_find(rest, '@'));

	MUST(span_equal_text(name, "[belfry"));
	while (rest.len > 0 && rest.data[0] != ' ' && rest.data[0] != ']')
		rest = span_from(rest, 1);
	while (rest.len > 0 && rest.data[0] == ' ') {
		rest = span_from(rest, span_find(rest, '='));
		MUST(rest.len > 0);
		rest = check_value(span_from(rest, 1));
	}
	MUST(rest.len > 0 && rest.data[0] == ']');
	return span_from(rest, 1);
}

static void check_text(struct span rest, const struct syslog_form *form, bool is_utf8)
{
	bool marked = span_starts_with(rest, span_of_text(" \xef\xbb\xbf"));

	if (rest.len == 0)
		return;
	MUST(rest.data[0] == ' ');
	if (is_utf8)
		MUST(utf8_valid(rest));
	for (size_t i = 0; is_utf8 && i < rest.len; i++)
		MUST(rest.data[i] < 0x80 || marked);
	for (size_t i = 0; i < rest.len; i++) {
		uint8_t c = rest.data[i];

		MUST(c >= ' ' || c == '\t' || (c == '\n' && !form->one_line));
		MUST(c != 0x7f);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader reader = reader_of(span_of(data, size));
	uint8_t flags;
	struct relay_record record = take_record(&reader, &flags);
	struct syslog_form form = {
		.hostname = (flags & 2) != 0 ? "gw" : "",
		.facility = flags >> 4,
		.severity = SEVERITY_DEBUG,
		.enterprise = UINT32_MAX,
		.max_size = (flags & 4) != 0 ? SYSLOG_LEAST_SIZE : 2048,
		.one_line = (flags & 8) != 0,
	};
	struct str message = { 0 };
	struct span rest;

	/* The service's name stands for what a template has made. */
	syslog_append_message(&message, &form, &record, record.service);
	rest = str_span(&message);
	MUST(rest.len <= form.max_size);
	check_header(&rest);
	rest = check_structured_data(rest);
	check_text(rest, &form, utf8_valid(span_of(record.text.data, record.text.len)));
	str_finish(&message);
	return 0;
}
