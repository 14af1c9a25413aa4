/* SPDX-License-Identifier: MIT */
#include "broker/io/worker.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

enum { JOBS = 200 };

/* What a test sees of its jobs; written by done(), so on the loop's thread. */
struct notes {
	struct ev_loop *loop;
	struct worker *worker;
	unsigned wanted;
	unsigned order[2 * JOBS];
	unsigned count;
};

struct numbered {
	struct job job;
	struct notes *notes;
	unsigned number;
	unsigned again; /* times to submit it anew */
	pthread_t ran_on;
	bool has_run, signals_blocked;
	sem_t *wait_for; /* NULL: do not wait */
};

static void run(struct job *job)
{
	struct numbered *n = container_of(job, struct numbered, job);
	sigset_t blocked;

	if (n->wait_for != NULL)
		sem_wait(n->wait_for);
	n->has_run = true;
	n->ran_on = pthread_self();
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	n->signals_blocked =
			sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGHUP) == 1;
}

static void done(struct job *job)
{
	struct numbered *n = container_of(job, struct numbered, job);
	struct notes *notes = n->notes;

	assert_int_equal(n->has_run, job->was_run);
	if (job->was_run) {
		assert_false(pthread_equal(n->ran_on, pthread_self()));
		assert_true(n->signals_blocked);
	}
	notes->order[notes->count++] = n->number;
	if (notes->count == notes->wanted)
		ev_break(notes->loop, EVBREAK_ALL);
	if (n->again > 0 && job->was_run) {
		n->again--;
		worker_submit(notes->worker, job);
		return;
	}
	free(n);
}

static struct numbered *submit(struct notes *notes, unsigned number, sem_t *wait_for)
{
	struct numbered *n = xcalloc(1, sizeof(*n));

	n->job.run = run;
	n->job.done = done;
	n->notes = notes;
	n->number = number;
	n->wait_for = wait_for;
	worker_submit(notes->worker, &n->job);
	return n;
}

static void begin(struct notes *notes, unsigned threads, unsigned wanted)
{
	*notes = (struct notes){ .loop = ev_loop_new(EVFLAG_AUTO), .wanted = wanted };
	notes->worker = worker_create(notes->loop, threads);
	assert_non_null(notes->worker);
}

static void end(struct notes *notes)
{
	worker_destroy(notes->worker);
	ev_loop_destroy(notes->loop);
}

static void one_thread_keeps_the_order(void **unused)
{
	struct notes notes;

	(void)unused;
	begin(&notes, 1, JOBS);
	for (unsigned i = 0; i < JOBS; i++)
		submit(&notes, i, NULL);
	ev_run(notes.loop, 0);
	assert_int_equal(notes.count, JOBS);
	for (unsigned i = 0; i < JOBS; i++)
		assert_int_equal(notes.order[i], i);
	end(&notes);
	assert_int_equal(notes.count, JOBS);
}

static void several_threads_do_every_job_once(void **unused)
{
	struct notes notes;
	bool seen[JOBS] = { false };

	(void)unused;
	begin(&notes, 4, JOBS);
	for (unsigned i = 0; i < JOBS; i++)
		submit(&notes, i, NULL);
	ev_run(notes.loop, 0);
	for (unsigned i = 0; i < JOBS; i++) {
		assert_false(seen[notes.order[i]]);
		seen[notes.order[i]] = true;
	}
	end(&notes);
}

static void a_second_thread_passes_one_that_waits(void **unused)
{
	struct notes notes;
	sem_t gate;

	(void)unused;
	sem_init(&gate, 0, 0);
	begin(&notes, 2, 1);
	submit(&notes, 0, &gate);
	submit(&notes, 1, NULL);
	ev_run(notes.loop, 0);
	assert_int_equal(notes.order[0], 1);
	sem_post(&gate);
	notes.wanted = 2;
	ev_run(notes.loop, 0);
	assert_int_equal(notes.order[1], 0);
	end(&notes);
	sem_destroy(&gate);
}

static void done_may_submit_the_job_again(void **unused)
{
	struct notes notes;

	(void)unused;
	begin(&notes, 1, 3);
	submit(&notes, 7, NULL)->again = 2;
	ev_run(notes.loop, 0);
	assert_int_equal(notes.count, 3);
	end(&notes);
}

static void *open_gate(void *gate)
{
	sem_post(gate);
	return NULL;
}

/* The first is at work when the end comes; which of the others still begin is left to chance. */
static void destroying_it_hands_every_job_back_in_order(void **unused)
{
	struct notes notes;
	pthread_t opener;
	sem_t gate;

	(void)unused;
	sem_init(&gate, 0, 0);
	begin(&notes, 1, 0);
	submit(&notes, 0, &gate);
	for (unsigned i = 1; i < JOBS; i++)
		submit(&notes, i, NULL);
	assert_int_equal(pthread_create(&opener, NULL, open_gate, &gate), 0);
	end(&notes);
	pthread_join(opener, NULL);
	assert_int_equal(notes.count, JOBS);
	for (unsigned i = 0; i < JOBS; i++)
		assert_int_equal(notes.order[i], i);
	sem_destroy(&gate);
}

static void destroying_none_does_nothing(void **unused)
{
	(void)unused;
	worker_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread_keeps_the_order),
		cmocka_unit_test(several_threads_do_every_job_once),
		cmocka_unit_test(a_second_thread_passes_one_that_waits),
		cmocka_unit_test(done_may_submit_the_job_again),
		cmocka_unit_test(destroying_it_hands_every_job_back_in_order),
		cmocka_unit_test(destroying_none_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
