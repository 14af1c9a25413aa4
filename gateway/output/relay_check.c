/* SPDX-License-Identifier: MIT */
#include "common/secret.h"
#include "common/tls.h"
#include "common/topic.h"
#include "gateway/output/relay_impl.h"
#include "gateway/plugin/stream.h"
#include "gateway/rules/tls_oldest.h"

/* Each line may name several filters. */
static void split_filters(const struct text_list *lines, const char *keyword,
		struct text_list *into, struct str *problem)
{
	for (size_t i = 0; i < lines->count; i++) {
		struct settings_line words = { .rest = span_of_text(lines->texts[i]) };

		while (words.rest.len > 0) {
			struct span word = settings_word(&words);

			text_list_add(into, word);
			if (!topic_filter_valid(word) && problem->len == 0)
				str_printf(problem,
						"%s %.*s is no topic filter; + and # stand alone "
						"in their level, # comes last",
						keyword, SPAN_ARGS(word));
		}
	}
}

static void check_template(const char *name, const char *text, struct record_template *into,
		struct str *problem)
{
	struct str why = { 0 };

	if (problem->len == 0 && !record_template_parse(span_of_text(text), into, &why))
		str_printf(problem, "%s: %s", name, str_text(&why));
	str_finish(&why);
}

/* Of a message nobody has read the payload yet. */
static void check_host(struct relay_config *c, struct str *problem)
{
	struct str why = { 0 };

	if (c->host == NULL || problem->len > 0)
		return;
	if (!template_parse(span_of_text(c->host), "host", &c->host_template, &why))
		str_printf(problem, "host: %s", str_text(&why));
	else if (c->host_template.from_payload)
		str_append_text(problem, "host: a relay makes it of the topic only: ${topic[N]}, "
					 "${topic[N..M]}, ${topic[N..]}");
	str_finish(&why);
}

static void check_templates(struct relay_config *c, const struct plugin *p, struct str *problem)
{
	if ((c->schema == SCHEMA_TEMPLATE) != (c->template != NULL) && problem->len == 0)
		str_append_text(problem, c->template != NULL
							 ? "template goes with schema template only"
							 : "schema template needs a line: template "
							   "TEXT");
	if (c->template != NULL)
		check_template("template", c->template, &c->text, problem);
	for (size_t i = 0; i < p->template_count; i++) {
		const char *name = "";
		const char *text = plugin_settings_template(p, c->slots, i, &name);

		check_template(name, text != NULL ? text : "", &c->templates[i], problem);
	}
}

struct relay_tls relay_tls_of(const struct relay_config *c)
{
	return (struct relay_tls){ .cafile = c->cafile,
		.capath = c->capath,
		.certfile = c->certfile,
		.keyfile = c->keyfile,
		.crlfile = c->crlfile,
		.tls_version = tls_oldest_word((enum tls_oldest)c->tls_version),
		.insecure = c->tls_insecure };
}

/* Are the files there, and do they fit together? */
static void check_tls(const struct relay_config *c, struct str *problem)
{
	struct relay_tls tls = relay_tls_of(c);
	struct tls_settings settings = stream_tls_settings(&tls);
	struct str warning = { 0 };

	tls_context_unref(tls_client_create(&settings, problem, &warning));
	str_finish(&warning);
}

static void digest_files(struct relay_config *c, const struct plugin *p)
{
	const char *const files[] = { c->cafile, c->capath, c->crlfile, c->certfile, c->keyfile };

	for (size_t i = 0; i < array_size(files); i++)
		secret_digest(files[i], &c->output.files);
	plugin_settings_digest(p, c->slots, &c->output.files);
	c->output.files ^= p->digest;
}

static void check_plugin(const struct relay_config *c, const struct plugin *p, struct str *problem)
{
	struct plugin_config *config = plugin_config_create(p, c->slots, problem);
	char why[RELAY_REASON] = "";

	if (config != NULL && p->relay->check != NULL &&
			!p->relay->check(plugin_config_struct(config), why)) {
		why[RELAY_REASON - 1] = '\0';
		str_append_text(problem, why[0] != '\0' ? why : "the plugin refuses its settings");
	}
	plugin_config_destroy(config);
}

void relay_check(struct output_config *output, const char *state_dir, struct str *problem)
{
	struct relay_config *c = container_of(output, struct relay_config, output);
	const struct plugin *p = relay_type_of(output->class)->plugin;
	struct str path = { 0 };

	if (c->dead_letters == NULL) {
		str_printf(&path, "%s/%s.dead", state_dir, output->name);
		c->dead_letters = str_take(&path);
	}
	output->writes = c->dead_letters;
	if (c->dead_letters[0] != '/')
		str_printf(problem, "dead_letters %s is not absolute; write the path from / on",
				c->dead_letters);
	if (output->when_full != BACKLOG_BLOCK && output->queue_records == 0)
		str_append_text(problem, "when_full drops nothing without a bound; add a line: "
					 "queue_records 1000000");
	split_filters(&c->topics, "topics", &c->topic_filters, problem);
	split_filters(&c->excludes, "exclude", &c->exclude_filters, problem);
	check_host(c, problem);
	check_templates(c, p, problem);
	if (problem->len == 0 && (p->relay->flags & RELAY_USES_TLS))
		check_tls(c, problem);
	if (problem->len == 0 && !plugin_settings_lack(p, c->slots, &output->lines))
		check_plugin(c, p, problem);
	digest_files(c, p);
}

void relay_finish(struct output_config *output)
{
	struct relay_config *c = container_of(output, struct relay_config, output);

	record_template_finish(&c->text);
	template_finish(&c->host_template);
	for (size_t i = 0; i < array_size(c->templates); i++)
		record_template_finish(&c->templates[i]);
	text_list_finish(&c->topic_filters);
	text_list_finish(&c->exclude_filters);
}
