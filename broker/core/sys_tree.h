/* SPDX-License-Identifier: MIT */
/*
 * What is published below $SYS/broker/, and when: everything once, then what has changed. Topics,
 * texts and load averages are Mosquitto's.
 *
 * A load average says how much a counter grows in a minute, averaged over 1, 5 or 15 of them, as
 * a decaying mean: with `rate` the growth since the last update, per minute, and `dt` seconds
 * since then,
 *
 *     load = rate + exp(-dt / period) * (load - rate)
 *
 * It is sent again when it has moved by 0.01.
 */
#ifndef BROKER_CORE_SYS_TREE_H
#define BROKER_CORE_SYS_TREE_H

#include "broker/core/metric.h"
#include "common/clock.h"

enum { SYS_LOADS = 9, SYS_PERIODS = 3 };

/* Zeroed memory is a tree of which nothing was published yet. */
struct sys_tree {
	struct figures last;
	struct instant at; /* of `last` */
	bool has_last;
	double loads[SYS_LOADS][SYS_PERIODS];
	struct str backlog; /* as published last */
	struct str topic, text;
};

void sys_tree_finish(struct sys_tree *t);

/* A retained message for everybody. The spans are valid for the duration of the call. */
typedef void sys_publish(void *owner, struct span topic, struct span text);

/* Publish what is new in `f`, which was taken at `now`, and in `backlog` (backlog.h). */
void sys_tree_update(struct sys_tree *t, const struct figures *f, struct span backlog,
		struct instant now, void *owner, sys_publish *publish);

#endif
