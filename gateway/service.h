/* SPDX-License-Identifier: MIT */
/*
 * The process around the gateway: its signals, its folder, what systemd hears of it, and SIGHUP.
 *
 *     SIGHUP ─▶ read all of it ─▶ good? ──no──▶ every error in the log, nothing has changed
 *                                   │ yes
 *                                   ▼
 *               stop the gateway, make and start another ──fails──▶ start the old one again
 *
 * The session at the broker and the journal stay, so a reload loses nothing. What is out with a
 * core is taken over as after a restart. Counters begin anew.
 */
#ifndef GATEWAY_SERVICE_H
#define GATEWAY_SERVICE_H

#include "gateway/config.h"

/*
 * Until SIGTERM or SIGINT; returns the status to exit with. Takes `config`, which
 * config_destroy() can give back. Logging is open.
 */
int service_run(struct config *config);

#endif
