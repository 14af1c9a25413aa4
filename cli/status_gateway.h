/* SPDX-License-Identifier: MIT */
/*
 * `belfry status`: what gateways retain on belfry/gateway/CLIENT_ID, for people or as JSON.
 */
#ifndef CLI_STATUS_GATEWAY_H
#define CLI_STATUS_GATEWAY_H

#include <stdio.h>

#include "cli/retained_set.h"

#define STATUS_GATEWAY_FILTER "belfry/gateway/+"

void status_gateway_print(const struct retained_set *set, FILE *out);

/* An array with the object of each gateway, as it published it. */
void status_gateway_json(const struct retained_set *set, FILE *out);

/* Is every gateway online, and has none of its outputs a problem? */
bool status_gateway_is_well(const struct retained_set *set);

#endif
