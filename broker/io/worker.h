/* SPDX-License-Identifier: MIT */
/*
 * Threads that do what would hold the event loop up: hashing a password, resolving a name.
 *
 *     loop's thread            a worker's thread
 *     worker_submit(job) ────▶ job->run(job)
 *     job->done(job) ◀──────── (finished)
 *
 * Jobs begin in the order of their submission; with one thread they end in it too. A job is
 * embedded in what it works on and belongs to the worker from worker_submit() until its done() is
 * called: run() alone touches the object in between. Everything but run() happens on the loop's
 * thread.
 */
#ifndef BROKER_IO_WORKER_H
#define BROKER_IO_WORKER_H

#include <ev.h>

#include "common/base.h"

struct job {
	void (*run)(struct job *job); /* on a worker's thread; may block */
	/*
	 * On the loop's thread, once per submission. It may submit jobs, this one too, and free
	 * the object the job is in.
	 */
	void (*done)(struct job *job);
	bool was_run; /* false in done(): the worker was destroyed before its turn came */
	struct job *next;
};

struct worker;

/*
 * `threads` at least 1; they block all signals. The loop is borrowed and outlives the worker; it
 * does not end by itself while there is one. Returns NULL when no thread can be started, with
 * errno set.
 */
struct worker *worker_create(struct ev_loop *loop, unsigned threads);

/* `run` and `done` are set. */
void worker_submit(struct worker *w, struct job *job);

/*
 * Waits for the jobs that are running; those that have not begun never will. The done() of every
 * job that is left is called; it must not submit. Accepts NULL.
 */
void worker_destroy(struct worker *w);

#endif
