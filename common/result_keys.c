/* SPDX-License-Identifier: MIT */
#include "common/result_keys.h"

/* clang-format off */
const struct key_alias key_aliases[] = {
	{ SPAN("host"), KEY_HOST }, { SPAN("host_name"), KEY_HOST }, { SPAN("hostname"), KEY_HOST },

	{ SPAN("service"), KEY_SERVICE }, { SPAN("service_name"), KEY_SERVICE },
	{ SPAN("servicename"), KEY_SERVICE }, { SPAN("service_description"), KEY_SERVICE },
	{ SPAN("svc"), KEY_SERVICE }, { SPAN("check_name"), KEY_SERVICE },
	{ SPAN("check"), KEY_SERVICE },

	{ SPAN("state"), KEY_STATE }, { SPAN("code"), KEY_STATE },
	{ SPAN("return_code"), KEY_STATE }, { SPAN("returncode"), KEY_STATE },
	{ SPAN("rc"), KEY_STATE }, { SPAN("exit_status"), KEY_STATE },
	{ SPAN("exitcode"), KEY_STATE }, { SPAN("exit_code"), KEY_STATE },
	{ SPAN("status"), KEY_STATE }, { SPAN("state_s"), KEY_STATE },

	{ SPAN("output"), KEY_OUTPUT }, { SPAN("plugin_output"), KEY_OUTPUT },
	{ SPAN("pluginoutput"), KEY_OUTPUT }, { SPAN("reason"), KEY_OUTPUT },
	{ SPAN("message"), KEY_OUTPUT }, { SPAN("msg"), KEY_OUTPUT },
	{ SPAN("text"), KEY_OUTPUT }, { SPAN("summary"), KEY_OUTPUT },

	{ SPAN("long_output"), KEY_LONG_OUTPUT }, { SPAN("long_plugin_output"), KEY_LONG_OUTPUT },
	{ SPAN("details"), KEY_LONG_OUTPUT },

	{ SPAN("perfdata"), KEY_PERFDATA }, { SPAN("perf_data"), KEY_PERFDATA },
	{ SPAN("performance_data"), KEY_PERFDATA }, { SPAN("metrics"), KEY_PERFDATA },

	{ SPAN("time"), KEY_TIME }, { SPAN("check_time"), KEY_TIME },
	{ SPAN("timestamp"), KEY_TIME }, { SPAN("_timestamp"), KEY_TIME },
	{ SPAN("ts"), KEY_TIME }, { SPAN("execution_end"), KEY_TIME },
	{ SPAN("finish_time"), KEY_TIME }, { SPAN("start_time"), KEY_TIME },

	{ SPAN("ttl"), KEY_TTL }, { SPAN("freshness"), KEY_TTL }, { SPAN("expires_in"), KEY_TTL },

	{ SPAN("id"), KEY_ID },

	{ SPAN("source"), KEY_SOURCE }, { SPAN("check_source"), KEY_SOURCE },
	{ SPAN("origin"), KEY_SOURCE },

	{ SPAN("type"), KEY_TYPE }, { SPAN("_type"), KEY_TYPE },

	{ SPAN("checkresult"), KEY_CHECKRESULT },
};
/* clang-format on */

const size_t key_alias_count = array_size(key_aliases);

_Static_assert(array_size(key_aliases) <= MAX_KEY_ALIASES, "raise MAX_KEY_ALIASES");

int key_alias_find(struct span name)
{
	for (size_t i = 0; i < array_size(key_aliases); i++) {
		struct span known = key_aliases[i].name;

		/* Length and first letter nearly always decide; | 0x20: in lower case. */
		if (name.len == known.len && (name.data[0] | 0x20) == (known.data[0] | 0x20) &&
				span_equal_nocase(name, known))
			return (int)i;
	}
	return -1;
}

size_t key_alias_first(enum result_key key)
{
	size_t i = 0;

	while (i < array_size(key_aliases) && key_aliases[i].key < key)
		i++;
	return i;
}
