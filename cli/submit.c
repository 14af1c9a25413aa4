/* SPDX-License-Identifier: MIT */
/*
 * belfry submit: publish check results and wait until the broker has taken each of them.
 *
 * All results are made before the connection, so that a plugin that runs for a minute does not
 * keep one open, and a mistake in the input is told even when the broker is away.
 */
#include <errno.h>
#include <limits.h>

#include "cli/awaited.h"
#include "cli/connect_options.h"
#include "cli/outgoing.h"
#include "cli/publisher.h"
#include "common/mem.h"

enum { MAX_STDIN = 64 * 1024 * 1024, MAX_LOST_TOLD = 10 };

struct submit {
	struct connect_options connect;
	char *host, *service, *state, *output, *long_output, *perfdata, *time, *ttl, *id;
	char *topic_prefix;
	uint64_t plugin_timeout;
	bool verbose, wait;

	struct outgoing outgoing;
	struct awaited awaited; /* with --wait */
	size_t refused, lost;
};

#define S(type, field) SETTING_FIELD(struct submit, type, field)

/* clang-format off */
static const struct setting submit_options[] = {
/*  name               kind              field                     min  max      default */
{ "broker",         SETTING_TEXT,     S(char *, connect.broker),  1, 1024,     NULL, 0, BROKER_HELP, NULL },
CONNECT_ROWS(struct submit, connect.),
{ "host",           SETTING_TEXT,     S(char *, host),            1, 255,      NULL, 0,
  "The host, as the monitoring core calls it. Default with a plugin: the name of this machine.", NULL },
{ "service",        SETTING_TEXT,     S(char *, service),         1, 255,      NULL, 0,
  "The service. Without it the result is the host's own.", NULL },
{ "state",          SETTING_TEXT,     S(char *, state),           1, 32,       NULL, 0,
  "Of a service ok, warning, critical, unknown or 0 to 3; of a host up, down, unreachable or 0 to 2.", NULL },
{ "output",         SETTING_TEXT,     S(char *, output),          0, 1048576,  NULL, 0,
  "What the check says, in one line.", NULL },
{ "long-output",    SETTING_TEXT,     S(char *, long_output),     0, 1048576,  NULL, 0,
  "Further lines.", NULL },
{ "perfdata",       SETTING_TEXT,     S(char *, perfdata),        0, 1048576,  NULL, 0,
  "Performance data: label=value;warn;crit;min;max ...", NULL },
{ "time",           SETTING_TEXT,     S(char *, time),            1, 64,       NULL, 0,
  "When the check ran: seconds since 1970 or RFC 3339. Default: now.", NULL },
{ "ttl",            SETTING_TEXT,     S(char *, ttl),             1, 10,       NULL, 0,
  "Seconds until the result goes stale; 0: never.", NULL },
{ "id",             SETTING_TEXT,     S(char *, id),              1, 255,      NULL, 0,
  "A name for this result, to find it again.", NULL },
{ "topic-prefix",   SETTING_TEXT,     S(char *, topic_prefix),    1, 1024,     "nagios", 0,
  "Published is to PREFIX/HOST/SERVICE or PREFIX/HOST.", NULL },
{ "plugin-timeout", SETTING_DURATION, S(uint64_t, plugin_timeout), 1, 86400,   "60s", 0,
  "How long a plugin may run. After that it is killed and its service UNKNOWN.", NULL },
{ "wait",           SETTING_BOOL,     S(bool, wait),              0, 0,        "false", 0,
  "Wait until the gateway has each result and its core has confirmed it, and print how long that took. Needs MQTT 5.", NULL },
{ "verbose",        SETTING_BOOL,     S(bool, verbose),           0, 0,        "false", 0,
  "(or -v) Print what was published.", NULL },
{ 0 },
};
/* clang-format on */

