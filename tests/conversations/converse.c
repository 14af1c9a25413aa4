/* SPDX-License-Identifier: MIT */
/*
 * converse [--tcp HOST:PORT | --drip] SCRIPT...
 *
 * Runs conversations with the broker: in this process against its core and a clock that only the
 * script moves, or over TCP against a broker that runs with its default settings. One line per
 * script: ok, not ok, or skip. Exits 1 when one was not ok.
 */
#include <stdio.h>

#include "tests/conversations/run.h"

/* Longer waits are not worth it over TCP, where a second is a second. */
static const int64_t longest_real_wait = 2500000000;

struct tally {
	unsigned passed, failed, skipped;
};

static const char *why_skip(const struct script *s)
{
	if (s->in_process_only)
		return "in-process only";
	if (s->settings.len > 0 || !s->is_anonymous)
		return "it needs other settings";
	if (s->waits_ns > longest_real_wait)
		return "it waits for long";
	return NULL;
}

static void run_one(const char *file, struct carrier *carrier, bool is_tcp, struct tally *tally)
{
	struct str problem = { 0 };
	struct script s;

	if (!script_load(file, &s, &problem)) {
		printf("not ok %s: %s\n", s.name, str_text(&problem));
		tally->failed++;
	} else if (is_tcp && why_skip(&s) != NULL) {
		printf("skip %s: %s\n", s.name, why_skip(&s));
		tally->skipped++;
	} else if (script_run(&s, carrier, &problem)) {
		printf("ok %s\n", s.name);
		tally->passed++;
	} else {
		printf("not ok %s: %s\n", s.name, str_text(&problem));
		tally->failed++;
	}
	fflush(stdout);
	script_finish(&s);
	str_finish(&problem);
}

int main(int argc, char **argv)
{
	struct tally tally = { 0 };
	struct carrier *carrier;
	const char *tcp = NULL;
	bool drip = false;
	int first = 1;

	if (argc > 2 && strcmp(argv[1], "--tcp") == 0) {
		tcp = argv[2];
		first = 3;
	} else if (argc > 1 && strcmp(argv[1], "--drip") == 0) {
		drip = true;
		first = 2;
	}
	if (first >= argc || argv[first][0] == '-' || (tcp != NULL && strchr(tcp, ':') == NULL)) {
		fputs("usage: converse [--tcp HOST:PORT | --drip] SCRIPT...\n", stderr);
		return 2;
	}
	carrier = tcp != NULL ? tcp_carrier_create(tcp) : core_carrier_create(drip);
	for (int i = first; i < argc; i++)
		run_one(argv[i], carrier, tcp != NULL, &tally);
	if (tcp != NULL)
		tcp_carrier_destroy(carrier);
	else
		core_carrier_destroy(carrier);
	if (tally.skipped > 0)
		printf("%u passed, %u failed, %u skipped\n", tally.passed, tally.failed,
				tally.skipped);
	else
		printf("%u passed, %u failed\n", tally.passed, tally.failed);
	return tally.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
