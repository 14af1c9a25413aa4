/* SPDX-License-Identifier: MIT */
/*
 * belfry check: a plugin for Nagios that watches gateways, by what they retain at the broker.
 */
#include <cjson/cJSON.h>

#include "cli/connect_options.h"
#include "cli/gateway_report.h"
#include "cli/plugin_answer.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/topic.h"

struct check {
	struct connect_options connect;
	char *gateway;
	struct report_limits limits;
	bool json;
};

#define S(type, field) SETTING_FIELD(struct check, type, field)

/* clang-format off */
static const struct setting check_options[] = {
/*  name               kind              field                                    min max        default */
{ "broker",         SETTING_TEXT,     S(char *, connect.broker),               1, 1024,       NULL, 0, BROKER_HELP, NULL },
CONNECT_ROWS(struct check, connect.),
{ "gateway",        SETTING_TEXT,     S(char *, gateway),                      1, 128,        NULL, 0,
  "The client_id of the gateway to look at. Default: all that have published their status.", NULL },
REPORT_LIMIT_ROWS(struct check, limits.),
{ "json",           SETTING_BOOL,     S(bool, json),                           0, 0,          "false", 0,
  "Print a JSON object with state, text and perfdata instead of the line.", NULL },
{ 0 },
};
/* clang-format on */

/* --- what the gateways say ----------------------------------------------------------------- */

static void add_output_perfdata(struct plugin_answer *a, const struct check *k, const char *prefix,
		const cJSON *output)
{
	const struct report_limits *l = &k->limits;
	struct str label = { 0 };

	str_printf(&label, "%s%s ", prefix, output->string);
	plugin_answer_perfdata(a, str_text(&label), "lag", report_number(output, "lag_seconds"),
			"s", l->lag_warning, l->lag_critical);
	plugin_answer_perfdata(
			a, str_text(&label), "behind", report_number(output, "behind"), "", 0, 0);
	plugin_answer_perfdata(a, str_text(&label), "results", report_number(output, "results"),
			"c", 0, 0);
	if (cJSON_GetObjectItemCaseSensitive(output, "dead_letters") != NULL)
		plugin_answer_perfdata(a, str_text(&label), "dead letters",
				report_number(output, "dead_letters"), "c", l->dead_letters_warning,
				l->dead_letters_critical);
	str_finish(&label);
}

static void add_perfdata(struct plugin_answer *a, const struct check *k, const char *prefix,
		const cJSON *gateway)
{
	const struct report_limits *l = &k->limits;
	const cJSON *journal = cJSON_GetObjectItemCaseSensitive(gateway, "journal"), *output;
	double most = report_number(journal, "max_bytes");

	cJSON_ArrayForEach(output, cJSON_GetObjectItemCaseSensitive(gateway, "outputs"))
	{
		if (cJSON_IsObject(output) && output->string != NULL)
			add_output_perfdata(a, k, prefix, output);
	}
	plugin_answer_perfdata(a, prefix, "journal",
			most > 0 ? report_number(journal, "bytes") / most * 100 : 0, "%",
			l->journal_warning, l->journal_critical);
	plugin_answer_perfdata(a, prefix, "received", report_number(gateway, "messages_received"),
			"c", 0, 0);
	plugin_answer_perfdata(a, prefix, "rejected", report_number(gateway, "results_rejected"),
			"c", 0, 0);
}

static enum plugin_code code_of(enum severity severity)
{
	static const enum plugin_code codes[] = {
		[SEVERITY_NONE] = PLUGIN_OK,
		[SEVERITY_WARNING] = PLUGIN_WARNING,
		[SEVERITY_UNKNOWN] = PLUGIN_UNKNOWN,
		[SEVERITY_CRITICAL] = PLUGIN_CRITICAL,
	};

	return codes[severity];
}

static void add_report(struct plugin_answer *a, const struct check *k,
		const struct gateway_report *r, bool is_alone)
{
	struct str prefix = { 0 };

	if (!is_alone)
		str_printf(&prefix, "%s ", r->name);
	for (size_t i = 0; i < r->finding_count; i++)
		plugin_answer_add(a, code_of(r->findings[i].severity), "%s: %s", r->name,
				r->findings[i].text);
	if (r->finding_count == 0)
		plugin_answer_add(a, PLUGIN_OK, "%s: %s", r->name, r->state);
	if (r->json != NULL)
		add_perfdata(a, k, str_text(&prefix), r->json);
	str_finish(&prefix);
}

