/* SPDX-License-Identifier: MIT */
/*
 * The questions that this gateway answers, and from what: gateway/question.h carries them.
 */
#ifndef GATEWAY_ASK_H
#define GATEWAY_ASK_H

#include "gateway/question.h"
#include "gateway/why.h"

/* Ends with a NULL name; their owner is a struct why_source. */
extern const struct question_kind ask_kinds[];

#endif
