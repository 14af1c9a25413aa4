/* SPDX-License-Identifier: MIT */
#include "broker/resources.h"

#include <sys/stat.h>

#include "broker/config_tables.h"
#include "broker/core/acl_parse.h"
#include "broker/core/password_file.h"
#include "broker/listener_tls.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/settings_file.h"

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

/* A file that a security keyword of the listener names cannot be read. */
static void file_error(const struct config *config, const struct listener_config *listener,
		const char *keyword, const char *path, int error, struct settings_report *report)
{
	bool is_own = config_security(config, listener) == &listener->security;
	struct str what = { 0 };

	str_printf(&what, "%s cannot be read: %s", path, strerror(-error));
	config_keyword_error(report,
			is_own ? config_listener_table(config) : config_global_settings,
			is_own ? &listener->lines : &config->lines, keyword, str_text(&what));
	str_finish(&what);
}

/* As Mosquitto, which will refuse such a file one day. */
static void warn_of_mode(const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)) != 0)
		log_warn("password_file %s: is open to everybody; run: chmod o-rw %s", path, path);
}

/* The users of password_file, or NULL; listeners with the same settings share them. */
static struct password_file *open_passwords(const struct resources *r, const struct config *config,
		const struct listener_config *listener, struct settings_report *report)
{
	const struct security_config *security = config_security(config, listener);
	const char *path = security->password_file;
	struct str text = { 0 };
	struct password_file *file = NULL;
	int error;

	for (size_t i = 0; i < r->count; i++) {
		struct password_file *known = r->listeners[i].policy->passwords;

		if (config_security(config, r->listeners[i].config) == security)
			return known != NULL ? password_file_ref(known) : NULL;
	}
	if (path == NULL)
		return NULL;
	error = settings_read_file(path, &text);
	if (error < 0) {
		file_error(config, listener, "password_file", path, error, report);
	} else {
		warn_of_mode(path);
		file = password_file_parse(str_span(&text), path, hash_seed(), report);
	}
	wipe(text.text, text.len);
	str_finish(&text);
	return file;
}

/* The rules of acl_file, or NULL; listeners with the same settings share them. */
static struct acl *open_acl(const struct resources *r, const struct config *config,
		const struct listener_config *listener, struct settings_report *report)
{
	const struct security_config *security = config_security(config, listener);
	struct str text = { 0 };
	struct acl *acl = NULL;
	int error;

	for (size_t i = 0; i < r->count; i++) {
		struct acl *known = r->listeners[i].policy->acl;

		if (config_security(config, r->listeners[i].config) == security)
			return known != NULL ? acl_ref(known) : NULL;
	}
	if (security->acl_file == NULL)
		return NULL;
	error = settings_read_file(security->acl_file, &text);
	if (error < 0)
		file_error(config, listener, "acl_file", security->acl_file, error, report);
	else
		acl = acl_parse(str_span(&text), security->acl_file, hash_seed(), report);
	str_finish(&text);
	return acl;
}

/* Mosquitto 2 lets nobody in there either, and it is what a first configuration runs into. */
static void warn_of_nobody(const struct listener_resources *l)
{
	const struct listener_config *c = l->config;

	if (l->policy->allow_anonymous || c->psk_hint != NULL || c->use_identity_as_username ||
			c->use_subject_as_username || c->protocol == PROTOCOL_HTTP_API)
		return;
	log_warn("listener %s: nobody can log in there: give it a password_file, or "
		 "allow_anonymous true",
			l->name);
}

/* Errors go into the report; what could be made stays. */
static void open_listener(struct resources *r, const struct config *config,
		const struct listener_config *listener, const char *host,
		struct settings_report *report)
{
	struct listener_resources *l = &r->listeners[r->count];
	struct password_file *passwords = open_passwords(r, config, listener, report);
	struct acl *acl = open_acl(r, config, listener, report);

