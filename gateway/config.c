/* SPDX-License-Identifier: MIT */
#include "gateway/config.h"

#include <assert.h>
#include <stdio.h>

#include "common/hash.h"
#include "common/mem.h"
#include "gateway/config_broker.h"
#include "gateway/config_check.h"
#include "gateway/config_output.h"
#include "gateway/config_tables.h"
#include "gateway/output/relay.h"

#define G(type, field) SETTING_FIELD(struct config, type, field)
#define R(type, field) SETTING_FIELD(struct route_config, type, field)
#define S(type, field) SETTING_FIELD(struct submit_config, type, field)

static const struct setting_choice log_words[] = {
	{ "error", LOG_TYPE_ERROR },
	{ "warning", LOG_TYPE_WARNING },
	{ "notice", LOG_TYPE_NOTICE },
	{ "information", LOG_TYPE_INFORMATION },
	{ "subscribe", LOG_TYPE_SUBSCRIBE },
	{ "unsubscribe", LOG_TYPE_UNSUBSCRIBE },
	{ "debug", LOG_TYPE_DEBUG },
	{ "none", LOG_TYPE_NONE },
	{ "all", LOG_TYPES_ALL },
	{ NULL, 0 },
};

static const struct setting_choice stamp_policies[] = {
	{ "reject", STAMP_REJECT },
	{ "received", STAMP_RECEIVED },
	{ "keep", STAMP_KEEP },
	{ NULL, 0 },
};

static const struct setting_choice silent_states[] = {
	{ "warning", CHECK_WARNING },
	{ "critical", CHECK_CRITICAL },
	{ "unknown", CHECK_UNKNOWN },
	{ NULL, 0 },
};

