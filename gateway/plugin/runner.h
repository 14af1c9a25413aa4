/* SPDX-License-Identifier: MIT */
/*
 * One instance of a plugin on a thread of its own. It is given a batch, tries until each record of
 * it has arrived or become a dead letter, and waits between the attempts; meanwhile the output's
 * worker hands over the next one, and fills the one after that. A plugin that never comes back
 * holds up nobody but this thread.
 *
 *     worker: runner_delivery() → fill → runner_go() … runner_look(): done … again
 *
 * The functions are for the worker's thread.
 */
#ifndef GATEWAY_PLUGIN_RUNNER_H
#define GATEWAY_PLUGIN_RUNNER_H

#include "common/clock.h"
#include "gateway/plugin/delivery.h"
#include "gateway/plugin/plugin_settings.h"

struct runner;

/* Batches that are under way at most. The plugin sees one after the other. */
enum { RUNNER_DELIVERIES = 2 };

struct runner_options {
	struct plugin *plugin;	      /* a reference is taken */
	struct plugin_config *config; /* the runner's from then on */
	/* The rest is copied. */
	const char *output, *gateway;
	struct relay_tls tls;
	const char *dead_letters; /* the file's path */
	uint64_t dead_letters_size;
	struct duration retry_first, retry_most; /* waits between attempts */
};

/* NULL when there is no thread or descriptor to be had; the log says so. */
struct runner *runner_start(const struct runner_options *options);

/* What the plugin waits for is cut short, and it is to end. Accepts NULL. */
void runner_end(struct runner *r);

/*
 * Wait for that end. If it has not come `patience` after it was first asked for, the plugin is
 * left behind with all that it uses, and the log says so. Accepts NULL.
 */
void runner_stop(struct runner *r, struct duration patience);

/* To be filled, with delivery_begin(), while fewer than RUNNER_DELIVERIES are under way. */
struct delivery *runner_delivery(struct runner *r);
void runner_go(struct runner *r);

/* Readable (poll) when runner_look() has something new to say. */
int runner_fd(const struct runner *r);

struct runner_view {
	size_t done;	/* batches that have arrived since this was last asked */
	bool connected; /* the plugin has reached the other side, as far as is known */
	uint64_t delivered, dead_letters, retries; /* since the start */
	char reason[RELAY_REASON];		   /* what is in the way; empty: nothing */
};

void runner_look(struct runner *r, struct runner_view *ret);

/* What the plugin has counted, by the rows of its table. From any thread. */
uint64_t runner_counter(const struct runner *r, size_t row);

#endif
