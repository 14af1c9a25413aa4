/* SPDX-License-Identifier: MIT */
/*
 * The names of hosts and services in a core's commands: one rule for whoever writes a command and
 * whoever publishes a result.
 */
#ifndef COMMON_NAME_H
#define COMMON_NAME_H

#include "common/span.h"

enum { MAX_NAME_BYTES = 255 };

/*
 * May it be the name of a host or service in a command? Not empty, at most MAX_NAME_BYTES, valid
 * UTF-8, no control character, no `;`, no blank at either end. What a core's
 * illegal_object_name_chars lists is let through: the list is the core's own setting, empty unless
 * set, and with it empty "Drive C: (100%)" names a service.
 */
bool name_valid(struct span name);

#endif
