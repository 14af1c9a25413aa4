/* SPDX-License-Identifier: MIT */
/*
 * Which process of Icinga takes the results, and what the next one may not know of.
 *
 * Icinga forgets what it took in the last second before a reload, although it was answered 200: it
 * was taken by the process that ends, behind the state that it has handed on. So when another
 * process answers than before, everything is handed over again that was delivered since `window`
 * before the last sign of the old one. That holds across restarts of the gateway: the id, and what
 * may be forgotten, are kept in the progress file of the output.
 */
#ifndef GATEWAY_OUTPUT_ICINGA2_PROGRAM_H
#define GATEWAY_OUTPUT_ICINGA2_PROGRAM_H

#include "common/str.h"
#include "gateway/output/recent.h"

/* Zeroed memory with a window has met none. */
struct icinga2_program {
	struct duration window;
	uint64_t id;	  /* a hash of what it says of itself; 0: not known yet */
	bool has_changed; /* another one has answered, and nothing was done about it yet */
	struct recent recent;
};

void icinga2_program_finish(struct icinga2_program *p);

/*
 * The one that an earlier run has met last, by its id, and what held() said then. Whether it lives
 * is not known, so that counts as delivered just now.
 */
void icinga2_program_recall(
		struct icinga2_program *p, uint64_t id, uint64_t held, struct instant now);

/* The one that answers says who it is, as icinga2_program_id() has it. False: another one. */
bool icinga2_program_meet(struct icinga2_program *p, struct span text);

/* It lives: what it took a window ago is safe. */
void icinga2_program_hear(struct icinga2_program *p, struct instant now);

/* It has confirmed the records from `first` on. */
void icinga2_program_deliver(struct icinga2_program *p, struct instant now, uint64_t first);

/* The last sequence that it surely holds, as far as it was confirmed; UINT64_MAX: all of them. */
uint64_t icinga2_program_held(const struct icinga2_program *p);

#endif
