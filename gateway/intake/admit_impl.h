/* SPDX-License-Identifier: MIT */
/*
 * What the files of admit share.
 *
 *     admit.c          routes, names, results, what publishers say of themselves, answers
 *     admit_command.c  commands
 */
#ifndef GATEWAY_INTAKE_ADMIT_IMPL_H
#define GATEWAY_INTAKE_ADMIT_IMPL_H

#include "gateway/intake/admit.h"

/* What is kept of the message with each of its results. */
struct record admit_part(const struct admit *a, enum record_kind kind);

/*
 * The record at a->last_result is the one whose arrival at an output is told to who wants
 * receipts.
 */
void admit_mark_last(struct admit *a);

/* Count, journal and answer it. */
void admit_refuse(struct admit *a, const struct rejection *rejection);

/* False after a rejection. */
bool admit_may_speak(struct admit *a, struct span host, struct span service, enum submit_kind kind,
		size_t index);

/*
 * The object of a topic that names one and has `level` behind it: in a->host and a->service. False
 * after a rejection.
 */
bool admit_object(struct admit *a, struct span level);

/* What a verdict of the standings is to a publisher. */
enum reject admit_verdict(enum standing_verdict verdict);

/* Is it a command's topic? */
bool admit_is_command(struct span topic);
void admit_command(struct admit *a);

#endif
