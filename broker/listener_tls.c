/* SPDX-License-Identifier: MIT */
#include "broker/listener_tls.h"

#include "broker/config_tables.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/psk_file.h"
#include "common/settings_file.h"

/*
 * Any keyword that only TLS has: a listener meant to be safe is never opened without it. But
 * certificates may be the proxy's business.
 */
static bool is_wanted(const struct listener_config *l)
{
	return l->certfile != NULL || l->keyfile != NULL || l->cafile != NULL ||
	       l->capath != NULL || l->crlfile != NULL || l->psk_hint != NULL ||
	       (l->require_certificate && l->enable_proxy_protocol != 2);
}

enum tls_name listener_tls_peer_name(const struct listener_config *l)
{
	/* As in Mosquitto: the first one counts when both are set. */
	return l->use_identity_as_username  ? TLS_NAME_COMMON
	       : l->use_subject_as_username ? TLS_NAME_SUBJECT
					    : TLS_NAME_NONE;
}

static bool add_error(struct settings_report *report, const char *name, const char *what)
{
	str_printf(&report->text, "listener %s: %s\n", name, what);
	report->errors++;
	return false;
}

/* --- pre-shared keys ------------------------------------------------------------------------ */

static size_t find_key(void *owner, struct span identity, uint8_t key[TLS_MAX_KEY])
{
	struct span found = psk_file_key(owner, identity);

	if (found.len > TLS_MAX_KEY)
		return 0;
	if (found.len > 0)
		memcpy(key, found.data, found.len);
	return found.len;
}

static void release_keys(void *owner)
{
	psk_file_unref(owner);
}

static bool read_keys(const char *path, const char *name, struct settings_report *report,
		struct tls_keys *ret)
{
	struct str text = { 0 };
	int error = settings_read_file(path, &text);
	struct psk_file *keys = NULL;

	if (error < 0) {
		char what[512];

		snprintf(what, sizeof(what), "psk_file %.400s: cannot be read: %s", path,
				strerror(-error));
		add_error(report, name, what);
	} else {
		keys = psk_file_parse(str_span(&text), path, hash_seed(), report);
	}
	wipe(text.text, text.len);
	str_finish(&text);
	*ret = (struct tls_keys){ keys, find_key, release_keys };
	return keys != NULL;
}

/* --- the context ---------------------------------------------------------------------------- */

static struct tls_settings settings_of(const struct listener_config *l)
{
	return (struct tls_settings){
		.cafile = l->cafile,
		.capath = l->capath,
		.certfile = l->certfile,
		.keyfile = l->keyfile,
		.crlfile = l->crlfile,
		.dhparamfile = l->dhparamfile,
		.ciphers = l->ciphers,
		.ciphers_tls13 = l->ciphers_tls13,
		.tls_version = l->tls_version == TLS_1_3 ? "tlsv1.3" : "tlsv1.2",
		.require_certificate = l->require_certificate,
		.disable_client_cert_date_checks = l->disable_client_cert_date_checks,
		.psk_hint = l->psk_hint,
	};
}

static void log_warnings(const char *name, const struct str *text)
{
	struct str prefix = { 0 };

	str_printf(&prefix, "listener %s", name);
	log_lines(LOG_TYPE_WARNING, str_text(&prefix), str_span(text));
	str_finish(&prefix);
}

/* The name that takes the place of the user name is one that nobody brings. */
static void warn_of_missing_names(
		const struct config *config, const struct listener_config *l, const char *name)
{
	bool is_first = l == &config->first, has_tls = l->certfile != NULL || l->psk_hint != NULL;
	struct settings_report warning = { 0 };
	const char *what = NULL;

	if (!has_tls && l->enable_proxy_protocol == 0)
		what = "has no effect without TLS, clients name themselves; add lines: certfile "
		       "PATH and keyfile PATH";
	else if (has_tls && !l->require_certificate && l->psk_hint == NULL)
		what = "lets nobody in, because no certificate is asked for; add a line: "
		       "require_certificate true";
	if (what == NULL || listener_tls_peer_name(l) == TLS_NAME_NONE)
		return;
	config_keyword_error(&warning,
			is_first ? config_global_settings : config_listener_table(config),
			is_first ? &config->lines : &l->lines,
			l->use_identity_as_username ? "use_identity_as_username"
						    : "use_subject_as_username",
			what);
	log_warnings(name, &warning.text);
	str_finish(&warning.text);
}

bool listener_tls_open(const struct config *config, const struct listener_config *l,
		const char *name, struct settings_report *report, struct tls_context **ret)
{
	const char *psk_file = config_security(config, l)->psk_file;
	struct tls_settings settings = settings_of(l);
	struct str error = { 0 }, warning = { 0 };

	*ret = NULL;
	warn_of_missing_names(config, l, name);
	if (!is_wanted(l))
		return true;
	if (l->psk_hint != NULL && psk_file != NULL &&
			!read_keys(psk_file, name, report, &settings.keys))
		return false;
	*ret = tls_server_create(&settings, &error, &warning);
	log_warnings(name, &warning);
	if (*ret == NULL)
		add_error(report, name, str_text(&error));
	str_finish(&warning);
	str_finish(&error);
	return *ret != NULL;
}
