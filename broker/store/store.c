/* SPDX-License-Identifier: MIT */
#include "broker/store/store.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "broker/store/environment.h"
#include "broker/store/load.h"
#include "broker/store/rescue.h"
#include "broker/store/write.h"
#include "common/folder.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/store_folder.h"

enum {
	COMPACT_PART = 4, /* a file is copied when less than one in so many of its bytes is used */
	COMPACT_PAUSE = 60, /* seconds, when that has failed */
};

static const uint64_t compact_size = 64 << 20; /* smaller files may stay as they are */

struct store {
	char *folder;
	struct store_options options;
	int lock_fd;

	/* The thread's, from the first batch on. */
	struct environment environment;
	struct batch_writer writer;
	struct environment_size size;
	struct instant compact_at; /* not before */
	bool is_broken;		   /* the environment has to be opened anew */

	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t given;	/* there is a batch, or it is time to end */
	pthread_cond_t told;	/* a batch is finished, or an attempt has failed */
	struct batch *batch;	/* under way */
	struct batch *finished; /* and not told yet */
	struct store_status status;
	bool is_ending;

	_Atomic int error; /* store_error() */
	_Atomic bool is_failing;
};

/* --- the thread ------------------------------------------------------------------------------ */

static int ask_fault(const struct store *s, const char *step)
{
	return store_fault_at(&s->writer.fault, step);
}

/* One attempt, from the beginning. */
static int try_commit(struct store *s, const struct batch *batch)
{
	int r = 0;

	if (s->is_broken) {
		r = ask_fault(s, "reopen");
		if (r == 0)
			r = environment_reopen(&s->environment);
	}
	s->is_broken = r < 0;
	if (r == 0) {
		s->writer.batch = batch;
		r = environment_update(&s->environment, batch_write, &s->writer);
	}
	if (r == 0)
		r = environment_size(&s->environment, &s->size);
	s->is_broken = r < 0;
	return r;
}

/* Under the lock. */
static void note_size(struct store *s)
{
	bool is_full = s->options.max_bytes > 0 && s->size.used > s->options.max_bytes;

	s->status.bytes_used = s->size.used;
	s->status.bytes_file = s->size.file;
	s->error = is_full ? -ENOSPC : 0;
	s->is_failing = false;
}

static void note_success(struct store *s, struct duration took)
{
	struct store_status *status = &s->status;

	pthread_mutex_lock(&s->lock);
	status->commits++;
	status->records_put += s->writer.put;
	status->records_removed += s->writer.removed;
	status->last_commit = took;
	if (took.ns > status->longest_commit.ns)
		status->longest_commit = took;
	note_size(s);
	s->finished = s->batch;
	s->batch = NULL;
	pthread_cond_broadcast(&s->told);
	pthread_mutex_unlock(&s->lock);
	s->options.wake(s->options.owner);
}

static void note_failure(struct store *s, int error)
{
	bool is_new = s->error != error || !s->is_failing;

	pthread_mutex_lock(&s->lock);
	s->status.failures++;
	s->error = error;
	s->is_failing = true;
	pthread_cond_broadcast(&s->told);
	pthread_mutex_unlock(&s->lock);
	if (is_new)
		s->options.wake(s->options.owner);
}

static struct timespec deadline_after(struct duration d)
{
	int64_t ns = instant_after(instant_now(), d).ns;

