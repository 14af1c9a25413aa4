/* SPDX-License-Identifier: MIT */
/*
 * belfry watch: results as they are published, and what the gateway refuses, live.
 */
#include <errno.h>
#include <mqtt_protocol.h>
#include <signal.h>

#include "cli/connect_options.h"
#include "cli/result.h"
#include "cli/show.h"
#include "cli/watch_line.h"
#include "common/mem.h"
#include "common/mqtt_client.h"
#include "common/topic.h"

enum { MAX_FILTERS = 2, TURN_MS = 1000 };

struct watching {
	struct connect_options connect;
	uint64_t count;
	bool json;

	struct str filters[MAX_FILTERS];
	size_t filter_count;
	int packets[MAX_FILTERS]; /* of the subscriptions */
	size_t granted;
	int refusal; /* of a subscription; 0: none */
	bool colours;
	uint64_t lines;
	struct str text;
};

#define S(type, field) SETTING_FIELD(struct watching, type, field)

/* clang-format off */
static const struct setting watch_options[] = {
/*  name               kind              field                     min  max      default */
{ "broker",         SETTING_TEXT,     S(char *, connect.broker),  1, 1024,     NULL, 0, BROKER_HELP, NULL },
CONNECT_ROWS(struct watching, connect.),
{ "count",          SETTING_NUMBER,   S(uint64_t, count),         0, 1000000000000, "0", 0,
  "End after as many lines; 0: never.", NULL },
{ "json",           SETTING_BOOL,     S(bool, json),              0, 0,        "false", 0,
  "Print a JSON object a line.", NULL },
{ 0 },
};
/* clang-format on */

static volatile sig_atomic_t is_ending;

static void on_end(int signal_number)
{
	(void)signal_number;
	is_ending = 1;
}

/* --- filters ------------------------------------------------------------------------------- */

/* "web1" or "web1/Disk" as the filter of its topics. */
static bool add_object(struct watching *w, struct span word)
{
	struct str problem = { 0 };
	size_t slash = span_find(word, '/');
	struct result r = { .host = span_first(word, slash),
		.service = span_from(word, slash + 1) };
	bool ok = result_topic(&r, "nagios", &w->filters[0], &problem);

	if (!ok)
		options_complain(&watch_verb, "%s", str_text(&problem));
	else if (r.service.len == 0)
		str_append_text(&w->filters[0], "/#"); /* matches the host itself too */
	str_finish(&problem);
	return ok;
}

static bool make_filters(struct watching *w, const char *word)
{
	struct span text = span_of_text(word != NULL ? word : "nagios/#");
	bool is_filter = topic_filter_has_wildcard(text) ||
			 span_starts_with(text, span_of_text("nagios/"));
	struct span filter;

	if (!is_filter && !add_object(w, text))
		return false;
	if (is_filter)
		str_append(&w->filters[0], text);
	filter = str_span(&w->filters[0]);
	w->filter_count = 1;
	if (!topic_filter_valid(filter)) {
		options_complain(&watch_verb,
				"'%s': is no topic filter; + and # stand alone in their level, # "
				"comes last",
				word);
		return false;
	}
	if (topic_filters_overlap(filter, span_of_text(REJECT_PREFIX "x")))
		return true; /* it is among them already, or the user has asked for just that */
	str_append_text(&w->filters[1], REJECT_PREFIX);
	str_append(&w->filters[1], word != NULL ? filter : span_of_text("#"));
	w->filter_count = 2;
	return true;
}

/* --- what comes ---------------------------------------------------------------------------- */

static void on_subscribed(void *owner, int packet, int code)
{
	struct watching *w = owner;

	for (size_t i = 0; i < w->filter_count; i++) {
		if (packet != w->packets[i])
			continue;
		w->granted++;
		if (code >= 0x80)
			w->refusal = code;
	}
	if (w->granted == w->filter_count && w->refusal == 0)
		fprintf(stderr, "belfry watch: watching %s; Ctrl-C ends\n",
				str_text(&w->filters[0]));
}

static bool is_enough(const struct watching *w)
{
	return w->count > 0 && w->lines >= w->count;
}

/* A message with many results may have more lines than are wanted. */
static void print_lines(struct watching *w)
{
	struct span rest = str_span(&w->text);

	while (rest.len > 0 && !is_enough(w)) {
		size_t len = span_find(rest, '\n') + 1;

		fwrite(rest.data, 1, len, stdout);
		rest = span_from(rest, len);
		w->lines++;
	}
	fflush(stdout);
}

