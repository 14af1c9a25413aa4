/* SPDX-License-Identifier: MIT */
#include "cli/result.h"

#include <time.h>

#include "common/topic.h"
#include "common/utf8.h"

enum { MAX_NAME_BYTES = 255 }; /* as the gateway's */

struct state_word {
	const char *word; /* NULL ends the list */
	const char *state;
};

static const struct state_word service_words[] = {
	{ "0", "OK" },
	{ "1", "WARNING" },
	{ "2", "CRITICAL" },
	{ "3", "UNKNOWN" },
	{ "OK", "OK" },
	{ "WARNING", "WARNING" },
	{ "WARN", "WARNING" },
	{ "CRITICAL", "CRITICAL" },
	{ "CRIT", "CRITICAL" },
	{ "UNKNOWN", "UNKNOWN" },
	{ NULL, NULL },
};

static const struct state_word host_words[] = {
	{ "0", "UP" },
	{ "1", "DOWN" },
	{ "2", "UNREACHABLE" },
	{ "UP", "UP" },
	{ "OK", "UP" },
	{ "DOWN", "DOWN" },
	{ "CRITICAL", "DOWN" },
	{ "CRIT", "DOWN" },
	{ "UNREACHABLE", "UNREACHABLE" },
	{ NULL, NULL },
};

const char *state_parse(struct span text, bool is_host)
{
	const struct state_word *w = is_host ? host_words : service_words;

	while (w->word != NULL && !span_equal_nocase(text, span_of_text(w->word)))
		w++;
	return w->state;
}

const char *state_choices(bool is_host)
{
	return is_host ? "' is no state of a host; take up, down, unreachable, or 0 to 2"
		       : "' is no state of a service; take ok, warning, critical, unknown, or 0 to "
			 "3";
}

const char *state_of_exit_code(int code, bool is_host)
{
	static const char *const service_states[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	static const char *const host_states[] = { "UP", "UP", "DOWN", "DOWN" };

	if (code < 0 || code > 3)
		return is_host ? NULL : "UNKNOWN";
	return is_host ? host_states[code] : service_states[code];
}

static bool all_digits(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	return text.len > 0;
}

/* "Z", "+01:00" or "+0100" */
static bool zone_valid(struct span zone)
{
	struct span digits = span_from(zone, 1);

	if (span_equal_text(zone, "Z") || span_equal_text(zone, "z"))
		return true;
	if (zone.len == 0 || (zone.data[0] != '+' && zone.data[0] != '-'))
		return false;
	if (digits.len == 5 && digits.data[2] == ':')
		return all_digits(span_first(digits, 2)) && all_digits(span_from(digits, 3));
	return digits.len == 4 && all_digits(digits);
}

static bool date_valid(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%d", &tm);

	if (rest == NULL || (*rest != 'T' && *rest != 't' && *rest != ' '))
		return false;
	rest = strptime(rest + 1, "%H:%M:%S", &tm);
	if (rest == NULL)
		return false;
	if (*rest == '.') {
		size_t digits = strspn(rest + 1, "0123456789");

		if (digits == 0)
			return false;
		rest += 1 + digits;
	}
	return zone_valid(span_of_text(rest));
}

bool time_valid(struct span text)
{
	struct span whole = span_first(text, span_find(text, '.'));
	AUTO_FREE char *copy = NULL;

	if (all_digits(whole) &&
			(whole.len == text.len || all_digits(span_from(text, whole.len + 1))))
		return true;
	copy = span_dup_text(text);
	return strlen(copy) == text.len && date_valid(copy);
}

static bool name_valid(struct span name)
{
	if (name.len == 0 || name.len > MAX_NAME_BYTES || name.data[0] == ' ' ||
			name.data[name.len - 1] == ' ')
		return false;
	while (name.len > 0) {
		uint32_t c;
		size_t len = utf8_decode(name, &c);

		if (len == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == ';')
			return false;
		name = span_from(name, len);
	}
	return true;
}

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

static bool check_name(const char *what, struct span name, struct str *problem)
{
	if (name_valid(name))
		return true;
	str_append_byte(problem, '\'');
	str_append_escaped(problem, name);
	str_printf(problem,
			"' cannot be the name of a %s; take 1 to %d bytes of UTF-8 without ; and "
			"control characters, and no blank at its ends",
			what, MAX_NAME_BYTES);
	return false;
}

bool result_topic(const struct result *r, const char *prefix, struct str *into, struct str *problem)
{
	size_t start = into->len;

	if (!check_name("host", r->host, problem) ||
			(r->service.len > 0 && !check_name("service", r->service, problem)))
		return false;
	str_append_text(into, prefix);
	append_level(into, r->host, true);
	if (r->service.len > 0)
		append_level(into, r->service, false);
	if (topic_name_valid(span_from(str_span(into), start)))
		return true;
	str_append_byte(problem, '\'');
	str_append_escaped(problem, span_from(str_span(into), start));
	str_append_text(problem, "' is no topic that can be published to; look at --topic-prefix");
	return false;
}
