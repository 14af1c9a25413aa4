/* SPDX-License-Identifier: MIT */
#include "common/json.h"

#include "common/utf8.h"

/* Room for `more` bytes and what one step of json_append_escaped() writes ahead. */
static char *make_room(struct str *into, size_t more)
{
	enum { STEP = 16 };

	if (unlikely(into->capacity - into->len <= more + STEP))
		str_reserve(into, more + STEP);
	return into->text + into->len;
}

/* Is a byte among these that does not stand for itself, or is not ASCII? */
static bool has_special(uint64_t bytes)
{
	static const uint64_t ones = 0x0101010101010101U, tops = 0x8080808080808080U;
	uint64_t quotes = bytes ^ ones * '"', backslashes = bytes ^ ones * '\\';

	/* The top bit is set, it is below 0x20, 0x7f, or zero in one of the two others. */
	return ((bytes | (bytes - ones * 0x20) | (bytes + ones) | (quotes - ones) |
				(backslashes - ones)) &
			       tops) != 0;
}

static bool is_special(uint8_t c)
{
	return c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
}

size_t json_plain_run(struct span text)
{
	size_t n = 0;
	uint64_t bytes;

	for (; n + 8 <= text.len; n += 8) {
		memcpy(&bytes, text.data + n, 8);
		if (has_special(bytes))
			break;
	}
	while (n < text.len && !is_special(text.data[n]))
		n++;
	return n;
}

/* Copy the bytes that stand for themselves, eight at a time; returns how many. */
static size_t copy_plain(char *to, struct span text)
{
	size_t n = 0;

	for (; n + 8 <= text.len; n += 8) {
		uint64_t bytes;

		memcpy(&bytes, text.data + n, 8);
		if (has_special(bytes))
			break;
		memcpy(to + n, &bytes, 8);
	}
	for (; n < text.len && !is_special(text.data[n]); n++)
		to[n] = (char)text.data[n];
	return n;
}

static size_t put_code(char *to, uint32_t code)
{
	static const char digits[] = "0123456789abcdef";

	memcpy(to, "\\u00", 4);
	to[4] = digits[code >> 4 & 15];
	to[5] = digits[code & 15];
	return 6;
}

/* The character that `text` begins with, at most 6 bytes for one; returns how many. */
static size_t put_special(char *to, struct span text, size_t *ret_taken)
{
	static const char shorthands[256] = {
		['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};
	uint8_t c = text.data[0];
	uint32_t code;
	size_t len;

	*ret_taken = 1;
	if (shorthands[c] != 0) {
		to[0] = '\\';
		to[1] = shorthands[c];
		return 2;
	}
	len = utf8_decode(text, &code);
	if (len == 0 || code == 0) {
		memcpy(to, UTF8_REPLACEMENT, 3);
		return 3;
	}
	*ret_taken = len;
	if (code < 0xa0)
		return put_code(to, code);
	memcpy(to, text.data, len);
	return len;
}

void json_append_escaped(struct str *into, struct span text)
{
	char *to = make_room(into, text.len);

	while (text.len > 0) {
		size_t n = copy_plain(to, text), taken;

		into->len += n;
		text = span_from(text, n);
		if (text.len == 0)
			break;
		to = make_room(into, text.len);
		into->len += put_special(to, text, &taken);
		text = span_from(text, taken);
		to = make_room(into, text.len);
	}
	into->text[into->len] = '\0';
}

void json_append_string(struct str *into, struct span text)
{
	str_append_byte(into, '"');
	json_append_escaped(into, text);
	str_append_byte(into, '"');
}

/* Outside of a string it is a blank. */
static void append_control(struct str *into, uint32_t code, bool in_string)
{
	char escape[6];

	if (in_string)
		str_append(into, span_of(escape, put_code(escape, code)));
	else
		str_append_byte(into, ' ');
}

void json_append_printed(struct str *into, struct span json)
{
	bool in_string = false, is_escaped = false;

	while (json.len > 0) {
		uint32_t code;
		size_t len = utf8_decode(json, &code);

		if (len == 0)
			str_append_text(into, UTF8_REPLACEMENT);
		else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
			append_control(into, code, in_string);
		else
			str_append(into, span_first(json, len));
		if (code == '"' && len > 0 && !is_escaped)
			in_string = !in_string;
		is_escaped = len > 0 && code == '\\' && !is_escaped;
		json = span_from(json, len > 0 ? len : 1);
	}
}

void json_append_member(struct str *into, const char *key, struct span text)
{
	str_append_byte(into, ',');
	json_append_string(into, span_of_text(key));
	str_append_byte(into, ':');
	json_append_string(into, text);
}

void json_append_time(struct str *into, const char *key, struct wall_time time)
{
	char text[WALL_TIME_TEXT];

	json_append_member(into, key, span_of_text(wall_time_format(time, text)));
}

bool json_is_number(struct span text)
{
	size_t dots = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '.')
			dots++;
		else if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	/* JSON wants digits on both sides of the point, and no zero in front of others. */
	return text.len > 0 && dots <= 1 && text.data[0] != '.' && text.data[text.len - 1] != '.' &&
	       (text.data[0] != '0' || text.len == 1 || text.data[1] == '.');
}