/* clang-format off */
const struct setting config_global_settings[] = {
/*  name                kind              field                            min max          default */
{ "client_id",          SETTING_TEXT,     G(char *, client_id),            1, 128,          "belfry-gateway", SETTING_RESTART,
  "Name of the gateway at the broker. The session and the messages queued for it belong to this name.", NULL },
ACCESS_SETTINGS(struct config, access.),
{ "keepalive",          SETTING_DURATION, G(uint64_t, keepalive),          10, 3600,        "60s", 0,
  "How long the connection to a broker may be silent before it is probed.", NULL },
{ "session_expiry",     SETTING_DURATION, G(uint64_t, session_expiry),     60, 4294967295,  "4294967295", 0,
  "How long an MQTT 5 broker keeps session and queue while the gateway is away; the default is for ever.", NULL },
{ "receive_maximum",    SETTING_NUMBER,   G(uint64_t, receive_maximum),    1, 65535,        "2000", 0,
  "Messages that may be on the way without an acknowledgement. They share one commit of the journal.", NULL },
{ "max_packet_size",    SETTING_SIZE,     G(uint64_t, max_packet_size),    1024, 268435460, "8M", 0,
  "Largest MQTT packet that an MQTT 5 broker may send.", NULL },
{ "state_dir",          SETTING_TEXT,     G(char *, state_dir),            1, 3000,         NULL, SETTING_REQUIRED | SETTING_RESTART,
  "Folder for the journal and the places of the outputs. Created when missing; used by one gateway only.", NULL },
{ "plugin_dir",         SETTING_TEXT,     G(char *, plugin_dir),           1, 3000,         NULL, 0,
  "Folder of the plugins that are types of outputs (NAME.so); stands before the outputs. Without it the one that belfry was installed with.", NULL },
{ "journal_max_size",   SETTING_SIZE,     G(uint64_t, journal_max_size),   1048576, UINT64_MAX / 8, "4G", 0,
  "What the journal may hold. When it is full the gateway takes no more messages until an output has caught up; the broker queues them.", NULL },
{ "journal_keep",       SETTING_DURATION, G(uint64_t, journal_keep),       0, 31536000,     "1h", 0,
  "How long what every output has confirmed stays in the journal, for belfry why and replay, while the journal is not half full.", NULL },
{ "max_age",            SETTING_DURATION, G(uint64_t, max_age),            0, 315360000,    "7d", 0,
  "How old a result's time may be when it arrives; 0: any age.", NULL },
{ "when_old",           SETTING_CHOICE,   G(int, when_old),                0, 0,            "reject", 0,
  "What becomes of an older one. reject: it is answered with too-old. received: it gets the time at which it arrived. keep: its time is believed.", stamp_policies },
{ "max_skew",           SETTING_DURATION, G(uint64_t, max_skew),           0, 315360000,    "5m", 0,
  "How far a result's time may lie in the future.", NULL },
{ "when_new",           SETTING_CHOICE,   G(int, when_new),                0, 0,            "received", 0,
  "What becomes of one further in the future, as in when_old; rejected ones are answered with too-new.", stamp_policies },
{ "id_window",          SETTING_DURATION, G(uint64_t, id_window),          0, 31536000,     "1h", 0,
  "How long the id of a result is remembered: a second result with it is refused as a duplicate.", NULL },
{ "max_objects",        SETTING_NUMBER,   G(uint64_t, max_objects),        1, 100000000,    "1000000", 0,
  "Hosts and services that are known at most: results of further ones are taken, but their order is not watched, nor whether they fall silent.", NULL },
{ "max_ids",            SETTING_NUMBER,   G(uint64_t, max_ids),            1, 100000000,    "1000000", 0,
  "Ids that are remembered at most; the oldest are forgotten.", NULL },
{ "grace",              SETTING_DURATION, G(uint64_t, grace),              0, 86400,        "30s", 0,
  "How long nothing counts as silent after the gateway could not hear: after its start, a lost broker, or a sleep.", NULL },
{ "state_rate",         SETTING_NUMBER,   G(uint64_t, state_rate),         0, 100000,       "500", 0,
  "Last states that are published, retained, on belfry/state/HOST/SERVICE in a second at most; 0: none. What waits when the gateway ends in order or is reloaded goes out at once, for 5 seconds at most.", NULL },
{ "status_interval",    SETTING_DURATION, G(uint64_t, status_interval),    0, 86400,        "10s", 0,
  "How often belfry/gateway/CLIENT_ID is published; 0: only when the state or a problem of an output changes.", NULL },
{ "reject_queue",       SETTING_NUMBER,   G(uint64_t, reject_queue),       1, 1000000,      "1000", 0,
  "Answers on belfry/reject/... that may wait for the broker; further ones are dropped and counted.", NULL },
{ "pending_limit",      SETTING_NUMBER,   G(uint64_t, pending_limit),      1, 1000000,      "10000", 0,
  "Hosts and services unknown to a core that are remembered for belfry hosts; beyond that those not heard of for longest go.", NULL },
{ "http_listen",        SETTING_TEXT,     G(char *, http_listen),          1, 300,          NULL, 0,
  "ADDRESS:PORT ([ADDRESS]:PORT for IPv6) to serve /metrics, /healthz and /readyz on, to everybody who reaches it: take 127.0.0.1. Without it nothing is served.", NULL },
{ "http_host",          SETTING_LIST,     G(struct text_list, http_hosts), 1, 255,          NULL, 0,
  "A name under which http_listen may be asked, beside localhost and any address; several lines: several names. Others are refused, because a web page can make a name of its own point here.", NULL },
{ "ready_lag",          SETTING_DURATION, G(uint64_t, ready_lag),          0, 86400,        "0", 0,
  "/readyz says 503 for an output that cannot be reached as soon as a result has waited longer than this for it; 0: at once.", NULL },
{ "log_dest",           SETTING_LIST,     G(struct text_list, log_dests),  1, 4096,         NULL, 0,
  "Where the log goes: stderr (default), stdout, syslog, none, or file PATH.", NULL },
{ "log_type",           SETTING_FLAGS,    G(unsigned, log_types),          0, 0,            NULL, 0,
  "What is logged; several lines add up. Without any: error, warning, notice, information.", log_words },
{ "log_timestamp",      SETTING_BOOL,     G(bool, log_timestamp),          0, 0,            "true", 0,
  "Begin each line of the log with the time.", NULL },
{ 0 },
};

const struct setting config_route_settings[] = {
{ "to",                 SETTING_LIST,     R(struct text_list, to),         1, 4096,         NULL, SETTING_REQUIRED,
  "Names of the outputs that get the messages, each of them all; with `by host` at the end each host's results go to one of them.", NULL },
{ "decode",             SETTING_TEXT,     R(char *, decode),               1, 64,           NULL, 0,
  "What the payload is: check (JSON), check text (JSON or plain text), none (the message goes on as it came, to an output that takes messages; from below belfry/ only by a filter that begins so). Without it: none where the route leads to relays only, has a filter that does not begin with nagios/, and says nothing of host, service, ttl or commands; else check.", NULL },
{ "host",               SETTING_TEXT,     R(char *, host),                 1, 1024,         "${topic[1]}", 0,
  "The host a message speaks for, from its topic; ${json.host}: the payload says.", NULL },
{ "service",            SETTING_TEXT,     R(char *, service),              1, 1024,         "${topic[2..]}", 0,
  "The service; empty means the host itself. ${json.service}: the payload says.", NULL },
{ "ttl",                SETTING_DURATION, R(uint64_t, ttl),                0, 315360000,    "0", 0,
  "How long a result counts where the payload has no ttl: without another one in time the object is silent. 0: for ever.", NULL },
{ "on_silence",         SETTING_CHOICE,   R(int, on_silence),              0, 0,            "unknown", 0,
  "The state of a service that is silent. A host that is silent is DOWN.", silent_states },
{ "will_delay",         SETTING_DURATION, R(uint64_t, will_delay),         0, 86400,        "30s", 0,
  "How long after a last will (.../$state) an object counts as gone, unless its publisher is back before.", NULL },
{ "commands",           SETTING_LIST,     R(struct text_list, commands),   1, 4096,         NULL, 0,
  "Which commands (.../$command) are passed on: downtime, acknowledge, remove_acknowledgement, comment. Default: none. With submit blocks one of them has to allow results command too.", NULL },
{ 0 },
};

