/* SPDX-License-Identifier: MIT */
#include "cli/nagios_status.h"

/* The lines of a block up to its closing brace; *rest moves behind it. */
static bool read_block(
		struct span *rest, struct span host, struct span service, struct nagios_status *ret)
{
	struct span found_host = { 0 }, found_service = { 0 };

	*ret = (struct nagios_status){ 0 };
	while (rest->data != NULL) {
		struct span value = span_trim(span_cut(rest, '\n'));
		struct span key;

		if (span_equal_text(value, "}"))
			break;
		key = span_cut(&value, '=');
		if (span_equal_text(key, "host_name"))
			found_host = value;
		else if (span_equal_text(key, "service_description"))
			found_service = value;
		else if (span_equal_text(key, "current_state"))
			ret->state = value;
		else if (span_equal_text(key, "plugin_output"))
			ret->output = value;
		else if (span_equal_text(key, "long_plugin_output"))
			ret->long_output = value;
		else if (span_equal_text(key, "performance_data"))
			ret->perfdata = value;
	}
	return span_equal(found_host, host) && span_equal(found_service, service);
}

bool nagios_status_find(
		struct span text, struct span host, struct span service, struct nagios_status *ret)
{
	const char *wanted = service.len > 0 ? "servicestatus {" : "hoststatus {";

	while (text.data != NULL) {
		struct span line = span_trim(span_cut(&text, '\n'));

		if (span_equal_text(line, wanted) && read_block(&text, host, service, ret))
			return true;
	}
	return false;
}
