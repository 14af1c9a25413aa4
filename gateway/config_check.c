/* SPDX-License-Identifier: MIT */
#include "gateway/config_check.h"
#include "gateway/config.h"

#include "common/hash.h"
#include "common/mem.h"
#include "common/nearest.h"
#include "common/topic.h"
#include "gateway/config_broker.h"
#include "gateway/config_tables.h"
#include "gateway/http.h"
#include "gateway/output/sink.h"
#include "gateway/result/decode.h"

struct check {
	struct config *config;
	struct settings_report *report;
};

/* An error of `line`; 0: of the whole file. */
static void problem(const struct check *k, unsigned line, const char *word, const char *what)
{
	struct settings_line at = { .file = k->config->file, .number = line, .report = k->report };

	settings_error(&at, span_of_text(word), "%s", what);
}

/* An error of a global keyword, on the line that set it. */
static void keyword_problem(const struct check *k, const char *keyword, const char *what)
{
	problem(k, config_line(k->config, keyword), keyword, what);
}

static void check_client_id(const struct check *k)
{
	const char *id = k->config->client_id;

	if (id != NULL && (!topic_name_valid(span_of_text(id)) || strchr(id, '/') != NULL))
		keyword_problem(k, "client_id",
				"becomes a level of a topic, so it takes text without / + #");
}

static void check_log(const struct check *k)
{
	struct config *c = k->config;

	c->log = (struct log_config){
		.program = "belfry-gateway", .timestamps = c->log_timestamp, .facility = -1
	};
	c->log.types = c->log_types != 0 ? c->log_types : LOG_TYPES_DEFAULT;
	if (c->log.types & LOG_TYPE_NONE)
		c->log.types = 0;
	if (c->log_dests.count == 0) /* with -d nobody reads the terminal */
		c->log.destinations = c->daemonise ? LOG_TO_SYSLOG : LOG_TO_STDERR;
	for (size_t i = 0; i < c->log_dests.count; i++) {
		const char *text = c->log_dests.texts[i];
		const char *wrong = log_config_add(&c->log, text);

		if (wrong == NULL && c->log.destinations & LOG_TO_TOPIC)
			wrong = "is the broker's alone; take " LOG_DESTINATIONS;
		if (wrong != NULL)
			problem(k, c->log_dests.lines[i], "log_dest", wrong);
	}
}

static void check_http(const struct check *k)
{
	static const struct url_scheme http[] = { { "http", 0, false }, { 0 } };
	struct config *c = k->config;
	struct str text = { 0 }, why = { 0 };

	if (c->http_listen == NULL)
		return;
	str_printf(&text, "http://%s", c->http_listen);
	if (url_parse(str_span(&text), http, &c->http_place, &why) &&
			(c->http_place.user != NULL || c->http_place.port == 0))
		str_append_text(&why,
				"is no ADDRESS:PORT; write it like 127.0.0.1:9640 or [::1]:9640");
	if (why.len > 0)
		problem(k, config_line(c, "http_listen"), c->http_listen, str_text(&why));
	else if (!http_is_available())
		keyword_problem(k, "http_listen",
				"needs libmicrohttpd, without which this belfry-gateway was built");
	str_finish(&text);
	str_finish(&why);
}

static size_t find_output(const struct config *c, struct span name)
{
	size_t i = 0;

	while (i < c->output_count && !span_equal_text(name, c->outputs[i]->name))
		i++;
	return i;
}

/* It stands in the file, and why it is none has been told. */
static bool was_refused(const struct config *c, struct span name)
{
	for (size_t i = 0; i < c->outputs_refused.count; i++) {
		if (span_equal_text(name, c->outputs_refused.texts[i]))
			return true;
	}
	return false;
}

static void unknown_output(const struct check *k, unsigned line, struct span name)
{
	struct nearest n = { 0 };
	struct settings_line at = { .file = k->config->file, .number = line, .report = k->report };

	if (was_refused(k->config, name))
		return;
	for (size_t i = 0; i < k->config->output_count; i++)
		nearest_offer(&n, name, k->config->outputs[i]->name);
	if (n.best != NULL)
		settings_error(&at, name, "is no output; did you mean '%s'?", n.best);
	else
		settings_error(&at, name, "is no output; add a block: output %.*s command_file",
				SPAN_ARGS(name));
}

static void add_output(const struct config *c, struct route *r, size_t output)
{
	if (route_leads_to(r, output))
		return;
	r->outputs = xrealloc(r->outputs, (r->output_count + 1) * sizeof(*r->outputs));
	r->output_names =
			xrealloc(r->output_names, (r->output_count + 1) * sizeof(*r->output_names));
	r->output_names[r->output_count] = c->outputs[output]->name;
	r->outputs[r->output_count++] = output;
	r->output_set |= UINT64_C(1) << output;
}

