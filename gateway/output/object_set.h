/* SPDX-License-Identifier: MIT */
/*
 * Which hosts and services a core has, read from its object cache (object_cache_file of Nagios and
 * Naemon, objects_path of Icinga's StatusDataWriter):
 *
 *     define service {
 *             host_name            web1
 *             service_description  Disk
 *             ...
 *             }
 *
 * Kept is a hash of 8 bytes for each, not the name: a hundred thousand services take 2 MB. The hash
 * is seeded; that a stranger's name is taken for one that is there happens once in 10^13 names, and
 * then the core refuses it.
 *
 * Pure.
 */
#ifndef GATEWAY_OUTPUT_OBJECT_SET_H
#define GATEWAY_OUTPUT_OBJECT_SET_H

#include "common/str.h"

struct object_set;

enum object_presence { OBJECT_THERE, OBJECT_NO_HOST, OBJECT_NO_SERVICE };

struct object_set *object_set_create(uint64_t seed);
/* Accepts NULL. */
void object_set_destroy(struct object_set *s);

/*
 * The next piece of the file, of any length. object_set_complete() after the last one: true when
 * the pieces were a whole file: blocks that are all closed, and a host among them. The core writes
 * the file in place; what is there of it meanwhile, or when the core died over it, is mostly not.
 */
void object_set_feed(struct object_set *s, struct span piece);
bool object_set_complete(const struct object_set *s);

/*
 * Is there such an object? An empty service is the host itself. Nagios takes the address of a host
 * in the place of its name where there is no host of that name, and so does this.
 */
enum object_presence object_set_find(
		const struct object_set *s, struct span host, struct span service);

size_t object_set_hosts(const struct object_set *s);
size_t object_set_services(const struct object_set *s);

/* Bytes of memory. */
size_t object_set_size(const struct object_set *s);

#endif