const struct setting config_submit_settings[] = {
{ "user",               SETTING_LIST,     S(struct text_list, users),      1, 4096,         NULL, 0,
  "Names of users that may; * and ? stand for any text and any character, here and below. Where the broker has use_identity_as_username, the user is the name in the certificate.", NULL },
{ "client",             SETTING_LIST,     S(struct text_list, clients),    1, 4096,         NULL, 0,
  "Client identifiers that may.", NULL },
{ "address",            SETTING_LIST,     S(struct text_list, addresses),  1, 4096,         NULL, 0,
  "Addresses and networks (10.1.0.0/16) from which one may be connected to the broker.", NULL },
{ "hosts",              SETTING_LIST,     S(struct text_list, hosts),      1, 4096,         NULL, 0,
  "For which hosts; default: all. For a blank in a name write ?.", NULL },
{ "services",           SETTING_LIST,     S(struct text_list, services),   1, 4096,         NULL, 0,
  "For which services; - is the host itself. Default: all, and the host itself.", NULL },
{ "results",            SETTING_LIST,     S(struct text_list, kinds),      1, 4096,         NULL, 0,
  "What it may be: service (a result of a service), host (one of a host), state (that a host is there or gone), command. Default: service host state.", NULL },
{ 0 },
};
/* clang-format on */

static bool open_route(void *owner, struct settings_line *line, struct settings_block *ret)
{
	struct config *c = owner;
	struct route_config *r = xcalloc(1, sizeof(*r));

	r->line = line->number;
	settings_init(config_route_settings, r);
	while (line->rest.len > 0)
		text_list_add(&r->route.filters, settings_word(line));
	c->route_configs = grow_array(c->route_configs, c->route_count, &c->route_capacity,
			sizeof(*c->route_configs));
	c->route_configs[c->route_count++] = r;
	*ret = (struct settings_block){
		.table = config_route_settings, .target = r, .title = "route", .lines = &r->lines
	};
	return true;
}

static bool open_submit(void *owner, struct settings_line *line, struct settings_block *ret)
{
	struct config *c = owner;
	struct span name = settings_word(line);
	struct submit_config *s;

	if (!config_name_is_plain(name))
		return settings_error(line, name,
				"is no name for a rule; take letters, digits, - _ . (at most 64), "
				"as in: submit web-team");
	s = xcalloc(1, sizeof(*s));
	s->rule.name = span_dup_text(name);
	s->line = line->number;
	settings_init(config_submit_settings, s);
	c->submit_configs = grow_array(c->submit_configs, c->submit_count, &c->submit_capacity,
			sizeof(*c->submit_configs));
	c->submit_configs[c->submit_count++] = s;
	*ret = (struct settings_block){
		.table = config_submit_settings, .target = s, .title = "submit", .lines = &s->lines
	};
	return true;
}

/* The keywords that open a block; one with several types stands here once for each of them. */
static const struct settings_opener output_opener = { "output", "NAME TYPE",
	"Something that results are delivered to.", config_open_output, NULL };
static const struct settings_opener other_openers[] = {
	{ "broker", "URL",
			"Where messages come from: mqtt://[USER@]HOST[:PORT], mqtts://... or "
			"unix:[USER@]/PATH. Several: several brokers, all of them at once. The "
			"keywords below count for this broker; given before the first broker, they "
			"count for each that has none of its own.",
			config_open_broker, config_broker_settings },
	{ "route", "FILTER...", "Which topics go to which outputs, and whose results they carry.",
			open_route, config_route_settings },
	{ "submit", "NAME",
			"Who may submit what for whom. Without any such block the topic alone "
			"decides; with some, a message needs one of which every line matches. "
			"user, client and address need belfry-broker with publisher_properties "
			"true: from another broker they are only what the publisher says.",
			open_submit, config_submit_settings },
};

