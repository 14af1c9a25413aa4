/* SPDX-License-Identifier: MIT */
/*
 * Lines to a program's standard input: other people's code, out of this process. It is started
 * once and fed line by line; when it ends it is started again, with growing pauses.
 */
#include <errno.h>
#include <stdio.h>

#include "common/backoff.h"
#include "common/hash.h"
#include "plugins/exec/exchange.h"

enum {
	PATIENCE_MS = 1000, /* at the end: after its input's end, and again after SIGTERM */
	BROKEN_MS = 100, /* the same for one that has failed, and may be about to end by itself */
	SETTLED_SECONDS = 10, /* a program that lives so long begins with short pauses again */
	FIRST_PAUSE_MS = 200,
	MOST_PAUSE_SECONDS = 60,
};

enum acknowledge { ACKNOWLEDGE_NONE, ACKNOWLEDGE_LINES };

struct config {
	const char *command;
	struct relay_list arguments;
	int acknowledge;
	uint64_t timeout; /* seconds */
};

static const struct relay_choice acknowledges[] = {
	{ "none", ACKNOWLEDGE_NONE },
	{ "lines", ACKNOWLEDGE_LINES },
	{ 0 },
};

#define AT(member) offsetof(struct config, member)

/* clang-format off */
static const struct relay_setting settings[] = {
	{ "command", RELAY_TEXT, AT(command), 1, 4000, NULL, RELAY_REQUIRED,
	  "The program, with its absolute path, and arguments, parted by blanks. No shell reads "
	  "it: quotes and variables have no meaning.", NULL },
	{ "argument", RELAY_LIST, AT(arguments), 1, 4000, NULL, 0,
	  "A further argument, which may have blanks in it; several lines: several arguments.", NULL },
	{ "acknowledge", RELAY_CHOICE, AT(acknowledge), 0, 0, "none", 0,
	  "When a record counts as delivered: none (its line is in the pipe to the program; "
	  "what the program had not read is lost when it ends), lines (the program has answered "
	  "it by a line on its standard output: OK, RETRY or REJECT, each in the order of the "
	  "lines that it read).", acknowledges },
	{ "timeout", RELAY_DURATION, AT(timeout), 1, 86400, "30s", 0,
	  "How long the program may take no line, and answer none that it owes, before it is "
	  "killed and started again.", NULL },
	{ 0 },
};
/* clang-format on */

enum { COUNT_STARTS, COUNT_ERROR_LINES };

static const struct relay_counter counters[] = {
	[COUNT_STARTS] = { "starts", "times that the program was started", false },
	[COUNT_ERROR_LINES] = { "error_lines", "lines that it has written to standard error",
			false },
	{ 0 },
};

struct instance {
	const struct relay_host *host;
	const struct config *config;
	char **argv; /* owned; NULL ends it */
	size_t argc, capacity;
	struct program program;
	struct exchange exchange;
	struct backoff pause;
	struct instant started, not_before;
	uint64_t random;
	struct str trouble; /* why it does not run, or ended; empty: nothing since it settled */
};

static bool check(const void *config, char problem[RELAY_REASON])
{
	const struct config *c = config;

	if (c->command[0] == '/')
		return true;
	snprintf(problem, RELAY_REASON,
			"command %.100s does not begin with an absolute path; write it from / on",
			c->command);
	return false;
}

/* --- life ---------------------------------------------------------------------------------- */

static void add_argument(struct instance *i, struct span text)
{
	i->argv = grow_array(i->argv, i->argc, &i->capacity, sizeof(*i->argv));
	i->argv[i->argc++] = text.data != NULL ? span_dup_text(text) : NULL;
}

static void *open_exec(const struct relay_host *host, const void *config)
{
	struct instance *i = xcalloc(1, sizeof(*i));
	const struct config *c = config;
	struct span words = span_of_text(c->command);

	i->host = host;
	i->config = c;
	i->program = PROGRAM_NONE;
	i->exchange = (struct exchange){ .host = host, .program = &i->program };
	i->pause = (struct backoff){ milliseconds(FIRST_PAUSE_MS), seconds(MOST_PAUSE_SECONDS),
		nanoseconds(0) };
	i->random = hash_seed();
	while (words.data != NULL) {
		struct span word = span_trim(span_cut(&words, ' '));

		if (word.len > 0)
			add_argument(i, word);
	}
	for (size_t n = 0; n < c->arguments.count; n++)
		add_argument(i, span_of_text(c->arguments.texts[n]));
	add_argument(i, span_of(NULL, 0));
	return i;
}

/* End the program, which has done what is appended to `trouble`, if anything. */
static void stop(struct instance *i, int patience_ms)
{
	struct str how = { 0 };

	program_stop(&i->program, patience_ms, &how);
	exchange_close(&i->exchange);
	i->host->count(i->host, COUNT_ERROR_LINES, i->exchange.error_lines);
	i->exchange.error_lines = 0;
	if (i->trouble.len > 0)
		str_printf(&i->trouble, "; it %s", str_text(&how));
	if (i->trouble.len > 0 && i->exchange.last_words[0] != '\0')
		str_printf(&i->trouble, "; its last words: %s", i->exchange.last_words);
	str_finish(&how);
}

