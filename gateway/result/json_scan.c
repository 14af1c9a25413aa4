/* SPDX-License-Identifier: MIT */
#include "gateway/result/json_scan.h"

#include "common/hash.h"
#include "common/json.h"
#include "common/utf8.h"

enum {
	/* cJSON reads the first 63 characters of a number and stumbles over the rest. */
	MAX_NUMBER_LENGTH = 60,
};

static enum reject scan_value(struct json_scan *s);

void json_scan_finish(struct json_scan *s)
{
	free(s->numbers);
	s->numbers = NULL;
	s->number_count = s->number_capacity = 0;
	str_finish(&s->unescaped);
}

static enum reject refuse(struct json_scan *s, enum reject reject, const char *problem)
{
	s->problem = problem;
	s->offset = s->at;
	return reject;
}

/* The byte under the cursor, or 0 at the end: the text has no NUL. */
static uint8_t peek(const struct json_scan *s)
{
	return s->at < s->text.len ? s->text.data[s->at] : 0;
}

static void skip_blanks(struct json_scan *s)
{
	while (s->at < s->text.len && is_blank(s->text.data[s->at]))
		s->at++;
}

/* Four hexadecimal digits at `at`, or -1. */
static int32_t read_hex4(struct span text, size_t at)
{
	int32_t value = 0;

	if (text.len - at < 4)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		uint8_t c = text.data[i];
		unsigned digit = c >= '0' && c <= '9'	? c - (unsigned)'0'
				 : c >= 'a' && c <= 'f' ? c - (unsigned)'a' + 10
				 : c >= 'A' && c <= 'F' ? c - (unsigned)'A' + 10
							: 16;

		if (digit > 15)
			return -1;
		value = value * 16 + (int32_t)digit;
	}
	return value;
}

