/* SPDX-License-Identifier: MIT */
/*
 * Two tables: the scenarios and the options. Parsing, --help and the defaults walk them.
 */
#include "tests/bench/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/codec.h"
#include "tests/bench/publication.h"

enum kind { KIND_TEXT, KIND_UNSIGNED, KIND_COUNT, KIND_SECONDS, KIND_FLAG };

struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	double min, max;
	const char *help;
};

struct scenario {
	const char *name, *summary;
	struct options values; /* what differs from `common` */
};

static const struct options common = {
	.host = "127.0.0.1",
	.port = 1883,
	.version = 4,
	.topic = "nagios/h{publisher}/load",
	.filter = "nagios/#",
	.topics = 1,
	.size = 200,
	.inflight = 65535,
	.burst = 50,
	.over = 5,
	.timeout = 10,
	.cpu = UINT32_MAX,
};

/* clang-format off */
static const struct scenario scenarios[] = {
	{ "fan-in", "many publishers, one subscriber",
	  { .publishers = 100, .subscribers = 1, .window = 5000, .count = 500000 } },
	{ "fan-out", "one publisher, many subscribers",
	  { .publishers = 1, .subscribers = 100, .window = 200, .count = 20000 } },
	{ "many", "thousands of publishers, one QoS 1 message in flight each",
	  { .publishers = 2000, .subscribers = 1, .qos = 1, .inflight = 1, .window = 5000,
	    .count = 200000 } },
	{ "pairs", "as many subscribers as publishers, each hears one",
	  { .publishers = 100, .subscribers = 100, .filter = "nagios/h{subscriber}/load",
	    .fanout = 1, .window = 5000, .count = 500000 } },
	{ "share", "four subscribers share what many publishers send",
	  { .publishers = 100, .subscribers = 4, .filter = "$share/bench/nagios/#", .fanout = 1,
	    .is_shared = true, .qos = 1, .window = 5000, .count = 300000 } },
	{ "steady", "open loop: a fixed rate, whatever the broker does",
	  { .publishers = 500, .subscribers = 1, .rate = 20000, .duration = 5 } },
	{ "publish", "publishers only; somebody else subscribes",
	  { .publishers = 500, .qos = 1, .inflight = 1000, .rate = 1000, .duration = 5 } },
	{ "idle", "connections with one subscription that do nothing: memory",
	  { .subscribers = 5000, .filter = "nagios/h{subscriber}/load", .fanout = 1 } },
	{ "store", "retained messages, one on each topic: memory",
	  { .publishers = 100, .topics = 10000, .qos = 1, .inflight = 100, .retain = true,
	    .once = true, .topic = "nagios/h{publisher}/s{topic}" } },
	{ "replay", "read what `store` has left; with its --publishers, --topics and --size",
	  { .publishers = 100, .topics = 10000, .subscribers = 1, .play = PLAY_REPLAY } },
	{ "witness", "one publisher and its only reader at a steady pace, for others to disturb",
	  { .publishers = 1, .subscribers = 1, .qos = 1, .rate = 200, .duration = 3600,
	    .topic = "witness/load", .filter = "witness/load" } },
	{ "reconnect", "all clients lose their connection and come back; latency: until connected",
	  { .subscribers = 10000, .filter = "nagios/h{subscriber}/load", .window = 2000,
	    .play = PLAY_RECONNECT } },
	{ "wills", "clients with wills vanish, one subscriber to --topic hears of each",
	  { .subscribers = 10000, .filter = "nagios/h{subscriber}/load", .topic = "wills/#",
	    .will = "wills/{subscriber}", .play = PLAY_WILLS } },
	{ "filters", "one client subscribes to --count filters: memory",
	  { .subscribers = 1, .filter = "flood/{item}/+", .count = 100000, .window = 1000,
	    .play = PLAY_FILTERS } },
	{ "drip", "sockets that send a byte a second and never finish their first packet",
	  { .subscribers = 5000, .duration = 15, .play = PLAY_DRIP } },
	{ "deaf", "publishers to a subscriber that never reads",
	  { .publishers = 10, .subscribers = 1, .deaf = true, .duration = 5,
	    .topic = "deaf/{publisher}", .filter = "deaf/#" } },
};

#define ROW(name, kind, field, min, max, help) \
	{ name, kind, offsetof(struct options, field), min, max, help }

