/* SPDX-License-Identifier: MIT */
/*
 * Messages compressed as RFC 1950 (zlib) has it, each for itself.
 */
#ifndef PLUGINS_GELF_DEFLATE_H
#define PLUGINS_GELF_DEFLATE_H

#include "common/str.h"

struct deflater;

/* Never NULL. */
struct deflater *deflater_create(void);
void deflater_destroy(struct deflater *d); /* accepts NULL */

/* The message compressed; borrowed until the next call. */
struct span deflater_compress(struct deflater *d, struct span message);

#endif
