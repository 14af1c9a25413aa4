/* SPDX-License-Identifier: MIT */
#include "gateway/reload.h"

#include "common/log.h"
#include "gateway/config_tables.h"
#include "gateway/output/sink.h"

/* Two versions of one section of the configuration. */
struct comparison {
	const void *before, *after;
	const char *section; /* "", "output nagios: " */
};

static bool urls_equal(const struct url *a, const struct url *b)
{
	struct str one = { 0 }, other = { 0 };
	bool equal;

	url_format(a, &one);
	url_format(b, &other);
	equal = span_equal(str_span(&one), str_span(&other));
	str_finish(&one);
	str_finish(&other);
	return equal;
}

bool reload_changes_nothing(const struct config *before, const struct config *after)
{
	if (before->text != after->text || before->broker_count != after->broker_count)
		return false;
	for (size_t i = 0; i < after->broker_count; i++) {
		if (before->brokers[i].files != after->brokers[i].files)
			return false;
	}
	/* The text being the same, so are the outputs. */
	for (size_t i = 0; i < after->output_count; i++) {
		if (before->outputs[i]->files != after->outputs[i]->files)
			return false;
	}
	return true;
}

static void tell_change(void *owner, const struct setting *s)
{
	const struct comparison *c = owner;
	struct str before = { 0 }, after = { 0 };

	setting_print(s, c->before, &before);
	setting_print(s, c->after, &after);
	log_notice("reload: %s%s changes from %s to %s", c->section, s->name, str_text(&before),
			str_text(&after));
	str_finish(&before);
	str_finish(&after);
}

static void tell_section(const struct setting *table, const void *before, const void *after,
		const char *section)
{
	struct comparison c = { before, after, section };

	settings_compare(table, before, after, &c, tell_change);
}

/* --- brokers -------------------------------------------------------------------------------- */

static const struct broker_config *find_broker(const struct config *c, const struct url *url)
{
	for (size_t i = 0; i < c->broker_count; i++) {
		if (urls_equal(&c->brokers[i].url, url))
			return &c->brokers[i];
	}
	return NULL;
}

static bool users_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void tell_broker(const struct broker_config *before, const struct broker_config *after,
		const char *name)
{
	struct str section = { 0 };

	if (before == NULL) {
		log_notice("reload: %s is new", name);
		return;
	}
	str_printf(&section, "%s: ", name);
	tell_section(config_broker_settings, &before->access, &after->access, str_text(&section));
	if (!users_equal(before->url.user, after->url.user))
		log_notice("reload: %s: the user changes from %s to %s", name,
				before->url.user != NULL ? before->url.user : "none",
				after->url.user != NULL ? after->url.user : "none");
	if (before->files != after->files)
		log_notice("reload: %s: password, key or certificates have changed", name);
	str_finish(&section);
}

static void tell_brokers(const struct config *before, const struct config *after)
{
	struct str name = { 0 };

	for (size_t i = 0; i < after->broker_count; i++) {
		const struct broker_config *b = &after->brokers[i];

		str_clear(&name);
		str_append_text(&name, "broker ");
		url_format(&b->url, &name);
		tell_broker(find_broker(before, &b->url), b, str_text(&name));
	}
	for (size_t i = 0; i < before->broker_count; i++) {
		if (find_broker(after, &before->brokers[i].url) != NULL)
			continue;
		str_clear(&name);
		url_format(&before->brokers[i].url, &name);
		log_warn("reload: broker %s is gone; the session of %s there goes on queueing "
			 "until "
			 "session_expiry is over",
				str_text(&name), before->client_id);
	}
	str_finish(&name);
}

/* --- outputs and routes --------------------------------------------------------------------- */

static const struct output_config *find_output(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->output_count; i++) {
		if (strcmp(c->outputs[i]->name, name) == 0)
			return c->outputs[i];
	}
	return NULL;
}

/* A plugin is loaded anew, and may by now be another one of the same name. */
static bool is_same_type(const struct sink_class *a, const struct sink_class *b)
{
	const struct setting *x = a->settings, *y = b->settings;

	if (a == b)
		return true;
	for (; x->name != NULL && y->name != NULL; x++, y++) {
		if (strcmp(x->name, y->name) != 0 || x->kind != y->kind || x->offset != y->offset)
			return false;
	}
	return x->name == y->name && strcmp(a->type, b->type) == 0;
}

