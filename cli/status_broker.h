/* SPDX-License-Identifier: MIT */
/*
 * `belfry status --broker`: what a broker retains below $SYS/broker/, for people or as JSON. It
 * understands belfry's topics and Mosquitto's; what it does not know, and is not 0, is shown under
 * its topic.
 */
#ifndef CLI_STATUS_BROKER_H
#define CLI_STATUS_BROKER_H

#include <stdio.h>

#include "cli/retained_set.h"

#define STATUS_BROKER_FILTER "$SYS/broker/#"

void status_broker_print(const struct retained_set *set, const char *broker, FILE *out);

/*
 * One object: its keys are the topics below $SYS/broker/; numbers are numbers, and texts that are
 * JSON objects or arrays stand as these.
 */
void status_broker_json(const struct retained_set *set, FILE *out);

#endif
