/* SPDX-License-Identifier: MIT */
/*
 * The broker tells about itself: takes the figures of the shard and publishes them below $SYS, as
 * retained messages of nobody.
 *
 * Everything is published when the interval is first set, and what has changed at each full
 * multiple of the interval in civil time, as Mosquitto does, so that the figures of several
 * brokers are of the same moment. Topics and texts are in core/sys_tree.h.
 *
 * All of it runs on the loop's thread, but for sys_publish_log().
 */
#ifndef BROKER_IO_SYS_H
#define BROKER_IO_SYS_H

#include "broker/core/figures.h"
#include "broker/io/reactor.h"
#include "common/log.h"

struct sys;

/* Publishes nothing yet. The reactor is borrowed and outlives it. */
struct sys *sys_create(struct reactor *r);

/* Accepts NULL. */
void sys_destroy(struct sys *s);

/* When the first certificate of a listener expires, in seconds since 1970; 0: there is none. */
void sys_set_certificate_expiry(struct sys *s, uint64_t timestamp);

/* Who knows figures that are not the shard's: `fill` sets them each time they are taken. */
void sys_set_source(struct sys *s, void (*fill)(void *owner, struct figures *f), void *owner);

/* Seconds between two publications; 0: none. Retained messages of before stay. */
void sys_set_interval(struct sys *s, uint64_t seconds);

/*
 * How the broker is doing, from not more than a second ago: whoever asks often cannot make the
 * broker count its sessions as often. Valid until the next call.
 */
const struct figures *sys_figures(struct sys *s);

/*
 * Publish a line of the log on $SYS/broker/log/ and the letter of its type, in the loop's next
 * turn: lines are written in the middle of routing, which must not begin anew there. For
 * log_set_publisher(); `owner` is the struct sys. May be called from any thread.
 *
 * Not retained; it expires after 20 s. Debug lines are left out, as Mosquitto does: each would
 * lead to packets that are worth debug lines again. When more than 1000 wait, further ones are
 * dropped, and that is said in their place.
 */
void sys_publish_log(void *owner, enum log_type type, struct span line);

#endif
