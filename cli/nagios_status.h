/* SPDX-License-Identifier: MIT */
/*
 * Reading one host or service from Nagios' status.dat, which Nagios replaces as a whole.
 */
#ifndef CLI_NAGIOS_STATUS_H
#define CLI_NAGIOS_STATUS_H

#include "common/str.h"

/* Spans into the text that was searched. */
struct nagios_status {
	struct span state; /* a digit */
	struct span output;
	struct span long_output; /* newlines are written as \n */
	struct span perfdata;
};

/* An empty service is the host itself. False when status.dat has no such object. */
bool nagios_status_find(
		struct span text, struct span host, struct span service, struct nagios_status *ret);

#endif