static void close_exec(void *instance)
{
	struct instance *i = instance;

	str_clear(&i->trouble);
	if (program_runs(&i->program))
		stop(i, PATIENCE_MS);
	exchange_finish(&i->exchange);
	for (size_t n = 0; n < i->argc; n++)
		free(i->argv[n]);
	free(i->argv);
	str_finish(&i->trouble);
	free(i);
}

/* --- starting it again --------------------------------------------------------------------- */

static void plan_next_start(struct instance *i, struct instant now)
{
	if (instant_reached(instant_after(i->started, seconds(SETTLED_SECONDS)), now))
		backoff_reset(&i->pause);
	i->not_before = instant_after(now, backoff_wait(&i->pause, backoff_random(&i->random)));
}

/* `trouble` says what it has done. */
static void fail(struct instance *i)
{
	stop(i, BROKEN_MS);
	plan_next_start(i, instant_now());
}

static void start(struct instance *i, struct instant now)
{
	int r = program_start(&i->program, (const char *const *)i->argv,
			i->config->acknowledge == ACKNOWLEDGE_LINES);

	i->started = now;
	i->exchange.last_words[0] = '\0';
	if (r == 0) {
		i->host->count(i->host, COUNT_STARTS, 1);
		return;
	}
	str_clear(&i->trouble);
	str_printf(&i->trouble, "%s cannot be started: %s%s", i->argv[0], strerror(-r),
			r == -ENOENT	? "; is the path right, and of its interpreter?"
			: r == -EACCES	? "; let the gateway's user execute it (chmod +x)"
			: r == -ENOEXEC ? "; a script begins with #! and its interpreter"
					: "");
	plan_next_start(i, now);
}

/* Run it, when it is time for that. */
static bool runs(struct instance *i)
{
	struct instant now = instant_now();

	if (!program_runs(&i->program) && instant_reached(i->not_before, now))
		start(i, now);
	return program_runs(&i->program);
}

static void tell_trouble(struct instance *i, struct relay_outcome *outcome)
{
	int64_t wait = duration_milliseconds(instant_between(instant_now(), i->not_before));

	snprintf(outcome->reason, sizeof(outcome->reason), "%s", str_text(&i->trouble));
	outcome->retry_after_ms = wait > 0 ? (uint32_t)wait + 1 : 1;
}

/* --- what the host asks -------------------------------------------------------------------- */

static enum relay_verdict deliver(
		void *instance, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	struct instance *i = instance;
	bool wants_answers = i->config->acknowledge == ACKNOWLEDGE_LINES;
	enum exchange_end end;

	if (!runs(i)) {
		tell_trouble(i, outcome);
		return RELAY_RETRY;
	}
	str_clear(&i->trouble);
	exchange_begin(&i->exchange, batch, wants_answers);
	end = exchange_run(&i->exchange, seconds((int64_t)i->config->timeout), &i->trouble);
	i->host->count(i->host, COUNT_ERROR_LINES, i->exchange.error_lines);
	i->exchange.error_lines = 0;
	if (end == EXCHANGE_DONE)
		return RELAY_OK; /* with `lines` each record is marked */
	if (end == EXCHANGE_FAILED) {
		fail(i);
		tell_trouble(i, outcome);
	}
	return RELAY_RETRY;
}

/* What the program that runs has done, in the place of what one before it did. */
static void look(struct instance *i)
{
	struct str why = { 0 };

	if (exchange_look(&i->exchange, &why) == EXCHANGE_FAILED) {
		str_clear(&i->trouble);
		str_append(&i->trouble, str_span(&why));
		fail(i);
	}
	str_finish(&why);
}

/* Start it in advance, and hear what it says. */
static bool idle(void *instance, struct relay_outcome *outcome)
{
	struct instance *i = instance;
	struct instant now = instant_now();

	if (runs(i))
		look(i);
	if (program_runs(&i->program) &&
			instant_reached(instant_after(i->started, seconds(SETTLED_SECONDS)), now))
		str_clear(&i->trouble);
	if (i->trouble.len == 0)
		return true;
	tell_trouble(i, outcome);
	return false;
}

RELAY_EXPORT const struct relay_plugin belfry_relay = {
	RELAY_HEADER,
	.name = "exec",
	.version = BELFRY_VERSION,
	.help = "Gives records as lines to the standard input of a program, which may answer them.",
	.settings = settings,
	.config_size = sizeof(struct config),
	.counters = counters,
	.check = check,
	.open = open_exec,
	.deliver = deliver,
	.idle = idle,
	.close = close_exec,
};
