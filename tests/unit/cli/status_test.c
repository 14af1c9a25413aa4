/* SPDX-License-Identifier: MIT */
#include "cli/status_broker.h"
#include "cli/status_gateway.h"

#include "common/mem.h"
#include "tests/unit/unit.h"

enum { MAX_MESSAGES = 16 };

static struct retained_message messages[MAX_MESSAGES];
static struct retained_set set;
static char *printed;

/* The set of "TOPIC", "PAYLOAD", ..., NULL. */
static void given(const char *topic, ...)
{
	va_list args;

	set = (struct retained_set){ .all = messages };
	va_start(args, topic);
	while (topic != NULL) {
		messages[set.count].topic = (char *)(uintptr_t)topic;
		messages[set.count++].payload = va_arg(args, char *);
		topic = va_arg(args, const char *);
	}
	va_end(args);
}

static int forget(void **unused)
{
	(void)unused;
	free(printed);
	printed = NULL;
	return 0;
}

static void print_broker(const struct retained_set *s, FILE *out)
{
	status_broker_print(s, "mqtt://h", out);
}

/* 2026-11-23T10:00:04Z */
#define NOW ((struct wall_time){ 1795428004000000000 })

static void print_gateways(const struct retained_set *s, FILE *out)
{
	status_gateway_print(s, NOW, out);
}

static const char *print(void (*how)(const struct retained_set *, FILE *))
{
	size_t len;
	FILE *out;

	forget(NULL);
	out = open_memstream(&printed, &len);
	how(&set, out);
	fclose(out);
	return printed;
}

static void figures_are_grouped_and_have_units(void **unused)
{
	(void)unused;
	given("$SYS/broker/belfry/closed/keep_alive", "0", "$SYS/broker/belfry/retained/bytes",
			"1440", "$SYS/broker/bytes/sent", "2500000", "$SYS/broker/clients/active",
			"3", "$SYS/broker/clients/connected", "3",
			"$SYS/broker/load/bytes/sent/15min", "0.10",
			"$SYS/broker/load/bytes/sent/1min", "92.11",
			"$SYS/broker/load/bytes/sent/5min", "19.67",
			"$SYS/broker/retained messages/count", "7", "$SYS/broker/uptime",
			"3725 seconds", "$SYS/broker/version", "belfry-broker version 1.2.3", NULL);
	assert_string_equal(print(print_broker),
			"mqtt://h: belfry-broker version 1.2.3, up 1 h 2 min\n"
			"\n"
			"clients\n"
			"  connected                    3\n"
			"\n"
			"messages since the start\n"
			"  bytes sent                   2.5 MB\n"
			"\n"
			"kept\n"
			"  retained messages            7, 1.4 kB\n"
			"\n"
			"a minute, averaged over                 1 min          5 min         15 "
			"min\n"
			"  bytes sent                            92.11          19.67           "
			"0.10\n");
}

static void what_is_not_known_is_shown_all_the_same(void **unused)
{
	(void)unused;
	given("$SYS/broker/connection/br\x1b/state", "1", "$SYS/broker/new", "0",
			"$SYS/broker/uptime", "a while", NULL);
	assert_string_equal(print(print_broker),
			"mqtt://h: a broker that does not tell its version, up a while\n"
			"\nother\n  connection/br\\x1b/state: 1\n");
}

static void the_slowest_readers_are_named(void **unused)
{
	(void)unused;
	given("$SYS/broker/belfry/backlog",
			"[{\"client\":\"a\\u001bb\",\"connected\":false,\"messages\":3,\"bytes\":"
			"90},"
			"{\"client\":\"c\",\"connected\":true,\"messages\":0,\"bytes\":5}]",
			NULL);
	assert_non_null(strstr(print(print_broker),
			"\nslowest readers                      messages   in bytes\n"
			"  a\\x1bb (away)                             3   90 bytes\n"
			"  c                                         0   5 bytes\n"));
	given("$SYS/broker/belfry/backlog", "[]", "$SYS/broker/version", "x", NULL);
	assert_string_equal(print(print_broker), "mqtt://h: x\n");
	given("$SYS/broker/belfry/backlog", "[[[", "$SYS/broker/version", "x", NULL);
	assert_string_equal(print(print_broker), "mqtt://h: x\n");
}

static void json_has_numbers_texts_and_what_is_json(void **unused)
{
	(void)unused;
	given("$SYS/broker/belfry/backlog", "[ {\"client\": \"a\"} ]", "$SYS/broker/clients/total",
			"12", "$SYS/broker/load/sockets/1min", "0.50", "$SYS/broker/uptime",
			"5 seconds", "$SYS/broker/x", "{broken", NULL);
	assert_string_equal(print(status_broker_json),
			"{\"belfry/backlog\": [{\"client\":\"a\"}],\n"
			" \"clients/total\": 12,\n"
			" \"load/sockets/1min\": 0.50,\n"
			" \"uptime\": \"5 seconds\",\n"
			" \"x\": \"{broken\"}\n");
}

