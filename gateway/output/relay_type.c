/* SPDX-License-Identifier: MIT */
#include "common/mem.h"
#include "common/settings_value.h"
#include "gateway/output/relay_impl.h"
#include "gateway/rules/tls_oldest.h"

#define R(type, field) SETTING_FIELD(struct relay_config, type, field)

static const struct setting_choice states[] = {
	{ "ok", CHECK_OK },
	{ "warning", CHECK_WARNING },
	{ "critical", CHECK_CRITICAL },
	{ "unknown", CHECK_UNKNOWN },
	{ NULL, 0 },
};

static const struct setting_choice when_full[] = {
	{ "block", BACKLOG_BLOCK },
	{ "drop_oldest", BACKLOG_DROP_OLDEST },
	{ "drop_newest", BACKLOG_DROP_NEWEST },
	{ NULL, 0 },
};

/* clang-format off */
/* What every relay has. */
static const struct setting common_settings[] = {
{ "schema",            SETTING_CHOICE,   R(int, schema),                 0, 0,            "logstash", 0,
  "What a record looks like: logstash (flat JSON), ecs (Elastic Common Schema 8), raw (the payload, or a check's output), template.", schema_kinds },
{ "template",          SETTING_TEXT,     R(char *, template),            1, 65536,        NULL, 0,
  "With schema template: the text of a record, ${topic[1]} ${host} ${output} ${time:%Y.%m.%d} and so on in it.", NULL },
{ "payload",           SETTING_CHOICE,   R(int, payload),                0, 0,            "json", 0,
  "What the JSON schemas show of a message's payload: json (its text, and the object when it is one), text, none.", schema_payloads },
{ "host",              SETTING_TEXT,     R(char *, host),                1, 1024,         NULL, 0,
  "The host of a message, made of its topic as in a route: ${topic[1]}. It stands where the host of a check result does; without this line a message has none.", NULL },
{ "tag",               SETTING_LIST,     R(struct text_list, tags),      1, 255,          NULL, 0,
  "A text for tags of the JSON schemas; several lines: several tags.", NULL },
{ "type",              SETTING_TEXT,     R(char *, type),                1, 255,          NULL, 0,
  "With schema logstash: what type says.", NULL },
{ "topics",            SETTING_LIST,     R(struct text_list, topics),    1, 65535,        NULL, 0,
  "Only records of topics that match one of these filters; without it all that a route leads here.", NULL },
{ "exclude",           SETTING_LIST,     R(struct text_list, excludes),  1, 65535,        NULL, 0,
  "No records of topics that match one of these filters.", NULL },
{ "min_state",         SETTING_CHOICE,   R(int, min_state),              0, 0,            "ok", 0,
  "Only check results of this state or a worse one: ok, warning, critical, unknown. A host that is not UP is critical. Messages have no state and pass. Recoveries do not pass: leave it out to hear of them, too.", states },
{ "changes_only",      SETTING_BOOL,     R(bool, changes_only),          0, 0,            "false", 0,
  "Only check results whose state is another one than that of the last result of their host or service.", NULL },
{ "skip_retained",     SETTING_BOOL,     R(bool, skip_retained),         0, 0,            "false", 0,
  "No retained messages: what a broker repeats whenever the gateway subscribes.", NULL },
{ "max_rate",          SETTING_NUMBER,   R(uint64_t, max_rate),          0, 10000000,     "0", 0,
  "Records a second at most, by when the gateway received them; others are dropped and counted (held_back). What waits while the other side is away is not dropped for it. 0: any number.", NULL },
{ "batch_records",     SETTING_NUMBER,   R(uint64_t, output.batch_results), 1, 1000000,   "1000", 0,
  "Records in one batch at most.", NULL },
{ "batch_size",        SETTING_SIZE,     R(uint64_t, output.batch_size), 1024, 67108864,  "1M", 0,
  "Bytes in one batch at most, but for a single record that is larger.", NULL },
{ "linger",            SETTING_NUMBER,   R(uint64_t, output.linger),     0, 60000,        "0", 0,
  "Milliseconds that a batch may wait to become full.", NULL },
{ "when_full",         SETTING_CHOICE,   R(int, output.when_full),       0, 0,            "block", 0,
  "What to do when more than queue_records wait: block (nothing: they wait in the journal, and when that is full the gateway takes no more messages), drop_oldest, drop_newest (while the journal is not three quarters full; then the oldest go, too, so that no other output has to wait). What is dropped is counted (dropped); batches that were on their way while what came behind them was dropped do not come again after a restart or a reload. What drop_newest has not yet left out is delivered after a restart or a reload.", when_full },
{ "queue_records",     SETTING_NUMBER,   R(uint64_t, output.queue_records), 0, UINT64_MAX / 2, "0", 0,
  "Records of the journal, for whichever outputs they are, that may wait for this output with drop_oldest and drop_newest, beside the batches that are on their way.", NULL },
{ "retry_first",       SETTING_NUMBER,   R(uint64_t, retry_first),       1, 3600000,      "100", 0,
  "Milliseconds before the second attempt; each further wait is twice as long, and shortened by chance.", NULL },
{ "retry_most",        SETTING_DURATION, R(uint64_t, retry_most),        1, 86400,        "60s", 0,
  "The longest wait between attempts.", NULL },
{ "dead_letters",      SETTING_TEXT,     R(char *, dead_letters),        1, 4000,         NULL, 0,
  "File for what the other side refuses for good, as JSON lines; without it NAME.dead in state_dir.", NULL },
{ "dead_letters_size", SETTING_SIZE,     R(uint64_t, dead_letters_size), 4096, UINT64_MAX / 8, "64M", 0,
  "How large that file may become; it is then renamed to end in .1, in place of the one before.", NULL },
};

