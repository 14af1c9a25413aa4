/* SPDX-License-Identifier: MIT */
/*
 * belfry why: what became of the last results of a host or service, as the gateway's journal has
 * it: when each came, what it said, how far each output has got with it, and why it was refused.
 */
#include "cli/question.h"
#include "cli/retained_set.h"
#include "cli/show.h"
#include "cli/why_event.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/name.h"
#include "common/object_topic.h"

struct why {
	struct connect_options connect;
	char *gateway;
	uint64_t limit;
	bool all, json;

	struct span host, service; /* what is asked about */
	cJSON *events;
	double found, keep;
	struct str oldest; /* when the oldest record of the journal came; empty: it has none */
};

#define W(type, field) SETTING_FIELD(struct why, type, field)

/* clang-format off */
static const struct setting why_options[] = {
/*  name               kind              field                     min  max      default */
{ "broker",         SETTING_TEXT,     W(char *, connect.broker),  1, 1024,     NULL, 0, BROKER_HELP, NULL },
CONNECT_ROWS(struct why, connect.),
GATEWAY_ROW(struct why, gateway),
{ "limit",          SETTING_NUMBER,   W(uint64_t, limit),         1, 1000,     "20", 0,
  "How many of the last events.", NULL },
{ "all",            SETTING_BOOL,     W(bool, all),               0, 0,        "false", 0,
  "The services of the host, too.", NULL },
{ "json",           SETTING_BOOL,     W(bool, json),              0, 0,        "false", 0,
  "Print JSON.", NULL },
{ 0 },
};
/* clang-format on */

/* --- the answer ----------------------------------------------------------------------------- */

static void take_number(double *into, const cJSON *reply, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(reply, name);

	if (cJSON_IsNumber(item))
		*into = item->valuedouble;
}

static void take_reply(void *owner, const cJSON *reply)
{
	struct why *w = owner;
	const cJSON *events = cJSON_GetObjectItemCaseSensitive(reply, "events"), *event;
	const char *oldest =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(reply, "oldest"));

	cJSON_ArrayForEach(event, events)
	{
		cJSON_AddItemToArray(w->events, cJSON_Duplicate(event, true));
	}
	take_number(&w->found, reply, "found");
	take_number(&w->keep, reply, "keep");
	if (oldest != NULL) {
		str_clear(&w->oldest);
		str_append_escaped(&w->oldest, span_of_text(oldest));
	}
}

static enum answer ask(struct why *w, struct str *problem)
{
	struct str body = { 0 };
	struct question q = { .verb = &why_verb,
		.connect = &w->connect,
		.gateway = w->gateway,
		.reply = take_reply,
		.owner = w };
	enum answer answer;

	str_append_text(&body, "{\"ask\":\"why\"");
	json_append_member(&body, "host", w->host);
	if (w->service.len > 0)
		json_append_member(&body, "service", w->service);
	str_printf(&body, ",\"limit\":%llu,\"all\":%s}", (unsigned long long)w->limit,
			w->all ? "true" : "false");
	q.body = str_text(&body);
	answer = question_ask(&q, problem);
	str_finish(&body);
	return answer;
}

/* --- when nothing was found ----------------------------------------------------------------- */

static void print_name(const struct why *w, FILE *out)
{
	struct str name = { 0 };

	str_append_escaped(&name, w->host);
	if (w->service.len > 0) {
		str_append_byte(&name, '/');
		str_append_escaped(&name, w->service);
	}
	fputs(str_text(&name), out);
	str_finish(&name);
}

/* The state that gateways keep on the broker outlives the journal. */
static void tell_state(const struct why *w)
{
	struct link_config config = connect_options_link(&why_verb, &w->connect);
	struct retained_set set = { 0 };
	struct str topic = { 0 }, problem = { 0 }, line = { 0 };

	object_topic(&topic, "belfry/state", w->host, w->service);
	connect_watchdog_start(&why_verb, &w->connect);
	if (retained_set_fetch(&config, str_text(&topic), &set, &problem) == ANSWER_DONE &&
			set.count > 0 && why_state_append(&line, set.all[0].payload))
		fprintf(stderr, "the last state on the broker: %s\n", str_text(&line));
	connect_watchdog_stop();
	retained_set_finish(&set);
	str_finish(&topic);
	str_finish(&problem);
	str_finish(&line);
}

static int tell_nothing(const struct why *w)
{
	struct str keep = { 0 };

	fputs("belfry why: the journal has nothing about ", stderr);
	print_name(w, stderr);
	show_seconds(&keep, w->keep);
	if (w->oldest.len > 0)
		fprintf(stderr, "; it reaches back to %s (journal_keep %s)\n", str_text(&w->oldest),
				str_text(&keep));
	else
		fprintf(stderr, "; it is empty (journal_keep %s)\n", str_text(&keep));
	fputs("upper and lower case of names differ; ", stderr);
	if (w->service.len > 0)
		fputs("without a service the host itself is asked about\n", stderr);
	else
		fputs("--all has the services of the host, too\n", stderr);
	tell_state(w);
	str_finish(&keep);
	return EXIT_REFUSED;
}

