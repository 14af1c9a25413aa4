/* SPDX-License-Identifier: MIT */
/*
 * belfry status: how the gateways are, or with --broker how the broker is.
 */
#include "cli/connect_options.h"
#include "cli/status_broker.h"
#include "cli/status_gateway.h"

struct status {
	struct connect_options connect;
	bool json;
};

#define S(type, field) SETTING_FIELD(struct status, type, field)

/* clang-format off */
static const struct setting status_options[] = {
/*  name               kind              field                     min  max      default */
{ "broker",         SETTING_TEXT,     S(char *, connect.broker),  0, 1024,     NULL, OPTION_MAY_BE_EMPTY,
  "Ask the broker about itself. " BROKER_HELP, NULL },
CONNECT_ROWS(struct status, connect.),
{ "json",           SETTING_BOOL,     S(bool, json),              0, 0,        "false", 0,
  "Print JSON.", NULL },
{ 0 },
};
/* clang-format on */

/* What is retained below `filter`; not ANSWER_DONE after a complaint. */
static enum answer fetch(struct status *s, const char *filter, struct retained_set *set)
{
	struct link_config config = connect_options_link(&status_verb, &s->connect);
	struct str problem = { 0 };
	enum answer answer;

	connect_watchdog_start(&status_verb, &s->connect);
	answer = retained_set_fetch(&config, filter, set, &problem);
	connect_watchdog_stop();
	if (answer != ANSWER_DONE)
		fprintf(stderr, "belfry status: %s\n", str_text(&problem));
	str_finish(&problem);
	return answer;
}

static int show_broker(const struct status *s, const struct retained_set *set)
{
	struct str url = { 0 };

	if (set->count == 0) {
		fputs("belfry status: the broker has nothing on " STATUS_BROKER_FILTER
		      "; its sys_interval is 0, or its access rules (acl_file) keep it from this "
		      "user\n",
				stderr);
		return EXIT_REFUSED;
	}
	url_format(&s->connect.url, &url);
	if (s->json)
		status_broker_json(set, stdout);
	else
		status_broker_print(set, str_text(&url), stdout);
	str_finish(&url);
	return EXIT_DONE;
}

static int show_gateways(const struct status *s, const struct retained_set *set)
{
	struct wall_time now = wall_time_now();

	if (set->count == 0) {
		fputs("belfry status: no gateway has published its status on this broker; is "
		      "belfry-gateway running, and may this user read " STATUS_GATEWAY_FILTER "?\n",
				stderr);
		return EXIT_UNREACHABLE;
	}
	if (s->json)
		status_gateway_json(set, stdout);
	else
		status_gateway_print(set, now, stdout);
	return status_gateway_is_well(set, now) ? EXIT_DONE : EXIT_REFUSED;
}

static int show(struct status *s)
{
	struct retained_set set = { 0 };
	bool of_broker = s->connect.broker != NULL;
	int code;

	switch (fetch(s, of_broker ? STATUS_BROKER_FILTER : STATUS_GATEWAY_FILTER, &set)) {
	case ANSWER_DONE:
		code = of_broker ? show_broker(s, &set) : show_gateways(s, &set);
		break;
	case ANSWER_REFUSED:
		code = EXIT_REFUSED;
		break;
	case ANSWER_LOST:
	default:
		code = EXIT_UNREACHABLE;
		break;
	}
	retained_set_finish(&set);
	return code;
}

static int status_run(int argc, char **argv)
{
	struct status s = { 0 };
	int rest = argc;
	int code = EXIT_USAGE;
	enum options_outcome outcome = options_read(&status_verb, &s, argc, argv, &rest);

	if (outcome == OPTIONS_HELP)
		code = EXIT_DONE;
	else if (outcome == OPTIONS_READ && rest < argc)
		code = options_complain(&status_verb, "'%s': unexpected word", argv[rest]);
	else if (outcome == OPTIONS_READ && connect_options_check(&status_verb, &s.connect))
		code = show(&s);
	connect_options_finish(&s.connect);
	settings_finish(status_options, &s);
	return code;
}

const struct verb status_verb = {
	.name = "status",
	.summary = "how the gateways are, or the broker",
	.usage = "[OPTION...]\n"
		 "--broker [URL] [OPTION...]",
	.about = "Without --broker: what each gateway says about itself, asked of the broker in\n"
		 "BELFRY_BROKER: what is wrong and what to do about it, its brokers, how far its\n"
		 "outputs are behind and how fast they deliver, its journal, its counters.\n"
		 "\n"
		 "With --broker: what the broker publishes about itself below $SYS/broker/: its\n"
		 "clients, messages, load and memory, and who reads too slowly. The figures are "
		 "as\n"
		 "old as its sys_interval, 10 seconds by default. Mosquitto can be asked too.\n"
		 "\n"
		 "Exit codes: 0 all is well; 1 there is a problem (as belfry check sees it), or "
		 "the\n"
		 "broker refuses the question or has no figures; 2 wrong usage; 3 the broker "
		 "cannot\n"
		 "be reached or did not answer in time, or there is no gateway.\n",
	.options = status_options,
	.run = status_run,
};