static void report(void *owner, size_t tag, enum answer answer, const char *sentence)
{
	struct submit *s = owner;
	const struct outgoing_message *m = &s->outgoing.messages[tag];

	if (answer != ANSWER_DONE)
		awaited_drop(&s->awaited, tag);
	switch (answer) {
	case ANSWER_DONE:
		if (s->verbose)
			printf("%s %s\n", m->topic, str_text(&m->payload));
		return;
	case ANSWER_REFUSED:
		s->refused++;
		break;
	case ANSWER_LOST:
		/* When a connection ends, all that is left is lost for the same reason. */
		if (++s->lost > MAX_LOST_TOLD)
			return;
		break;
	}
	fprintf(stderr, "belfry submit: %s: %s\n", m->label, sentence);
}

static int exit_code_of(const struct submit *s)
{
	if (s->lost > 0)
		return EXIT_UNREACHABLE;
	if (s->refused + s->outgoing.invalid > 0)
		return EXIT_REFUSED;
	return s->awaited.missing > 0 ? EXIT_UNCONFIRMED : EXIT_DONE;
}

/* --- receipts ------------------------------------------------------------------------------- */

static void take_receipt(void *owner, size_t tag, const cJSON *receipt)
{
	struct submit *s = owner;
	struct str refusals = { 0 }, text = { 0 };
	struct span rest;
	bool is_over;

	if (tag >= s->awaited.count)
		return;
	is_over = awaited_take(&s->awaited, tag, receipt, &refusals);
	rest = str_span(&refusals);
	while (rest.len > 0) {
		struct span line = span_cut(&rest, '\n');

		s->refused++;
		fprintf(stderr, "belfry submit: %s: %.*s\n", s->outgoing.messages[tag].label,
				SPAN_ARGS(line));
	}
	if (is_over) {
		awaited_describe(&s->awaited, tag, &text);
		printf("%s: %s\n", s->outgoing.messages[tag].label, str_text(&text));
	}
	str_finish(&refusals);
	str_finish(&text);
}

static void tell_unconfirmed(const struct submit *s)
{
	size_t told = 0;

	for (size_t i = 0; i < s->awaited.count && told < MAX_LOST_TOLD; i++) {
		struct str text = { 0 };

		if (s->awaited.all[i].is_over)
			continue;
		told++;
		awaited_describe(&s->awaited, i, &text);
		fprintf(stderr,
				"belfry submit: %s: %s in time; it is not lost, belfry why tells "
				"more\n",
				s->outgoing.messages[i].label, str_text(&text));
		str_finish(&text);
	}
	if (s->awaited.missing > told)
		fprintf(stderr, "belfry submit: and %zu more that are not confirmed\n",
				s->awaited.missing - told);
}

/* --- publishing ----------------------------------------------------------------------------- */

static void send_all(struct submit *s, struct publisher *publisher)
{
	const struct outgoing *o = &s->outgoing;

	for (size_t i = 0; i < o->count; i++)
		publisher_send(publisher, i, o->messages[i].topic,
				str_span(&o->messages[i].payload));
	publisher_wait(publisher);
	if (s->wait && !publisher_wait_receipts(publisher, &s->awaited.missing))
		tell_unconfirmed(s);
}

/* The publisher, which asks for receipts if they are wanted; NULL with the outcome in *ret. */
static struct publisher *open_publisher(struct submit *s, const struct link_config *config,
		enum answer *ret, struct str *problem)
{
	struct publisher *p = publisher_open(config, report, s, ret, problem);

	if (p == NULL || !s->wait)
		return p;
	awaited_init(&s->awaited, s->outgoing.count);
	*ret = publisher_ask_receipts(p, take_receipt, problem);
	if (*ret == ANSWER_DONE)
		return p;
	publisher_close(p);
	return NULL;
}

