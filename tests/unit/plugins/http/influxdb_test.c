/* SPDX-License-Identifier: MIT */
#include "plugins/http/line_protocol.h"

#include "tests/unit/plugins/http/fake_host.h"

static const struct http_config config = {
	.format = HTTP_INFLUXDB, .url = "http://h/write?db=x", .measurement = "check"
};

static struct relay_metric metric(const char *label, const char *unit, double value)
{
	return (struct relay_metric){ .label = text_of(label),
		.unit = text_of(unit),
		.value = value,
		.warn = NAN,
		.crit = NAN,
		.min = NAN,
		.max = NAN };
}

static void a_line_for_each_value(void **state)
{
	struct relay_metric metrics[] = { metric("time", "s", 0.25), metric("size", "", 1e6),
		metric("odd", "", NAN) };
	struct relay_record records[] = { a_check("1", ""), a_check("2", "") };
	struct relay_batch batch = batch_of(records, 2);
	struct fake_host fake = fake_host();
	struct http_request request = { 0 };

	(void)state;
	metrics[0].warn = 1;
	metrics[0].crit = 5.5;
	metrics[0].min = 0;
	metrics[0].max = INFINITY;
	records[0].metrics = metrics;
	records[0].metric_count = 3;
	records[1].service = text_of("");
	assert_int_equal(http_influxdb.build(&config, &fake.host, &batch, 0, &request), 2);
	assert_string_equal(str_text(&request.body),
			"check,host=web1,metric=time,service=HTTP,unit=s "
			"value=0.25,warn=1,crit=5.5,min=0,state=2i 1795384096250000000\n"
			"check,host=web1,metric=size,service=HTTP value=1000000,state=2i "
			"1795384096250000000\n"
			"check,host=web1 state=2i 1795384096250000000\n");
	http_request_finish(&request);
}

static void check_host_tag(const char *host, const char *expected)
{
	struct relay_record record = a_check("1", "");
	struct str text = { 0 }, wanted = { 0 };

	record.host = text_of(host);
	record.service = text_of("");
	line_protocol_append(&text, "a b,c=d", &record);
	str_printf(&wanted, "a\\ b\\,c=d,host=%s state=2i 1795384096250000000\n", expected);
	assert_string_equal(str_text(&text), str_text(&wanted));
	str_finish(&text);
	str_finish(&wanted);
}

static void characters_of_the_protocol_are_escaped(void **state)
{
	(void)state;
	check_host_tag("a b,c=d", "a\\ b\\,c\\=d");
	check_host_tag("a\"b'c#d", "a\"b'c#d");
	check_host_tag("a\nb\r", "a\\ b\\ ");
	check_host_tag("a\\b", "a\\b");
	check_host_tag("C:\\", "C:/");
	check_host_tag("C:\\ Used", "C:/\\ Used");
	check_host_tag("a\\,b\\=c", "a/\\,b/\\=c");
	check_host_tag("\\\\srv\\share", "/\\srv\\share");
	check_host_tag("Gr\xc3\xbc\xc3\x9f\xff", "Gr\xc3\xbc\xc3\x9f\xef\xbf\xbd");
}

static void numbers_read_back_as_they_were(void **state)
{
	static const double values[] = { 0.1, 1.0 / 3, 1e-300, 1.7e308, -4.25, 9007199254740993.0,
		5e-324 };

	(void)state;
	for (size_t i = 0; i < array_size(values); i++) {
		struct relay_metric one = metric("m", "", values[i]);
		struct relay_record record = a_check("1", "");
		struct str text = { 0 };

		record.metrics = &one;
		record.metric_count = 1;
		line_protocol_append(&text, "m", &record);
		assert_true(strtod(strstr(text.text, "value=") + 6, NULL) == values[i]);
		str_finish(&text);
	}
}

static void messages_are_refused(void **state)
{
	struct relay_record record = a_check("1", "");
	struct relay_batch batch = batch_of(&record, 1);
	struct fake_host fake = fake_host();
	struct http_request request = { 0 };

	(void)state;
	record.kind = RELAY_MESSAGE;
	assert_int_equal(http_influxdb.build(&config, &fake.host, &batch, 0, &request), 1);
	assert_int_equal(request.count, 0);
	assert_int_equal(fake.marks[0], RELAY_REJECT);
	http_request_finish(&request);
}

static void only_204_is_success(void **state)
{
	static const struct {
		unsigned status;
		enum relay_verdict verdict;
	} cases[] = { { 204, RELAY_OK }, { 200, RELAY_RETRY }, { 400, RELAY_REJECT },
		{ 404, RELAY_RETRY }, { 422, RELAY_REJECT }, { 503, RELAY_RETRY } };

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct fake_host fake = fake_host();
		struct http_request request = { 0 };
		struct http_answer answer = answer_of(cases[i].status, "");
		struct relay_outcome outcome = { 0 };

		assert_int_equal(http_influxdb.judge(&fake.host, &request, &answer, &outcome),
				cases[i].verdict);
	}
}

static void the_url_is_checked(void **state)
{
	static const struct {
		const char *url, *measurement;
		bool good;
	} cases[] = {
		{ "http://h:8086/write?db=x", "check", true },
		{ "http://h:8086/api/v2/write?org=o&bucket=b", "check", true },
		{ "http://h:8086/write?db=x&precision=ns", "check", true },
		{ "http://h:8086/write?db=x&precision=s", "check", false },
		{ "http://h:8086", "check", false },
		{ "http://h:8086/write?db=x", "#check", false },
		{ "http://h:8086/write?db=x", "a\\", false },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct http_config one = { .url = cases[i].url,
			.measurement = cases[i].measurement };
		char problem[RELAY_REASON] = "";

		assert_int_equal(http_influxdb.check(&one, problem), cases[i].good);
		assert_int_equal(problem[0] == '\0', cases[i].good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_for_each_value),
		cmocka_unit_test(characters_of_the_protocol_are_escaped),
		cmocka_unit_test(numbers_read_back_as_they_were),
		cmocka_unit_test(messages_are_refused),
		cmocka_unit_test(only_204_is_success),
		cmocka_unit_test(the_url_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
