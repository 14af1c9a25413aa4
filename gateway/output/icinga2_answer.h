/* SPDX-License-Identifier: MIT */
/*
 * What is of use in the bodies of Icinga 2's answers. They are looked through for single members
 * and not parsed: a `"` within a string of JSON has a backslash in front, so that "name": can only
 * be a member. Whatever stands there instead of an answer gives nothing. Pure.
 */
#ifndef GATEWAY_OUTPUT_ICINGA2_ANSWER_H
#define GATEWAY_OUTPUT_ICINGA2_ANSWER_H

#include "common/str.h"

/* Of /v1: may the user do this, "actions/process-check-result"? Icinga's grants know * and ?. */
bool icinga2_permits(struct span body, const char *action);

/*
 * Of /v1/status/IcingaApplication: append what tells one life of the core from the next, its
 * program_start and process. False when the body does not tell.
 */
bool icinga2_program_id(struct span body, struct str *into);

/* Append the sentence of an answer, "No objects found."; nothing when there is none. */
void icinga2_sentence(struct span body, struct str *into);

#endif
