/* SPDX-License-Identifier: MIT */
/* The plugin as its host sees it. */
#include "tests/unit/plugins/host.h"

static uint64_t config[32]; /* as plugins/syslog/plugin.c has it, and its table of settings */

static void *member(const char *keyword)
{
	return relay_member(config, keyword);
}

static void configure(const char *url)
{
	assert_true(belfry_relay.config_size <= sizeof(config));
	memset(config, 0, sizeof(config));
	*(const char **)member("url") = url;
	*(int *)member("facility") = 16;
	*(int *)member("severity") = 5;
	*(uint64_t *)member("enterprise") = 32473;
	*(uint64_t *)member("timeout") = 1;
}

static struct relay_text app_name;

static struct relay_record message(const char *text)
{
	app_name = relay_text_of("belfry");
	return (struct relay_record){ .kind = RELAY_MESSAGE,
		.id = relay_text_of("1"),
		.text = relay_text_of(text),
		.host = relay_text_of("h"),
		.rendered = &app_name };
}

static enum relay_verdict deliver(const struct relay_record *records, size_t count)
{
	struct relay_batch batch = batch_of(records, count);

	return deliver_once(config, &batch);
}

#define HEAD                                                                                       \
	"<133>1 1970-01-01T00:00:00.000Z h belfry - message [belfry@32473 id=\"1\" host=\"h\"] "

static void frames_count_their_octets(void **state)
{
	struct relay_record records[] = { message("one\ntwo"), message("") };

	(void)state;
	configure("tcp://a");
	assert_int_equal(deliver(records, 2), RELAY_OK);
	assert_int_equal(fake.place.port, 601);
	assert_string_equal(str_text(&fake.sent), "89 " HEAD "one\ntwo"
						  "81 <133>1 1970-01-01T00:00:00.000Z h belfry - "
						  "message [belfry@32473 id=\"1\" host=\"h\"]");
}

static void frames_end_with_a_line_feed(void **state)
{
	struct relay_record records[] = { message("one\ntwo"), message("three") };

	(void)state;
	configure("tls://a");
	*(int *)member("framing") = 1;
	assert_int_equal(deliver(records, 2), RELAY_OK);
	assert_int_equal(fake.place.port, 6514);
	assert_string_equal(str_text(&fake.sent), HEAD "one two\n" HEAD "three\n");
}

static void what_cannot_be_sent_comes_again(void **state)
{
	struct relay_record record = message("x");

	(void)state;
	configure("tcp://a");
	fake.send_fails = true;
	assert_int_equal(deliver(&record, 1), RELAY_RETRY);
}

static void settings_are_checked_together(void **state)
{
	char problem[RELAY_REASON];

	(void)state;
	configure("udp://a");
	assert_true(belfry_relay.check(config, problem));
	*(uint64_t *)member("max_size") = 65508;
	assert_false(belfry_relay.check(config, problem));
	assert_non_null(strstr(problem, "65507"));
	*(uint64_t *)member("max_size") = 0;
	*(int *)member("framing") = 1;
	assert_false(belfry_relay.check(config, problem));
	assert_non_null(strstr(problem, "a datagram is one message"));
	configure("ftp://a");
	assert_false(belfry_relay.check(config, problem));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_begin, fake_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_count_their_octets),
		TEST(frames_end_with_a_line_feed),
		TEST(what_cannot_be_sent_comes_again),
		TEST(settings_are_checked_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