static void check_targets(const struct check *k, struct route_config *rc)
{
	for (size_t i = 0; i < rc->to.count; i++) {
		struct settings_line words = { .rest = span_of_text(rc->to.texts[i]) };

		while (words.rest.len > 0) {
			struct span name = settings_word(&words);
			size_t output = find_output(k->config, name);

			if (span_equal_text(name, "by") &&
					span_equal_text(span_trim(words.rest), "host")) {
				rc->route.by_host = true;
				break;
			}
			if (output == k->config->output_count)
				unknown_output(k, rc->to.lines[i], name);
			else
				add_output(k->config, &rc->route, output);
		}
	}
}

/* Of a route with `decode none`. */
static void check_passing(const struct check *k, const struct route_config *rc)
{
	unsigned line = config_route_line(rc, "decode");
	struct settings_line at = { .file = k->config->file, .number = line, .report = k->report };

	for (size_t i = 0; i < rc->route.output_count; i++) {
		const struct output_config *o = k->config->outputs[rc->route.outputs[i]];

		if (!o->class->takes_messages)
			settings_error(&at, span_of_text("decode none"),
					"leaves nothing for output %s, as a %s takes check results "
					"only; take decode check, or remove %s from to",
					o->name, o->class->type, o->name);
	}
	if (rc->route.by_host)
		problem(k, config_route_line(rc, "to"), "by host",
				"needs to know the host, which decode none does not; remove one of "
				"them");
	if (rc->commands.count > 0)
		problem(k, config_route_line(rc, "commands"), "commands",
				"are not found by decode none; remove one of them");
}

/* Does the route speak of check results, though it does not say so? */
static bool is_about_checks(const struct check *k, const struct route_config *rc)
{
	static const char *const words[] = { "host", "service", "ttl", "on_silence", "will_delay",
		"commands" };
	const struct text_list *filters = &rc->route.filters;
	bool all_nagios = true;

	for (size_t i = 0; i < array_size(words); i++) {
		if (settings_line_of(config_route_settings, &rc->lines, words[i]) > 0)
			return true;
	}
	for (size_t i = 0; i < rc->route.output_count; i++) {
		if (!k->config->outputs[rc->route.outputs[i]]->class->takes_messages)
			return true;
	}
	for (size_t i = 0; i < filters->count; i++)
		all_nagios = all_nagios && span_starts_with(span_of_text(filters->texts[i]),
							   span_of_text("nagios/"));
	return all_nagios || rc->route.by_host || rc->route.output_count == 0;
}

static void check_decode(const struct check *k, struct route_config *rc)
{
	struct settings_line words;
	bool none = false, unknown = false;

	if (rc->decode == NULL)
		rc->decode = xstrdup(is_about_checks(k, rc) ? "check" : "none");
	words = (struct settings_line){ .rest = span_of_text(rc->decode) };

	while (words.rest.len > 0) {
		struct span word = settings_word(&words);

		if (span_equal_text(word, "check"))
			rc->route.formats |= DECODE_JSON;
		else if (span_equal_text(word, "text"))
			rc->route.formats |= DECODE_TEXT;
		else if (span_equal_text(word, "none"))
			none = true;
		else
			unknown = true;
	}
	if (unknown || (none && rc->route.formats != 0) || rc->route.formats == DECODE_TEXT)
		problem(k, config_route_line(rc, "decode"), rc->decode,
				"is no way to decode; take check, check text, or none");
	else if (none)
		check_passing(k, rc);
}

static void check_commands(const struct check *k, struct route_config *rc)
{
	for (size_t i = 0; i < rc->commands.count; i++) {
		struct settings_line words = { .file = k->config->file,
			.number = rc->commands.lines[i],
			.report = k->report,
			.rest = span_of_text(rc->commands.texts[i]) };

		while (words.rest.len > 0) {
			struct span name = settings_word(&words);
			enum command_kind kind;

			if (command_find(name, &kind))
				rc->route.commands |= 1u << kind;
			else
				settings_error(&words, name,
						"is no command; take downtime, acknowledge, "
						"remove_acknowledgement, comment");
		}
	}
}

static void check_template(const struct check *k, const struct route_config *rc, const char *key,
		const char *text, struct template *into)
{
	struct str why = { 0 };

	if (!template_parse(span_of_text(text), key, into, &why))
		problem(k, config_route_line(rc, key), text, str_text(&why));
	str_finish(&why);
}

static void check_route(const struct check *k, struct route_config *rc)
{
	const struct text_list *filters = &rc->route.filters;

	if (filters->count == 0)
		problem(k, rc->line, "route", "names no topic filter; write: route nagios/#");
	for (size_t i = 0; i < filters->count; i++) {
		if (!topic_filter_valid(span_of_text(filters->texts[i])))
			problem(k, rc->line, filters->texts[i],
					"is no topic filter; + and # stand alone in their level, # "
					"comes last");
	}
	check_targets(k, rc);
	check_decode(k, rc);
	check_commands(k, rc);
	check_template(k, rc, "host", rc->host, &rc->route.host);
	check_template(k, rc, "service", rc->service, &rc->route.service);
	rc->route.naming =
			hash_span(hash_span(0, span_of_text(rc->host)), span_of_text(rc->service));
	rc->route.silence = (struct silence_rule){
		.ttl = (int64_t)rc->ttl,
		.becomes = (enum check_state)rc->on_silence,
	};
	rc->route.will_delay = seconds((int64_t)rc->will_delay);
}

