/* SPDX-License-Identifier: MIT */
/*
 * The lines of a core's configuration that define a host or a service which results are submitted
 * to: passive checks on, active ones off.
 *
 * Names come from strangers. One that the core's grammar could take for anything but a name is
 * refused, not quoted: whoever really has such a host writes it by hand.
 */
#ifndef CLI_SNIPPET_H
#define CLI_SNIPPET_H

#include "common/str.h"

enum snippet_core { SNIPPET_NAGIOS, SNIPPET_ICINGA2 };

struct snippet_style {
	enum snippet_core core;
	const char *host_template, *service_template; /* what the definitions inherit from */
	const char *check_command; /* that is never run, but has to be there; NULL: the usual one */
};

/* Are the words of the style such as the core takes? False with a sentence in *problem. */
bool snippet_style_valid(const struct snippet_style *style, struct str *problem);

/* May it be defined? False with a sentence in *problem that names it. */
bool snippet_host_valid(enum snippet_core core, struct span host, struct str *problem);
bool snippet_service_valid(enum snippet_core core, struct span service, struct str *problem);

/* Append the definition; the names are valid. */
void snippet_add_host(struct str *into, const struct snippet_style *style, struct span host);
void snippet_add_service(struct str *into, const struct snippet_style *style, struct span host,
		struct span service);

/* How the core is told: a sentence of two commands. */
const char *snippet_reload(enum snippet_core core);

#endif
