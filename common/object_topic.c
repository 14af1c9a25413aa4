/* SPDX-License-Identifier: MIT */
#include "common/object_topic.h"

#include "common/utf8.h"

static bool needs_encoding(struct span name, size_t at, size_t len, bool is_host)
{
	uint8_t c = name.data[at];

	if (c == '%' || c == '+' || c == '#')
		return true;
	if (c == '/')
		return is_host || at == 0 || at + 1 == name.len || name.data[at - 1] == '/';
	return !utf8_valid_mqtt(span_of(name.data + at, len));
}

static void append_level(struct str *into, struct span name, bool is_host)
{
	str_append_byte(into, '/');
	for (size_t at = 0; at < name.len;) {
		uint32_t code;
		size_t len = utf8_decode(span_from(name, at), &code);
		bool encode;

		if (len == 0)
			len = 1;
		encode = needs_encoding(name, at, len, is_host);
		for (size_t end = at + len; at < end; at++) {
			if (encode)
				str_printf(into, "%%%02X", name.data[at]);
			else
				str_append_byte(into, (char)name.data[at]);
		}
	}
}

void object_topic(struct str *into, const char *prefix, struct span host, struct span service)
{
	str_append_text(into, prefix);
	append_level(into, host, true);
	if (service.len > 0)
		append_level(into, service, false);
}