static void judge(struct plugin_answer *a, const struct check *k, const struct retained_set *set)
{
	if (set->count == 0 && k->gateway != NULL)
		plugin_answer_add(a, PLUGIN_CRITICAL,
				"%s: has never published its status on this broker; is "
				"belfry-gateway running, and is that its client_id?",
				k->gateway);
	else if (set->count == 0)
		plugin_answer_add(a, PLUGIN_CRITICAL,
				"no gateway has published its status on this broker; is "
				"belfry-gateway running, and may this user "
				"read " GATEWAY_STATUS_PREFIX "+?");
	for (size_t i = 0; i < set->count; i++) {
		struct gateway_report r = { 0 };

		gateway_report_read(&r, &set->all[i], wall_time_now(), &k->limits);
		add_report(a, k, &r, set->count == 1);
		gateway_report_finish(&r);
	}
}

/* --- the errand ---------------------------------------------------------------------------- */

static void ask(struct plugin_answer *a, struct check *k)
{
	struct link_config config = connect_options_link(&check_verb, &k->connect);
	struct retained_set set = { 0 };
	struct str filter = { 0 }, problem = { 0 };
	char line[160];

	snprintf(line, sizeof(line), "BELFRY CRITICAL - no answer from the broker within %u s",
			(unsigned)k->connect.timeout);
	str_printf(&filter, GATEWAY_STATUS_PREFIX "%s", k->gateway != NULL ? k->gateway : "+");
	connect_watchdog_start_with(line, PLUGIN_CRITICAL, &k->connect);
	switch (retained_set_fetch(&config, str_text(&filter), &set, &problem)) {
	case ANSWER_DONE:
		judge(a, k, &set);
		break;
	case ANSWER_REFUSED: /* of us, which says nothing about the gateway */
		plugin_answer_add(a, PLUGIN_UNKNOWN, "%s", str_text(&problem));
		break;
	case ANSWER_LOST: /* of who comes to it, the gateway among them */
	default:
		plugin_answer_add(a, PLUGIN_CRITICAL, "%s", str_text(&problem));
		break;
	}
	connect_watchdog_stop();
	retained_set_finish(&set);
	str_finish(&filter);
	str_finish(&problem);
}

static bool gateway_is_valid(const struct check *k)
{
	if (k->gateway == NULL || (topic_name_valid(span_of_text(k->gateway)) &&
						  strchr(k->gateway, '/') == NULL))
		return true;
	options_complain(&check_verb, "--gateway: is no client_id of a gateway: it has no / + #");
	return false;
}

static int check_run(int argc, char **argv)
{
	struct check k = { 0 };
	struct plugin_answer a = { 0 };
	int rest = argc;
	int code = PLUGIN_UNKNOWN; /* to Nagios wrong usage is that */
	enum options_outcome outcome = options_read(&check_verb, &k, argc, argv, &rest);

	if (outcome == OPTIONS_HELP) {
		code = EXIT_DONE;
	} else if (outcome == OPTIONS_READ && rest < argc) {
		options_complain(&check_verb, "'%s': unexpected word", argv[rest]);
	} else if (outcome == OPTIONS_READ && connect_options_check(&check_verb, &k.connect) &&
			gateway_is_valid(&k)) {
		ask(&a, &k);
		code = plugin_answer_print(&a, "BELFRY", k.json, stdout);
	}
	plugin_answer_finish(&a);
	connect_options_finish(&k.connect);
	settings_finish(check_options, &k);
	return code;
}

const struct verb check_verb = {
	.name = "check",
	.summary = "watch the gateways, as a plugin of Nagios",
	.usage = "[OPTION...]",
	.about = "Asks the broker for what the gateways say about themselves, and prints one line\n"
		 "as Nagios wants it, with performance data:\n"
		 "\n"
		 "  BELFRY OK - belfry-gateway: online | 'nagios lag'=0s;60;300 ...\n"
		 "\n"
		 "CRITICAL is a gateway that is offline, has said nothing for --age, or takes no\n"
		 "messages because its journal is full; an output with a problem, or one that is\n"
		 "--lag-critical behind; a journal filled to --journal-critical; a broker that\n"
		 "cannot be reached. WARNING is a broker of several that is not connected, an\n"
		 "output that was not reached yet, and what the limits for warnings say. A "
		 "command\n"
		 "definition for Nagios is among the examples: nagios-belfry.cfg.\n"
		 "\n"
		 "Exit codes, other than those of the other verbs: 0 OK, 1 WARNING, 2 CRITICAL,\n"
		 "3 UNKNOWN: wrong usage, or the broker refuses the question.\n",
	.options = check_options,
	.run = check_run,
};