/* --- the timeline --------------------------------------------------------------------------- */

static void print_json(const struct why *w)
{
	char *events = cJSON_PrintUnformatted(w->events);
	struct str text = { 0 };

	str_printf(&text, "{\"found\":%.0f,\"keep\":%.0f", w->found, w->keep);
	if (w->oldest.len > 0)
		json_append_member(&text, "oldest", str_span(&w->oldest));
	str_append_text(&text, ",\"events\":");
	json_append_printed(&text, span_of_text(events));
	str_append_byte(&text, '}');
	puts(str_text(&text));
	str_finish(&text);
	cJSON_free(events);
}

static void print_events(const struct why *w)
{
	bool colours = colours_wanted(stdout);
	struct str text = { 0 };
	const cJSON *event;

	cJSON_ArrayForEach(event, w->events)
	{
		why_event_append(&text, event, colours);
	}
	fputs(str_text(&text), stdout);
	str_finish(&text);
	if (w->found > cJSON_GetArraySize(w->events))
		fprintf(stderr, "the last %d of %.0f; --limit has more\n",
				cJSON_GetArraySize(w->events), w->found);
}

static int show(struct why *w)
{
	struct str problem = { 0 };
	enum answer answer = ask(w, &problem);

	if (answer != ANSWER_DONE)
		fprintf(stderr, "belfry why: %s\n", str_text(&problem));
	str_finish(&problem);
	if (answer != ANSWER_DONE)
		return answer == ANSWER_LOST ? EXIT_UNREACHABLE : EXIT_REFUSED;
	if (w->json)
		print_json(w);
	else if (cJSON_GetArraySize(w->events) > 0)
		print_events(w);
	if (cJSON_GetArraySize(w->events) > 0)
		return EXIT_DONE;
	return w->json ? EXIT_REFUSED : tell_nothing(w);
}

/* --- the command line ----------------------------------------------------------------------- */

/* "web1/Disk /var": the host goes up to the first slash, what follows is the service. */
static bool split_name(struct why *w, const char *word)
{
	struct span text = span_of_text(word);
	size_t slash = span_find(text, '/');

	w->host = span_first(text, slash);
	if (slash < text.len)
		w->service = span_from(text, slash + 1);
	if (!name_valid(w->host) || (slash < text.len && !name_valid(w->service)))
		options_complain(&why_verb, "'%s': HOST or HOST/SERVICE is wanted", word);
	else if (w->all && w->service.len > 0)
		options_complain(&why_verb, "--all goes with a host alone");
	else
		return true;
	return false;
}

static int why_run(int argc, char **argv)
{
	AUTO_FREE char **words = xcalloc((size_t)argc, sizeof(*words));
	struct why w = { .events = cJSON_CreateArray() };
	int code = EXIT_USAGE, count;
	enum options_outcome outcome = options_read_words(&why_verb, &w, argc, argv, words, &count);

	if (outcome == OPTIONS_HELP)
		code = EXIT_DONE;
	else if (outcome == OPTIONS_READ && count != 1)
		code = options_complain(&why_verb, "one HOST or HOST/SERVICE is wanted");
	else if (outcome == OPTIONS_READ && split_name(&w, words[0]) &&
			connect_options_check(&why_verb, &w.connect))
		code = show(&w);
	cJSON_Delete(w.events);
	str_finish(&w.oldest);
	connect_options_finish(&w.connect);
	settings_finish(why_options, &w);
	return code;
}

const struct verb why_verb = {
	.name = "why",
	.summary = "what became of the last results of a host or service",
	.usage = "HOST[/SERVICE] [--limit NUMBER] [--all] [--json] [OPTION...]",
	.about = "Asks a gateway for the timeline of the last results: when each came, its state\n"
		 "and output, and how far each output is with it: waiting in the journal, handed\n"
		 "over to the core, or confirmed, and after how long. What was refused stands in\n"
		 "red, with code, reason and remedy. Silence and what publishers say of\n"
		 "themselves (there, gone) are told, too. HOST goes up to the first slash; the\n"
		 "name of a service may have more of them.\n"
		 "\n"
		 "It reaches back as far as the gateway's journal_keep.\n"
		 "\n"
		 "It asks over MQTT 5: the user has to be allowed to write belfry/gateway/ID/ask "
		 "and\n"
		 "to read belfry/reply/#, belfry/gateway/+ and belfry/state/#.\n"
		 "\n"
		 "Exit codes: 0 done; 1 nothing was found, or there is no gateway to ask; 2 wrong\n"
		 "usage; 3 the broker cannot be reached, or the gateway did not answer in time.\n",
	.options = why_options,
	.run = why_run,
};
