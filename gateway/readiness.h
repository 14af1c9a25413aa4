/* SPDX-License-Identifier: MIT */
/*
 * Whether results get through the gateway now, and if not, why.
 */
#ifndef GATEWAY_READINESS_H
#define GATEWAY_READINESS_H

#include "gateway/status.h"

/*
 * Append {"ready":true|false,"reasons":[...]}, where each reason is an object with `code`,
 * `subject` (the output, or "") and `reason`. Ready is a gateway that
 *   - has a connection to at least one broker,
 *   - takes messages, because its journal has room,
 *   - reaches each of its outputs; with `ready_lag` above 0 (seconds) one that is out of reach does
 *     no harm before a result has waited for it longer than that.
 * Returns whether it is.
 */
bool readiness_format(const struct status *s, uint64_t ready_lag, struct str *into);

#endif
