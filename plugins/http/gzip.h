/* SPDX-License-Identifier: MIT */
/*
 * A body made smaller, as Content-Encoding: gzip (RFC 1952).
 */
#ifndef PLUGINS_HTTP_GZIP_H
#define PLUGINS_HTTP_GZIP_H

#include "common/str.h"

/* Append `bytes`, compressed. */
void gzip_append(struct str *into, struct span bytes);

#endif
