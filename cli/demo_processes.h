/* SPDX-License-Identifier: MIT */
/*
 * The programs that the demo runs. Each leads a process group of its own, so that Ctrl-C reaches
 * the demo alone, which then ends them in order; and each is killed when the demo dies, however
 * it dies. What they leave behind becomes the demo's child too, so that "no child is left" means
 * that nothing is left.
 */
#ifndef CLI_DEMO_PROCESSES_H
#define CLI_DEMO_PROCESSES_H

#include "cli/demo_world.h"

enum demo_program { DEMO_BROKER, DEMO_NAGIOS, DEMO_GATEWAY, DEMO_PROGRAMS };

struct process {
	char *path;	/* of the program */
	int program;	/* the open program; -1: none */
	char *log;	/* where its output goes; NULL before it was started */
	pid_t pid;	/* 0: not running */
	bool has_ended; /* by itself */
	int status;	/* of wait(), then */
};

struct processes {
	struct process list[DEMO_PROGRAMS];
};

/* What the programs are called when talking about them. */
extern const char *const demo_program_names[DEMO_PROGRAMS];

/* Zeroed memory is not valid: call this first. */
void processes_init(struct processes *p);

/*
 * Find the programs: broker and gateway beside our own, Nagios or Naemon where distributions put
 * it. They are opened here, so that they can be started after giving up root's rights even when
 * they lie in a folder that only root can enter. False with sentence and remedy in *problem.
 */
bool processes_find(struct processes *p, struct str *problem);

/* Start one. False with a sentence in *problem. */
bool processes_start(struct processes *p, enum demo_program which, const struct world *w,
		struct str *problem);

/* Note who has ended. True when one of the programs has, since processes_start(). */
bool processes_reap(struct processes *p);

/*
 * Append what is wrong, as lines: who ended and how, or else that all are running; and the end of
 * each log that may tell why.
 */
void processes_diagnose(const struct processes *p, const struct world *w, struct str *into);

/* End everything that was started and wait for it; then forget it. */
void processes_stop(struct processes *p);

#endif