#define ONLINE                                                                                     \
	"{\"state\":\"online\",\"client_id\":\"gw\",\"version\":\"1.2\","                          \
	"\"time\":\"2026-11-23T10:00:00Z\",\"started\":\"2026-11-23T08:00:00Z\",\"interval\":10,"  \
	"\"messages_received\":12,\"rejects\":{\"no-host\":2},\"journal\":{\"records\":3,"         \
	"\"waiting\":2,\"bytes\":4096,\"max_bytes\":8192,\"oldest_seconds\":4},"                   \
	"\"brokers\":{\"mqtt://h:1\":{\"connected\":true,\"since\":\"2026-11-23T08:00:01Z\","      \
	"\"protocol\":\"5\",\"connections\":1,\"lost\":0,\"last_error\":null,"                     \
	"\"last_error_time\":null}},\"outputs\":{\"nagios\":{\"connected\":true,\"problem\":%s,"   \
	"\"behind\":2,\"lag_seconds\":4,\"rate_10s\":12.5,\"rate_60s\":3,\"last_confirmed\":"      \
	"\"2026-11-23T10:00:00Z\",\"last_error\":\"gone \\u001b\",\"last_error_time\":"            \
	"\"2026-11-23T09:00:04Z\",\"results\":10,\"reissued\":1}}}"

#define HEADING(state) "gw: " state " for 2 h 0 min, version 1.2, as of 4.0 s ago\n"
#define REST                                                                                       \
	"\n"                                                                                       \
	"  journal: 2 waiting, the oldest for 4.0 s; 4.1 kB of 8.2 kB (50.0 %)\n"                  \
	"\n"                                                                                       \
	"  messages received  12\n"                                                                \
	"\n"                                                                                       \
	"  refused because of\n"                                                                   \
	"    no-host  2\n"

static void gateways_tell_of_brokers_and_outputs(void **unused)
{
	char text[2048];

	(void)unused;
	snprintf(text, sizeof(text), ONLINE, "null");
	given("belfry/gateway/gw", text, NULL);
	assert_string_equal(print(print_gateways),
			HEADING("online") "\n"
					  "  broker                 for        MQTT  "
					  "connections  lost\n"
					  "  mqtt://h:1  connected  2 h 0 min  5               "
					  "1     0\n"
					  "\n"
					  "  output             behind  oldest    10 s   1 min  "
					  "results  confirmed\n"
					  "  nagios  connected       2   4.0 s  12.5/s  3.00/s     "
					  "  10  4.0 s ago\n"
					  "  nagios: reissued 1\n"
					  "  nagios: last error, 1 h 0 min ago: gone \\x1b\n" REST);
	assert_true(status_gateway_is_well(&set, NOW));
}

static void problems_stand_first(void **unused)
{
	char text[2048];
	const char *shown;

	(void)unused;
	snprintf(text, sizeof(text), ONLINE, "\"no such \\u001bpipe\"");
	given("belfry/gateway/gw", text, NULL);
	shown = print(print_gateways);
	assert_ptr_equal(strstr(shown, HEADING("online") "  CRITICAL output nagios: no such "
							 "\\x1bpipe\n"),
			shown);
	assert_non_null(strstr(shown, "  nagios  PROBLEM  "));
	assert_null(strstr(shown, "last error"));
	assert_false(status_gateway_is_well(&set, NOW));
}

static void an_offline_gateway_shows_nothing_stale(void **unused)
{
	(void)unused;
	given("belfry/gateway/gw",
			"{\"state\":\"offline\",\"client_id\":\"gw\",\"messages_received\":7}",
			NULL);
	assert_string_equal(print(print_gateways),
			"gw: offline\n  CRITICAL is offline; is belfry-gateway running there, and "
			"can it reach this broker?\n");
	assert_false(status_gateway_is_well(&set, NOW));
}

static void strange_payloads_are_no_gateways(void **unused)
{
	static const char *const strange[] = { "", "online", "[]", "7", "null",
		"{\"outputs\":[1,{},{\"x\":1}]}",
		"{\"state\":7,\"journal\":[],\"outputs\":\"x\",\"rejects\":[1]}" };

	(void)unused;
	for (size_t i = 0; i < array_size(strange); i++) {
		given("belfry/gateway/x", strange[i], NULL);
		print(print_gateways);
		assert_false(status_gateway_is_well(&set, NOW));
	}
	given("belfry/gateway/x", "no", "belfry/gateway/y", "{\"a\":1}", "belfry/gateway/z", "[2]",
			NULL);
	assert_string_equal(print(status_gateway_json), "[{\"a\":1},\n [2]]\n");
	given("belfry/gateway/x", "no", NULL);
	assert_string_equal(print(status_gateway_json), "[]\n");
}

#define test(t) cmocka_unit_test_teardown(t, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(figures_are_grouped_and_have_units),
		test(what_is_not_known_is_shown_all_the_same),
		test(the_slowest_readers_are_named),
		test(json_has_numbers_texts_and_what_is_json),
		test(gateways_tell_of_brokers_and_outputs),
		test(problems_stand_first),
		test(an_offline_gateway_shows_nothing_stale),
		test(strange_payloads_are_no_gateways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
