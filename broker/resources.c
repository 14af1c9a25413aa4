/* SPDX-License-Identifier: MIT */
#include "broker/resources.h"

#include "common/mem.h"

/* Port and address; several that let the kernel choose a port are numbered. */
static char *name_of(
		const struct resources *r, const struct listener_config *listener, const char *host)
{
	struct str name = { 0 };
	size_t len;

	str_printf(&name, "%u%s%s", (unsigned)listener->port, host != NULL ? " " : "",
			host != NULL ? host : "");
	len = name.len;
	for (unsigned n = 2; resources_find(r, str_text(&name)) != NULL; n++) {
		str_truncate(&name, len);
		str_printf(&name, " (%u)", n);
	}
	return str_take(&name);
}

/* Errors go into the report; what could be made stays. */
static void open_listener(struct resources *r, const struct config *config,
		const struct listener_config *listener, const char *host,
		struct settings_report *report)
{
	struct listener_resources *l = &r->listeners[r->count];

	(void)report;
	*l = (struct listener_resources){ .config = listener, .host = host };
	l->name = name_of(r, listener, host);
	r->count++;
	l->policy = config_policy(config, listener);
}

bool resources_open(
		struct resources *r, const struct config *config, struct settings_report *report)
{
	unsigned errors = report->errors;

	*r = (struct resources){ 0 };
	r->listeners = xcalloc(config->listener_count + 1, sizeof(*r->listeners));
	if (config->is_local_only)
		open_listener(r, config, &config->first, "localhost", report);
	else if (config->first.port > 0)
		open_listener(r, config, &config->first, config->first.address, report);
	for (size_t i = 0; i < config->listener_count; i++)
		open_listener(r, config, config->listeners[i], config->listeners[i]->address,
				report);
	if (report->errors == errors)
		return true;
	resources_close(r);
	return false;
}

void resources_close(struct resources *r)
{
	for (size_t i = 0; i < r->count; i++) {
		policy_unref(r->listeners[i].policy);
		free(r->listeners[i].name);
	}
	free(r->listeners);
	*r = (struct resources){ 0 };
}

const struct listener_resources *resources_find(const struct resources *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(r->listeners[i].name, name) == 0)
			return &r->listeners[i];
	}
	return NULL;
}
