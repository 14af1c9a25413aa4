/* SPDX-License-Identifier: MIT */
/*
 * The payload of a result, and that of a rejection. What is not UTF-8, and NUL, becomes U+FFFD;
 * every control character is escaped.
 */
#include "cli/result.h"

#include <cjson/cJSON.h>

#include "common/utf8.h"

static void append_string(struct str *into, struct span text)
{
	static const char escapes[256] = {
		['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};

	str_append_byte(into, '"');
	while (text.len > 0) {
		uint32_t code;
		size_t len = utf8_decode(text, &code);

		if (len == 0 || code == 0) {
			str_append_text(into, UTF8_REPLACEMENT);
			len = 1;
		} else if (code < 256 && escapes[code] != 0) {
			str_printf(into, "\\%c", escapes[code]);
		} else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
			str_printf(into, "\\u%04x", (unsigned)code);
		} else {
			str_append(into, span_first(text, len));
		}
		text = span_from(text, len);
	}
	str_append_byte(into, '"');
}

static void append_member(struct str *into, const char *key, struct span value, bool is_number)
{
	if (value.len == 0)
		return;
	if (into->text[into->len - 1] != '{')
		str_append_byte(into, ',');
	str_printf(into, "\"%s\":", key);
	if (is_number)
		str_append(into, value);
	else
		append_string(into, value);
}

static bool is_number(struct span text)
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

void result_json(const struct result *r, struct str *into)
{
	str_append_byte(into, '{');
	append_member(into, "state", span_of_text(r->state), false);
	append_member(into, "output", r->output, false);
	append_member(into, "long_output", r->long_output, false);
	append_member(into, "perfdata", r->perfdata, false);
	append_member(into, "time", r->time, is_number(r->time));
	append_member(into, "ttl", r->ttl, true);
	append_member(into, "id", r->id, false);
	str_append_byte(into, '}');
}

char *reject_sentence(struct span payload)
{
	static const char *const keys[] = { "reason", "detail", "remedy" };
	cJSON *json = cJSON_ParseWithLength((const char *)payload.data, payload.len);
	struct str sentence = { 0 };

	for (size_t i = 0; i < array_size(keys); i++) {
		const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(json, keys[i]));

		if (text != NULL && *text != '\0')
			str_printf(&sentence, "%s%s", sentence.len > 0 ? " " : "", text);
	}
	cJSON_Delete(json);
	if (sentence.len == 0)
		str_append_text(&sentence, "the gateway does not say why");
	return str_take(&sentence);
}
