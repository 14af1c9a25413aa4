/* SPDX-License-Identifier: MIT */
#include "common/json.h"

#include "common/utf8.h"

/* How many bytes at the beginning are ASCII that stands for itself, eight at a time. */
static size_t plain_length(struct span text)
{
	static const uint64_t ones = 0x0101010101010101U, tops = 0x8080808080808080U;
	size_t n = 0;

	for (; n + 8 <= text.len; n += 8) {
		uint64_t word, quotes, backslashes;

		memcpy(&word, text.data + n, 8);
		quotes = word ^ ones * '"';
		backslashes = word ^ ones * '\\';
		/* Its top bit is set, it is below 0x20, 0x7f, or zero in one of the two others. */
		if (((word | (word - ones * 0x20) | (word + ones) | (quotes - ones) |
				     (backslashes - ones)) &
				    tops) != 0)
			break;
	}
	while (n < text.len && text.data[n] >= 0x20 && text.data[n] < 0x7f && text.data[n] != '"' &&
			text.data[n] != '\\')
		n++;
	return n;
}

/* The same with the characters beyond ASCII that are well-formed and no control characters. */
static size_t run_length(struct span text)
{
	size_t n = plain_length(text);

	while (n < text.len && text.data[n] >= 0x80) {
		uint32_t code;
		size_t len = utf8_decode(span_from(text, n), &code);

		if (len == 0 || code < 0xa0)
			break;
		n += len;
		n += plain_length(span_from(text, n));
	}
	return n;
}

static void append_code(struct str *into, uint32_t code)
{
	static const char digits[] = "0123456789abcdef";
	char text[] = { '\\', 'u', '0', '0', digits[code >> 4 & 15], digits[code & 15] };

	str_append(into, span_of(text, sizeof(text)));
}

void json_append_escaped(struct str *into, struct span text)
{
	static const char escapes[256] = {
		['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};

	while (text.len > 0) {
		uint32_t code;
		size_t len = run_length(text);

		if (len > 0) {
			str_append(into, span_first(text, len));
			text = span_from(text, len);
			continue;
		}
		len = utf8_decode(text, &code);
		if (len == 0 || code == 0) {
			str_append(into, span_of_text(UTF8_REPLACEMENT));
			len = 1;
		} else if (code < 256 && escapes[code] != 0) {
			const char escape[] = { '\\', escapes[code] };

			str_append(into, span_of(escape, sizeof(escape)));
		} else {
			append_code(into, code);
		}
		text = span_from(text, len);
	}
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
	if (in_string)
		append_code(into, code);
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
