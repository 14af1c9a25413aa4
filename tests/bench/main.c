/* SPDX-License-Identifier: MIT */
/*
 * loadgen: an MQTT load generator that checks what it receives. `loadgen --help` tells the rest.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/bench/memory.h"
#include "tests/bench/options.h"
#include "tests/bench/plays.h"
#include "tests/bench/report.h"

enum { EXIT_WRONG_COUNT = 1, EXIT_USAGE = 2, EXIT_BROKER = 3 };

/* None of this is needed for a right result, only for an undisturbed one. */
static void process_prepare(const struct options *o)
{
	struct rlimit limit;
	cpu_set_t set;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	prctl(PR_SET_TIMERSLACK, 1);
	if (o->cpu == UINT32_MAX)
		return;
	CPU_ZERO(&set);
	CPU_SET(o->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		fprintf(stderr, "loadgen: cannot run on CPU %u, using any\n", o->cpu);
}

static int exit_status(const struct result *r)
{
	if (r->is_broken)
		return EXIT_BROKER;
	if (r->lost > 0 || r->duplicates > 0 || r->disorder > 0 || r->refused > 0)
		return EXIT_WRONG_COUNT;
	return r->failure[0] != '\0' ? EXIT_WRONG_COUNT : EXIT_SUCCESS;
}

static void (*const plays[N_PLAYS])(const struct options *, struct endpoint *, struct result *) = {
	[PLAY_LOAD] = play_load,
	[PLAY_REPLAY] = play_replay,
	[PLAY_RECONNECT] = play_reconnect,
	[PLAY_WILLS] = play_wills,
	[PLAY_FILTERS] = play_filters,
	[PLAY_DRIP] = play_drip,
};

static int run(const struct options *o, struct endpoint *e)
{
	struct result *result = memory_zeroed(1, sizeof(*result));
	int status;

	plays[o->play](o, e, result);
	if (o->json)
		report_json(o, result);
	else if (!result->is_broken)
		report_line(o, result);
	if (result->failure[0] != '\0')
		fprintf(stderr, "loadgen: %s\n", result->failure);
	status = exit_status(result);
	free(result);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct endpoint endpoint;
	int status;

	if (!options_parse(&options, argc, argv))
		return EXIT_USAGE;
	if (options.help) {
		options_print_help();
		return EXIT_SUCCESS;
	}
	if (!endpoint_init(&endpoint, options.host, options.port, options.cafile,
			    options.websocket))
		return EXIT_USAGE;
	process_prepare(&options);
	status = run(&options, &endpoint);
	endpoint_finish(&endpoint);
	return status;
}
