/* SPDX-License-Identifier: MIT */
#include "common/json_object.h"

#include "common/utf8.h"

struct cursor {
	const uint8_t *at, *end;
	const char *problem; /* NULL: none so far */
	struct span key;     /* the last one that was met */
	size_t depth;
	bool in_object[JSON_OBJECT_LEVELS]; /* of each open level: else it is an array */
};

static bool refuse(struct cursor *c, const char *problem)
{
	c->problem = problem;
	return false;
}

/* The byte under the cursor; 0 at the end, where a NUL in the text would be as wrong. */
static uint8_t peek(const struct cursor *c)
{
	return c->at < c->end ? *c->at : 0;
}

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end && is_blank(*c->at))
		c->at++;
}

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The cursor is on the backslash. */
static bool take_escape(struct cursor *c)
{
	size_t left = (size_t)(c->end - c->at);
	uint8_t kind = left > 1 ? c->at[1] : 0;

	if (kind == 'u') {
		if (left < 6 || !is_hex(c->at[2]) || !is_hex(c->at[3]) || !is_hex(c->at[4]) ||
				!is_hex(c->at[5]))
			return refuse(c, "\\u needs four hexadecimal digits");
		c->at += 6;
		return true;
	}
	if (kind == 0 || strchr("\"\\/bfnrt", kind) == NULL)
		return refuse(c, "it has an unknown escape in a string");
	c->at += 2;
	return true;
}

/* Has one of the eight bytes a meaning of its own in a string: a quote, a backslash, a control? */
static bool is_special(uint64_t bytes)
{
	const uint64_t ones = 0x0101010101010101U, tops = 0x8080808080808080U;
	uint64_t quote = bytes ^ ones * '"', backslash = bytes ^ ones * '\\';

	return (((bytes - ones * 0x20) & ~bytes) | ((quote - ones) & ~quote) |
			       ((backslash - ones) & ~backslash)) &
	       tops;
}

static void skip_plain(struct cursor *c)
{
	uint64_t bytes;

	for (; c->end - c->at >= 8; c->at += 8) {
		memcpy(&bytes, c->at, 8);
		if (is_special(bytes))
			return;
	}
}

/* The cursor is on the opening quote. */
static bool take_string(struct cursor *c)
{
	c->at++;
	skip_plain(c);
	while (c->at < c->end) {
		uint8_t byte = *c->at;

		if (byte == '"') {
			c->at++;
			return true;
		}
		if (byte < 0x20)
			return refuse(c, "it has a raw control character in a string");
		if (byte != '\\')
			c->at++;
		else if (!take_escape(c))
			return false;
	}
	return refuse(c, "a string does not end");
}

/* The cursor is where a key has to begin; it ends where the value does. */
static bool take_key(struct cursor *c)
{
	const uint8_t *start = c->at;

	if (peek(c) != '"')
		return refuse(c, "a key in double quotes is missing");
	if (!take_string(c))
		return false;
	if (c->at - start > JSON_OBJECT_KEY)
		return refuse(c, "a key is longer than 10,000 bytes");
	c->key = span_of(start + 1, (size_t)(c->at - start) - 2);
	skip_blanks(c);
	if (peek(c) != ':')
		return refuse(c, "a colon is missing behind a key");
	c->at++;
	skip_blanks(c);
	return true;
}

static bool take_digits(struct cursor *c)
{
	const uint8_t *start = c->at;

	while (peek(c) >= '0' && peek(c) <= '9')
		c->at++;
	return c->at > start || refuse(c, "digits are missing in a number");
}

static bool take_number(struct cursor *c)
{
	const uint8_t *start = c->at;

	c->at += peek(c) == '-';
	if (peek(c) == '0')
		c->at++;
	else if (!take_digits(c))
		return refuse(c, "a value is missing");
	if (peek(c) == '.') {
		c->at++;
		if (!take_digits(c))
			return false;
	}
	if (peek(c) == 'e' || peek(c) == 'E') {
		c->at++;
		c->at += peek(c) == '+' || peek(c) == '-';
		if (!take_digits(c))
			return false;
	}
	return c->at - start <= JSON_OBJECT_NUMBER || refuse(c, "a number is too long");
}

static bool take_word(struct cursor *c, struct span word)
{
	if (!span_starts_with(span_of(c->at, (size_t)(c->end - c->at)), word))
		return refuse(c, "a value is missing");
	c->at += word.len;
	return true;
}

static bool take_scalar(struct cursor *c)
{
	switch (peek(c)) {
	case '"':
		return take_string(c);
	case 't':
		return take_word(c, (struct span)SPAN("true"));
	case 'f':
		return take_word(c, (struct span)SPAN("false"));
	case 'n':
		return take_word(c, (struct span)SPAN("null"));
	default:
		return take_number(c);
	}
}

/*
 * The cursor is on the bracket that opens a level. One with nothing in it is closed again, and
 * *ret_is_whole set: that value has ended, as a scalar has.
 */
static bool open_level(struct cursor *c, bool *ret_is_whole)
{
	bool is_object = *c->at == '{';

	if (c->depth == JSON_OBJECT_LEVELS)
		return refuse(c, "it has more than 256 levels");
	c->at++;
	skip_blanks(c);
	if (peek(c) == (is_object ? '}' : ']')) {
		c->at++;
		*ret_is_whole = true;
		return true;
	}
	c->in_object[c->depth++] = is_object;
	return !is_object || take_key(c);
}

/* A value has ended: close what ends with it, up to where the next one begins or all is done. */
static bool close_levels(struct cursor *c)
{
	while (c->depth > 0) {
		bool is_object = c->in_object[c->depth - 1];

		skip_blanks(c);
		if (peek(c) == ',') {
			c->at++;
			skip_blanks(c);
			return !is_object || take_key(c);
		}
		if (peek(c) != (is_object ? '}' : ']'))
			return refuse(c, is_object ? "a comma or } is missing"
						   : "a comma or ] is missing");
		c->at++;
		c->depth--;
	}
	return true;
}

static void tell_of_value(const struct cursor *c, json_object_told *tell, void *to)
{
	struct json_value value = { .depth = c->depth, .first = peek(c) };

	if (c->in_object[c->depth - 1])
		value.key = c->key;
	tell(to, &value);
}

const char *json_object_walk(struct span text, json_object_told *tell, void *to)
{
	struct cursor c; /* in_object is not cleared for each text: depth says what counts */

	c.at = text.data;
	c.end = text.len > 0 ? text.data + text.len : text.data;
	c.problem = NULL;
	c.key = span_of(NULL, 0);
	c.depth = 0;
	skip_blanks(&c);
	if (peek(&c) != '{')
		return "it is not a JSON object: it does not begin with {";
	do {
		bool is_whole = peek(&c) != '{' && peek(&c) != '[';

		if (tell != NULL && c.depth > 0)
			tell_of_value(&c, tell, to);
		if (!(is_whole ? take_scalar(&c) : open_level(&c, &is_whole)) ||
				(is_whole && !close_levels(&c)))
			return c.problem;
	} while (c.depth > 0);
	skip_blanks(&c);
	if (c.at < c.end)
		return "something follows the JSON object";
	return utf8_valid(text) ? NULL : "it is not valid UTF-8";
}

const char *json_object_problem(struct span text)
{
	return json_object_walk(text, NULL, NULL);
}
