/* SPDX-License-Identifier: MIT */
/*
 * A program that runs beside us, in a session and process group of its own. It has three pipes and
 * nothing else of ours: no descriptors, no environment but PATH and LANG, no signals ignored or
 * blocked. It does not outlive the thread that started it.
 *
 * For one thread. Errors are -errno.
 */
#ifndef PLUGINS_EXEC_PROGRAM_H
#define PLUGINS_EXEC_PROGRAM_H

#include <sys/types.h>

#include "common/str.h"

/* All -1 when it does not run. */
struct program {
	pid_t pid;
	int pidfd;  /* readable (poll) when it has ended */
	int in;	    /* its standard input; does not block */
	int out;    /* its standard output, likewise; -1: it goes nowhere */
	int errors; /* its standard error, likewise */
};

#define PROGRAM_NONE ((struct program){ -1, -1, -1, -1, -1 })

/* argv[0] is the path. What stands in the way of executing it is known when this returns. */
int program_start(struct program *p, const char *const argv[], bool wants_output);

static inline bool program_runs(const struct program *p)
{
	return p->pid > 0;
}

/*
 * End it and all of its group: its input ends, after `patience_ms` it gets SIGTERM, and after as
 * long again SIGKILL. 0: SIGKILL at once. How it ended ("exited with status 3") is appended to
 * *how. What it has written to `errors` can be read still: that is left open, and the caller's.
 */
void program_stop(struct program *p, int patience_ms, struct str *how);

#endif