	return (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

/* Between two attempts. False when it is time to end instead. */
static bool wait_to_retry(struct store *s)
{
	struct timespec until = deadline_after(s->options.retry);
	bool is_ending;

	pthread_mutex_lock(&s->lock);
	while (!s->is_ending && pthread_cond_timedwait(&s->given, &s->lock, &until) == 0)
		;
	is_ending = s->is_ending;
	pthread_mutex_unlock(&s->lock);
	return !is_ending;
}

static bool should_compact(const struct store *s, struct instant now)
{
	return s->size.file > compact_size && s->size.used < s->size.file / COMPACT_PART &&
	       instant_reached(s->compact_at, now);
}

/* Commits that are waited for have been told: there is time. */
static void give_space_back(struct store *s)
{
	int r = ask_fault(s, "compact");

	if (r == 0)
		r = environment_compact(&s->environment);
	if (r == 0)
		r = environment_size(&s->environment, &s->size);
	if (r < 0) {
		s->is_broken = r != -EBUSY;
		s->compact_at = instant_after(instant_now(), seconds(COMPACT_PAUSE));
		return;
	}
	pthread_mutex_lock(&s->lock);
	note_size(s);
	pthread_mutex_unlock(&s->lock);
}

static void commit(struct store *s, const struct batch *batch)
{
	for (;;) {
		struct instant begun = instant_now();
		int r = try_commit(s, batch);

		if (r == 0) {
			note_success(s, instant_between(begun, instant_now()));
			break;
		}
		note_failure(s, r);
		if (!wait_to_retry(s))
			return;
	}
	if (should_compact(s, instant_now()))
		give_space_back(s);
}

/* Waited for; NULL when it is time to end. */
static struct batch *next_batch(struct store *s)
{
	struct batch *batch;

	pthread_mutex_lock(&s->lock);
	while (!s->is_ending && s->batch == NULL)
		pthread_cond_wait(&s->given, &s->lock);
	batch = s->is_failing && s->is_ending ? NULL : s->batch;
	pthread_mutex_unlock(&s->lock);
	return batch;
}

static void *work(void *owner)
{
	struct store *s = owner;
	const struct batch *batch;

	while ((batch = next_batch(s)) != NULL)
		commit(s, batch);
	return NULL;
}

/* Signals are the loop's. */
static int start_thread(struct store *s)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&s->thread, NULL, work, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	s->has_thread = error == 0;
	return -error;
}

/* --- beginning and end ----------------------------------------------------------------------- */

static int lock_folder(struct store *s)
{
	long holder;
	int fd, r = store_folder_lock(s->folder, true, &fd, &holder);

	if (r == -EBUSY && holder > 0)
		log_error("store %s: is in use by another broker, process %ld; two cannot share "
			  "one",
				s->folder, holder);
	else if (r == -EBUSY)
		log_error("store %s: is in use by another process; two brokers cannot share one",
				s->folder);
	if (r < 0)
		return r;
	/* After a rescue the folder is another one; the lock of the old one is given up. */
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	s->lock_fd = fd;
	return 0;
}

static int open_environment(struct store *s, struct str *problem)
{
	int r = rescue_examine(s->folder, problem);

	if (r == 0)
		r = environment_open(&s->environment, s->folder);
	if (r == -EUCLEAN && problem->len == 0)
		str_append_text(problem, "what is in it is not what a store holds");
	return r;
}

static int open_or_rescue(struct store *s)
{
	struct str problem = { 0 };
	int r = open_environment(s, &problem);

	if (r == -EUCLEAN) {
		r = rescue(s->folder, str_text(&problem));
		if (r == 0)
			r = lock_folder(s);
		str_clear(&problem);
		if (r == 0)
			r = open_environment(s, &problem);
	}
	str_finish(&problem);
	return r;
}

static int make_folder(struct store *s)
{
	int r = store_folder_make(s->folder);

	if (r == -EEXIST)
		r = 0;
	if (r == 0 && !store_folder_is_safe(s->folder)) {
		log_error("store %s: is another user's, or may be written by everybody; the broker "
			  "keeps what it was entrusted with in a folder of its own user alone",
				s->folder);
		r = -EPERM;
	}
	return r;
}

static int open_folder(struct store *s)
{
	int r = rescue_resume(s->folder);

	if (r == 0)
		r = make_folder(s);
	if (r == 0)
		r = lock_folder(s);
	if (r == 0)
		r = open_or_rescue(s);
	if (r == 0)
		r = folder_sync_parent(s->folder);
	if (r == 0)
		r = environment_size(&s->environment, &s->size);
	return r;
}

static struct store *create(const struct store_options *options)
{
	struct store *s = xcalloc(1, sizeof(*s));
	pthread_condattr_t monotonic;

	s->options = *options;
	s->folder = xstrdup(options->folder);
	s->options.folder = s->folder;
	s->lock_fd = -1;
	s->writer.tables = s->environment.tables;
	s->writer.fault = (struct store_fault){ options->fault, options->owner };
	s->status.bytes_max = options->max_bytes;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->given, &monotonic);
	pthread_cond_init(&s->told, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return s;
}

int store_open(const struct store_options *options, struct store **ret)
{
	struct store *s = create(options);
	int r = open_folder(s);

	if (r == 0) {
		note_size(s);
		r = start_thread(s);
	}
	if (r == -EPROTONOSUPPORT)
		log_error("store %s: was written by a newer belfry: run that one, or move the "
			  "folder away to begin with an empty store",
				s->folder);
	else if (r < 0 && r != -EBUSY)
		log_error_errno(r, "store %s: cannot be opened", s->folder);
	if (r < 0) {
		store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->has_thread) {
		pthread_mutex_lock(&s->lock);
		s->is_ending = true;
		pthread_cond_signal(&s->given);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	environment_close(&s->environment);
	batch_writer_finish(&s->writer);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pthread_cond_destroy(&s->told);
	pthread_cond_destroy(&s->given);
	pthread_mutex_destroy(&s->lock);
	free(s->folder);
	free(s);
}

int store_load(struct store *s, struct shard *shard, const struct store_policies *policies,
		struct instant now, struct wall_time wall, struct store_summary *ret)
{
	struct str lost = { 0 };
	struct batch_writer writer = { .tables = s->environment.tables };
	int r = load_shard(&s->environment, shard, policies, now, wall, ret, &lost);

	/* Should it not succeed, they are found again the next time. */
	if (r == 0 && lost.len > 0) {
		writer.records = str_span(&lost);
		s->is_broken = environment_update(&s->environment, batch_write, &writer) < 0;
	}
	batch_writer_finish(&writer);
	str_finish(&lost);
	return r;
}

/* --- the loop's side ------------------------------------------------------------------------- */

void store_commit(struct store *s, struct batch *batch)
{
	pthread_mutex_lock(&s->lock);
	assert(s->batch == NULL && s->finished == NULL);
	s->batch = batch;
	pthread_cond_signal(&s->given);
	pthread_mutex_unlock(&s->lock);
}

struct batch *store_finished(struct store *s)
{
	struct batch *batch;

	pthread_mutex_lock(&s->lock);
	batch = s->finished;
	s->finished = NULL;
	pthread_mutex_unlock(&s->lock);
	return batch;
}

void store_wait(struct store *s, struct duration most)
{
	struct timespec until = deadline_after(most);

	pthread_mutex_lock(&s->lock);
	while (s->finished == NULL && !s->is_failing &&
			pthread_cond_timedwait(&s->told, &s->lock, &until) == 0)
		;
	pthread_mutex_unlock(&s->lock);
}

int store_error(const struct store *s)
{
	return s->error;
}

bool store_is_failing(const struct store *s)
{
	return s->is_failing;
}

struct store_status store_status(struct store *s)
{
	struct store_status status;

	pthread_mutex_lock(&s->lock);
	status = s->status;
	status.error = s->error;
	pthread_mutex_unlock(&s->lock);
	return status;
}
