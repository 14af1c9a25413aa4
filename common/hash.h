/* SPDX-License-Identifier: MIT */
/*
 * Hash tables are uthash, keyed by a seeded XXH3: client ids and topics are chosen by strangers,
 * who must not be able to choose collisions too. Each owner of tables keeps its own random seed
 * and hands it in, so nothing here is global. Use the *_BYHASHVALUE forms of uthash with
 * hash_span().
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include "common/mem.h"
#include "common/span.h"

#define uthash_malloc(size)   xmalloc(size)
#define uthash_free(at, size) free(at)
#define HASH_NONFATAL_OOM     0

#include <uthash.h>

/* A fresh seed from the kernel. */
uint64_t hash_seed(void);

/* The same on every machine and in every version: the store's checksums are on disk. */
uint32_t hash_span(uint64_t seed, struct span key);

/* All 64 bits, for who keeps the hash instead of the key. Only in memory. */
uint64_t hash_span_wide(uint64_t seed, struct span key);

#endif
