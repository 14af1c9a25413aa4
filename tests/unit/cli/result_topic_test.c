/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/result.h"
#include "gateway/rules/route.h"

static void expect_topic(const char *host, const char *service, const char *expected)
{
	struct result r = { .host = span_of_text(host), .service = span_of_text(service) };
	struct str topic = { 0 }, problem = { 0 }, h = { 0 }, s = { 0 };

	assert_true(result_topic(&r, "nagios", &topic, &problem));
	assert_string_equal(str_text(&topic), expected);
	assert_true(result_topic_read(str_span(&topic), "nagios", &h, &s));
	assert_string_equal(str_text(&h), host);
	assert_string_equal(str_text(&s), service);
	str_finish(&topic);
	str_finish(&problem);
	str_finish(&h);
	str_finish(&s);
}

static void test_topics(void **unused)
{
	(void)unused;
	expect_topic("web1", "", "nagios/web1");
	expect_topic("web1", "Disk", "nagios/web1/Disk");
	expect_topic("web1", "Disk /var/log", "nagios/web1/Disk /var/log");
	expect_topic("web1", "Disk /", "nagios/web1/Disk %2F");
	expect_topic("web1", "/", "nagios/web1/%2F");
	expect_topic("web1", "/var", "nagios/web1/%2Fvar");
	expect_topic("web1", "a//b", "nagios/web1/a/%2Fb");
	expect_topic("web1", "a///", "nagios/web1/a/%2F%2F");
	expect_topic("a/b", "c", "nagios/a%2Fb/c");
	expect_topic("100%", "+ # %2F", "nagios/100%25/%2B %23 %252F");
	expect_topic("$SYS", "\xc3\xa4", "nagios/$SYS/\xc3\xa4");
}

/* Whatever is encoded here is what the gateway's default templates read. */
static void test_gateway_reads_the_same(void **unused)
{
	static const char *const names[] = { "Disk", "/", "//", "a/b", "/a", "a/", "a//b", "100%",
		"%2F", "+", "#", "a+b#c", "$SYS", "\xc3\xa4/\xe2\x82\xac", "\xef\xbf\xbe", "!x|y" };
	struct template host, service;
	struct str problem = { 0 };

	(void)unused;
	assert_true(template_parse((struct span)SPAN("${topic[1]}"), "host", &host, &problem));
	assert_true(template_parse(
			(struct span)SPAN("${topic[2..]}"), "service", &service, &problem));
	for (size_t i = 0; i < array_size(names) * array_size(names); i++) {
		const char *h = names[i / array_size(names)], *s = names[i % array_size(names)];
		struct result r = { .host = span_of_text(h), .service = span_of_text(s) };
		struct str topic = { 0 }, h_read = { 0 }, s_read = { 0 };

		assert_true(result_topic(&r, "nagios", &topic, &problem));
		assert_true(template_expand(&host, str_span(&topic), &h_read));
		assert_true(template_expand(&service, str_span(&topic), &s_read));
		assert_string_equal(str_text(&h_read), h);
		assert_string_equal(str_text(&s_read), s);
		str_finish(&topic);
		str_finish(&h_read);
		str_finish(&s_read);
	}
	template_finish(&host);
	template_finish(&service);
	str_finish(&problem);
}

static void expect_refused(const char *host, const char *service, const char *prefix)
{
	struct result r = { .host = span_of_text(host), .service = span_of_text(service) };
	struct str topic = { 0 }, problem = { 0 };

	assert_false(result_topic(&r, prefix, &topic, &problem));
	assert_true(problem.len > 0);
	str_finish(&topic);
	str_finish(&problem);
}

static void test_refused_names(void **unused)
{
	char long_name[300] = "";

	(void)unused;
	memset(long_name, 'x', 256);
	expect_refused("", "s", "nagios");
	expect_refused(" h", "s", "nagios");
	expect_refused("h ", "s", "nagios");
	expect_refused("h;x", "s", "nagios");
	expect_refused("h", "s\n", "nagios");
	expect_refused("h", "\xff", "nagios");
	expect_refused("h", "\xc2\x80", "nagios");
	expect_refused("h", long_name, "nagios");
	expect_refused("h", "s", "na+gios");
	expect_refused("h", "s", "#");
}

static void test_not_a_topic_of_ours(void **unused)
{
	static const char *const topics[] = { "", "nagios", "nagios/", "nagiosx/h", "other/h",
		"nagios/%zz", "nagios/h/%2" };

	(void)unused;
	for (size_t i = 0; i < array_size(topics); i++) {
		struct str h = { 0 }, s = { 0 };

		assert_false(result_topic_read(span_of_text(topics[i]), "nagios", &h, &s));
		str_finish(&h);
		str_finish(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_topics),
		cmocka_unit_test(test_gateway_reads_the_same),
		cmocka_unit_test(test_refused_names),
		cmocka_unit_test(test_not_a_topic_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
