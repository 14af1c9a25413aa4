/* SPDX-License-Identifier: MIT */
#include "gateway/config_broker.h"

#include <errno.h>

#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/psk_file.h"
#include "common/secret.h"
#include "common/settings_file.h"
#include "common/topic.h"
#include "gateway/config_tables.h"

static const struct url_scheme schemes[] = {
	{ "mqtt", 1883, false },
	{ "mqtts", 8883, true },
	{ "unix", 0, false },
	{ 0 },
};

/* clang-format off */
const struct setting config_broker_settings[] = {
ACCESS_SETTINGS(struct access_config, ),
{ 0 },
};
/* clang-format on */

/* A broker under the check. */
struct check {
	const struct config *config;
	struct broker_config *broker;
	struct access_config access; /* what holds for it; borrowed */
	struct settings_report *report;
};

/* --- reading the block ---------------------------------------------------------------------- */

bool config_open_broker(void *owner, struct settings_line *line, struct settings_block *ret)
{
	struct config *c = owner;
	struct broker_config *b = &c->brokers[c->broker_count];
	struct span text = line->rest;
	struct str why = { 0 };
	struct url url;
	bool ok;

	if (c->broker_count == MAX_BROKERS)
		return settings_error(
				line, text, "is one broker too many; %d are possible", MAX_BROKERS);
	ok = url_parse(text, schemes, &url, &why);
	if (!ok)
		settings_error(line, text, "%s", str_text(&why));
	str_finish(&why);
	c->broker_refused |= !ok;
	if (!ok)
		return false;
	*b = (struct broker_config){ .url = url, .line = line->number };
	settings_init(config_broker_settings, &b->access);
	c->broker_count++;
	*ret = (struct settings_block){ .table = config_broker_settings,
		.target = &b->access,
		.title = "broker",
		.lines = &b->lines };
	return true;
}

void config_broker_finish(struct broker_config *b)
{
	url_finish(&b->url);
	settings_finish(config_broker_settings, &b->access);
	tls_context_unref(b->tls);
	secret_free(b->password);
	*b = (struct broker_config){ 0 };
}

/* --- what it has from the global section ---------------------------------------------------- */

static unsigned own_line(const struct check *k, const char *keyword)
{
	return settings_line_of(config_broker_settings, &k->broker->lines, keyword);
}

static unsigned line_of(const struct check *k, const char *keyword)
{
	unsigned line = own_line(k, keyword);

	if (line == 0)
		line = settings_line_of(config_global_settings, &k->config->lines, keyword);
	return line != 0 ? line : k->broker->line;
}

static bool names_its_trust(const struct check *k)
{
	const struct access_config *own = &k->broker->access;

	return own->cafile != NULL || own->capath != NULL || own->psk_file != NULL ||
	       own_line(k, "tls_use_os_certs") > 0;
}

static void complete(struct check *k)
{
	const struct access_config *own = &k->broker->access, *global = &k->config->access;
	bool own_trust = names_its_trust(k);
	const struct access_config *trust = own_trust ? own : global;
	bool own_certificate = own->certfile != NULL || own->keyfile != NULL;
	/* Who is known by a key needs no certificate that was meant for other brokers. */
	const struct access_config *certificate =
			own_certificate || trust->psk_file != NULL ? own : global;

	k->access = (struct access_config){
		.password_file = own->password_file != NULL ? own->password_file
							    : global->password_file,
		.cafile = trust->cafile,
		.capath = trust->capath,
		.tls_use_os_certs = trust->tls_use_os_certs,
		.crlfile = own->crlfile != NULL ? own->crlfile : trust->crlfile,
		.psk_file = trust->psk_file,
		.psk_identity = own->psk_identity != NULL ? own->psk_identity : trust->psk_identity,
		.certfile = certificate->certfile,
		.keyfile = certificate->keyfile,
		.tls_version = own->tls_version != TLS_OLDEST_ANY ? own->tls_version
								  : global->tls_version,
		.share = own->share != NULL ? own->share : global->share,
	};
	k->broker->share = k->access.share;
}

/* --- what is wrong -------------------------------------------------------------------------- */

static bool fail(const struct check *k, unsigned number, struct span word, const char *what)
{
	struct settings_line line = {
		.file = k->config->file, .number = number, .report = k->report
	};

	return settings_error(&line, word, "%s", what);
}

static bool fail_keyword(const struct check *k, const char *keyword, const char *what)
{
	return fail(k, line_of(k, keyword), span_of_text(keyword), what);
}

/* "cafile PATH: what is wrong", as common/tls.h says it. */
static void fail_tls(const struct check *k, struct span error)
{
	struct span keyword = span_first(error, span_find(error, ' '));
	struct span rest = span_from(error, keyword.len + 1);
	size_t end = 0;
	AUTO_FREE char *name = span_dup_text(keyword), *what = NULL;

	while (end < rest.len && !span_starts_with(span_from(rest, end), span_of_text(": ")))
		end++;
	what = span_dup_text(span_from(rest, end + 2));
	fail(k, line_of(k, name), span_first(rest, end), what);
}

static void read_password(const struct check *k)
{
	const char *file = k->access.password_file, *why;

	if (file == NULL)
		return;
	k->broker->password = secret_read(file, &why);
	if (k->broker->password == NULL)
		fail(k, line_of(k, "password_file"), span_of_text(file), why);
}

/* --- TLS ------------------------------------------------------------------------------------ */

