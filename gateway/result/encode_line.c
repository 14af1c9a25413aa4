/* SPDX-License-Identifier: MIT */
#include "gateway/result/encode_line.h"

#include "common/name.h"
#include "common/utf8.h"
#include "gateway/result/cut.h"

#include <stdio.h>

/* What stands for a `|` that is part of a text: U+00A6, which looks like one. */
#define BROKEN_BAR "\xc2\xa6"

static const struct span blank = SPAN(" ");

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '\\' && c != '|';
}

/*
 * The next character of `text` as the line holds it; *ret_used bytes of the text are used.
 * `newline` stands for a line end.
 */
static struct span escape_next(const struct text_form *form, struct span text, struct span newline,
		size_t *ret_used)
{
	uint32_t c;
	size_t len = utf8_decode(text, &c);

	*ret_used = len > 0 ? len : 1;
	if (len == 0)
		return (struct span)SPAN(UTF8_REPLACEMENT);
	if (c == '\n')
		return newline;
	if (c == '\r' && text.len > 1 && text.data[1] == '\n')
		return (struct span){ NULL, 0 };
	if (c == '\\')
		return text.len > 1 && text.data[1] == 'n' ? form->backslash_n : form->backslash;
	if (c == '|' && !form->keeps_bar)
		return (struct span)SPAN(BROKEN_BAR);
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return (struct span)SPAN(" ");
	return span_first(text, len);
}

static size_t plain_run(struct span text)
{
	size_t len = 0;

	while (len < text.len && is_plain(text.data[len]))
		len++;
	return len;
}

/* Append as much of `text` as fits; returns how many of its bytes that were. */
static size_t append_text(const struct line *line, struct span text, struct span newline)
{
	struct span rest = text;

	while (rest.len > 0) {
		size_t room = line->end - line->into->len;
		size_t used = plain_run(rest);
		struct span out = span_first(rest, used);

		if (used > room) {
			str_append(line->into, span_first(rest, room));
			return text.len - rest.len + room;
		}
		if (used == 0)
			out = escape_next(line->form, rest, newline, &used);
		if (out.len > room)
			break;
		str_append(line->into, out);
		rest = span_from(rest, used);
	}
	return text.len - rest.len;
}

/* Bytes that `text` takes in the line, or any number above `enough`. */
static size_t escaped_length(
		const struct text_form *form, struct span text, struct span newline, size_t enough)
{
	size_t length = 0;

	while (text.len > 0 && length <= enough) {
		size_t used = plain_run(text);

		if (used > 0)
			length += used;
		else
			length += escape_next(form, text, newline, &used).len;
		text = span_from(text, used);
	}
	return length;
}

/*
 * As many whole values as `max` bytes of text and the line hold. A blank ends a value, but not
 * inside a quoted label. Returns true when some were left out.
 */
static bool append_perfdata(const struct line *line, struct span perfdata, size_t max)
{
	size_t room = line->end - line->into->len; /* one byte of it for the `|` */
	struct span rest = perfdata;
	size_t kept = 0, length = 0;
	bool quoted = false;

	/* No byte becomes more than three: nearly always nothing needs to be counted. */
	if (perfdata.len <= max && perfdata.len < room / 3) {
		str_append_byte(line->into, '|');
		append_text(line, perfdata, blank);
		return false;
	}
	for (;;) {
		size_t at = perfdata.len - rest.len;
		size_t used;

		if (at > max || length >= room)
			break;
		if (rest.len == 0 || (!quoted && is_blank(rest.data[0])))
			kept = at;
		if (rest.len == 0)
			break;
		quoted ^= rest.data[0] == '\'';
		length += escape_next(line->form, rest, blank, &used).len;
		rest = span_from(rest, used);
	}
	if (kept > 0) {
		str_append_byte(line->into, '|');
		append_text(line, span_first(perfdata, kept), blank);
	}
	return kept < perfdata.len;
}

/*
 * Append a part of the text, at most `max` bytes of it. When not all of it fits the marker
 * follows, which counts the `behind` bytes of the part that is then left out too.
 * Returns true when all was appended.
 */
static bool append_or_cut(const struct line *line, struct span text, size_t max, size_t behind,
		struct span newline)
{
	struct span kept = utf8_first(text, max);
	struct line shorter = *line;
	size_t start = line->into->len;
	char marker[MAX_MARKER_BYTES];

	if (append_text(line, kept, newline) == text.len)
		return true;
	str_truncate(line->into, start);
	shorter.end -= smaller(line->end - start, MAX_MARKER_BYTES);
	behind += text.len - append_text(&shorter, kept, newline);
	snprintf(marker, sizeof(marker), CUT_MARKER, behind);
	append_text(line, span_of_text(marker), newline);
	return false;
}

struct line line_begin(struct str *into, size_t max_line, const struct text_form *form)
{
	struct line line = { into, SIZE_MAX / 8, form };

	if (max_line > 0) /* one byte less: the newline */
		line.end = into->len + (max_line < MIN_LINE ? MIN_LINE : max_line) - 1;
	return line;
}

bool line_append_result(const struct line *line, const struct check_result *r, size_t max_output)
{
	const struct text_form *form = line->form;
	struct span output = span_trim(r->output), long_output = r->long_output;
	struct span perfdata = span_trim(r->perfdata);
	size_t max_long_output = output.len < max_output ? max_output - output.len : 0;
	struct line with_perfdata = *line, text;
	bool cut = false, complete;

	if (output.len == 0 && (perfdata.len > 0 || form->needs_text))
		output = span_of_text(check_state_name(r->state, r->service.len == 0));
	if (long_output.len > 0) { /* at least room to say that it was cut */
		size_t wanted = escaped_length(form, long_output, form->newline, MAX_MARKER_BYTES);

		with_perfdata.end -= smaller(wanted, MAX_MARKER_BYTES) + form->newline.len;
	}
	text = with_perfdata;
	if (perfdata.len > 0) {
		size_t half = (text.end - line->into->len) / 2;

		text.end -= smaller(escaped_length(form, perfdata, blank, half) + 1, half);
	}
	/* A first line that is cut takes the other lines with it. */
	complete = append_or_cut(&text, output, max_output, long_output.len, blank);
	if (perfdata.len > 0 && append_perfdata(&with_perfdata, perfdata, max_output))
		cut = true;
	if (complete && long_output.len > 0) {
		str_append(line->into, form->newline);
		complete = append_or_cut(line, long_output, max_long_output, 0, form->newline);
	}
	return cut || !complete;
}

void line_append_word(const struct line *line, struct span text)
{
	append_text(line, text, blank);
}

/* printf() would take a tenth of the time of the whole way from payload to line. */
void line_append_number(struct str *into, uint64_t value, size_t width)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0 || sizeof(digits) - at < width);
	str_append(into, span_of(digits + at, sizeof(digits) - at));
}

struct wall_time line_time(const struct check_result *r, struct wall_time now)
{
	return r->time.ns == 0 || r->time.ns > now.ns ? now : r->time;
}

bool line_can_be_command(const struct check_result *r)
{
	unsigned highest = r->service.len == 0 ? 2 : 3;

	return name_valid(r->host) && (r->service.len == 0 || name_valid(r->service)) &&
	       (unsigned)r->state <= highest;
}
