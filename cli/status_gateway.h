/* SPDX-License-Identifier: MIT */
/*
 * `belfry status`: what gateways retain on belfry/gateway/CLIENT_ID, for people or as JSON.
 */
#ifndef CLI_STATUS_GATEWAY_H
#define CLI_STATUS_GATEWAY_H

#include <stdio.h>

#include "cli/retained_set.h"

#define STATUS_GATEWAY_FILTER "belfry/gateway/+"

/* Problems first; in colours when `out` is a terminal. */
void status_gateway_print(const struct retained_set *set, struct wall_time now, FILE *out);

/* An array with the object of each gateway, as it published it. */
void status_gateway_json(const struct retained_set *set, FILE *out);

/* Has belfry check, with its default limits, nothing to say against any gateway? */
bool status_gateway_is_well(const struct retained_set *set, struct wall_time now);

#endif
