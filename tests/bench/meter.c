/* SPDX-License-Identifier: MIT */
#include "tests/bench/meter.h"

#include <signal.h>
#include <stdio.h>

#include "tests/bench/process.h"

enum { SETTLE_NS = 1000000000 };

void meter_init(struct meter *m, const struct options *o, struct result *result)
{
	*m = (struct meter){ .o = o, .result = result };
	process_rss((pid_t)o->broker_pid, &result->memory_before);
}

/* From here on SIGTERM waits until somebody looks. */
static void hold_sigterm(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void meter_start(struct meter *m)
{
	char line[16];

	if (m->o->step) {
		hold_sigterm();
		puts("ready");
		fflush(stdout);
		(void)!fgets(line, sizeof(line), stdin);
	}
	process_cpu((pid_t)m->o->broker_pid, &m->broker_cpu);
	m->own_cpu = process_own_cpu();
	m->start = clock_ns();
}

void meter_stop(struct meter *m, uint64_t end)
{
	uint64_t cpu = 0;

	m->result->elapsed = end - m->start;
	m->result->own_cpu = process_own_cpu() - m->own_cpu;
	if (process_cpu((pid_t)m->o->broker_pid, &cpu))
		m->result->broker_cpu = cpu - m->broker_cpu;
}

void meter_settle(struct meter *m, struct loop *l)
{
	uint64_t end = clock_ns() + SETTLE_NS;

	while (clock_ns() < end && !loop_failed(l)) {
		loop_turn(l, 100000000);
		loop_flush(l);
	}
	process_rss((pid_t)m->o->broker_pid, &m->result->memory_after);
}

bool meter_is_told_to_end(const struct meter *m)
{
	sigset_t set;

	return m->o->step && sigpending(&set) == 0 && sigismember(&set, SIGTERM) == 1;
}
