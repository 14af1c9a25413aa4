/* SPDX-License-Identifier: MIT */
/*
 * Which server the settings mean, or which sentinels know it.
 */
#ifndef PLUGINS_REDIS_TARGET_H
#define PLUGINS_REDIS_TARGET_H

#include "common/url.h"
#include "plugins/redis/settings.h"

/* Zeroed memory is a valid empty one. */
struct target {
	struct url server; /* with sentinels its host says nothing */
	uint64_t database;
	struct url *sentinels;
	size_t sentinel_count;
};

/* False, with a sentence, when they mean nothing; *ret is then empty. */
bool target_read(const struct redis_settings *s, struct target *ret, struct str *problem);

void target_finish(struct target *t);

/* Where to connect for what is at `url`. The texts are the url's. */
struct relay_place target_place(const struct redis_settings *s, const struct url *url, bool tls);

#endif