static void tell_output(const struct output_config *before, const struct output_config *after)
{
	struct str section = { 0 };

	if (before == NULL) {
		log_notice("reload: output \"%s\" is new; it gets what comes from now on",
				after->name);
	} else if (!is_same_type(before->class, after->class)) {
		log_notice("reload: output \"%s\" changes from %s to %s", after->name,
				before->class->type, after->class->type);
	} else {
		str_printf(&section, "output \"%s\": ", after->name);
		tell_section(after->class->settings, before, after, str_text(&section));
		if (before->files != after->files)
			log_notice("reload: %splugin, password, key or certificates have changed",
					str_text(&section));
	}
	str_finish(&section);
}

static void tell_outputs(const struct config *before, const struct config *after)
{
	for (size_t i = 0; i < after->output_count; i++)
		tell_output(find_output(before, after->outputs[i]->name), after->outputs[i]);
	for (size_t i = 0; i < before->output_count; i++) {
		if (find_output(after, before->outputs[i]->name) == NULL)
			log_warn("reload: output \"%s\" is gone, with what it had not delivered",
					before->outputs[i]->name);
	}
}

static void format_filters(const struct route_config *r, struct str *into)
{
	str_append_text(into, "route");
	for (size_t i = 0; i < r->route.filters.count; i++)
		str_printf(into, " %s", r->route.filters.texts[i]);
}

/* The one with the same filters; of several, the first. */
static const struct route_config *find_route(const struct config *c, const struct route_config *r)
{
	const struct route_config *found = NULL;
	struct str wanted = { 0 }, filters = { 0 };

	format_filters(r, &wanted);
	for (size_t i = 0; i < c->route_count && found == NULL; i++) {
		str_clear(&filters);
		format_filters(c->route_configs[i], &filters);
		if (span_equal(str_span(&filters), str_span(&wanted)))
			found = c->route_configs[i];
	}
	str_finish(&wanted);
	str_finish(&filters);
	return found;
}

static void tell_routes(const struct config *before, const struct config *after)
{
	struct str name = { 0 };

	for (size_t i = 0; i < after->route_count; i++) {
		const struct route_config *new = after->route_configs[i];
		const struct route_config *old = find_route(before, new);

		str_clear(&name);
		format_filters(new, &name);
		if (old == NULL) {
			log_notice("reload: %s is new", str_text(&name));
			continue;
		}
		str_append_text(&name, ": ");
		tell_section(config_route_settings, old, new, str_text(&name));
	}
	for (size_t i = 0; i < before->route_count; i++) {
		str_clear(&name);
		format_filters(before->route_configs[i], &name);
		if (find_route(after, before->route_configs[i]) == NULL)
			log_notice("reload: %s is gone", str_text(&name));
	}
	str_finish(&name);
}

/* --- who may submit ------------------------------------------------------------------------- */

static const struct submit_config *find_submit(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->submit_count; i++) {
		if (strcmp(c->submit_configs[i]->rule.name, name) == 0)
			return c->submit_configs[i];
	}
	return NULL;
}

static void tell_submits(const struct config *before, const struct config *after)
{
	struct str section = { 0 };

	for (size_t i = 0; i < after->submit_count; i++) {
		const struct submit_config *new = after->submit_configs[i];
		const struct submit_config *old = find_submit(before, new->rule.name);

		str_clear(&section);
		str_printf(&section, "submit \"%s\": ", new->rule.name);
		if (old == NULL)
			log_notice("reload: submit \"%s\" is new", new->rule.name);
		else
			tell_section(config_submit_settings, old, new, str_text(&section));
	}
	for (size_t i = 0; i < before->submit_count; i++) {
		const char *name = before->submit_configs[i]->rule.name;

		if (find_submit(after, name) == NULL)
			log_notice("reload: submit \"%s\" is gone", name);
	}
	str_finish(&section);
}

void reload_tell_changes(const struct config *before, const struct config *after)
{
	tell_section(config_global_settings, before, after, "");
	tell_brokers(before, after);
	tell_outputs(before, after);
	tell_routes(before, after);
	tell_submits(before, after);
	log_lines(LOG_TYPE_WARNING, "reload", str_span(&after->kept));
}
