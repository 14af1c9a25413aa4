/* SPDX-License-Identifier: MIT */
/*
 * Text that is too long, as every encoder shortens it.
 */
#ifndef GATEWAY_RESULT_CUT_H
#define GATEWAY_RESULT_CUT_H

#include "common/span.h"

/* What stands behind a text that was cut; printf's for how many bytes are missing (size_t). */
#define CUT_MARKER " [cut, %zu bytes]"

enum { MAX_MARKER_BYTES = 48 }; /* bytes of it, and a NUL */

#endif