static const struct row rows[] = {
	ROW("--host", KIND_TEXT, host, 0, 0, "IPv4 address of the broker (127.0.0.1)"),
	ROW("--port", KIND_UNSIGNED, port, 1, 65535, "its port (1883)"),
	ROW("--cafile", KIND_TEXT, cafile, 0, 0, "TLS, with a broker that these CAs vouch for"),
	ROW("--websocket", KIND_FLAG, websocket, 0, 0, "MQTT in WebSocket frames"),
	ROW("--username", KIND_TEXT, username, 0, 0, "template with {item}, {item%N}: the client's number"),
	ROW("--password", KIND_TEXT, password, 0, 0, "likewise"),
	ROW("--version", KIND_UNSIGNED, version, 3, 5, "MQTT 5, or 3.1.1 as 3 or 4 (4)"),
	ROW("--publishers", KIND_UNSIGNED, publishers, 0, 100000, "number of publishers"),
	ROW("--subscribers", KIND_UNSIGNED, subscribers, 0, 100000, "number of subscribers"),
	ROW("--qos", KIND_UNSIGNED, qos, 0, 2, "of publications and subscriptions"),
	ROW("--topic", KIND_TEXT, topic, 0, 0, "template with {publisher} {topic} {item} {item/N} {item%N}"),
	ROW("--filter", KIND_TEXT, filter, 0, 0, "template with {subscriber}"),
	ROW("--topics", KIND_UNSIGNED, topics, 1, 100000, "each publisher goes round so many (1)"),
	ROW("--once", KIND_FLAG, once, 0, 0, "each topic of each publisher once"),
	ROW("--retain", KIND_FLAG, retain, 0, 0, "publish retained messages"),
	ROW("--payload", KIND_TEXT, payload, 0, 0,
		"text with those and {time} {seq} {state} {fill}"),
	ROW("--size", KIND_UNSIGNED, size, 0, 268000000, "of the payload in bytes (200)"),
	ROW("--fanout", KIND_UNSIGNED, fanout, 0, 100000,
		"deliveries one message causes (one per subscriber)"),
	ROW("--deaf", KIND_FLAG, deaf, 0, 0, "subscribers read nothing"),
	ROW("--durable", KIND_FLAG, durable, 0, 0, "subscribers' sessions outlive their connections"),
	ROW("--leave", KIND_FLAG, leave, 0, 0,
		"subscribers are durable and leave before the first message"),
	ROW("--will", KIND_TEXT, will, 0, 0, "topic of each client's will, with {subscriber}"),
	ROW("--over", KIND_SECONDS, over, 0.001, 3600, "seconds in which all come back (5)"),
	ROW("--count", KIND_COUNT, count, 1, 4e9, "messages in all"),
	ROW("--duration", KIND_SECONDS, duration, 0.001, 1e6, "seconds, instead of --count"),
	ROW("--rate", KIND_SECONDS, rate, 0.001, 1e8, "open loop: messages a second in all"),
	ROW("--tick", KIND_SECONDS, tick, 0.0001, 1,
		"open loop: wake up only so often, in seconds; cheap, but late by as much"),
	ROW("--window", KIND_UNSIGNED, window, 0, 10000000, "closed loop: messages in the broker; returning clients at a time"),
	ROW("--inflight", KIND_UNSIGNED, inflight, 1, 65535, "unacknowledged, per publisher"),
	ROW("--burst", KIND_UNSIGNED, burst, 1, 100000, "messages a publisher sends in a row (50)"),
	ROW("--timeout", KIND_SECONDS, timeout, 0.1, 3600, "seconds without progress (10)"),
	ROW("--broker-pid", KIND_UNSIGNED, broker_pid, 1, 1 << 30, "whose CPU and memory to read"),
	ROW("--cpu", KIND_UNSIGNED, cpu, 0, 1023, "run on this CPU"),
	ROW("--step", KIND_FLAG, step, 0, 0,
		"when connected, print `ready` and wait for a line; SIGTERM ends the publishing"),
	ROW("--json", KIND_FLAG, json, 0, 0, "print one JSON object"),
	ROW("--help", KIND_FLAG, help, 0, 0, "this text"),
};
/* clang-format on */

enum {
	N_SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]),
	N_ROWS = sizeof(rows) / sizeof(rows[0])
};

void options_print_help(void)
{
	printf("usage: loadgen SCENARIO [OPTION VALUE]...\n\nScenarios:\n");
	for (size_t i = 0; i < N_SCENARIOS; i++)
		printf("  %-14s %s\n", scenarios[i].name, scenarios[i].summary);
	printf("\nOptions, with what they are when the scenario does not say:\n");
	for (size_t i = 0; i < N_ROWS; i++)
		printf("  %-14s %s\n", rows[i].name, rows[i].help);
	printf("\nExit status: 0 all arrived, once and in order; 1 not so; 2 wrong usage; 3 the "
	       "broker "
	       "failed.\n");
}