	*l = (struct listener_resources){ .config = listener, .host = host };
	l->name = name_of(r, listener, host);
	r->count++;
	l->policy = config_policy(config, listener);
	l->policy->listener = xstrdup(l->name);
	l->policy->passwords = passwords;
	policy_set_acl(l->policy, acl);
	acl_unref(acl);
	listener_tls_open(config, listener, l->name, report, &l->tls);
	if (listener->protocol == PROTOCOL_WEBSOCKETS)
		l->websocket = http_upgrade_rules_create(&listener->websockets_origin,
				config->websockets_headers_size > 0
						? config->websockets_headers_size
						: HTTP_UPGRADE_SIZE);
	if (config_security(config, listener)->password_file == NULL)
		warn_of_nobody(l);
}

static struct bridge_plan *open_bridge(struct resources *r, const struct config *config,
		const struct bridge_config *bridge, struct settings_report *report)
{
	struct settings_line line = {
		.file = bridge->file, .number = bridge->line, .report = report
	};
	struct bridge_plan *plan = bridge_plan_create(bridge, report);

	for (size_t i = 0; plan != NULL && i < r->bridge_count; i++) {
		if (r->bridges[i] != NULL &&
				strcmp(r->bridges[i]->local_client_id, plan->local_client_id) == 0)
			settings_error(&line, span_of_text(plan->local_client_id),
					"is the client identifier here of another connection too; "
					"set another local_clientid");
	}
	/* Without a name of its own it may do everything, as a bridge of Mosquitto. */
	if (plan != NULL && bridge->local_username != NULL && !config->per_listener_settings &&
			r->count > 0)
		policy_set_acl(plan->policy, r->listeners[0].policy->acl);
	return plan;
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
	r->bridges = xcalloc(config->bridge_count + 1, sizeof(*r->bridges));
	for (size_t i = 0; i < config->bridge_count; i++) {
		r->bridges[i] = open_bridge(r, config, config->bridges[i], report);
		r->bridge_count++;
	}
	if (report->errors == errors)
		return true;
	resources_close(r);
	return false;
}

void resources_close(struct resources *r)
{
	for (size_t i = 0; i < r->count; i++) {
		policy_unref(r->listeners[i].policy);
		tls_context_unref(r->listeners[i].tls);
		http_upgrade_rules_unref(r->listeners[i].websocket);
		free(r->listeners[i].name);
	}
	free(r->listeners);
	for (size_t i = 0; i < r->bridge_count; i++)
		bridge_plan_destroy(r->bridges[i]);
	free(r->bridges);
	*r = (struct resources){ 0 };
}

static int family_of(const struct listener_config *l)
{
	return l->socket_domain == DOMAIN_IPV4	 ? AF_INET
	       : l->socket_domain == DOMAIN_IPV6 ? AF_INET6
						 : AF_UNSPEC;
}

/* Of a client's TLS to the proxy there is to tell only when it does not come through to us. */
static struct proxy_rules proxy_rules_of(const struct listener_config *l)
{
	bool ends_there = l->certfile == NULL && l->psk_hint == NULL;

	return (struct proxy_rules){ .version = (enum proxy_version)l->enable_proxy_protocol,
		.require_tls = l->proxy_protocol_v2_require_tls,
		.require_certificate = ends_there && l->require_certificate,
		.use_identity = ends_there && l->use_identity_as_username };
}

struct listener_options resources_options(const struct listener_resources *l)
{
	return (struct listener_options){ .name = l->name,
		.place = { .host = l->host,
				.interface = l->config->bind_interface,
				.family = family_of(l->config),
				.port = (uint16_t)l->config->port },
		.max_connections = l->config->max_connections,
		.policy = l->policy,
		.tls = l->tls,
		.peer_name = listener_tls_peer_name(l->config),
		.websocket = l->websocket,
		.proxy = proxy_rules_of(l->config) };
}

const struct listener_resources *resources_find(const struct resources *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(r->listeners[i].name, name) == 0)
			return &r->listeners[i];
	}
	return NULL;
}
