/* SPDX-License-Identifier: MIT */
/*
 * The thread that does what is due by time: objects that fall silent, and writing down what is
 * known (admission_tick). It notices when the gateway was asleep or without any broker, so that
 * nobody counts as silent who could not be heard.
 */
#ifndef GATEWAY_INTAKE_KEEPER_H
#define GATEWAY_INTAKE_KEEPER_H

#include "gateway/intake/admission.h"

struct keeper;

struct keeper_env {
	struct admission *admission;
	/* Is a broker connected? From the keeper's thread. */
	bool (*hears)(void *owner);
	void *owner;
};

struct keeper *keeper_create(const struct keeper_env *env);
void keeper_destroy(struct keeper *k);

/* False when no thread can be had. */
bool keeper_start(struct keeper *k);
void keeper_stop(struct keeper *k);

/* A number that grows while the thread lives; it is woken, so that it grows soon after the call. */
uint64_t keeper_turns(struct keeper *k);

#endif
