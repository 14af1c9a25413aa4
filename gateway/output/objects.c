/* SPDX-License-Identifier: MIT */
#include "gateway/output/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"

enum { PIECE = 256 * 1024, LOOK_SECONDS = 1 };

/* Which state of the file it is. Zeroed memory is none. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct objects {
	const char *output, *path;
	pthread_t thread;
	bool running;
	const char *problem; /* that the log knows; the looker's own */
	struct stamp seen;   /* at the last look */
	struct stamp tried;  /* read last, of use or not */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t ending;
	bool is_ending;
	struct object_set *set; /* NULL: no file yet */
	struct stamp loaded;	/* the file that it is from */
	uint64_t generation;
};

struct objects *objects_create(const char *output, const char *path)
{
	struct objects *o = xcalloc(1, sizeof(*o));
	pthread_condattr_t attributes;

	o->output = output;
	o->path = path;
	pthread_mutex_init(&o->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&o->ending, &attributes);
	pthread_condattr_destroy(&attributes);
	return o;
}

void objects_destroy(struct objects *o)
{
	if (o == NULL)
		return;
	pthread_mutex_lock(&o->lock);
	o->is_ending = true;
	pthread_cond_signal(&o->ending);
	pthread_mutex_unlock(&o->lock);
	if (o->running)
		pthread_join(o->thread, NULL);
	object_set_destroy(o->set);
	pthread_cond_destroy(&o->ending);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

/* --- the file ------------------------------------------------------------------------------- */

static struct stamp stamp_of(const struct stat *st)
{
	return (struct stamp){ st->st_dev, st->st_ino, st->st_size, st->st_mtim };
}

static bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* 0 or -errno; what is not there has the zero stamp. */
static int look_at(const char *path, struct stamp *ret)
{
	struct stat st;

	*ret = (struct stamp){ 0 };
	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret = stamp_of(&st);
	return 0;
}

/* Say what is in the way once; `error` 0: there is no more to say. NULL: nothing is in the way. */
static void trouble(struct objects *o, const char *problem, int error)
{
	if (problem != NULL && o->problem != problem)
		log_warn("output \"%s\": %s %s%s%s; meanwhile nothing is taken for unknown",
				o->output, o->path, problem, error != 0 ? ": " : "",
				error != 0 ? strerror(-error) : "");
	o->problem = problem;
}

static int read_all(int fd, struct object_set *into)
{
	AUTO_FREE uint8_t *piece = xmalloc(PIECE);
	ssize_t n;

	do {
		n = read(fd, piece, PIECE);
		if (n > 0)
			object_set_feed(into, span_of(piece, (size_t)n));
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

/* The set of a file that was whole and the same from begin to end; else NULL. */
static struct object_set *read_set(struct objects *o, const struct stamp *wanted)
{
	struct object_set *set = object_set_create(hash_seed());
	AUTO_CLOSE int fd = open(o->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : read_all(fd, set);
	struct stat st;

	if (r < 0) {
		trouble(o, "cannot be read; let the gateway's user read it", r);
	} else if (fstat(fd, &st) == 0) {
		struct stamp after = stamp_of(&st);

		if (stamp_equal(&after, wanted) && object_set_complete(set))
			return set;
		if (stamp_equal(&after, wanted))
			trouble(o, "is not a whole object cache; the core writes it when it starts",
					0);
	}
	object_set_destroy(set);
	return NULL;
}

static void install(struct objects *o, struct object_set *set, const struct stamp *stamp)
{
	struct object_set *old;

	trouble(o, NULL, 0);
	log_info("output \"%s\": the core has %zu hosts and %zu services (%s)", o->output,
			object_set_hosts(set), object_set_services(set), o->path);
	pthread_mutex_lock(&o->lock);
	old = o->set;
	o->set = set;
	o->loaded = *stamp;
	o->generation++;
	pthread_mutex_unlock(&o->lock);
	object_set_destroy(old);
}

void objects_look(struct objects *o)
{
	struct stamp before = o->seen;
	struct object_set *set;
	int r = look_at(o->path, &o->seen);

	if (r < 0) {
		trouble(o, "cannot be looked at; is it the object_cache_file of the core?", r);
		return;
	}
	if (stamp_equal(&o->seen, &o->loaded)) /* written by this thread alone */
		trouble(o, NULL, 0);
	if (stamp_equal(&o->seen, &o->tried) || !stamp_equal(&o->seen, &before))
		return;
	o->tried = o->seen;
	set = read_set(o, &o->seen);
	if (set != NULL)
		install(o, set, &o->seen);
}

/* --- the thread ----------------------------------------------------------------------------- */

static void *run(void *owner)
{
	struct objects *o = owner;
	struct timespec next;

	pthread_mutex_lock(&o->lock);
	while (!o->is_ending) {
		pthread_mutex_unlock(&o->lock);
		objects_look(o);
		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_sec += LOOK_SECONDS;
		pthread_mutex_lock(&o->lock);
		while (!o->is_ending &&
				pthread_cond_timedwait(&o->ending, &o->lock, &next) != ETIMEDOUT)
			;
	}
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

void objects_start(struct objects *o)
{
	int r = pthread_create(&o->thread, NULL, run, o);

	o->running = r == 0;
	if (r != 0)
		log_error_errno(r, "output \"%s\": no thread to be had; objects is without effect",
				o->output);
}

/* --- asking --------------------------------------------------------------------------------- */

enum object_presence objects_find(struct objects *o, struct span host, struct span service)
{
	enum object_presence presence = OBJECT_THERE;
	struct stamp loaded, now;

	pthread_mutex_lock(&o->lock);
	if (o->set != NULL)
		presence = object_set_find(o->set, host, service);
	loaded = o->loaded;
	pthread_mutex_unlock(&o->lock);
	if (presence == OBJECT_THERE)
		return OBJECT_THERE;
	/* The core may have it since a moment ago. */
	return look_at(o->path, &now) == 0 && stamp_equal(&now, &loaded) ? presence : OBJECT_THERE;
}

uint64_t objects_generation(struct objects *o)
{
	uint64_t generation;

	pthread_mutex_lock(&o->lock);
	generation = o->generation;
	pthread_mutex_unlock(&o->lock);
	return generation;
}
