/* SPDX-License-Identifier: MIT */
/*
 * belfry hosts: the hosts and services that report and that the core does not have, and the lines
 * that make it have them.
 */
#include "cli/file_edit.h"
#include "cli/pending_list.h"
#include "cli/question.h"
#include "common/mem.h"

struct hosts {
	struct connect_options connect;
	char *gateway, *file;
	char *host_template, *service_template, *check_command;
	int core;
	bool json;

	struct pending_list list;
};

#define H(type, field) SETTING_FIELD(struct hosts, type, field)

static const struct setting_choice cores[] = {
	{ "nagios", SNIPPET_NAGIOS },
	{ "icinga2", SNIPPET_ICINGA2 },
	{ NULL, 0 },
};

/* clang-format off */
static const struct setting hosts_options[] = {
/*  name                kind              field                        min  max      default */
{ "broker",           SETTING_TEXT,     H(char *, connect.broker),     1, 1024,     NULL, 0, BROKER_HELP, NULL },
CONNECT_ROWS(struct hosts, connect.),
GATEWAY_ROW(struct hosts, gateway),
{ "json",             SETTING_BOOL,     H(bool, json),                 0, 0,        "false", 0,
  "With pending: print JSON.", NULL },
{ "core",             SETTING_CHOICE,   H(int, core),                  0, 0,        "nagios", 0,
  "With approve: whose configuration it is. Naemon reads that of Nagios.", cores },
{ "file",             SETTING_TEXT,     H(char *, file),               1, 4096,     NULL, 0,
  "With approve: append the definitions to this file instead of printing them. It is changed as a whole or not at all; what stands in it already is left out.", NULL },
{ "host-template",    SETTING_TEXT,     H(char *, host_template),      1, 128,      "generic-host", 0,
  "With approve: the template of new hosts.", NULL },
{ "service-template", SETTING_TEXT,     H(char *, service_template),   1, 128,      "generic-service", 0,
  "With approve: the template of new services.", NULL },
{ "check-command",    SETTING_TEXT,     H(char *, check_command),      1, 128,      NULL, 0,
  "With approve: a check command that the core has; it is not run. Default: return-unknown of Nagios' plugins, passive of Icinga 2.", NULL },
{ 0 },
};
/* clang-format on */

/* "belfry hosts: ...". The problem is freed. */
static int refuse(struct str *problem)
{
	fprintf(stderr, "belfry hosts: %s\n", str_text(problem));
	str_finish(problem);
	return EXIT_REFUSED;
}

static void take_reply(void *owner, const cJSON *reply)
{
	pending_list_add(owner, reply);
}

/* EXIT_DONE, or another code after a complaint. */
static int fetch(struct hosts *h)
{
	struct question q = { .verb = &hosts_verb,
		.connect = &h->connect,
		.gateway = h->gateway,
		.body = "{\"ask\":\"pending\"}",
		.reply = take_reply,
		.owner = &h->list };
	struct str problem = { 0 };
	enum answer answer = question_ask(&q, &problem);

	pending_list_sort(&h->list);
	if (answer == ANSWER_DONE)
		return EXIT_DONE;
	refuse(&problem);
	return answer == ANSWER_LOST ? EXIT_UNREACHABLE : EXIT_REFUSED;
}

static int show_pending(struct hosts *h, char **names, size_t count)
{
	int code = fetch(h);

	(void)names;
	(void)count;
	if (code != EXIT_DONE)
		return code;
	if (h->json) {
		pending_list_json(&h->list, stdout);
	} else if (h->list.count == 0) {
		puts("no results came for hosts and services that the core does not have");
	} else {
		pending_list_print(&h->list, stdout);
		fprintf(stderr, "belfry hosts approve HOST... prints what defines them\n");
	}
	return EXIT_DONE;
}

/* --- approve -------------------------------------------------------------------------------- */

/* Append what the file does not have yet. Returns how much of `definitions` that was. */
static size_t append_new(struct str *file, struct span definitions)
{
	size_t added = 0;

	while (definitions.len > 0) {
		size_t end = 0;
		struct span one;

		while (end < definitions.len && !span_starts_with(span_from(definitions, end),
								span_of_text("}\n\n")))
			end++;
		one = span_first(definitions, end + strlen("}\n\n"));
		definitions = span_from(definitions, one.len);
		/* Without the newlines behind it, which the end of the file may have lost. */
		if (memmem(str_text(file), file->len, one.data, one.len - 2) != NULL)
			continue;
		if (file->len > 0 && file->text[file->len - 1] != '\n')
			str_append_byte(file, '\n');
		str_append(file, one);
		added++;
	}
	return added;
}

