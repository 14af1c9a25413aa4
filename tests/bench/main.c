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
#include "tests/bench/report.h"
#include "tests/bench/run.h"

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

int main(int argc, char **argv)
{
	struct options options;
	struct sockaddr_in address;
	struct result *result;
	int status;

	if (!options_parse(&options, argc, argv, &address))
		return EXIT_USAGE;
	if (options.help) {
		options_print_help();
		return EXIT_SUCCESS;
	}
	process_prepare(&options);
	result = memory_zeroed(1, sizeof(*result));
	run_scenario(&options, &address, result);
	if (options.json)
		report_json(&options, result);
	else if (result->connections > 0)
		report_line(&options, result);
	if (result->failure[0] != '\0')
		fprintf(stderr, "loadgen: %s\n", result->failure);
	status = exit_status(result);
	free(result);
	return status;
}
