/* SPDX-License-Identifier: MIT */
#include "broker/reload.h"

#include "broker/bridges.h"
#include "broker/certificates.h"
#include "broker/config_tables.h"
#include "broker/io/address_limit.h"
#include "broker/io/connection.h"
#include "broker/io/listener.h"
#include "broker/observe.h"
#include "common/mem.h"

/* Two versions of one section of the configuration. */
struct comparison {
	const void *before, *after;
	const char *section; /* for the log: "", "listener 1883: " */
};

static void tell_change(void *owner, const struct setting *s)
{
	const struct comparison *c = owner;
	struct str before = { 0 }, after = { 0 };

	setting_print(s, c->before, &before);
	setting_print(s, c->after, &after);
	if (s->flags & SETTING_RESTART)
		log_warn("reload: %s%s changes from %s to %s at the next start", c->section,
				s->name, str_text(&before), str_text(&after));
	else
		log_notice("reload: %s%s changes from %s to %s", c->section, s->name,
				str_text(&before), str_text(&after));
	str_finish(&before);
	str_finish(&after);
}

static void tell_changes_of(const struct setting *table, const void *before, const void *after,
		const char *section)
{
	struct comparison c = { .before = before, .after = after, .section = section };

	settings_compare(table, before, after, &c, tell_change);
}

static void tell_listener_change(const struct reloadable *r, const struct listener_resources *new)
{
	const struct listener_resources *old = resources_find(r->resources, new->name);
	struct str section = { 0 };

	if (listener_find(r->listeners, new->name) == NULL) {
		log_warn("reload: listener %s is new in the configuration; it is opened at the "
			 "next start",
				new->name);
	} else if (old == NULL) {
		log_notice("reload: listener %s is back in the configuration; it has been open all "
			   "along",
				new->name);
	} else if (old->config != &(*r->config)->first) { /* that is told with the rest */
		str_printf(&section, "listener %s: ", new->name);
		tell_changes_of(config_listener_settings, old->config, new->config,
				str_text(&section));
		str_finish(&section);
	}
}

/*
 * Held against what is open, which several reloads do not change: a listener that one of them
 * brought and the next took away was never there.
 */
static void tell_listener_changes(const struct reloadable *r, const struct resources *fresh)
{
	for (const struct listener *l = r->listeners; l != NULL; l = l->next) {
		/* Once for all sockets of the name. */
		if (resources_find(fresh, l->name) == NULL &&
				listener_find(l->next, l->name) == NULL)
			log_warn("reload: listener %s is gone from the configuration; it is "
				 "closed at the next start",
					l->name);
	}
	for (size_t i = 0; i < fresh->count; i++)
		tell_listener_change(r, &fresh->listeners[i]);
}

static void tell_bridge_changes(const struct config *before, const struct config *after)
{
	for (size_t i = 0; i < after->bridge_count; i++) {
		const struct bridge_config *new = after->bridges[i], *old = NULL;
		struct str section = { 0 };

		for (size_t k = 0; k < before->bridge_count && old == NULL; k++) {
			if (strcmp(before->bridges[k]->name, new->name) == 0)
				old = before->bridges[k];
		}
		str_printf(&section, "connection %s: ", new->name);
		if (old != NULL)
			tell_changes_of(config_bridge_settings, old, new, str_text(&section));
		else
			log_notice("reload: connection %s is new", new->name);
		str_finish(&section);
	}
}

static void log_report(const struct settings_report *report)
{
	log_lines(LOG_TYPE_ERROR, "reload", str_span(&report->text));
	log_error("reload: %u error%s; everything stays as it was", report->errors,
			report->errors == 1 ? "" : "s");
}

/* A reload does not change where the broker listens: its listeners take what is meant for them. */
static void apply_to_listeners(const struct reloadable *r, const struct resources *fresh)
{
	for (struct listener *l = r->listeners; l != NULL; l = l->next) {
		const struct listener_resources *new = resources_find(fresh, l->name);
		struct listener_options options;

		if (new == NULL)
			continue;
		reactor_change_policy(r->reactor, l->policy, new->policy);
		options = resources_options(new);
		listener_change(l, &options);
	}
}

/* The log is opened anew: a program may have moved its file away. */
static bool reopen_log(const struct config *config, struct settings_report *report)
{
	struct log_config log = config_log(config);
	int error = log_open(&log);

	if (error < 0)
		config_keyword_error(report, config_global_settings, &config->lines, "log_dest",
				strerror(-error));
	return error == 0;
}

static void apply(const struct reloadable *r, struct config *config, struct resources *fresh)
{
	r->reactor->shard->observer =
			observe_core(config->connection_messages, log_enabled(LOG_TYPE_DEBUG));
	r->reactor->shard->limits = &config->limits;
	r->reactor->max_connections = config->global_max_connections;
	address_limit_set(r->reactor->limit, config->address_limits);
	sys_set_interval(r->sys, config->sys_interval);
	apply_to_listeners(r, fresh);
	sys_set_certificate_expiry(r->sys, certificates_expiry(r->listeners));
	bridges_apply(r->bridges, fresh, *r->config, config);
	reactor_dismiss(r->reactor);
	resources_close(r->resources);
	*r->resources = *fresh;
	config_destroy(*r->config);
	*r->config = config;
}

bool reload(const struct reloadable *r)
{
	struct settings_report report = { 0 };
	struct config *config = config_load_again(*r->config, &report);
	struct resources fresh = { 0 };
	bool ok = config != NULL && resources_open(&fresh, config, &report) &&
		  reopen_log(config, &report);

	if (ok) {
		tell_changes_of(config_global_settings, *r->config, config, "");
		tell_listener_changes(r, &fresh);
		certificates_tell_changes(r->listeners, &fresh);
		tell_bridge_changes(*r->config, config);
		apply(r, config, &fresh);
		log_notice("reload: the new configuration is in effect");
	} else {
		log_report(&report);
	}
	if (!ok) {
		resources_close(&fresh);
		config_destroy(config);
	}
	str_finish(&report.text);
	return ok;
}
