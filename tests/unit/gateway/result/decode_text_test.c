/* SPDX-License-Identifier: MIT */
#include "gateway/result/decode.h"

#include "tests/unit/gateway/result/decode_expect.h"

enum { REFUSED = -1 };

static const struct {
	const char *text;
	int service, host; /* the state, or REFUSED */
	const char *output, *long_output, *perfdata;
} texts[] = {
	{ "CRITICAL disk full | used=98%", 2, 1, "disk full", "", "used=98%" },
	{ "2 disk full", 2, 2, "disk full", "", "" },
	{ "2;disk full", 2, 2, "disk full", "", "" },
	{ "2\tdisk full", 2, 2, "disk full", "", "" },
	{ "2 disk full|used=98%;80;90", 2, 2, "disk full", "", "used=98%;80;90" },
	{ "0", 0, 0, "", "", "" },
	{ "3 no idea", 3, REFUSED, "no idea", "", "" },
	{ "OK", 0, 0, "", "", "" },
	{ "ok fine", 0, 0, "fine", "", "" },
	{ "WARNING: load is high", 1, REFUSED, "load is high", "", "" },
	{ "WARN;load is high", 1, REFUSED, "load is high", "", "" },
	{ "OK - load average: 0.1|load1=0.1", 0, 0, "load average: 0.1", "", "load1=0.1" },
	{ "OK -1 degrees", 0, 0, "-1 degrees", "", "" },
	{ "2 - disk full", 2, 2, "- disk full", "", "" },
	{ "UNKNOWN\tno idea", 3, REFUSED, "no idea", "", "" },
	{ "UP", REFUSED, 0, "", "", "" },
	{ "DOWN no answer", REFUSED, 1, "no answer", "", "" },
	{ "UNREACHABLE", REFUSED, 2, "", "", "" },
	{ "OK|a=1", 0, 0, "", "", "a=1" },
	{ "0|a=1", 0, 0, "", "", "a=1" },
	{ "  \r\n 2 disk full \r\n", 2, 2, "disk full", "", "" },
	{ "2 a\nb\nc", 2, 2, "a", "b\nc", "" },
	{ "2 a | x=1\nb\nc | y=2\nz=3", 2, 2, "a", "b\nc", "x=1 y=2 z=3" },
	{ "CRITICAL: a\r\nb", 2, 1, "a", "b", "" },
	{ "2; a;b", 2, 2, "a;b", "", "" },
	{ "2  two", 2, 2, "two", "", "" },

	{ "", REFUSED, REFUSED, "", "", "" },
	{ " ", REFUSED, REFUSED, "", "", "" },
	{ "disk full", REFUSED, REFUSED, "", "", "" },
	{ "4 disk full", REFUSED, REFUSED, "", "", "" },
	{ "-1 disk full", REFUSED, REFUSED, "", "", "" },
	{ "22 disk full", REFUSED, REFUSED, "", "", "" },
	{ "2:30 p.m.", REFUSED, REFUSED, "", "", "" },
	{ "2disk", REFUSED, REFUSED, "", "", "" },
	{ "OKAY fine", REFUSED, REFUSED, "", "", "" },
	{ "OK-ish", REFUSED, REFUSED, "", "", "" },
	{ ";2", REFUSED, REFUSED, "", "", "" },
	{ "| a=1", REFUSED, REFUSED, "", "", "" },
	{ "DISK CRITICAL - full", REFUSED, REFUSED, "", "", "" },
};

static void check(size_t i, const char *service, int state)
{
	struct decode_input input = {
		.payload = span_of_text(texts[i].text),
		.host = SPAN("h"),
		.service = span_of_text(service),
		.formats = DECODE_TEXT,
	};
	struct decoded_list list = decode_all(&input);
	struct decoded *d = &list.items[0];

	assert_int_equal(list.count, 1);
	assert_string_equal(d->host, "h");
	assert_string_equal(d->service, service);
	if (state == REFUSED) {
		assert_int_equal(d->reject, REJECT_NO_TEXT);
		return;
	}
	assert_int_equal(d->reject, REJECT_NONE);
	assert_int_equal(d->state, state);
	assert_string_equal(d->output, texts[i].output);
	assert_string_equal(d->long_output, texts[i].long_output);
	assert_string_equal(d->perfdata, texts[i].perfdata);
	assert_int_equal(d->time, 0);
	assert_int_equal(d->ttl, -1);
}

static void text_starts_with_its_state(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(texts); i++) {
		print_message("%s\n", texts[i].text);
		check(i, "s", texts[i].service);
		check(i, "", texts[i].host);
	}
}

static void text_needs_a_topic_that_names_the_host(void **unused)
{
	struct decode_input input = {
		.payload = SPAN("2 disk full"),
		.host_from_payload = true,
		.formats = DECODE_TEXT,
	};
	struct decoded_list list = decode_all(&input);

	(void)unused;
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].reject, REJECT_NO_HOST);
}

static void a_refusal_tells_the_word_that_is_no_state(void **unused)
{
	struct decode_input input = {
		.payload = SPAN("disk full"),
		.host = SPAN("h"),
		.formats = DECODE_TEXT,
	};

	(void)unused;
	assert_string_equal(decode_all(&input).items[0].detail, "disk");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_starts_with_its_state),
		cmocka_unit_test(text_needs_a_topic_that_names_the_host),
		cmocka_unit_test(a_refusal_tells_the_word_that_is_no_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
