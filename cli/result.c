/* SPDX-License-Identifier: MIT */
#include "cli/result.h"

#include <time.h>

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
