/* SPDX-License-Identifier: MIT */
#include "gateway/output/icinga2_program.h"

#include "common/hash.h"

void icinga2_program_finish(struct icinga2_program *p)
{
	recent_finish(&p->recent);
}

/* On disk, too. Not 0, but for one in 2^64. */
static uint64_t id_of(struct span text)
{
	return (uint64_t)hash_span(0, text) << 32 | hash_span(1, text);
}

void icinga2_program_recall(
		struct icinga2_program *p, uint64_t id, uint64_t held, struct instant now)
{
	p->id = id;
	if (held != UINT64_MAX)
		recent_add(&p->recent, now, held + 1);
}

bool icinga2_program_meet(struct icinga2_program *p, struct span text)
{
	uint64_t id = id_of(text);
	bool is_other = p->id != 0 && p->id != id;

	p->id = id;
	p->has_changed |= is_other;
	return !is_other;
}

void icinga2_program_hear(struct icinga2_program *p, struct instant now)
{
	recent_forget(&p->recent, instant_after(now, nanoseconds(-p->window.ns)));
}

void icinga2_program_deliver(struct icinga2_program *p, struct instant now, uint64_t first)
{
	recent_add(&p->recent, now, first);
}

uint64_t icinga2_program_held(const struct icinga2_program *p)
{
	return recent_before(&p->recent);
}
