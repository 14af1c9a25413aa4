/* SPDX-License-Identifier: MIT */
/*
 * Does a packet look as a script says? Only the fields that the script names are compared.
 *
 *   name=5|7       one of these
 *   name=any       it is there
 *   name=absent    it is not there
 *   name=$v        the first time, the value is kept under that name; then it must be the same
 *
 * A field that may stand more than once (user-property, subscription-identifier, the codes of
 * SUBACK) must do so as often as the script names it, and but for subscription identifiers in
 * the same order.
 */
#ifndef TESTS_CONVERSATIONS_MATCH_H
#define TESTS_CONVERSATIONS_MATCH_H

#include "tests/conversations/fields.h"

/* Bring the names of an expected packet into the form of packet_describe(). */
bool expectation_prepare(struct fields *expected, struct str *problem);

/* `variables` is changed only by a match. */
bool packet_matches(struct fields *expected, struct fields *got, struct fields *variables);

/* Replace the variables of a packet that is to be sent. False when one is not known. */
bool variables_apply(struct fields *f, struct fields *variables, struct str *problem);

#endif
