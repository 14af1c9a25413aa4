/* SPDX-License-Identifier: MIT */
#include "plugins/syslog/message.h"

#include "common/utf8.h"
#include "tests/unit/plugins/host.h"

#define MARK "\xef\xbb\xbf"

enum { NS = 1000000000 };

static struct syslog_form form;
static struct str got;

static int begin(void **state)
{
	(void)state;
	form = (struct syslog_form){
		.hostname = "gw.example",
		.facility = 3,
		.severity = SEVERITY_NOTICE,
		.enterprise = 32473,
		.max_size = 8192,
	};
	return 0;
}

static int end(void **state)
{
	(void)state;
	str_finish(&got);
	return 0;
}

/* 2026-11-23T04:05:06.789Z */
static struct relay_record a_check(void)
{
	return (struct relay_record){
		.id = relay_text_of("gw-1"),
		.text = relay_text_of("DISK CRITICAL - 98% used"),
		.kind = RELAY_CHECK,
		.time_ns = 1795406706 * (int64_t)NS + 789000000,
		.topic = relay_text_of("nagios/web1/disk"),
		.host = relay_text_of("web1"),
		.service = relay_text_of("disk"),
		.perfdata = relay_text_of("used=98%;90;95"),
		.state = RELAY_STATE_CRITICAL,
	};
}

static const char *written(const struct relay_record *record, const char *app_name)
{
	str_clear(&got);
	syslog_append_message(&got, &form, record, relay_text_of(app_name));
	return str_text(&got);
}

static void a_check_result(void **state)
{
	struct relay_record r = a_check();

	(void)state;
	assert_string_equal(written(&r, "belfry"),
			"<26>1 2026-11-23T04:05:06.789Z web1 belfry - check "
			"[belfry@32473 id=\"gw-1\" host=\"web1\" service=\"disk\" "
			"state=\"CRITICAL\" topic=\"nagios/web1/disk\" "
			"perfdata=\"used=98%;90;95\"] DISK CRITICAL - 98% used");
}

static void a_message(void **state)
{
	struct relay_record r = { .id = relay_text_of("gw-2"),
		.text = relay_text_of("query example.org"),
		.kind = RELAY_MESSAGE,
		.topic = relay_text_of("dns/all") };

	(void)state;
	form.facility = 17;
	form.enterprise = 4711;
	assert_string_equal(written(&r, "dns"),
			"<141>1 1970-01-01T00:00:00.000Z gw.example dns - message "
			"[belfry@4711 id=\"gw-2\" topic=\"dns/all\"] query example.org");
}

static void nothing_at_all(void **state)
{
	struct relay_record r = { .kind = RELAY_MESSAGE };

	(void)state;
	form.hostname = "";
	assert_string_equal(written(&r, ""),
			"<29>1 1970-01-01T00:00:00.000Z - - - message [belfry@32473]");
}

static void the_severity_follows_from_the_state(void **state)
{
	static const struct {
		const char *service;
		int state;
		const char *priority, *word;
	} cases[] = {
		{ "s", 0, "<30>", "OK" },
		{ "s", 1, "<28>", "WARNING" },
		{ "s", 2, "<26>", "CRITICAL" },
		{ "s", 3, "<27>", "UNKNOWN" },
		{ "s", 9, "<27>", "UNKNOWN" },
		{ "", 0, "<30>", "UP" },
		{ "", 1, "<26>", "DOWN" },
		{ "", 2, "<27>", "UNREACHABLE" },
		{ "", -1, "<27>", "UNKNOWN" },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct relay_record r = a_check();
		char word[32];

		r.service = relay_text_of(cases[i].service);
		r.state = cases[i].state;
		snprintf(word, sizeof(word), "state=\"%s\"", cases[i].word);
		assert_memory_equal(written(&r, "a"), cases[i].priority, 4);
		assert_non_null(strstr(str_text(&got), word));
	}
}

