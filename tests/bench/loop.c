/* SPDX-License-Identifier: MIT */
/*
 * epoll, level-triggered. Few events a turn: the generator shall answer the first reader before it
 * has heard the last one, as many independent programs would.
 */
#include "tests/bench/loop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/client.h"
#include "tests/bench/memory.h"
#include "tests/bench/result.h"

enum { BUFFER_SIZE = 512 * 1024 };

bool loop_init(struct loop *l, struct endpoint *endpoint)
{
	*l = (struct loop){ .endpoint = endpoint, .capacity = BUFFER_SIZE };
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->buffer = memory_resized(NULL, l->capacity);
	return l->epoll >= 0;
}

void loop_finish(struct loop *l)
{
	if (l->epoll >= 0)
		close(l->epoll);
	free(l->buffer);
	l->buffer = NULL;
}

void loop_fail(struct loop *l, const char *format, ...)
{
	va_list arguments;

	if (loop_failed(l))
		return;
	va_start(arguments, format);
	vsnprintf(l->failure, sizeof(l->failure), format, arguments);
	va_end(arguments);
}

void loop_conclude(const struct loop *l, struct result *result)
{
	if (!loop_failed(l))
		return;
	result->is_broken = true;
	memcpy(result->failure, l->failure, sizeof(result->failure));
}

int loop_turn(struct loop *l, uint64_t wait_ns)
{
	struct timespec wait = { (time_t)(wait_ns / 1000000000u), (long)(wait_ns % 1000000000u) };
	struct epoll_event events[LOOP_EVENTS];
	int n = epoll_pwait2(l->epoll, events, LOOP_EVENTS, &wait, NULL);

	if (n < 0 && errno != EINTR)
		loop_fail(l, "epoll_pwait2: %s", strerror(errno));
	for (int i = 0; i < n && !loop_failed(l); i++) {
		struct client *c = events[i].data.ptr;

		if ((events[i].events & EPOLLOUT) != 0)
			client_writable(c);
		if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
			client_readable(c);
	}
	return n;
}

void loop_flush(struct loop *l)
{
	struct client *c;

	while ((c = l->dirty) != NULL && !loop_failed(l)) {
		l->dirty = c->next_dirty;
		c->is_dirty = false;
		client_flush(c);
	}
}
