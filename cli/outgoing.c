/* SPDX-License-Identifier: MIT */
#include "cli/outgoing.h"

#include <stdio.h>

#include "cli/plugin_output.h"
#include "cli/plugin_run.h"
#include "cli/tab_form.h"
#include "common/mem.h"

void outgoing_finish(struct outgoing *o)
{
	for (size_t i = 0; i < o->count; i++) {
		free(o->messages[i].label);
		free(o->messages[i].topic);
		str_finish(&o->messages[i].payload);
	}
	free(o->messages);
	*o = (struct outgoing){ .prefix = o->prefix };
}

void outgoing_complain(struct outgoing *o, const char *where, const char *problem)
{
	fprintf(stderr, "belfry submit: %s%s\n", where, problem);
	o->invalid++;
}

static char *make_label(const struct result *r, const char *where)
{
	struct str label = { 0 };

	str_append_text(&label, where);
	str_append_escaped(&label, r->host);
	if (r->service.len > 0) {
		str_append_byte(&label, '/');
		str_append_escaped(&label, r->service);
	}
	return str_take(&label);
}

void outgoing_add(struct outgoing *o, const struct result *r, const char *where)
{
	struct outgoing_message m = { 0 };
	struct str topic = { 0 }, problem = { 0 };

	if (result_topic(r, o->prefix, &topic, &problem)) {
		m.label = make_label(r, where);
		m.topic = str_take(&topic);
		result_json(r, &m.payload);
		o->messages = grow_array(o->messages, o->count, &o->capacity, sizeof(m));
		o->messages[o->count++] = m;
	} else {
		outgoing_complain(o, where, str_text(&problem));
	}
	str_finish(&topic);
	str_finish(&problem);
}

static void add_record(struct outgoing *o, struct span record, const struct result *base,
		const char *where)
{
	struct result r = *base;
	struct tab_record fields;
	struct str text = { 0 };
	const char *problem;

	if (!tab_split(record, &fields, &problem)) {
		outgoing_complain(o, where, problem);
		return;
	}
	r.host = fields.host;
	r.service = fields.service;
	r.state = state_parse(fields.state, fields.service.len == 0);
	if (r.state == NULL) {
		str_append_byte(&text, '\'');
		str_append_escaped(&text, fields.state);
		str_append_text(&text, state_choices(fields.service.len == 0));
		outgoing_complain(o, where, str_text(&text));
	} else {
		tab_unescape(fields.output, &text);
		r.output = str_span(&text);
		outgoing_add(o, &r, where);
	}
	str_finish(&text);
}

void outgoing_add_tab_form(struct outgoing *o, struct span input, const struct result *base)
{
	struct tab_reader reader = { .rest = input };
	struct span record;
	char where[32];

	while (tab_next(&reader, &record)) {
		snprintf(where, sizeof(where),
				"%s %u: ", reader.separator == '\n' ? "line" : "record",
				reader.number);
		add_record(o, record, base, where);
	}
}

/* A plugin that gave no answer for a host: nothing is known, so nothing is sent. */
static void complain_about_plugin(struct outgoing *o, const struct plugin_run *run)
{
	struct span printed = str_span(&run->output);
	struct str sentence = { 0 };

	if (run->exit_code >= 0)
		str_printf(&sentence, "the plugin's exit code %d is no state", run->exit_code);
	else
		str_append_escaped(&sentence, span_first(printed, span_find(printed, '\n')));
	str_append_text(&sentence, "; that says nothing about the host, so nothing was submitted");
	outgoing_complain(o, "", str_text(&sentence));
	str_finish(&sentence);
}

static void add_plugin_result(struct outgoing *o, const struct plugin_run *run, const char *program,
		struct result r)
{
	struct plugin_output parts = { 0 };
	struct str sentence = { 0 };

	plugin_output_split(str_span(&run->output), &parts);
	if (run->exit_code > 3) {
		str_printf(&sentence,
				"exit code %d of plugin %s is no state; it said: ", run->exit_code,
				program);
		str_append(&sentence,
				parts.output.len > 0 ? parts.output : span_of_text("nothing"));
		parts.output = str_span(&sentence);
	}
	r.output = parts.output;
	r.long_output = parts.long_output;
	r.perfdata = str_span(&parts.perfdata);
	outgoing_add(o, &r, "");
	str_finish(&sentence);
	plugin_output_finish(&parts);
}

void outgoing_add_plugin(
		struct outgoing *o, char **argv, struct duration timeout, const struct result *base)
{
	struct plugin_run run = { 0 };
	struct result r = *base;
	char now[WALL_TIME_TEXT];

	plugin_run(argv, timeout, &run);
	if (r.time.len == 0)
		r.time = span_of_text(wall_time_format(wall_time_now(), now));
	r.state = state_of_exit_code(run.exit_code, r.service.len == 0);
	if (r.state != NULL)
		add_plugin_result(o, &run, argv[0], r);
	else
		complain_about_plugin(o, &run);
	if (run.was_cut)
		fprintf(stderr,
				"belfry submit: the plugin printed more than %d bytes; the rest "
				"was dropped\n",
				MAX_PLUGIN_OUTPUT);
	plugin_run_finish(&run);
}