static const struct settings_refusal refusals[] = {
	{ "password", "would stand here for all to read; put it into a file and name that with "
		      "password_file" },
	{ 0 },
};

void config_grammar_fill(struct config_grammar *g, struct config *c)
{
	size_t n = 0;

	static_assert(CONFIG_OUTPUT_TYPES + array_size(other_openers) <
					array_size(((struct config_grammar *)0)->openers),
			"CONFIG_MAX_OPENERS is too small");
	*g = (struct config_grammar){ 0 };
	for (; n < CONFIG_OUTPUT_TYPES; n++) {
		snprintf(g->usages[n], sizeof(g->usages[n]), "NAME %s",
				config_output_types[n]->type);
		g->openers[n] = output_opener;
		g->openers[n].usage = g->usages[n];
		g->openers[n].help = config_output_types[n]->help;
		g->openers[n].table = config_output_types[n]->settings;
	}
	for (size_t i = 0; i < array_size(other_openers); i++)
		g->openers[n++] = other_openers[i];
	g->settings = (struct settings_grammar){
		.global = { .table = config_global_settings, .target = c, .lines = &c->lines },
		.openers = g->openers,
		.refusals = refusals,
	};
}

/* All that a start alone can change are texts that are never absent. */
static char *fixed_text(const struct config *c, const struct setting *s)
{
	char *text;

	assert(s->kind == SETTING_TEXT);
	memcpy(&text, (const char *)c + s->offset, sizeof(text));
	return text;
}

/* What only a start can change stays as it is, whatever the file says now. */
static void keep_fixed(const struct config *running, struct config *fresh)
{
	for (const struct setting *s = config_global_settings; s->name != NULL; s++) {
		char *before, *now;

		if ((s->flags & SETTING_RESTART) == 0)
			continue;
		before = fixed_text(running, s);
		now = fixed_text(fresh, s);
		if (now == NULL || strcmp(before, now) == 0)
			continue;
		str_printf(&fresh->kept, "%s changes from %s to %s at the next start\n", s->name,
				before, now);
		free(now);
		now = xstrdup(before);
		memcpy((char *)fresh + s->offset, &now, sizeof(now));
	}
}

bool config_read(struct config *c, struct span text, const struct config *running,
		struct settings_report *report)
{
	struct config_grammar grammar;

	config_grammar_fill(&grammar, c);
	settings_init(config_global_settings, c);
	c->text = (uint64_t)hash_span(1, text) << 32 | hash_span(2, text);
	settings_parse(text, c->file, &grammar.settings, c, report);
	if (running != NULL)
		keep_fixed(running, c);
	return config_check(c, report);
}

bool config_parse(struct config *c, struct span text, const char *name,
		struct settings_report *report)
{
	c->file = name;
	return config_read(c, text, NULL, report);
}

void config_finish(struct config *c)
{
	for (size_t i = 0; i < c->output_count; i++) {
		if (c->outputs[i]->class->finish != NULL)
			c->outputs[i]->class->finish(c->outputs[i]);
		settings_finish(c->outputs[i]->class->settings, c->outputs[i]);
		free(c->outputs[i]->name);
		free(c->outputs[i]);
	}
	for (size_t i = 0; i < c->route_count; i++) {
		settings_finish(config_route_settings, c->route_configs[i]);
		route_finish(&c->route_configs[i]->route);
		free(c->route_configs[i]);
	}
	for (size_t i = 0; i < c->submit_count; i++) {
		settings_finish(config_submit_settings, c->submit_configs[i]);
		submit_rule_finish(&c->submit_configs[i]->rule);
		free(c->submit_configs[i]);
	}
	for (size_t i = 0; i < c->broker_count; i++)
		config_broker_finish(&c->brokers[i]);
	for (size_t i = 0; i < c->relay_type_count; i++)
		relay_type_unload(c->relay_types[i]);
	free(c->relay_types);
	text_list_finish(&c->outputs_refused);
	free(c->outputs);
	free(c->route_configs);
	free(c->routes);
	free(c->submit_configs);
	free(c->submits);
	url_finish(&c->http_place);
	str_finish(&c->kept);
	settings_finish(config_global_settings, c);
	*c = (struct config){ 0 };
}

unsigned config_line(const struct config *c, const char *keyword)
{
	return settings_line_of(config_global_settings, &c->lines, keyword);
}

unsigned config_route_line(const struct route_config *route, const char *keyword)
{
	unsigned line = settings_line_of(config_route_settings, &route->lines, keyword);

	return line > 0 ? line : route->line;
}
