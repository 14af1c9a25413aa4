/* SPDX-License-Identifier: MIT */
/*
 * What a service of systemd with Type=notify says about itself (sd_notify(3)). Without systemd
 * nothing happens.
 */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#include "common/clock.h"

/*
 * Send "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..." to who started the service. Lines are
 * separated by '\n'. Returns false when that is not systemd or it cannot be reached.
 */
bool notify(const char *state);

/* "RELOADING=1" with the time that goes with it; "READY=1" follows when it is done. */
bool notify_reloading(struct instant now);

/* How often "WATCHDOG=1" is expected at the latest; false when it is not. */
bool notify_watchdog(struct duration *ret);

#endif
