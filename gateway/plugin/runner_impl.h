/* SPDX-License-Identifier: MIT */
/*
 * What the files of a runner share.
 *
 *     runner.c       life, and what the worker sees
 *     runner_loop.c  the plugin's thread: attempts, waits, dead letters
 *     runner_host.c  what the plugin may ask of us: struct relay_host
 */
#ifndef GATEWAY_PLUGIN_RUNNER_IMPL_H
#define GATEWAY_PLUGIN_RUNNER_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/backoff.h"
#include "gateway/plugin/dead_letters.h"
#include "gateway/plugin/runner.h"
#include "gateway/plugin/stream.h"

struct runner {
	struct relay_host host; /* the first member: what plugins hand back to us */
	struct plugin *plugin;
	struct plugin_config *config;
	char *output, *gateway;
	struct relay_tls tls; /* texts owned */
	struct tls_settings tls_settings;
	int work_fd, news_fd, stop_fd; /* eventfds: for the plugin's thread, the worker, both */
	int gone_fd;		       /* likewise: the thread has ended but for its return */
	_Atomic uint64_t counters[PLUGIN_MAX_COUNTERS];
	pthread_t thread;
	struct instant ended_at; /* when it was asked to end; the worker's, as the next is */
	size_t filling;		 /* the delivery that is to be filled next */

	pthread_mutex_t lock; /* guards what follows */
	struct runner_view view;

	/* A ring. The worker has each before runner_go(), then the plugin's thread, until it is
	 * done. */
	struct delivery deliveries[RUNNER_DELIVERIES];

	/* The plugin's thread's own. */
	struct delivery *delivery; /* the one that is being delivered, or was last */
	void *instance;		   /* NULL: not open */
	struct dead_letters dead;
	struct backoff backoff;
	uint64_t random;
	bool is_plain_told; /* that it connects without the TLS that settings are there for */
	char last_line[RELAY_REASON]; /* that the plugin logged, and when */
	struct instant last_line_at;
	uint64_t held_back;	    /* repetitions of it */
	struct instant lines_since; /* begin of the minute whose lines are counted */
	unsigned lines;
	uint64_t left_out; /* lines beyond what a minute may have */
};

enum { LINES_A_MINUTE = 60 };

/*
 * runner_host.c: may a line that strangers have a hand in go into the log, or were there too many?
 * Told of those that were left out before.
 */
bool runner_may_log(struct runner *r);

/* runner_loop.c: the thread. */
void *runner_loop(void *runner);

/* runner_host.c */
void runner_host_init(struct runner *r);

#endif
