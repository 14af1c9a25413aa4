/* SPDX-License-Identifier: MIT */
/*
 * SIGHUP: the configuration is read again, with every file that it names, and takes effect all at
 * once or not at all. What changed is logged; what only a start can change (listeners, who runs
 * it) is logged as such.
 */
#ifndef BROKER_RELOAD_H
#define BROKER_RELOAD_H

#include "broker/io/sys.h"
#include "broker/resources.h"

struct bridges;

/* What a reload replaces. Pointers into the broker; the configuration is its own. */
struct reloadable {
	struct config **config;
	struct resources *resources;
	struct reactor *reactor;
	struct sys *sys;
	struct bridges *bridges;
	struct listener *listeners;
};

/* True when the new configuration is in effect; else everything is as before, and was logged. */
bool reload(const struct reloadable *r);

#endif
