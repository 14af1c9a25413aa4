/* SPDX-License-Identifier: MIT */
/*
 * One event of the timeline that a gateway tells, as lines for people:
 *
 *     2026-11-23 12:01:59.123  web1 Disk  CRITICAL  disk full
 *         nagios: confirmed after 2.31 ms
 *     2026-11-23 12:02:03.001  web1 Disk  REFUSED out-of-order: A newer result ...
 */
#ifndef CLI_WHY_EVENT_H
#define CLI_WHY_EVENT_H

#include <cjson/cJSON.h>

#include "common/str.h"

/* Every text is escaped. Members that are missing are left out. */
void why_event_append(struct str *into, const cJSON *event, bool colours);

/*
 * What a retained belfry/state/... says: "CRITICAL disk full, of 2026-...". False when it is no
 * JSON object with a state.
 */
bool why_state_append(struct str *into, const char *payload);

#endif