static bool complain(const char *what, const char *word)
{
	fprintf(stderr, "loadgen: %s \"%s\"; see --help\n", what, word);
	return false;
}

static void keep_unless_set(const char **text, const char *value)
{
	if (value != NULL)
		*text = value;
}

static void scenario_copy(struct options *o, const struct options *v)
{
	o->play = v->play;
	o->publishers = v->publishers;
	o->subscribers = v->subscribers;
	o->qos = v->qos;
	o->fanout = v->fanout;
	o->is_shared = v->is_shared;
	o->deaf = v->deaf;
	o->once = v->once;
	o->retain = v->retain;
	o->count = v->count;
	o->duration = v->duration;
	o->rate = v->rate;
	o->window = v->window;
	if (v->inflight > 0)
		o->inflight = v->inflight;
	if (v->topics > 0)
		o->topics = v->topics;
	keep_unless_set(&o->topic, v->topic);
	keep_unless_set(&o->filter, v->filter);
	keep_unless_set(&o->will, v->will);
}

static bool scenario_apply(struct options *o, const char *name)
{
	const struct options *v = NULL;

	for (size_t i = 0; i < N_SCENARIOS; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			v = &scenarios[i].values;
	if (v == NULL)
		return complain("there is no scenario", name);
	scenario_copy(o, v);
	o->scenario = name;
	return true;
}

static bool row_apply(const struct row *row, struct options *o, const char *word)
{
	void *field = (char *)o + row->offset;
	char *end;
	double number;

	if (row->kind == KIND_TEXT) {
		*(const char **)field = word;
		return true;
	}
	errno = 0;
	number = strtod(word, &end);
	if (errno != 0 || end == word || *end != '\0' ||
			!(number >= row->min && number <= row->max))
		return complain("not a value this option takes:", word);
	if (row->kind != KIND_SECONDS && number != (double)(uint64_t)number)
		return complain("not a whole number:", word);
	if (row->kind == KIND_UNSIGNED)
		*(unsigned *)field = (unsigned)number;
	else if (row->kind == KIND_COUNT)
		*(uint64_t *)field = (uint64_t)number;
	else
		*(double *)field = number;
	return true;
}

static const struct row *row_find(const char *name)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static bool is_too_long(const char *text, size_t max)
{
	return text != NULL && strlen(text) > max;
}

/* What no single option shows to be wrong. Also fills in what follows from the others. */
static bool settle(struct options *o)
{
	if (o->version == 3)
		o->version = MQTT_V311;
	o->durable |= o->leave;
	if (o->fanout == 0 && !o->deaf)
		o->fanout = o->subscribers;
	if (o->leave)
		o->fanout = 0;
	if (o->once)
		o->count = (uint64_t)o->publishers * o->topics;
	if (o->payload == NULL && o->size < STAMP_SIZE)
		return complain("less than 16 bytes are no payload:", "--size");
	if (is_too_long(o->topic, 900) || is_too_long(o->filter, 900))
		return complain("more than 900 bytes in", "--topic or --filter");
	if (is_too_long(o->username, 380) || is_too_long(o->password, 380) ||
			is_too_long(o->will, 380))
		return complain("more than 380 bytes in", "--username, --password or --will");
	if (o->publishers > 0 && o->count == 0 && o->duration == 0 && o->play == PLAY_LOAD)
		return complain("how long? missing", "--count or --duration");
	return true;
}

bool options_parse(struct options *o, int argc, char **argv)
{
	bool has_count = false, has_duration = false;

	*o = common;
	for (int i = 1; i < argc; i++) {
		const struct row *row = row_find(argv[i]);

		if (row == NULL && argv[i][0] == '-')
			return complain("there is no option", argv[i]);
		if (row == NULL && i > 1)
			return complain("the scenario comes first, before", argv[i]);
		if (row == NULL && !scenario_apply(o, argv[i]))
			return false;
		if (row == NULL)
			continue;
		if (row->kind == KIND_FLAG) {
			*(bool *)((char *)o + row->offset) = true;
			continue;
		}
		if (i + 1 == argc)
			return complain("a value is missing after", argv[i]);
		if (!row_apply(row, o, argv[++i]))
			return false;
		has_count |= row->offset == offsetof(struct options, count);
		has_duration |= row->offset == offsetof(struct options, duration);
	}
	if (o->help)
		return true;
	if (o->scenario == NULL)
		return complain("the first word must be a scenario, not", argc > 1 ? argv[1] : "");
	if (has_duration && !has_count)
		o->count = 0;
	if (has_count && !has_duration)
		o->duration = 0;
	return settle(o);
}
