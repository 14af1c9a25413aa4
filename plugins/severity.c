/* SPDX-License-Identifier: MIT */
#include "plugins/severity.h"

#include "common/base.h"

/* clang-format off */
static const struct severity_state of_services[] = {
	[RELAY_STATE_OK]       = { "OK",          SEVERITY_INFORMATIONAL },
	[RELAY_STATE_WARNING]  = { "WARNING",     SEVERITY_WARNING },
	[RELAY_STATE_CRITICAL] = { "CRITICAL",    SEVERITY_CRITICAL },
	[RELAY_STATE_UNKNOWN]  = { "UNKNOWN",     SEVERITY_ERROR },
};

static const struct severity_state of_hosts[] = {
	{ "UP",          SEVERITY_INFORMATIONAL },
	{ "DOWN",        SEVERITY_CRITICAL },
	{ "UNREACHABLE", SEVERITY_ERROR },
};

const struct relay_choice severity_choices[] = {
	{ "emerg",   SEVERITY_EMERGENCY },
	{ "alert",   SEVERITY_ALERT },
	{ "crit",    SEVERITY_CRITICAL },
	{ "err",     SEVERITY_ERROR },
	{ "warning", SEVERITY_WARNING },
	{ "notice",  SEVERITY_NOTICE },
	{ "info",    SEVERITY_INFORMATIONAL },
	{ "debug",   SEVERITY_DEBUG },
	{ 0 },
};
/* clang-format on */

const struct severity_state *severity_state_of(const struct relay_record *record)
{
	size_t state = (size_t)record->state;

	if (record->kind != RELAY_CHECK)
		return NULL;
	if (record->service.len == 0 && state < array_size(of_hosts))
		return &of_hosts[state];
	return &of_services[state < array_size(of_services) ? state : RELAY_STATE_UNKNOWN];
}
