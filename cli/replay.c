/* SPDX-License-Identifier: MIT */
/*
 * belfry replay: an output of a gateway hands over again what it has handed over before, for a
 * core that has lost it.
 */
#include "cli/question.h"
#include "common/json.h"
#include "common/settings_value.h"
#include "common/time_parse.h"

struct replay {
	struct connect_options connect;
	char *gateway, *output, *since;
	bool json;

	double seconds; /* back from now */
	double records; /* that are handed over again; negative: the answer does not say */
};

#define R(type, field) SETTING_FIELD(struct replay, type, field)

/* clang-format off */
static const struct setting replay_options[] = {
/*  name               kind              field                     min  max      default */
{ "broker",         SETTING_TEXT,     R(char *, connect.broker),  1, 1024,     NULL, 0, BROKER_HELP, NULL },
CONNECT_ROWS(struct replay, connect.),
GATEWAY_ROW(struct replay, gateway),
{ "output",         SETTING_TEXT,     R(char *, output),          1, 128,      NULL, 0,
  "Which output of the gateway, by its name.", NULL },
{ "since",          SETTING_TEXT,     R(char *, since),           1, 64,       NULL, 0,
  "From when on: so long ago (90, 15m, 1h, 2d), or a time as 2026-11-23T04:05:06Z. The gateway has it as long as journal_keep.", NULL },
{ "json",           SETTING_BOOL,     R(bool, json),              0, 0,        "false", 0,
  "Print JSON.", NULL },
{ 0 },
};

/* clang-format on */

struct how_long {
	uint64_t seconds;
};

static const struct setting how_long = {
	.name = "since",
	.kind = SETTING_DURATION,
	.offset = SETTING_FIELD(struct how_long, uint64_t, seconds),
	.min = 1,
	.max = 1000000000,
};

static void take_reply(void *owner, const cJSON *reply)
{
	struct replay *r = owner;
	const cJSON *records = cJSON_GetObjectItemCaseSensitive(reply, "records");

	if (cJSON_IsNumber(records))
		r->records = records->valuedouble;
}

static enum answer ask(struct replay *r, struct str *problem)
{
	struct str body = { 0 };
	struct question q = { .verb = &replay_verb,
		.connect = &r->connect,
		.gateway = r->gateway,
		.reply = take_reply,
		.owner = r };
	enum answer answer;

	str_append_text(&body, "{\"ask\":\"replay\",\"output\":");
	json_append_string(&body, span_of_text(r->output));
	str_printf(&body, ",\"since\":%.3f}", r->seconds);
	q.body = str_text(&body);
	answer = question_ask(&q, problem);
	str_finish(&body);
	return answer;
}

static void print(const struct replay *r)
{
	struct str output = { 0 };

	if (r->json) {
		str_append_text(&output, "{\"output\":");
		json_append_string(&output, span_of_text(r->output));
		printf("%s,\"records\":%.0f}\n", str_text(&output), r->records);
	} else {
		str_append_escaped(&output, span_of_text(r->output));
		printf("output %s hands over again what the last %.0f record%s of the journal hold "
		       "for it\n",
				str_text(&output), r->records, r->records == 1 ? "" : "s");
	}
	str_finish(&output);
}

static int run(struct replay *r)
{
	struct str problem = { 0 };
	enum answer answer = ask(r, &problem);

	if (answer == ANSWER_DONE && r->records < 0) {
		str_append_text(&problem, "the gateway's answer tells no number of records");
		answer = ANSWER_REFUSED;
	}
	if (answer == ANSWER_DONE)
		print(r);
	else
		fprintf(stderr, "belfry replay: %s\n", str_text(&problem));
	str_finish(&problem);
	return answer == ANSWER_DONE   ? EXIT_DONE
	       : answer == ANSWER_LOST ? EXIT_UNREACHABLE
				       : EXIT_REFUSED;
}

/* --- the command line ----------------------------------------------------------------------- */

/* "1h", or a time, of which only a date has a `T`. */
static bool read_since(struct replay *r)
{
	struct span text = span_of_text(r->since);
	struct str problem = { 0 };
	struct wall_time from;
	struct how_long ago;
	bool is_time = span_find(text, 'T') < text.len;

	if (is_time && time_parse(text, &from)) {
		r->seconds = (double)(wall_time_now().ns - from.ns) / 1e9;
		if (r->seconds >= 0)
			return true;
		options_complain(&replay_verb, "--since: '%s' is in the future", r->since);
	} else if (!is_time && setting_parse(&how_long, &ago, text, &problem)) {
		r->seconds = (double)ago.seconds;
		return true;
	} else {
		options_complain(&replay_verb,
				"--since: '%s' is neither how long ago, such as 1h, nor a time, "
				"such as 2026-11-23T04:05:06Z",
				r->since);
	}
	str_finish(&problem);
	return false;
}

static int replay_run(int argc, char **argv)
{
	struct replay r = { .records = -1 };
	int command = argc, code = EXIT_USAGE;
	enum options_outcome outcome = options_read(&replay_verb, &r, argc, argv, &command);

	if (outcome == OPTIONS_HELP)
		code = EXIT_DONE;
	else if (outcome == OPTIONS_READ && command < argc)
		code = options_complain(&replay_verb, "'%s': unexpected word", argv[command]);
	else if (outcome == OPTIONS_READ && (r.output == NULL || r.since == NULL))
		code = options_complain(&replay_verb, "--output and --since are wanted");
	else if (outcome == OPTIONS_READ && read_since(&r) &&
			connect_options_check(&replay_verb, &r.connect))
		code = run(&r);
	connect_options_finish(&r.connect);
	settings_finish(replay_options, &r);
	return code;
}

const struct verb replay_verb = {
	.name = "replay",
	.summary = "an output hands over again what its core may have lost",
	.usage = "--output NAME --since TIME [--gateway ID] [--json] [OPTION...]",
	.about = "Tells a gateway that an output is to hand over again everything that was\n"
		 "received since then, in order and with the original times, and then to go on. "
		 "For\n"
		 "a core that lost its state, or was restored from a backup. Other outputs are "
		 "not\n"
		 "concerned. What is older than the gateway's journal_keep is gone.\n"
		 "\n"
		 "It asks over MQTT 5: the user has to be allowed to write belfry/gateway/ID/ask "
		 "and\n"
		 "to read belfry/reply/# and belfry/gateway/+.\n"
		 "\n"
		 "Exit codes: 0 done; 1 the gateway has no such output, or there is no gateway to\n"
		 "ask; 2 wrong usage; 3 the broker cannot be reached, or the gateway did not\n"
		 "answer in time.\n",
	.options = replay_options,
	.run = replay_run,
};
