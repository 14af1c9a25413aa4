/* SPDX-License-Identifier: MIT */
#include "common/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/mem.h"

/* Belongs to who asked and to the thread that looks: the last one to let go frees it. */
struct resolve {
	_Atomic unsigned refs;
	_Atomic bool is_over; /* what follows does not change any more */
	int over_fd;
	char *host;
	char port[8];
	struct sockaddr_storage addresses[RESOLVE_MAX_ADDRESSES];
	size_t count;
	const char *problem;
};

static void release(struct resolve *r)
{
	if (atomic_fetch_sub(&r->refs, 1) > 1)
		return;
	if (r->over_fd >= 0)
		close(r->over_fd);
	free(r->host);
	free(r);
}

/* As getaddrinfo() returns. */
static int look_up(struct resolve *r, int flags)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags };
	struct addrinfo *found = NULL;
	int error = getaddrinfo(r->host, r->port, &hints, &found);

	if (error != 0)
		return error;
	for (const struct addrinfo *i = found; i != NULL && r->count < RESOLVE_MAX_ADDRESSES;
			i = i->ai_next) {
		memcpy(&r->addresses[r->count++], i->ai_addr, i->ai_addrlen);
	}
	freeaddrinfo(found);
	return 0;
}

static void finish(struct resolve *r, const char *problem)
{
	r->problem = problem;
	r->is_over = true;
	eventfd_write(r->over_fd, 1);
}

static void *work(void *at)
{
	struct resolve *r = at;
	int error = look_up(r, AI_ADDRCONFIG);

	finish(r, error != 0 ? gai_strerror(error) : NULL);
	release(r);
	return NULL;
}

/* Signals are not this thread's. Returns 0 or an errno value. */
static int start_thread(struct resolve *r)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, work, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		pthread_detach(thread);
	return error;
}

struct resolve *resolve_start(const char *host, uint16_t port)
{
	struct resolve *r = xcalloc(1, sizeof(*r));

	r->refs = 2;
	r->over_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->host = xstrdup(host);
	snprintf(r->port, sizeof(r->port), "%u", (unsigned)port);
	if (r->over_fd >= 0 && look_up(r, AI_NUMERICHOST) != 0 && start_thread(r) == 0)
		return r;
	finish(r, r->over_fd < 0       ? "no descriptor is left"
			: r->count > 0 ? NULL
				       : "no thread can be started");
	release(r); /* the thread's */
	return r;
}

void resolve_end(struct resolve *r)
{
	if (r != NULL)
		release(r);
}

int resolve_fd(const struct resolve *r)
{
	return r->over_fd;
}

bool resolve_is_over(const struct resolve *r)
{
	return r->is_over;
}

size_t resolve_addresses(const struct resolve *r, const struct sockaddr_storage **ret,
		const char **ret_problem)
{
	*ret = r->addresses;
	*ret_problem = r->count == 0 && r->problem == NULL ? "it has no address" : r->problem;
	return r->count;
}