static int publish(struct submit *s)
{
	struct link_config config = connect_options_link(&submit_verb, &s->connect);
	struct outgoing *o = &s->outgoing;
	struct str problem = { 0 };
	enum answer answer;
	struct publisher *publisher;

	if (o->count == 0)
		return exit_code_of(s);
	connect_watchdog_start(&submit_verb, &s->connect);
	publisher = open_publisher(s, &config, &answer, &problem);
	connect_watchdog_stop();
	if (publisher == NULL) {
		fprintf(stderr, "belfry submit: %s\n", str_text(&problem));
		str_finish(&problem);
		return answer == ANSWER_LOST ? EXIT_UNREACHABLE : EXIT_REFUSED;
	}
	send_all(s, publisher);
	publisher_close(publisher);
	if (s->lost > MAX_LOST_TOLD)
		fprintf(stderr, "belfry submit: and %zu more without an answer\n",
				s->lost - MAX_LOST_TOLD);
	if (s->verbose && o->count > 1)
		printf("%zu published, %zu refused, %zu without an answer, %zu invalid\n",
				o->count - s->refused - s->lost, s->refused, s->lost, o->invalid);
	return exit_code_of(s);
}

static struct span span_or_empty(const char *text)
{
	return text != NULL ? span_of_text(text) : (struct span){ NULL, 0 };
}

/* What the command line says of a result; `now` gives the time it does not. */
static struct result base_result(const struct submit *s, const char *now)
{
	return (struct result){
		.host = span_or_empty(s->host),
		.service = span_or_empty(s->service),
		.output = span_or_empty(s->output),
		.long_output = span_or_empty(s->long_output),
		.perfdata = span_or_empty(s->perfdata),
		.time = span_or_empty(s->time != NULL ? s->time : now),
		.ttl = span_or_empty(s->ttl),
		.id = span_or_empty(s->id),
	};
}

static int submit_one(struct submit *s)
{
	char now[WALL_TIME_TEXT];
	struct result r = base_result(s, wall_time_format(wall_time_now(), now));

	r.state = state_parse(span_of_text(s->state), s->service == NULL);
	outgoing_add(&s->outgoing, &r, "");
	return publish(s);
}

static int submit_plugin(struct submit *s, char **command)
{
	struct result base;

	if (s->host == NULL) {
		char name[HOST_NAME_MAX + 1] = "";

		gethostname(name, sizeof(name) - 1);
		s->host = xstrdup(name);
	}
	base = base_result(s, NULL);
	outgoing_add_plugin(&s->outgoing, command, seconds((int64_t)s->plugin_timeout), &base);
	return publish(s);
}

