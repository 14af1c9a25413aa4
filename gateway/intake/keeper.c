/* SPDX-License-Identifier: MIT */
#include "gateway/intake/keeper.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "common/log.h"
#include "common/mem.h"

enum {
	TICK_MS = 1000,
	FEWEST_MS = 50,	  /* what is due together is done together */
	ASLEEP_MS = 5000, /* a turn that comes so late was held up: the machine, or a debugger */
};

struct keeper {
	struct keeper_env env;
	int wake_fd;
	_Atomic bool stopping;
	_Atomic uint64_t turns;
	pthread_t thread;
	bool running;
};

static int wait_time(struct instant until)
{
	int64_t ms = duration_milliseconds(instant_between(instant_now(), until)) + 1;

	return ms < FEWEST_MS ? FEWEST_MS : ms > TICK_MS ? TICK_MS : (int)ms;
}

static void *run(void *owner)
{
	struct keeper *k = owner;
	struct instant expected = instant_after(instant_now(), milliseconds(TICK_MS));
	eventfd_t wakes;

	while (!k->stopping) {
		struct instant now = instant_now(), next;
		struct pollfd wake[] = { { k->wake_fd, POLLIN, 0 },
			{ admission_fd(k->env.admission), POLLIN, 0 } };
		bool was_asleep = instant_reached(
				instant_after(expected, milliseconds(ASLEEP_MS)), now);

		if (was_asleep)
			log_notice("the gateway was held up for %.0f s; nobody counts as silent "
				   "for the grace",
					duration_seconds(instant_between(expected, now)));
		if (was_asleep || !k->env.hears(k->env.owner))
			admission_hold(k->env.admission, now);
		next = admission_tick(k->env.admission, now);
		expected = instant_after(instant_now(), milliseconds(TICK_MS));
		k->turns++;
		poll(wake, array_size(wake), wait_time(next));
		eventfd_read(k->wake_fd, &wakes);
	}
	return NULL;
}

struct keeper *keeper_create(const struct keeper_env *env)
{
	struct keeper *k = xcalloc(1, sizeof(*k));

	k->env = *env;
	k->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return k;
}

void keeper_destroy(struct keeper *k)
{
	if (k == NULL)
		return;
	keeper_stop(k);
	close(k->wake_fd);
	free(k);
}

bool keeper_start(struct keeper *k)
{
	int r = pthread_create(&k->thread, NULL, run, k);

	k->running = r == 0;
	if (r != 0)
		log_error_errno(r, "no thread to be had for what is due by time");
	return k->running;
}

void keeper_stop(struct keeper *k)
{
	if (!k->running)
		return;
	k->stopping = true;
	eventfd_write(k->wake_fd, 1);
	pthread_join(k->thread, NULL);
	k->running = false;
}

uint64_t keeper_turns(struct keeper *k)
{
	eventfd_write(k->wake_fd, 1);
	return k->turns;
}
