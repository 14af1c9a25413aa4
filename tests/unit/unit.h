/* SPDX-License-Identifier: MIT */
/*
 * What every unit test includes: cmocka with what it needs in front of it, spans of literals, and
 * a small random number generator for model tests, whose sequences are the same on every run.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/span.h"

/* A span of a string literal that may hold NULs. */
#define BYTES(literal) span_of("" literal, sizeof(literal) - 1)

#define assert_span_equal(got, wanted)                                                             \
	do {                                                                                       \
		struct span got_ = (got), wanted_ = (wanted);                                      \
		assert_int_equal(got_.len, wanted_.len);                                           \
		if (wanted_.len > 0)                                                               \
			assert_memory_equal(got_.data, wanted_.data, wanted_.len);                 \
	} while (0)

#define assert_span_text(got, text) assert_span_equal(got, span_of_text(text))

/* splitmix64 */
struct dice {
	uint64_t state;
};

static inline uint64_t dice_next(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

/* 0 to n - 1 */
static inline uint32_t dice_roll(struct dice *d, uint32_t n)
{
	return (uint32_t)(dice_next(d) % n);
}

#endif