static void names_are_printable(void **state)
{
	struct relay_record r = a_check();
	char longest[400];

	(void)state;
	r.host = relay_text_of("Gr\xc3\xbcn 7\n\x7f");
	assert_non_null(strstr(written(&r, "my app\t<1>"), "Z Gr__n_7__ my_app_<1> - check ["));
	assert_non_null(strstr(str_text(&got), "host=\"Gr\xc3\xbcn 7  \"")); /* all of it is here */
	memset(longest, 'h', sizeof(longest));
	r.host = (struct relay_text){ longest, sizeof(longest) };
	written(&r, "a234567890b234567890c234567890d234567890e23456789");
	assert_int_equal(span_find(span_from(str_span(&got), 31), ' '), 255);
	assert_non_null(strstr(
			str_text(&got), " a234567890b234567890c234567890d234567890e2345678 - "));
}

/* RFC 5424, 6.3.3 */
static void structured_data_is_escaped(void **state)
{
	struct relay_record r = a_check();

	(void)state;
	r.perfdata = relay_text_of("'a]b\"c\\d'=1\n\xc2\x9b\xff");
	assert_non_null(strstr(
			written(&r, "a"), " perfdata=\"'a\\]b\\\"c\\\\d'=1  \xef\xbf\xbd\"] "));
}

static void control_characters_are_taken_out(void **state)
{
	static const char text[] = "a\nb\tc\x1b[0m\r\0\x7f\xc2\x9bz";
	struct relay_record r = a_check();

	(void)state;
	r.text = (struct relay_text){ text, sizeof(text) - 1 };
	assert_non_null(strstr(written(&r, "a"), "] " MARK "a\nb\tc [0m    z"));
	form.one_line = true;
	assert_non_null(strstr(written(&r, "a"), "] " MARK "a b\tc [0m    z"));
}

static void bytes_have_no_mark(void **state)
{
	struct relay_record r = a_check();

	(void)state;
	r.text = relay_text_of("latin \xfc\n\x01.");
	assert_non_null(strstr(written(&r, "a"), "] latin \xfc\n ."));
}

static void the_end_of_the_text_is_cut_off(void **state)
{
	struct relay_record r = a_check();
	char text[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	r.text = (struct relay_text){ text, sizeof(text) };
	for (form.max_size = 700; form.max_size < 710; form.max_size++) {
		written(&r, "a");
		assert_in_range(got.len, form.max_size - 1, form.max_size);
		assert_true(utf8_valid(str_span(&got)));
		assert_non_null(strstr(str_text(&got), "perfdata="));
	}
}

/* A text shorter than half of the message is never cut for the sake of structured data. */
static void the_text_comes_before_long_data(void **state)
{
	struct relay_record r = a_check();
	char perfdata[3000];

	(void)state;
	memset(perfdata, '"', sizeof(perfdata));
	r.perfdata = (struct relay_text){ perfdata, sizeof(perfdata) };
	form.max_size = 2048;
	assert_null(strstr(written(&r, "a"), "perfdata"));
	assert_non_null(strstr(str_text(&got), "topic=\"nagios/web1/disk\"] DISK"));
	r.perfdata.len = 800;
	assert_non_null(strstr(written(&r, "a"), "perfdata"));
	assert_non_null(strstr(str_text(&got), "98% used"));
	assert_true(got.len <= 2048);
}

static void it_never_is_longer_than_it_may(void **state)
{
	char many[1000];
	struct dice dice = { 5424 };

	(void)state;
	memset(many, ']', sizeof(many));
	for (int i = 0; i < 2000; i++) {
		struct relay_record r = a_check();

		form.max_size = SYSLOG_LEAST_SIZE + dice_roll(&dice, 1500);
		r.id = (struct relay_text){ many, dice_roll(&dice, 300) };
		r.host = (struct relay_text){ many, dice_roll(&dice, 600) };
		r.service = (struct relay_text){ many, dice_roll(&dice, 600) };
		r.topic = (struct relay_text){ many, dice_roll(&dice, 1000) };
		r.text = (struct relay_text){ many, dice_roll(&dice, 1000) };
		written(&r, "belfry");
		assert_true(got.len <= form.max_size);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_check_result),
		TEST(a_message),
		TEST(nothing_at_all),
		TEST(the_severity_follows_from_the_state),
		TEST(names_are_printable),
		TEST(structured_data_is_escaped),
		TEST(control_characters_are_taken_out),
		TEST(bytes_have_no_mark),
		TEST(the_end_of_the_text_is_cut_off),
		TEST(the_text_comes_before_long_data),
		TEST(it_never_is_longer_than_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
