/* SPDX-License-Identifier: MIT */
#include "broker/io/worker.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "common/mem.h"

/* Jobs in the order in which they came. Zeroed memory is not valid: see queue_init(). */
struct queue {
	struct job *first, **end;
};

struct worker {
	struct ev_loop *loop;
	ev_async finished_some;
	pthread_mutex_t lock;	/* of the three below */
	pthread_cond_t changed; /* there is a job, or it is time to end */
	struct queue waiting, finished;
	bool is_ending;
	bool is_destroyed; /* the loop's thread only */
	unsigned thread_count;
	pthread_t threads[];
};

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->end = &q->first;
}

static void queue_push(struct queue *q, struct job *job)
{
	job->next = NULL;
	*q->end = job;
	q->end = &job->next;
}

static struct job *queue_pop(struct queue *q)
{
	struct job *job = q->first;

	if (job != NULL && (q->first = job->next) == NULL)
		q->end = &q->first;
	return job;
}

/* The next job, waited for; NULL when it is time to end. */
static struct job *next_job(struct worker *w)
{
	struct job *job = NULL;

	pthread_mutex_lock(&w->lock);
	while (!w->is_ending && (job = queue_pop(&w->waiting)) == NULL)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void finish_job(struct worker *w, struct job *job)
{
	job->was_run = true;
	pthread_mutex_lock(&w->lock);
	queue_push(&w->finished, job);
	pthread_mutex_unlock(&w->lock);
	ev_async_send(w->loop, &w->finished_some);
}

static void *work(void *owner)
{
	struct worker *w = owner;
	struct job *job;

	while ((job = next_job(w)) != NULL) {
		job->run(job);
		finish_job(w, job);
	}
	return NULL;
}

static struct job *next_finished(struct worker *w)
{
	struct job *job;

	pthread_mutex_lock(&w->lock);
	job = queue_pop(&w->finished);
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void on_finished(struct ev_loop *loop, ev_async *watcher, int events)
{
	struct worker *w = watcher->data;
	struct job *job;

	(void)loop;
	(void)events;
	while ((job = next_finished(w)) != NULL)
		job->done(job);
}

/* Signals are the loop's. Returns 0 or an errno value; what was started stays. */
static int start_threads(struct worker *w, unsigned threads)
{
	sigset_t all, before;
	int error = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (w->thread_count < threads && error == 0) {
		error = pthread_create(&w->threads[w->thread_count], NULL, work, w);
		if (error == 0)
			w->thread_count++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return w->thread_count > 0 ? 0 : error;
}

struct worker *worker_create(struct ev_loop *loop, unsigned threads)
{
	struct worker *w = xcalloc(1, sizeof(*w) + threads * sizeof(w->threads[0]));
	int error;

	assert(threads > 0);
	w->loop = loop;
	queue_init(&w->waiting);
	queue_init(&w->finished);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	ev_async_init(&w->finished_some, on_finished);
	w->finished_some.data = w;
	ev_async_start(loop, &w->finished_some);
	error = start_threads(w, threads);
	if (error != 0) {
		worker_destroy(w);
		errno = error;
		return NULL;
	}
	return w;
}

void worker_submit(struct worker *w, struct job *job)
{
	assert(!w->is_destroyed);
	job->was_run = false;
	pthread_mutex_lock(&w->lock);
	queue_push(&w->waiting, job);
	pthread_mutex_unlock(&w->lock);
	pthread_cond_signal(&w->changed);
}

void worker_destroy(struct worker *w)
{
	struct job *job;

	if (w == NULL)
		return;
	w->is_destroyed = true;
	pthread_mutex_lock(&w->lock);
	w->is_ending = true;
	pthread_mutex_unlock(&w->lock);
	pthread_cond_broadcast(&w->changed);
	for (unsigned i = 0; i < w->thread_count; i++)
		pthread_join(w->threads[i], NULL);
	ev_async_stop(w->loop, &w->finished_some);
	while ((job = queue_pop(&w->finished)) != NULL)
		job->done(job);
	while ((job = queue_pop(&w->waiting)) != NULL)
		job->done(job);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
