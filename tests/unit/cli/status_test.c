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
	"{\"state\":\"online\",\"client_id\":\"gw\",\"version\":\"1.2\",\"time\":\"T2\","          \
	"\"started\":\"T1\",\"journal\":{\"records\":3,\"bytes\":4096,\"max_bytes\":8192},"        \
	"\"received\":12,\"rejects\":{\"no_host\":2},\"outputs\":{\"nagios\":"                     \
	"{\"results\":10,\"behind\":2,\"problem\":%s}}}"

static void gateways_tell_of_their_outputs(void **unused)
{
	char text[512];

	(void)unused;
	snprintf(text, sizeof(text), ONLINE, "\"no such \\u001bpipe\"");
	given("belfry/gateway/gw", text, NULL);
	assert_string_equal(print(status_gateway_print),
			"gateway gw: online, version 1.2, since T1, as of T2\n"
			"output nagios: 10 results delivered, 2 records behind; no such \\x1bpipe\n"
			"journal: 3 records, 4096 of 8192 bytes\n"
			"  received                     12\n"
			"rejected because of\n"
			"  no_host                      2\n");
	assert_false(status_gateway_is_well(&set));
	snprintf(text, sizeof(text), ONLINE, "null");
	assert_true(status_gateway_is_well(&set));
	given("belfry/gateway/gw", "{\"state\":\"offline\",\"client_id\":\"gw\"}", NULL);
	assert_string_equal(print(status_gateway_print), "gateway gw: offline\n");
	assert_false(status_gateway_is_well(&set));
}

static void strange_payloads_are_no_gateways(void **unused)
{
	static const char *const strange[] = { "", "online", "[]", "7", "null",
		"{\"outputs\":[1,{}]}",
		"{\"state\":7,\"journal\":[],\"outputs\":\"x\",\"rejects\":[1]}" };

	(void)unused;
	for (size_t i = 0; i < array_size(strange); i++) {
		given("belfry/gateway/x", strange[i], NULL);
		print(status_gateway_print);
		assert_false(status_gateway_is_well(&set));
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
		test(gateways_tell_of_their_outputs),
		test(strange_payloads_are_no_gateways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
