/* SPDX-License-Identifier: MIT */
/*
 * What the core tells becomes lines of the log.
 */
#ifndef BROKER_OBSERVE_H
#define BROKER_OBSERVE_H

#include "broker/core/shard.h"

/* `connections`: also clients that come and go; `packets`: also each packet. */
struct core_observer observe_core(bool connections, bool packets);

#endif