static bool is_high_surrogate(int32_t code)
{
	return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low_surrogate(int32_t code)
{
	return code >= 0xdc00 && code <= 0xdfff;
}

/* The cursor is on the backslash. */
static enum reject scan_escape(struct json_scan *s)
{
	uint8_t kind = s->at + 1 < s->text.len ? s->text.data[s->at + 1] : 0;
	int32_t code;

	if (kind != 'u') {
		if (kind == 0 || strchr("\"\\/bfnrt", kind) == NULL)
			return refuse(s, REJECT_NOT_JSON, "unknown escape in a string");
		s->at += 2;
		return REJECT_NONE;
	}
	code = read_hex4(s->text, s->at + 2);
	if (code < 0)
		return refuse(s, REJECT_NOT_JSON, "\\u needs four hexadecimal digits");
	if (code == 0)
		return refuse(s, REJECT_NUL, "\\u0000");
	if (is_low_surrogate(code))
		return refuse(s, REJECT_LONE_SURROGATE, "second half of a pair without the first");
	if (is_high_surrogate(code)) {
		if (s->text.len - s->at < 12 || s->text.data[s->at + 6] != '\\' ||
				s->text.data[s->at + 7] != 'u' ||
				!is_low_surrogate(read_hex4(s->text, s->at + 8)))
			return refuse(s, REJECT_LONE_SURROGATE,
					"first half of a pair without the second");
		s->at += 6;
	}
	s->at += 6;
	return REJECT_NONE;
}

/* The cursor is on the opening quote. *ret_inside is what lies between the quotes, as written. */
static enum reject scan_string(struct json_scan *s, struct span *ret_inside, bool *ret_escapes)
{
	size_t start = ++s->at;

	*ret_escapes = false;
	for (;;) {
		uint8_t c;

		s->at += json_plain_run(span_from(s->text, s->at));
		if (s->at == s->text.len)
			return refuse(s, REJECT_NOT_JSON, "a string does not end");
		c = s->text.data[s->at];
		if (c == '"') {
			*ret_inside = span_of(s->text.data + start, s->at - start);
			s->at++;
			return REJECT_NONE;
		}
		if (c == '\\') {
			enum reject reject = scan_escape(s);

			if (reject != REJECT_NONE)
				return reject;
			*ret_escapes = true;
		} else if (c < 0x20) {
			return refuse(s, REJECT_NOT_JSON,
					"raw control character in a string, write \\n or \\t");
		} else {
			s->at++;
		}
	}
}

/* Take the next character of a scanned string off its front; returns its bytes in `out`. */
static size_t unescape_next(struct span *rest, uint8_t out[4])
{
	static const char escapes[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	uint8_t kind;
	uint32_t code;
	size_t used = 6;

	if (rest->data[0] != '\\') {
		out[0] = rest->data[0];
		*rest = span_from(*rest, 1);
		return 1;
	}
	kind = rest->data[1];
	if (kind != 'u') {
		const char *escape = strchr(escapes, kind);

		out[0] = escape != NULL ? (uint8_t)meanings[escape - escapes] : kind;
		*rest = span_from(*rest, 2);
		return 1;
	}
	code = (uint32_t)read_hex4(*rest, 2);
	if (is_high_surrogate((int32_t)code)) {
		code = 0x10000 + ((code - 0xd800) << 10) + ((uint32_t)read_hex4(*rest, 8) - 0xdc00);
		used = 12;
	}
	*rest = span_from(*rest, used);
	return utf8_encode(code, out);
}

static uint32_t hash_key(struct json_scan *s, struct span key, bool escapes)
{
	uint8_t bytes[4];

	if (!escapes)
		return hash_span(s->seed, key);
	str_clear(&s->unescaped);
	while (key.len > 0)
		str_append(&s->unescaped, span_of(bytes, unescape_next(&key, bytes)));
	return hash_span(s->seed, str_span(&s->unescaped));
}

/* Do two keys, as written, mean the same? "state" and "st\u0061te" do. */
static bool same_key(struct span a, struct span b)
{
	uint8_t from_a[4], from_b[4];
	size_t len_a = 0, len_b = 0, at_a = 0, at_b = 0;

	if (span_equal(a, b))
		return true;
	for (;;) {
		if (at_a == len_a) {
			at_a = 0;
			len_a = a.len > 0 ? unescape_next(&a, from_a) : 0;
		}
		if (at_b == len_b) {
			at_b = 0;
			len_b = b.len > 0 ? unescape_next(&b, from_b) : 0;
		}
		if (len_a == 0 || len_b == 0)
			return len_a == len_b;
		if (from_a[at_a++] != from_b[at_b++])
			return false;
	}
}

/* Remember a key of the object whose keys start at `first`. */
static enum reject add_key(struct json_scan *s, size_t first, struct span key, bool escapes)
{
	uint32_t hash = hash_key(s, key, escapes);

	if (s->key_count - first == MAX_OBJECT_KEYS)
		return refuse(s, REJECT_TOO_MANY, "key number 65 of an object");
	for (size_t i = first; i < s->key_count; i++) {
		if (s->keys[i].hash == hash && same_key(s->keys[i].text, key)) {
			s->at = (size_t)(key.data - s->text.data);
			return refuse(s, REJECT_DUPLICATE_KEY, "this key was there before");
		}
	}
	s->keys[s->key_count++] = (struct json_scan_key){ hash, key };
	return REJECT_NONE;
}

static enum reject scan_member(struct json_scan *s, size_t first)
{
	struct span key;
	bool escapes;
	enum reject reject;

	if (peek(s) != '"')
		return refuse(s, REJECT_NOT_JSON, "a key in double quotes is missing");
	reject = scan_string(s, &key, &escapes);
	if (reject == REJECT_NONE)
		reject = add_key(s, first, key, escapes);
	if (reject != REJECT_NONE)
		return reject;
	skip_blanks(s);
	if (peek(s) != ':')
		return refuse(s, REJECT_NOT_JSON, "a colon is missing behind a key");
	s->at++;
	return scan_value(s);
}

/* The cursor is on the opening bracket; `close` is the closing one. */
static enum reject scan_members(struct json_scan *s, uint8_t close)
{
	size_t first = s->key_count;

	if (s->depth == MAX_JSON_DEPTH)
		return refuse(s, REJECT_TOO_DEEP, "level 33");
	s->depth++;
	s->at++;
	skip_blanks(s);
	if (peek(s) != close) {
		for (;;) {
			enum reject reject = close == '}' ? scan_member(s, first) : scan_value(s);

			if (reject != REJECT_NONE)
				return reject;
			if (peek(s) != ',')
				break;
			s->at++;
			skip_blanks(s);
		}
	}
	if (peek(s) != close)
		return refuse(s, REJECT_NOT_JSON,
				close == '}' ? "a comma or } is missing"
					     : "a comma or ] is missing");
	s->at++;
	s->depth--;
	s->key_count = first;
	return REJECT_NONE;
}

static bool scan_digits(struct json_scan *s)
{
	size_t start = s->at;

	while (peek(s) >= '0' && peek(s) <= '9')
		s->at++;
	return s->at > start;
}

static enum reject scan_number(struct json_scan *s)
{
	size_t start = s->at;
	bool leading_zero;
	size_t digits;

	s->at += peek(s) == '-';
	leading_zero = peek(s) == '0';
	digits = s->at;
	if (!scan_digits(s))
		return refuse(s, REJECT_NOT_JSON, "a value is missing");
	if (leading_zero && s->at - digits > 1)
		return refuse(s, REJECT_NOT_JSON, "a number starts with 0");
	if (peek(s) == '.') {
		s->at++;
		if (!scan_digits(s))
			return refuse(s, REJECT_NOT_JSON, "digits are missing in a number");
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->at++;
		s->at += peek(s) == '+' || peek(s) == '-';
		if (!scan_digits(s))
			return refuse(s, REJECT_NOT_JSON, "digits are missing in a number");
	}
	if (s->at - start > MAX_NUMBER_LENGTH)
		return refuse(s, REJECT_BAD_VALUE, "a number of more than 60 characters");
	s->numbers = grow_array(
			s->numbers, s->number_count, &s->number_capacity, sizeof(s->numbers[0]));
	s->numbers[s->number_count++] = span_of(s->text.data + start, s->at - start);
	return REJECT_NONE;
}

static enum reject scan_word(struct json_scan *s, struct span word)
{
	if (!span_starts_with(span_from(s->text, s->at), word))
		return refuse(s, REJECT_NOT_JSON, "a value is missing");
	s->at += word.len;
	return REJECT_NONE;
}

/* A value with the blanks around it. */
static enum reject scan_value(struct json_scan *s)
{
	struct span inside;
	bool escapes;
	enum reject reject;

	skip_blanks(s);
	switch (peek(s)) {
	case '{':
		reject = scan_members(s, '}');
		break;
	case '[':
		reject = scan_members(s, ']');
		break;
	case '"':
		reject = scan_string(s, &inside, &escapes);
		break;
	case 't':
		reject = scan_word(s, (struct span)SPAN("true"));
		break;
	case 'f':
		reject = scan_word(s, (struct span)SPAN("false"));
		break;
	case 'n':
		reject = scan_word(s, (struct span)SPAN("null"));
		break;
	default:
		reject = scan_number(s);
		break;
	}
	if (reject == REJECT_NONE)
		skip_blanks(s);
	return reject;
}

enum reject json_scan(struct json_scan *s, struct span text)
{
	enum reject reject;

	s->text = text;
	s->at = 0;
	s->depth = 0;
	s->key_count = 0;
	s->number_count = 0;
	reject = scan_value(s);
	if (reject == REJECT_NONE && s->at < text.len)
		return refuse(s, REJECT_NOT_JSON, "something follows the JSON value");
	return reject;
}
