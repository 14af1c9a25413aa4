/* SPDX-License-Identifier: MIT */
#include "gateway/output/icinga2_program.h"

void icinga2_program_finish(struct icinga2_program *p)
{
	recent_finish(&p->recent);
	str_finish(&p->id);
}

bool icinga2_program_meet(struct icinga2_program *p, struct span id)
{
	bool is_other = p->id.len > 0 && !span_equal(str_span(&p->id), id);

	str_clear(&p->id);
	str_append(&p->id, id);
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