/* All of stdin; false when there is more than MAX_STDIN or it cannot be read. */
static bool read_input(struct str *ret)
{
	char buffer[65536];
	ssize_t n;

	if (isatty(STDIN_FILENO))
		fputs("belfry submit: type HOST <tab> SERVICE <tab> STATE <tab> OUTPUT, one result "
		      "a line, and Ctrl-D at the end\n",
				stderr);
	while ((n = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0) {
		str_append(ret, span_of(buffer, (size_t)n));
		if (ret->len > MAX_STDIN) {
			fprintf(stderr,
					"belfry submit: more than %d MB on stdin; send it in "
					"parts\n",
					MAX_STDIN / 1024 / 1024);
			return false;
		}
	}
	if (n < 0)
		fprintf(stderr, "belfry submit: stdin: %s\n", strerror(errno));
	return n == 0;
}

static int submit_stdin(struct submit *s)
{
	char now[WALL_TIME_TEXT];
	struct result base = base_result(s, wall_time_format(wall_time_now(), now));
	struct str input = { 0 };
	int code = EXIT_REFUSED;

	if (read_input(&input)) {
		outgoing_add_tab_form(&s->outgoing, str_span(&input), &base);
		code = publish(s);
	}
	str_finish(&input);
	return code;
}

static bool check_values(const struct submit *s)
{
	uint64_t number;

	if (s->state != NULL && state_parse(span_of_text(s->state), s->service == NULL) == NULL)
		options_complain(&submit_verb, "--state: '%s%s", s->state,
				state_choices(s->service == NULL));
	else if (s->time != NULL && !time_valid(span_of_text(s->time)))
		options_complain(&submit_verb,
				"--time: '%s' is no time; write seconds since 1970, or RFC 3339 as "
				"2026-11-23T04:05:06Z",
				s->time);
	else if (s->ttl != NULL && !span_to_uint(span_of_text(s->ttl), UINT32_MAX, &number))
		options_complain(&submit_verb, "--ttl: '%s' is no number of seconds", s->ttl);
	else
		return true;
	return false;
}

/* The three ways of use exclude each other. */
static bool check_combination(const struct submit *s, bool has_command)
{
	bool has_text = s->output != NULL || s->long_output != NULL || s->perfdata != NULL;

	if (has_command && (s->state != NULL || has_text))
		options_complain(&submit_verb, "state, output and perfdata come from the plugin; "
					       "leave the options out, or the plugin");
	else if (s->state != NULL && s->host == NULL)
		options_complain(&submit_verb, "--state needs --host");
	else if (!has_command && s->state == NULL &&
			(has_text || s->host != NULL || s->service != NULL || s->id != NULL))
		options_complain(&submit_verb, "--state is missing, or `-- PLUGIN ARGS`");
	else
		return true;
	return false;
}

static int submit_run(int argc, char **argv)
{
	struct submit s = { 0 };
	int command = argc;
	int code = EXIT_USAGE;
	enum options_outcome outcome = options_read(&submit_verb, &s, argc, argv, &command);
	bool has_command = command < argc;

	s.outgoing.prefix = s.topic_prefix;
	if (outcome == OPTIONS_HELP) {
		code = EXIT_DONE;
	} else if (outcome == OPTIONS_READ && !has_command && strcmp(argv[argc - 1], "--") == 0) {
		code = options_complain(&submit_verb, "no plugin behind the --");
	} else if (outcome == OPTIONS_READ && check_combination(&s, has_command) &&
			check_values(&s) && connect_options_check(&submit_verb, &s.connect)) {
		if (has_command)
			code = submit_plugin(&s, argv + command);
		else
			code = s.state != NULL ? submit_one(&s) : submit_stdin(&s);
	}
	awaited_finish(&s.awaited);
	outgoing_finish(&s.outgoing);
	connect_options_finish(&s.connect);
	settings_finish(submit_options, &s);
	return code;
}

const struct verb submit_verb = {
	.name = "submit",
	.summary = "publish check results, or run a plugin and publish what it says",
	.usage = "--host HOST [--service SERVICE] --state STATE [--output TEXT] [OPTION...]\n"
		 "[--host HOST] [--service SERVICE] [OPTION...] -- PLUGIN [ARG...]\n"
		 "[OPTION...] < RESULTS",
	.about = "Publishes with QoS 1 and waits until the broker has taken each result; with\n"
		 "--wait, until the core has it. The user then has to be allowed to read\n"
		 "belfry/reply/#, and the gateway to write there.\n"
		 "\n"
		 "With a plugin: runs it (without a shell) and takes its exit code, output and\n"
		 "performance data. A plugin that cannot be run, is killed or takes too long "
		 "makes\n"
		 "its service UNKNOWN; of a host, nothing is submitted then. For a host, exit\n"
		 "codes 0 and 1 mean UP, 2 and 3 DOWN, as they do to Nagios.\n"
		 "\n"
		 "Without --state and plugin: reads stdin to its end, in send_nsca's form,\n"
		 "    HOST <tab> SERVICE <tab> STATE <tab> OUTPUT\n"
		 "    HOST <tab> STATE <tab> OUTPUT\n"
		 "one result a line, or separated by the character ETB (0x17) where outputs have\n"
		 "several lines. A wrong line is reported and the others are sent.\n"
		 "\n"
		 "Exit codes: 0 the broker has taken everything; 1 something was invalid or\n"
		 "refused, or nobody is subscribed to it; 2 wrong usage, nothing was done;\n"
		 "3 the broker cannot be reached, or did not answer in time; 4 with --wait: the\n"
		 "broker has taken everything, but not every output has confirmed it in time. "
		 "That\n"
		 "is not lost: do not send it again.\n",
	.options = submit_options,
	.run = submit_run,
};