static void on_received(void *owner, struct span topic, struct span payload)
{
	struct watching *w = owner;

	str_clear(&w->text);
	if (w->json)
		watch_json_append(&w->text, topic, payload, wall_time_now());
	else
		watch_line_append(&w->text, topic, payload, wall_time_now(), w->colours);
	print_lines(w);
}

/* --- the errand ---------------------------------------------------------------------------- */

static void subscribe(struct watching *w, struct link *l)
{
	for (size_t i = 0; i < w->filter_count; i++) {
		/* Live is what is published from now on; what is retained was before. */
		int r = mosquitto_subscribe_v5(link_mosquitto(l), &w->packets[i],
				str_text(&w->filters[i]), 0, MQTT_SUB_OPT_SEND_RETAIN_NEVER, NULL);

		if (r != MOSQ_ERR_SUCCESS)
			link_give_up(l, mqtt_client_error(r));
	}
}

static int watch(struct watching *w, struct link *l)
{
	struct str problem = { 0 };
	int code = EXIT_DONE;

	subscribe(w, l);
	while (!is_ending && !is_enough(w) && w->refusal == 0 && !link_has_ended(l))
		link_turn(l, milliseconds(TURN_MS));
	if (w->refusal != 0) {
		answer_explain(w->refusal == 0x80 ? MQTT_RC_NOT_AUTHORIZED : w->refusal, NULL,
				&problem);
		fprintf(stderr, "belfry watch: %s: %s\n", str_text(&w->filters[0]),
				str_text(&problem));
		code = EXIT_REFUSED;
	} else if (!is_ending && !is_enough(w)) {
		fprintf(stderr, "belfry watch: %s\n", link_problem(l));
		code = EXIT_UNREACHABLE;
	}
	str_finish(&problem);
	return code;
}

static int connect_and_watch(struct watching *w)
{
	struct link_config config = connect_options_link(&watch_verb, &w->connect);
	struct link_events events = {
		.owner = w, .subscribed = on_subscribed, .received = on_received
	};
	struct sigaction end = { .sa_handler = on_end };
	struct str problem = { 0 };
	enum answer answer;
	struct link *l;
	int code;

	connect_watchdog_start(&watch_verb, &w->connect);
	l = link_open(&config, &events, &answer, &problem);
	connect_watchdog_stop();
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	if (l == NULL)
		fprintf(stderr, "belfry watch: %s\n", str_text(&problem));
	code = l != NULL ? watch(w, l) : answer == ANSWER_REFUSED ? EXIT_REFUSED : EXIT_UNREACHABLE;
	link_close(l);
	str_finish(&problem);
	return code;
}

static int watch_run(int argc, char **argv)
{
	struct watching w = { .colours = colours_wanted(stdout) };
	AUTO_FREE char **words = xcalloc((size_t)argc, sizeof(*words));
	int count, code = EXIT_USAGE;
	enum options_outcome outcome =
			options_read_words(&watch_verb, &w, argc, argv, words, &count);

	if (outcome == OPTIONS_HELP)
		code = EXIT_DONE;
	else if (outcome == OPTIONS_READ && count > 1)
		code = options_complain(&watch_verb, "'%s': unexpected word", words[1]);
	else if (outcome == OPTIONS_READ && connect_options_check(&watch_verb, &w.connect) &&
			make_filters(&w, count > 0 ? words[0] : NULL))
		code = connect_and_watch(&w);
	for (size_t i = 0; i < MAX_FILTERS; i++)
		str_finish(&w.filters[i]);
	str_finish(&w.text);
	connect_options_finish(&w.connect);
	settings_finish(watch_options, &w);
	return code;
}

const struct verb watch_verb = {
	.name = "watch",
	.summary = "results as they are published, and what is refused",
	.usage = "[OPTION...] [FILTER]\n"
		 "[OPTION...] HOST[/SERVICE]",
	.about = "Prints a line for each result that is published to FILTER (default nagios/#), "
		 "or\n"
		 "to the topics of a host or a service: when it came, host, service, state, "
		 "output,\n"
		 "and how old it is where it tells its time. What the gateway refuses stands in "
		 "red,\n"
		 "with code, reason and remedy. A word with + or #, or one that starts with "
		 "nagios/,\n"
		 "is a topic filter.\n"
		 "\n"
		 "Exit codes: 0 ended by Ctrl-C or --count; 1 the broker refuses the "
		 "subscription;\n"
		 "2 wrong usage; 3 the broker cannot be reached, or closed the connection.\n",
	.options = watch_options,
	.run = watch_run,
};
