/* SPDX-License-Identifier: MIT */
#include "gateway/result/check_result.h"

struct state_word {
	struct span word;
	enum check_state state;
};

static const struct state_word service_words[] = {
	{ SPAN("OK"), CHECK_OK },
	{ SPAN("WARNING"), CHECK_WARNING },
	{ SPAN("WARN"), CHECK_WARNING },
	{ SPAN("CRITICAL"), CHECK_CRITICAL },
	{ SPAN("CRIT"), CHECK_CRITICAL },
	{ SPAN("UNKNOWN"), CHECK_UNKNOWN },
};

/* Of a host 1 is DOWN and 2 UNREACHABLE. */
static const struct state_word host_words[] = {
	{ SPAN("UP"), CHECK_OK },
	{ SPAN("OK"), CHECK_OK },
	{ SPAN("DOWN"), CHECK_WARNING },
	{ SPAN("CRITICAL"), CHECK_WARNING },
	{ SPAN("CRIT"), CHECK_WARNING },
	{ SPAN("UNREACHABLE"), CHECK_CRITICAL },
};

const char *check_state_name(enum check_state state, bool is_host)
{
	static const char *const service_names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	static const char *const host_names[] = { "UP", "DOWN", "UNREACHABLE", "UNKNOWN" };

	return (is_host ? host_names : service_names)[(unsigned)state & 3];
}

bool check_state_parse(struct span text, bool is_host, enum check_state *ret)
{
	const struct state_word *words = is_host ? host_words : service_words;
	size_t count = is_host ? array_size(host_words) : array_size(service_words);

	if (text.len == 1 && text.data[0] >= '0' && text.data[0] <= (is_host ? '2' : '3')) {
		*ret = (enum check_state)(text.data[0] - '0');
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		if (span_equal_nocase(text, words[i].word)) {
			*ret = words[i].state;
			return true;
		}
	}
	return false;
}
