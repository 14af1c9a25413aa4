/* SPDX-License-Identifier: MIT */
#include "plugins/http/label.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "plugins/severity.h"
#include "plugins/text.h"

enum { MOST_LABELS = 14 }; /* Loki's own limit is 15, one of them is the job */

static struct span host_of(const struct relay_record *record, const char *gateway)
{
	(void)gateway;
	return text_span(record->host);
}

static struct span service_of(const struct relay_record *record, const char *gateway)
{
	(void)gateway;
	return text_span(record->service);
}

static struct span state_of(const struct relay_record *record, const char *gateway)
{
	const struct severity_state *state = severity_state_of(record);

	(void)gateway;
	return span_of_text(state != NULL ? state->word : "");
}

static struct span topic_of(const struct relay_record *record, const char *gateway)
{
	(void)gateway;
	return text_span(record->topic);
}

static struct span user_of(const struct relay_record *record, const char *gateway)
{
	(void)gateway;
	return text_span(record->user);
}

static struct span gateway_of(const struct relay_record *record, const char *gateway)
{
	(void)record;
	return span_of_text(gateway);
}

static const struct {
	const char *name;
	struct span (*value)(const struct relay_record *record, const char *gateway);
} sources[] = {
	{ "host", host_of },
	{ "service", service_of },
	{ "state", state_of },
	{ "topic", topic_of },
	{ "user", user_of },
	{ "gateway", gateway_of },
};

/* Loki leaves out a label that is empty, too. */
static void append_label(struct str *into, struct span name, struct span value)
{
	if (value.len == 0)
		return;
	if (into->text[into->len - 1] != '{')
		str_append_byte(into, ',');
	str_append_byte(into, '"');
	str_append(into, name);
	str_append_text(into, "\":");
	json_append_string(into, value);
}

static void append_wanted(struct str *into, const char *text, const char *gateway,
		const struct relay_record *record)
{
	struct span value = span_of_text(text), name = span_cut(&value, '=');

	if (value.data != NULL) {
		append_label(into, name, value);
		return;
	}
	for (size_t i = 0; i < array_size(sources); i++)
		if (span_equal_text(name, sources[i].name))
			append_label(into, name, sources[i].value(record, gateway));
}

static bool names_job(const struct relay_list *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		if (strncmp(labels->texts[i], "job=", 4) == 0)
			return true;
	return false;
}

void label_append_set(struct str *into, const struct relay_list *labels, const char *gateway,
		const struct relay_record *record)
{
	str_append_byte(into, '{');
	if (!names_job(labels))
		append_label(into, span_of_text("job"), span_of_text("belfry"));
	for (size_t i = 0; i < labels->count; i++)
		append_wanted(into, labels->texts[i], gateway, record);
	if (labels->count == 0) {
		append_wanted(into, "host", gateway, record);
		append_wanted(into, "service", gateway, record);
	}
	str_append_byte(into, '}');
}

/* [a-zA-Z_][a-zA-Z0-9_]*, and not the names that begin with two underlines, which are Loki's. */
static bool is_name(struct span name)
{
	if (name.len == 0 || (name.data[0] >= '0' && name.data[0] <= '9'))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
				    name.data[i]) == NULL ||
				name.data[i] == '\0')
			return false;
	return !span_starts_with(name, span_of_text("__"));
}

static bool is_source(struct span name)
{
	for (size_t i = 0; i < array_size(sources); i++)
		if (span_equal_text(name, sources[i].name))
			return true;
	return false;
}

static bool is_given_before(const struct relay_list *labels, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++) {
		struct span rest = span_of_text(labels->texts[i]);

		if (span_equal(span_cut(&rest, '='), name))
			return true;
	}
	return false;
}

bool label_check(const struct http_config *config, char problem[RELAY_REASON])
{
	for (size_t i = 0; i < config->labels.count; i++) {
		const char *text = config->labels.texts[i];
		struct span value = span_of_text(text), name = span_cut(&value, '=');
		const char *wrong = NULL;

		if (!is_name(name))
			wrong = "a label's name is made of letters, digits and underlines";
		else if (value.data == NULL && !is_source(name))
			wrong = "a label is host, service, state, topic, user, gateway, or "
				"NAME=VALUE";
		else if (value.data != NULL && value.len == 0)
			wrong = "there is nothing behind the =";
		else if (is_given_before(&config->labels, i, name))
			wrong = "that label is given twice";
		if (wrong != NULL) {
			snprintf(problem, RELAY_REASON, "label %.100s: %s", text, wrong);
			return false;
		}
	}
	if (config->labels.count > MOST_LABELS)
		snprintf(problem, RELAY_REASON, "Loki takes at most %d labels beside job",
				MOST_LABELS);
	return config->labels.count <= MOST_LABELS;
}
