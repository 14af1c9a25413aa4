/* SPDX-License-Identifier: MIT */
/*
 * The topic of a host or service: PREFIX/HOST or PREFIX/HOST/SERVICE, as those who submit results
 * and those who publish states write it. What cannot stand in a topic, or would be read as
 * something else, is percent-encoded; a `/` within the name of a service makes levels.
 */
#ifndef COMMON_OBJECT_TOPIC_H
#define COMMON_OBJECT_TOPIC_H

#include "common/str.h"

/* Append the topic. `service` is empty for the host itself. The names are name_valid(). */
void object_topic(struct str *into, const char *prefix, struct span host, struct span service);

#endif