static void add_words(struct text_list *into, const struct text_list *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		submit_add_words(into, span_of_text(lines->texts[i]));
}

static void check_submit(const struct check *k, struct submit_config *s)
{
	struct settings_line at = { .file = k->config->file, .report = k->report };
	struct submit_rule *r = &s->rule;
	struct span wrong;

	add_words(&r->users, &s->users);
	add_words(&r->clients, &s->clients);
	add_words(&r->hosts, &s->hosts);
	add_words(&r->services, &s->services);
	for (size_t i = 0; i < s->addresses.count; i++) {
		at.number = s->addresses.lines[i];
		if (!submit_add_addresses(r, span_of_text(s->addresses.texts[i]), &wrong))
			settings_error(&at, wrong,
					"is no address and no network; write 10.1.0.0/16, "
					"2001:db8::/32 or an address");
	}
	for (size_t i = 0; i < s->kinds.count; i++) {
		at.number = s->kinds.lines[i];
		if (!submit_add_kinds(r, span_of_text(s->kinds.texts[i]), &wrong))
			settings_error(&at, wrong,
					"is nothing that can be submitted; take service, host, "
					"state, command");
	}
}

static bool is_reached(const struct config *c, size_t output)
{
	for (size_t i = 0; i < c->route_count; i++) {
		if (route_leads_to(&c->route_configs[i]->route, output))
			return true;
	}
	return false;
}

/* Its plugin was looked for where the file says only later. */
static void check_plugin_dir(const struct check *k, const struct output_config *o)
{
	if (o->class->encode_record != NULL && config_line(k->config, "plugin_dir") > o->line)
		keyword_problem(k, "plugin_dir",
				"comes too late for the outputs above it; move it to the top");
}

/* Each takes back what a full disk tore and renames what has grown, as if it were alone. */
static void check_written(const struct check *k, size_t index)
{
	struct config *c = k->config;
	const char *path = c->outputs[index]->writes;
	struct str what = { 0 };

	for (size_t i = 0; i < index; i++) {
		const char *other = c->outputs[i]->writes;

		if (path == NULL || other == NULL || strcmp(path, other) != 0)
			continue;
		str_clear(&what);
		str_printf(&what, "is the file of the output %s already; take another",
				c->outputs[i]->name);
		problem(k, c->outputs[index]->line, path, str_text(&what));
	}
	str_finish(&what);
}

static void check_output(const struct check *k, size_t index)
{
	struct config *c = k->config;
	struct output_config *o = c->outputs[index];
	struct str why = { 0 };

	if (!is_reached(c, index))
		problem(k, o->line, o->name,
				"no route leads to this output; add a block: route nagios/# and "
				"below it: to, with its name");
	check_plugin_dir(k, o);
	o->class->check(o, c->state_dir != NULL ? c->state_dir : "", &why);
	if (why.len > 0)
		problem(k, o->line, o->name, str_text(&why));
	str_finish(&why);
	check_written(k, index);
}

bool config_check(struct config *c, struct settings_report *report)
{
	struct check k = { c, report };

	if (c->broker_count == 0 && !c->broker_refused)
		problem(&k, 0, "broker", "is missing; add a line: broker mqtt://127.0.0.1");
	config_check_brokers(c, report);
	check_client_id(&k);
	if (c->state_dir != NULL && c->state_dir[0] != '/')
		keyword_problem(&k, "state_dir", "is not absolute; write the path from / on");
	check_log(&k);
	check_http(&k);
	if (c->output_count == 0 && c->outputs_refused.count == 0)
		problem(&k, 0, "output", "there is none; add a block: output nagios command_file");
	if (c->route_count == 0)
		problem(&k, 0, "route", "there is none; add a block: route nagios/#");
	for (size_t i = 0; i < c->route_count; i++)
		check_route(&k, c->route_configs[i]);
	for (size_t i = 0; i < c->output_count; i++)
		check_output(&k, i);
	c->submits = xcalloc(c->submit_count + 1, sizeof(*c->submits));
	for (size_t i = 0; i < c->submit_count; i++) {
		check_submit(&k, c->submit_configs[i]);
		c->submits[i] = c->submit_configs[i]->rule; /* shares what the block owns */
	}
	c->routes = xcalloc(c->route_count + 1, sizeof(*c->routes));
	for (size_t i = 0; i < c->route_count; i++)
		c->routes[i] = c->route_configs[i]->route; /* shares what the block owns */
	return report->errors == 0;
}