static int write_file(const struct hosts *h, struct span definitions)
{
	struct file_edit f = { 0 };
	struct str problem = { 0 }, text = { 0 };
	size_t added = 0;
	bool ok = file_edit_open(&f, h->file, true, &problem);

	if (ok) {
		f.new_mode = 0644;
		str_append(&text, str_span(&f.text));
		added = append_new(&text, definitions);
		ok = added == 0 || file_edit_replace(&f, str_span(&text), &problem);
	}
	file_edit_close(&f);
	str_finish(&text);
	if (!ok)
		return refuse(&problem);
	str_finish(&problem);
	printf("%zu definition%s added to %s\n", added, added == 1 ? "" : "s", h->file);
	return EXIT_DONE;
}

static bool came_before(char **names, size_t index)
{
	size_t i = 0;

	while (i < index && strcmp(names[i], names[index]) != 0)
		i++;
	return i < index;
}

static int approve(struct hosts *h, char **names, size_t count)
{
	struct snippet_style style = { (enum snippet_core)h->core, h->host_template,
		h->service_template, h->check_command };
	struct str definitions = { 0 }, problem = { 0 };
	int code;

	if (!snippet_style_valid(&style, &problem)) {
		options_complain(&hosts_verb, "%s", str_text(&problem));
		str_finish(&problem);
		return EXIT_USAGE;
	}
	code = fetch(h);
	for (size_t i = 0; code == EXIT_DONE && i < count; i++) {
		if (!came_before(names, i) && !pending_list_define(&h->list, names[i], &style,
							      &definitions, &problem))
			code = refuse(&problem);
	}
	if (code == EXIT_DONE && h->file != NULL)
		code = write_file(h, str_span(&definitions));
	else if (code == EXIT_DONE)
		fputs(str_text(&definitions), stdout);
	if (code == EXIT_DONE)
		fprintf(stderr, "%s the core takes it with: %s\n",
				h->file != NULL ? "it is not in effect yet;"
						: "put this into a file of the configuration;",
				snippet_reload(style.core));
	str_finish(&definitions);
	return code;
}

/* --- the command line ----------------------------------------------------------------------- */

static int run_action(struct hosts *h, int count, char **words)
{
	const char *action = count > 0 ? words[0] : "";
	bool is_approve = strcmp(action, "approve") == 0;

	if (!is_approve && strcmp(action, "pending") != 0)
		return options_complain(&hosts_verb, "pending or approve is wanted");
	if (is_approve && count == 1)
		return options_complain(&hosts_verb, "approve takes HOST...");
	if (!is_approve && count > 1)
		return options_complain(&hosts_verb, "pending takes no words");
	if (is_approve && h->json)
		return options_complain(&hosts_verb, "--json goes with pending alone");
	if (!is_approve && h->file != NULL)
		return options_complain(&hosts_verb, "--file goes with approve alone");
	if (!connect_options_check(&hosts_verb, &h->connect))
		return EXIT_USAGE;
	return (is_approve ? approve : show_pending)(h, words + 1, (size_t)count - 1);
}

static int hosts_run(int argc, char **argv)
{
	AUTO_FREE char **words = xcalloc((size_t)argc, sizeof(*words));
	struct hosts h = { 0 };
	int code = EXIT_USAGE, count;

	switch (options_read_words(&hosts_verb, &h, argc, argv, words, &count)) {
	case OPTIONS_READ:
		code = run_action(&h, count, words);
		break;
	case OPTIONS_HELP:
		code = EXIT_DONE;
		break;
	case OPTIONS_WRONG:
		break;
	}
	pending_list_finish(&h.list);
	connect_options_finish(&h.connect);
	settings_finish(hosts_options, &h);
	return code;
}

const struct verb hosts_verb = {
	.name = "hosts",
	.summary = "hosts and services that report and that the core does not have",
	.usage = "pending [--json] [OPTION...]\n"
		 "approve HOST... [--core nagios|icinga2] [--file FILE] [OPTION...]",
	.about = "  pending  asks a gateway for what it has rejected as unknown-host and\n"
		 "           unknown-service: which objects, how often, and the last result. It\n"
		 "           finds them out where its output has `objects`.\n"
		 "  approve  prints the definitions of these hosts and their pending services for "
		 "the\n"
		 "           core's configuration: passive checks on, active ones off. A name "
		 "that\n"
		 "           could be more than a name in a configuration is refused. The core\n"
		 "           takes them with a reload, which is left to you; the next result of\n"
		 "           each then goes through.\n"
		 "\n"
		 "It asks over MQTT 5: the user has to be allowed to write belfry/gateway/ID/ask "
		 "and\n"
		 "to read belfry/reply/# and belfry/gateway/+.\n"
		 "\n"
		 "Exit codes: 0 done; 1 a host is not pending or its name is refused, or there is\n"
		 "no gateway to ask; 2 wrong usage; 3 the broker cannot be reached, or the "
		 "gateway\n"
		 "did not answer in time.\n",
	.options = hosts_options,
	.run = hosts_run,
};
