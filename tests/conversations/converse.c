/* SPDX-License-Identifier: MIT */
/*
 * converse [--binary BROKER | --durable BROKER | --tcp HOST:PORT | --drip] SCRIPT...
 *
 * Runs conversations with the broker: in this process against its core and a clock that only the
 * script moves; with --drip byte by byte; over TCP against a broker that is started with the
 * settings of each script, with --durable and with a store of its own, or against one that runs
 * with its default settings. One line per script, or per version that it runs with: ok, not ok, or
 * skip. Exits 1 when one was not ok.
 */
#include <stdio.h>

#include "tests/conversations/run.h"

/* Longer waits are not worth it over TCP, where a second is a second. */
static const int64_t longest_real_wait = 2500000000;

struct options {
	const char *binary, *address;
	bool drip, durable;
	int first_script;
};

struct tally {
	unsigned passed, failed, skipped;
};

static const char *why_skip(const struct options *o, const struct script *s)
{
	if (o->binary == NULL && o->address == NULL)
		return NULL;
	if (s->in_process_only)
		return "in-process only";
	if (o->address != NULL && (s->settings.len > 0 || s->has_acl || !s->is_anonymous))
		return "it needs other settings";
	if (s->waits_ns > longest_real_wait)
		return "it waits for long";
	return NULL;
}

/* True when the script has more runs than the first `run` + 1. */
static bool run_one(const char *file, unsigned run, const struct options *o,
		struct carrier *carrier, struct tally *tally)
{
	struct str problem = { 0 };
	struct script s;
	bool has_more;

	if (!script_load(file, run, &s, &problem)) {
		printf("not ok %s: %s\n", s.name, str_text(&problem));
		tally->failed++;
	} else if (why_skip(o, &s) != NULL) {
		printf("skip %s: %s\n", s.name, why_skip(o, &s));
		tally->skipped++;
	} else if (script_run(&s, carrier, &problem)) {
		printf("ok %s\n", s.name);
		tally->passed++;
	} else {
		printf("not ok %s: %s\n", s.name, str_text(&problem));
		tally->failed++;
	}
	fflush(stdout);
	has_more = run + 1 < script_runs(&s);
	script_finish(&s);
	str_finish(&problem);
	return has_more;
}

static bool parse_options(int argc, char **argv, struct options *ret)
{
	*ret = (struct options){ .first_script = 1 };
	if (argc > 2 && strcmp(argv[1], "--binary") == 0) {
		ret->binary = argv[2];
		ret->first_script = 3;
	} else if (argc > 2 && strcmp(argv[1], "--durable") == 0) {
		ret->binary = argv[2];
		ret->durable = true;
		ret->first_script = 3;
	} else if (argc > 2 && strcmp(argv[1], "--tcp") == 0 && strchr(argv[2], ':') != NULL) {
		ret->address = argv[2];
		ret->first_script = 3;
	} else if (argc > 1 && strcmp(argv[1], "--drip") == 0) {
		ret->drip = true;
		ret->first_script = 2;
	}
	return ret->first_script < argc && argv[ret->first_script][0] != '-';
}

static void end_carrier(const struct options *o, struct carrier *carrier, struct tally *tally)
{
	struct str problem = { 0 };

	if (o->binary == NULL && o->address == NULL) {
		core_carrier_destroy(carrier);
	} else if (!tcp_carrier_destroy(carrier, &problem)) {
		printf("not ok the broker's end: %s\n", str_text(&problem));
		tally->failed++;
	}
	str_finish(&problem);
}

int main(int argc, char **argv)
{
	struct tally tally = { 0 };
	struct carrier *carrier;
	struct options o;

	if (!parse_options(argc, argv, &o)) {
		fputs("usage: converse [--binary BROKER | --durable BROKER | --tcp HOST:PORT | "
		      "--drip] "
		      "SCRIPT...\n",
				stderr);
		return 2;
	}
	carrier = o.binary != NULL || o.address != NULL
				  ? tcp_carrier_create(o.address, o.binary, o.durable)
				  : core_carrier_create(o.drip);
	for (int i = o.first_script; i < argc; i++) {
		for (unsigned run = 0; run_one(argv[i], run, &o, carrier, &tally); run++)
			;
	}
	end_carrier(&o, carrier, &tally);
	printf("%u passed, %u failed", tally.passed, tally.failed);
	if (tally.skipped > 0)
		printf(", %u skipped", tally.skipped);
	putchar('\n');
	return tally.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