static const struct setting tls_settings[] = {
{ "cafile",            SETTING_TEXT,     R(char *, cafile),              1, 4096,         NULL, 0,
  "Certificate authorities that may have signed the other side's certificate, in PEM form; without cafile and capath those of the system.", NULL },
{ "capath",            SETTING_TEXT,     R(char *, capath),              1, 4096,         NULL, 0,
  "The same as a folder of files, prepared by openssl rehash.", NULL },
{ "crlfile",           SETTING_TEXT,     R(char *, crlfile),             1, 4096,         NULL, 0,
  "Certificates that those authorities have revoked (CRL), in PEM form.", NULL },
{ "certfile",          SETTING_TEXT,     R(char *, certfile),            1, 4096,         NULL, 0,
  "Our own certificate, for a server that asks for one.", NULL },
{ "keyfile",           SETTING_TEXT,     R(char *, keyfile),             1, 4096,         NULL, 0,
  "The private key of certfile.", NULL },
{ "tls_version",       SETTING_CHOICE,   R(int, tls_version),            0, 0,            "tlsv1.2", 0,
  "The oldest version of TLS that is spoken: tlsv1.2, tlsv1.3.", tls_oldest_words },
{ "tls_insecure",      SETTING_BOOL,     R(bool, tls_insecure),          0, 0,            "false", 0,
  "Accept a certificate that names another host. For tests only.", NULL },
};
/* clang-format on */

/* --- the table ----------------------------------------------------------------------------- */

bool relay_default_at(const struct relay_defaults *d, size_t n, struct relay_default *ret)
{
	const struct relay_default all[] = {
		{ "schema", d->schema },
		{ "batch_records", d->batch_records },
		{ "batch_size", d->batch_size },
		{ "linger", d->linger },
	};

	if (n < array_size(all))
		*ret = all[n];
	return n < array_size(all);
}

static void set_defaults(struct setting *rows, size_t count, const struct relay_defaults *defaults)
{
	struct relay_default d;

	for (size_t n = 0; relay_default_at(defaults, n, &d); n++) {
		for (size_t i = 0; i < count && d.initial != NULL; i++) {
			if (strcmp(rows[i].name, d.name) == 0)
				rows[i].initial = d.initial;
		}
	}
}

static size_t add_rows(struct setting *rows, size_t at, const struct setting *from, size_t count)
{
	memcpy(&rows[at], from, count * sizeof(*from));
	return at + count;
}

struct setting *relay_common_rows(bool tls)
{
	size_t count = tls ? array_size(tls_settings) : array_size(common_settings);
	struct setting *rows = xcalloc(count + 1, sizeof(*rows));

	add_rows(rows, 0, tls ? tls_settings : common_settings, count);
	return rows;
}

/* A name that is there twice: the plugin's own and one that every relay has. */
static const char *doubled(const struct setting *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t n = 0; n < i; n++) {
			if (strcmp(rows[i].name, rows[n].name) == 0)
				return rows[i].name;
		}
	}
	return NULL;
}

/* What a plugin gives as a default is to be read like what an operator writes. */
static bool defaults_are_right(const struct setting *rows, const char *plugin, struct str *problem)
{
	struct str why = { 0 };
	bool ok = true;

	for (; ok && rows->name != NULL; rows++) {
		ok = rows->initial == NULL ||
		     setting_parse(rows, NULL, span_of_text(rows->initial), &why);
		if (!ok)
			str_printf(problem, "plugin %s has a default of %s that is none: %s",
					plugin, rows->name, str_text(&why));
	}
	str_finish(&why);
	return ok;
}

static bool make_rows(struct relay_type *t, struct str *problem)
{
	const struct relay_plugin *r = t->plugin->relay;
	bool has_tls = (r->flags & RELAY_USES_TLS) != 0;
	size_t most = array_size(common_settings) + array_size(tls_settings) +
		      t->plugin->setting_count;
	size_t n;
	const char *name;

	if (most >= SETTINGS_MAX_ROWS) {
		str_printf(problem, "plugin %s has more settings than are possible", r->name);
		return false;
	}
	t->rows = xcalloc(most + 1, sizeof(*t->rows));
	/* The plugin's own first: they are what a reader of the manual looks for. */
	plugin_settings_rows(t->plugin, offsetof(struct relay_config, slots), t->rows);
	n = add_rows(t->rows, t->plugin->setting_count, common_settings,
			array_size(common_settings));
	if (has_tls)
		n = add_rows(t->rows, n, tls_settings, array_size(tls_settings));
	set_defaults(t->rows, n, &r->defaults);
	name = doubled(t->rows, n);
	if (name != NULL)
		str_printf(problem, "plugin %s has a setting %s of its own, which all relays have",
				r->name, name);
	return name == NULL && defaults_are_right(t->rows, r->name, problem);
}

struct relay_type *relay_type_load(const char *folder, struct span name, struct str *problem)
{
	struct relay_type *t = xcalloc(1, sizeof(*t));

	t->plugin = plugin_load(folder, name, problem);
	if (t->plugin == NULL || !make_rows(t, problem)) {
		relay_type_unload(t);
		return NULL;
	}
	t->class = relay_class_of(t);
	return t;
}

void relay_type_unload(struct relay_type *t)
{
	if (t == NULL)
		return;
	plugin_unref(t->plugin);
	free(t->rows);
	free(t);
}
