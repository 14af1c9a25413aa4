/* SPDX-License-Identifier: MIT */
#include "broker/core/metric.h"

#include "common/topic.h"
#include "tests/unit/unit.h"

static bool is_name(const char *name)
{
	if (strncmp(name, "belfry_broker_", 14) != 0)
		return false;
	for (; *name != '\0'; name++) {
		if (*name != '_' && (*name < 'a' || *name > 'z'))
			return false;
	}
	return true;
}

static void rows_are_complete(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < metric_count; i++) {
		const struct metric *m = &metrics[i];
		size_t len = strlen(m->name);
		bool is_total = len > 6 && strcmp(m->name + len - 6, "_total") == 0;

		assert_true(is_name(m->name));
		assert_int_equal(is_total, m->type == METRIC_COUNTER);
		assert_true(topic_name_valid(span_of_text(m->topic)));
		assert_true(m->alias == NULL || topic_name_valid(span_of_text(m->alias)));
		assert_true(strlen(m->help) > 10);
		assert_null(strpbrk(m->help, "\n\\"));
	}
}

static bool share_a_topic(const struct metric *a, const struct metric *b)
{
	return strcmp(a->topic, b->topic) == 0 ||
	       (b->alias != NULL && strcmp(a->topic, b->alias) == 0) ||
	       (a->alias != NULL && strcmp(a->alias, b->topic) == 0) ||
	       (a->alias != NULL && b->alias != NULL && strcmp(a->alias, b->alias) == 0);
}

static void no_two_rows_share_a_name(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < metric_count; i++) {
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(metrics[i].name, metrics[j].name);
			assert_string_not_equal(metrics[i].help, metrics[j].help);
			assert_false(share_a_topic(&metrics[i], &metrics[j]));
			assert_int_not_equal(metrics[i].offset, metrics[j].offset);
		}
	}
}

static void every_figure_has_a_row(void **unused)
{
	(void)unused;
	assert_int_equal(metric_count, sizeof(struct figures) / sizeof(uint64_t));
}

/* The topics of Mosquitto 2.1 that are one number each. */
static void mosquittos_topics_are_there(void **unused)
{
	static const char *const wanted[] = { "uptime", "clients/total", "clients/maximum",
		"clients/connected", "clients/active", "clients/disconnected", "clients/inactive",
		"clients/expired", "messages/received", "messages/sent", "messages/stored",
		"store/messages/count", "store/messages/bytes", "subscriptions/count",
		"shared_subscriptions/count", "retained messages/count", "heap/current",
		"heap/maximum", "bytes/received", "bytes/sent", "publish/bytes/received",
		"publish/bytes/sent", "publish/messages/received", "publish/messages/sent",
		"publish/messages/dropped", "packet/out/count", "packet/out/bytes",
		"connections/socket/count" };

	(void)unused;
	for (size_t i = 0; i < array_size(wanted); i++) {
		size_t rows = 0;

		for (size_t j = 0; j < metric_count; j++) {
			rows += strcmp(metrics[j].topic, wanted[i]) == 0;
			rows += metrics[j].alias != NULL &&
				strcmp(metrics[j].alias, wanted[i]) == 0;
		}
		assert_int_equal(rows, 1);
	}
}

static void prometheus_is_told_type_and_help_of_each(void **unused)
{
	const struct figures f = { .clients = 3,
		.counters = { .bytes_sent = 18446744073709551615U } };
	struct str text = { 0 };

	(void)unused;
	metrics_format(&f, &text);
	assert_non_null(strstr(str_text(&text),
			"# HELP belfry_broker_bytes_sent_total bytes sent to clients\n"
			"# TYPE belfry_broker_bytes_sent_total counter\n"
			"belfry_broker_bytes_sent_total 18446744073709551615\n"));
	assert_non_null(strstr(str_text(&text),
			"# TYPE belfry_broker_clients gauge\nbelfry_broker_clients 3\n"));
	assert_non_null(strstr(str_text(&text),
			"# TYPE belfry_broker_info gauge\n"
			"belfry_broker_info{version=\"" BELFRY_VERSION "\"} 1\n"));
	assert_int_equal(text.text[text.len - 1], '\n');
	str_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(no_two_rows_share_a_name),
		cmocka_unit_test(every_figure_has_a_row),
		cmocka_unit_test(mosquittos_topics_are_there),
		cmocka_unit_test(prometheus_is_told_type_and_help_of_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
