/* SPDX-License-Identifier: MIT */
#include "gateway/figures.h"
#include "gateway/readiness.h"

#include "tests/unit/unit.h"

struct thing {
	uint64_t count;
	double lag;
	bool up;
	struct wall_time when;
	const char *text;
};

static const struct figure rows[] = {
	{ "count", "count_total", FIGURE_COUNTER, "how many", offsetof(struct thing, count) },
	{ "lag", "lag_seconds", FIGURE_REAL, "how late", offsetof(struct thing, lag) },
	{ "up", "up", FIGURE_FLAG, "1 while up", offsetof(struct thing, up) },
	{ "when", "when_timestamp_seconds", FIGURE_TIME, "when", offsetof(struct thing, when) },
	{ "text", NULL, FIGURE_TEXT, "what", offsetof(struct thing, text) },
};

static void a_table_gives_json(void **unused)
{
	struct thing t = { 7, 0.25, true, { 0 }, "a\"\x1b" };
	struct str s = { 0 };

	(void)unused;
	str_append_byte(&s, '{');
	figures_json(rows, array_size(rows), &t, &s);
	assert_string_equal(str_text(&s), "{\"count\":7,\"lag\":0.250,\"up\":true,\"when\":null,"
					  "\"text\":\"a\\\"\\u001b\"");
	t = (struct thing){ .when = { 1795428004000000000 } };
	figures_json(rows + 3, 2, &t, &s);
	assert_non_null(strstr(
			str_text(&s), "\",\"when\":\"2026-11-23T10:00:04.000Z\",\"text\":null"));
	str_finish(&s);
}

static void the_same_table_gives_metrics(void **unused)
{
	struct thing a = { 7, 0.25, true, { 1500000000 }, "x" }, b = { 0 };
	struct figure_object both[] = { { &a, span_of_text("a\"\\\n") },
		{ &b, span_of_text("b") } };
	struct str s = { 0 };

	(void)unused;
	figures_metrics(rows, array_size(rows), "thing", both, 2, &s);
	assert_string_equal(str_text(&s),
			"# HELP belfry_gateway_count_total how many\n"
			"# TYPE belfry_gateway_count_total counter\n"
			"belfry_gateway_count_total{thing=\"a\\\"\\\\\\n\"} 7\n"
			"belfry_gateway_count_total{thing=\"b\"} 0\n"
			"# HELP belfry_gateway_lag_seconds how late\n"
			"# TYPE belfry_gateway_lag_seconds gauge\n"
			"belfry_gateway_lag_seconds{thing=\"a\\\"\\\\\\n\"} 0.250\n"
			"belfry_gateway_lag_seconds{thing=\"b\"} 0.000\n"
			"# HELP belfry_gateway_up 1 while up\n"
			"# TYPE belfry_gateway_up gauge\n"
			"belfry_gateway_up{thing=\"a\\\"\\\\\\n\"} 1\n"
			"belfry_gateway_up{thing=\"b\"} 0\n"
			"# HELP belfry_gateway_when_timestamp_seconds when\n"
			"# TYPE belfry_gateway_when_timestamp_seconds gauge\n"
			"belfry_gateway_when_timestamp_seconds{thing=\"a\\\"\\\\\\n\"} 1.500\n"
			"belfry_gateway_when_timestamp_seconds{thing=\"b\"} 0.000\n");
	str_finish(&s);
}

static bool is_ready(const struct status *s, uint64_t ready_lag, const char *code)
{
	struct str text = { 0 };
	bool ready = readiness_format(s, ready_lag, &text);

	assert_true((strstr(text.text, "\"reasons\":[]") != NULL) == ready);
	if (code != NULL)
		assert_non_null(strstr(text.text, code));
	str_finish(&text);
	return ready;
}

static void readiness_names_each_reason(void **unused)
{
	static struct status s;
	char url[] = "mqtt://h:1", other[] = "mqtt://h:2";

	(void)unused;
	s = (struct status){ .state = "online", .broker_count = 2, .output_count = 1 };
	s.brokers[0].url = url;
	s.brokers[1].url = other;
	s.brokers[1].view.connected = true;
	s.outputs[0] = (struct output_status){ .name = "nagios", .connected = true, .lag = 1e6 };
	assert_true(is_ready(&s, 0, NULL));
	s.brokers[1].view.connected = false;
	assert_false(is_ready(&s, 0, "mqtt://h:1: not connected yet; mqtt://h:2: "));
	s.brokers[0].view.connected = true;
	s.outputs[0].connected = false;
	s.outputs[0].problem = "is gone";
	assert_false(is_ready(&s, 0, "\"subject\":\"nagios\",\"reason\":\"is gone\""));
	s.outputs[0].lag = 9;
	assert_true(is_ready(&s, 10, NULL));
	s.outputs[0].lag = 11;
	assert_false(is_ready(&s, 10, "unreachable"));
	s.outputs[0].connected = true;
	s.state = "full";
	assert_false(is_ready(&s, 0, "journal-full"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_gives_json),
		cmocka_unit_test(the_same_table_gives_metrics),
		cmocka_unit_test(readiness_names_each_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
