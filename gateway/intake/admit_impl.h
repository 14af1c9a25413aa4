/* SPDX-License-Identifier: MIT */
/*
 * What the files of admit share.
 *
 *     admit.c           routes, names, results, answers
 *     admit_presence.c  what publishers say of themselves
 *     admit_silence.c   results of the gateway's own; what a restart goes through again
 *     admit_command.c   commands
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

/*
 * What the standing of an object keeps, so that a result of the gateway's own takes the way of the
 * object's last one: naming u32, topic.
 */
struct span admit_context(struct admit *a, struct span topic, uint32_t naming);

/* Tell the standings, and what is published as the last state. */
void admit_note_result(struct admit *a, const struct record *record, const struct arrival *arrival);
void admit_note_state(struct admit *a, const struct record *record);

/* False: there are more objects than max_objects; it is said once. */
void admit_note_known(struct admit *a, bool is_known);

/* Is it the topic on which a publisher says that it is there, or gone? */
bool admit_is_presence(struct span topic);
void admit_presence(struct admit *a);

/* The topic of the object that such a message is about; any other one as it is. */
struct span admit_without_state(struct span topic);

/* What a silent host is: 1, as the exit code of a plugin WARNING. */
static const enum check_state admit_host_down = CHECK_WARNING;

/* Is it a command's topic? */
bool admit_is_command(struct span topic);
void admit_command(struct admit *a);

#endif
