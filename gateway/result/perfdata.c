/* SPDX-License-Identifier: MIT */
#include "gateway/result/perfdata.h"

/* May the text be a value, a unit or a range such as "@~:10.5"? */
static bool is_plain(struct span s, bool semicolons)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		if (c <= ' ' || c == 0x7f || c == '\'' || c == '"' || c == '=' || c == '|' ||
				(c == ';' && !semicolons))
			return false;
	}
	return true;
}

static bool is_unit(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		/* A digit or a point would become part of the value. */
		if ((c >= '0' && c <= '9') || c == '.' || c == ',' || c == '-' || c == '+')
			return false;
	}
	return is_plain(s, false);
}

static void append_blank(struct str *into)
{
	if (into->len > 0 && into->text[into->len - 1] != ' ')
		str_append_byte(into, ' ');
}

/* Control characters, line ends among them, become blanks. */
static void append_on_one_line(struct str *into, struct span s)
{
	size_t start = into->len;

	str_append(into, s);
	for (size_t i = start; i < into->len; i++) {
		if ((uint8_t)into->text[i] < 0x20 || into->text[i] == 0x7f)
			into->text[i] = ' ';
	}
}

static void append_label(struct str *into, struct span label)
{
	bool quoted = false;

	for (size_t i = 0; i < label.len; i++)
		quoted = quoted || label.data[i] <= ' ' || label.data[i] == 0x7f ||
			 label.data[i] == '=' || label.data[i] == '\'';
	if (!quoted) {
		str_append(into, label);
		return;
	}
	str_append_byte(into, '\'');
	while (label.len > 0) {
		size_t quote = span_find(label, '\'');

		append_on_one_line(into, span_first(label, quote));
		if (quote < label.len)
			str_append_text(into, "''");
		label = span_from(label, quote + 1);
	}
	str_append_byte(into, '\'');
}

bool perfdata_append(struct str *into, const struct perfdata_item *item)
{
	const struct span limits[] = { item->warn, item->crit, item->min, item->max };
	size_t used = 0;
	bool alone;

	for (size_t i = 0; i < array_size(limits); i++) {
		if (!is_plain(limits[i], false))
			return false;
		if (limits[i].len > 0)
			used = i + 1;
	}
	alone = used == 0 && item->uom.len == 0;
	if (span_trim(item->label).len == 0 || item->value.len == 0 || item->value.data[0] == ';' ||
			!is_plain(item->value, alone) || !is_unit(item->uom))
		return false;
	append_blank(into);
	append_label(into, span_trim(item->label));
	str_append_byte(into, '=');
	str_append(into, item->value);
	str_append(into, item->uom);
	for (size_t i = 0; i < used; i++) {
		str_append_byte(into, ';');
		str_append(into, limits[i]);
	}
	return true;
}

void perfdata_append_line(struct str *into, struct span line)
{
	line = span_trim(line);
	if (line.len == 0)
		return;
	append_blank(into);
	append_on_one_line(into, line);
}

/* --- reading back ------------------------------------------------------------------------- */

enum { MAX_NUMBER_BYTES = 60, MAX_EXPONENT = 240 /* behind 60 digits: a double holds it */ };

static size_t count_digits(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.data[n] >= '0' && s.data[n] <= '9')
		n++;
	return n;
}

/* A number taken apart; the digits may be on one side of the point only. */
struct number {
	bool is_negative;
	struct span whole, fraction;
	struct span exponent; /* with its sign; empty: none */
};

static bool has_sign(struct span s)
{
	return s.len > 0 && (s.data[0] == '-' || s.data[0] == '+');
}

/* "e-3"; its length, 0 when it is none: then the e begins the unit. */
static size_t exponent_length(struct span s)
{
	size_t sign, digits;
	uint64_t size;

	if (s.len < 2 || (s.data[0] | 0x20) != 'e')
		return 0;
	sign = has_sign(span_from(s, 1));
	digits = count_digits(span_from(s, 1 + sign));
	if (digits == 0 || !span_to_uint(span_of(s.data + 1 + sign, digits), MAX_EXPONENT, &size))
		return 0;
	return 1 + sign + digits;
}

/* The number that `s` begins with; returns its length, 0 when there is none. */
static size_t take_number(struct span s, struct number *ret)
{
	size_t at = has_sign(s), exponent;

	ret->is_negative = at > 0 && s.data[0] == '-';
	ret->whole = span_first(span_from(s, at), count_digits(span_from(s, at)));
	ret->fraction = span_of(NULL, 0);
	at += ret->whole.len;
	if (at < s.len && s.data[at] == '.') {
		ret->fraction = span_first(
				span_from(s, at + 1), count_digits(span_from(s, at + 1)));
		at += 1 + ret->fraction.len;
	}
	if (ret->whole.len + ret->fraction.len == 0)
		return 0;
	exponent = exponent_length(span_from(s, at));
	ret->exponent = exponent > 0 ? span_of(s.data + at + 1, exponent - 1) : span_of(NULL, 0);
	at += exponent;
	return at <= MAX_NUMBER_BYTES ? at : 0;
}