static bool check_trust(const struct check *k)
{
	const struct access_config *a = &k->access;

	if (a->psk_file != NULL && (a->cafile != NULL || a->capath != NULL || a->tls_use_os_certs))
		return fail_keyword(k, "psk_file",
				"is in place of certificates; take it or cafile, capath, "
				"tls_use_os_certs");
	if (a->psk_file == NULL && a->psk_identity != NULL)
		return fail_keyword(k, "psk_identity", "needs a psk_file with the key");
	if (a->psk_file == NULL && a->cafile == NULL && a->capath == NULL && !a->tls_use_os_certs)
		return fail(k, k->broker->line, span_of_text("cafile"),
				"is missing: the certificate of this mqtts:// broker cannot be "
				"verified without it; add below it, or before the first broker: "
				"cafile FILE, tls_use_os_certs true, or psk_file FILE");
	if ((a->certfile == NULL) != (a->keyfile == NULL)) {
		const char *there = a->certfile == NULL ? "keyfile" : "certfile";

		return fail(k, line_of(k, there),
				span_of_text(a->certfile == NULL ? "certfile" : "keyfile"),
				"is missing; certfile and keyfile go together");
	}
	return true;
}

/* Of the keys in psk_file ours, valid as long as the file. */
static bool find_key(const struct check *k, const struct psk_file *keys, struct span *ret_identity)
{
	const char *wanted = k->access.psk_identity;

	if (wanted == NULL && !psk_file_single(keys, ret_identity))
		return fail(k, line_of(k, "psk_file"), span_of_text(k->access.psk_file),
				"does not have one key alone; say with psk_identity which is ours");
	if (wanted != NULL)
		*ret_identity = span_of_text(wanted);
	if (psk_file_key(keys, *ret_identity).data == NULL)
		return fail_keyword(k, "psk_identity", "has no line in psk_file; add it there");
	return true;
}

static struct tls_context *create_context(const struct check *k, struct tls_settings *settings)
{
	struct str error = { 0 }, warning = { 0 };
	struct tls_context *context = tls_client_create(settings, &error, &warning);

	log_lines(LOG_TYPE_WARNING, k->config->file, str_span(&warning));
	if (context == NULL)
		fail_tls(k, str_span(&error));
	str_finish(&error);
	str_finish(&warning);
	return context;
}

static struct psk_file *read_keys(const struct check *k)
{
	struct psk_file *keys = NULL;
	struct str text = { 0 };
	const char *why;

	if (secret_read_file(k->access.psk_file, &text, &why))
		keys = psk_file_parse(str_span(&text), k->access.psk_file, hash_seed(), k->report);
	else
		fail(k, line_of(k, "psk_file"), span_of_text(k->access.psk_file), why);
	secret_finish(&text);
	return keys;
}

static void open_tls(const struct check *k)
{
	const struct access_config *a = &k->access;
	struct psk_file *keys = NULL;
	AUTO_FREE char *identity = NULL;
	struct span name;
	struct tls_settings settings = { .cafile = a->cafile,
		.capath = a->capath,
		.use_os_certs = a->tls_use_os_certs,
		.crlfile = a->crlfile,
		.certfile = a->certfile,
		.keyfile = a->keyfile,
		.tls_version = tls_oldest_word((enum tls_oldest)a->tls_version),
		.host = k->broker->url.host };

	if (!check_trust(k))
		return;
	if (a->psk_file != NULL && (keys = read_keys(k)) == NULL)
		return;
	if (keys == NULL || find_key(k, keys, &name)) {
		if (keys != NULL) {
			identity = span_dup_text(name);
			settings.psk_identity = identity;
			settings.psk = psk_file_key(keys, name);
		}
		k->broker->tls = create_context(k, &settings);
	}
	k->broker->trusted = a->cafile != NULL	 ? "cafile"
			     : a->capath != NULL ? "capath"
						 : "the folder of this system";
	k->broker->has_psk = keys != NULL;
	k->broker->has_certificate = a->certfile != NULL;
	psk_file_unref(keys);
}

/* Below a broker that is not spoken to over TLS they would be a false comfort. */
static void refuse_tls(const struct check *k)
{
	static const char *const keywords[] = { "cafile", "capath", "tls_use_os_certs", "crlfile",
		"certfile", "keyfile", "psk_file", "psk_identity", "tls_version" };

	for (size_t i = 0; i < array_size(keywords); i++) {
		if (own_line(k, keywords[i]) > 0)
			fail_keyword(k, keywords[i],
					"stands below a broker without TLS; write mqtts:// there, "
					"or "
					"put it before the first broker, where it counts for all");
	}
}

/* --- what a reload has to know -------------------------------------------------------------- */

static void digest_files(const struct check *k)
{
	const struct access_config *a = &k->access;
	const char *const files[] = { a->password_file, a->cafile, a->capath, a->crlfile,
		a->certfile, a->keyfile, a->psk_file };

	for (size_t i = 0; i < array_size(files); i++)
		secret_digest(files[i], &k->broker->files);
}

static void check_share(const struct check *k)
{
	const char *share = k->broker->share;

	if (share != NULL && (!topic_name_valid(span_of_text(share)) || strchr(share, '/') != NULL))
		fail_keyword(k, "share",
				"becomes a level of a topic filter, so it takes text "
				"without / + #");
}

void config_check_brokers(struct config *c, struct settings_report *report)
{
	for (size_t i = 0; i < c->broker_count; i++) {
		struct check k = { .config = c, .broker = &c->brokers[i], .report = report };

		complete(&k);
		read_password(&k);
		check_share(&k);
		if (k.broker->url.scheme->tls)
			open_tls(&k);
		else
			refuse_tls(&k);
		digest_files(&k);
	}
}
