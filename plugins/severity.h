/* SPDX-License-Identifier: MIT */
/*
 * How bad a state is, as syslog counts (RFC 5424, 6.2.1; GELF's `level` is the same): one table for
 * all plugins that say so.
 */
#ifndef PLUGINS_SEVERITY_H
#define PLUGINS_SEVERITY_H

#include "plugins/relay.h"

enum severity {
	SEVERITY_EMERGENCY,
	SEVERITY_ALERT,
	SEVERITY_CRITICAL,
	SEVERITY_ERROR,
	SEVERITY_WARNING,
	SEVERITY_NOTICE,
	SEVERITY_INFORMATIONAL,
	SEVERITY_DEBUG,
};

/* A state of a service, or of a host. */
struct severity_state {
	const char *word; /* "OK", "DOWN" */
	enum severity severity;
};

/* The state of a check result, UNKNOWN when nobody has heard of it; NULL when it is none. */
const struct severity_state *severity_state_of(const struct relay_record *record);

/* The words of a setting, as in syslog.conf(5): emerg, alert, crit, err, warning ... debug. */
extern const struct relay_choice severity_choices[];

#endif