bool perfdata_is_number(struct span text)
{
	struct number number;

	return text.len > 0 && take_number(text, &number) == text.len;
}

void perfdata_append_number(struct str *into, struct span text)
{
	struct number number;

	take_number(text, &number);
	while (number.whole.len > 1 && number.whole.data[0] == '0')
		number.whole = span_from(number.whole, 1);
	if (number.is_negative)
		str_append_byte(into, '-');
	str_append(into, number.whole.len > 0 ? number.whole : (struct span)SPAN("0"));
	if (number.fraction.len > 0) {
		str_append_byte(into, '.');
		str_append(into, number.fraction);
	}
	if (number.exponent.len > 0) {
		str_append_byte(into, 'e');
		str_append(into, number.exponent);
	}
}

void perfdata_reader_finish(struct perfdata_reader *r)
{
	str_finish(&r->label);
}

static struct span skip_blanks(struct span s)
{
	while (s.len > 0 && is_blank(s.data[0]))
		s = span_from(s, 1);
	return s;
}

/* What stands before the next blank, taken off the front of *rest. */
static struct span take_word(struct span *rest)
{
	size_t n = 0;
	struct span word;

	while (n < rest->len && !is_blank(rest->data[n]))
		n++;
	word = span_first(*rest, n);
	*rest = span_from(*rest, n);
	return word;
}

/*
 * A label in quotes, with two of them for one inside, and the `=` behind it. *rest is behind that;
 * false when it is not such a label, and *rest is as it was.
 */
static bool take_quoted_label(struct perfdata_reader *r, struct span *ret)
{
	struct span rest = span_from(r->rest, 1);

	str_clear(&r->label);
	for (;;) {
		size_t quote = span_find(rest, '\'');

		if (quote == rest.len)
			return false;
		if (quote + 1 < rest.len && rest.data[quote + 1] == '=')
			break;
		if (quote + 1 == rest.len || rest.data[quote + 1] != '\'')
			return false;
		str_append(&r->label, span_first(rest, quote + 1));
		rest = span_from(rest, quote + 2);
	}
	*ret = span_first(rest, span_find(rest, '\''));
	r->rest = span_from(rest, ret->len + 2);
	if (r->label.len > 0) {
		str_append(&r->label, *ret);
		*ret = str_span(&r->label);
	}
	return true;
}

/* A range of the plugin guidelines: "10", "10:", "~:10", "10:20", any with an @ in front. */
static bool is_range(struct span s)
{
	struct span start, end;
	size_t colon;

	if (s.len > 0 && s.data[0] == '@')
		s = span_from(s, 1);
	colon = span_find(s, ':');
	if (colon == s.len)
		return perfdata_is_number(s);
	start = span_first(s, colon);
	end = span_from(s, colon + 1);
	return (start.len == 0 || span_equal_text(start, "~") || perfdata_is_number(start)) &&
	       (end.len == 0 || perfdata_is_number(end)) && start.len + end.len > 0;
}

/* The next of "warn;crit;min;max", empty where it is not what it should be. */
static struct span take_limit(struct span *rest, bool (*is_one)(struct span))
{
	struct span limit = rest->data != NULL ? span_cut(rest, ';') : span_of(NULL, 0);

	return is_one(limit) ? limit : span_of(NULL, 0);
}

/* "98%;80;90;0;100" */
static bool read_value(struct span text, struct perfdata_metric *ret)
{
	struct span first = span_cut(&text, ';');
	struct number number;
	size_t len = take_number(first, &number);

	if (len == 0 && !span_equal_text(first, "U"))
		return false;
	ret->value = span_first(first, len);
	ret->unit = len > 0 ? span_from(first, len) : span_of(NULL, 0);
	if (!is_unit(ret->unit))
		return false;
	ret->warn = take_limit(&text, is_range);
	ret->crit = take_limit(&text, is_range);
	ret->min = take_limit(&text, perfdata_is_number);
	ret->max = take_limit(&text, perfdata_is_number);
	return true;
}

bool perfdata_next(struct perfdata_reader *r, struct perfdata_metric *ret)
{
	while ((r->rest = skip_blanks(r->rest)).len > 0) {
		struct span word;
		bool is_quoted = r->rest.data[0] == '\'' && take_quoted_label(r, &ret->label);

		word = take_word(&r->rest);
		if (!is_quoted) {
			size_t equals = span_find(word, '=');

			if (equals == word.len)
				continue;
			ret->label = span_first(word, equals);
			word = span_from(word, equals + 1);
		}
		if (ret->label.len > 0 && read_value(word, ret))
			return true;
	}
	return false;
}
