/* SPDX-License-Identifier: MIT */
#include "gateway/result/reject.h"

#include "common/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

static cJSON *format(const struct rejection *r, struct span topic, struct span gateway_id)
{
	struct str s = { 0 };
	cJSON *json;

	reject_format(&s, r, topic, gateway_id);
	assert_true(utf8_valid(str_span(&s)));
	json = cJSON_ParseWithOpts(str_text(&s), NULL, true);
	assert_non_null(json);
	str_finish(&s);
	return json;
}

static const char *member(const cJSON *json, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));

	assert_non_null(text);
	return text;
}

static void every_code_has_reason_and_remedy_of_its_own(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < REJECT_COUNT; i++) {
		const struct reject_info *info = reject_info((enum reject)i);

		assert_non_null(info->code);
		assert_non_null(info->reason);
		assert_non_null(info->remedy);
		for (const char *c = info->code; *c != '\0'; c++)
			assert_true((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
					*c == '-');
		for (unsigned other = 0; other < i; other++)
			assert_string_not_equal(info->code, reject_info((enum reject)other)->code);
	}
	assert_string_equal(reject_info(REJECT_HOST_MISMATCH)->code, "host-mismatch");
	assert_string_equal(reject_info(REJECT_COUNT)->code, "none");
}

static void the_body_tells_everything_that_is_known(void **unused)
{
	struct rejection r = { REJECT_BAD_STATE, SPAN("abc"), 7, SPAN("web1"), SPAN("Disk /") };
	cJSON *json = format(&r, span_of_text("nagios/web1/Disk %2F"), span_of_text("gw1"));

	(void)unused;
	assert_string_equal(member(json, "code"), "bad-state");
	assert_string_equal(member(json, "reason"), reject_info(REJECT_BAD_STATE)->reason);
	assert_string_equal(member(json, "remedy"), reject_info(REJECT_BAD_STATE)->remedy);
	assert_string_equal(member(json, "detail"), "abc");
	assert_string_equal(member(json, "topic"), "nagios/web1/Disk %2F");
	assert_int_equal(cJSON_GetObjectItemCaseSensitive(json, "index")->valueint, 7);
	assert_string_equal(member(json, "host"), "web1");
	assert_string_equal(member(json, "service"), "Disk /");
	assert_int_equal(strlen(member(json, "time")), strlen("2026-11-23T04:05:06.789Z"));
	assert_string_equal(member(json, "gateway"), "gw1");
	cJSON_Delete(json);
}

static void what_a_stranger_chose_is_escaped(void **unused)
{
	static const struct span evil = SPAN("\"}\\\n\x01\x7f\xc2\x85\xff\xc3\xa4");
	struct rejection r = { REJECT_BAD_HOST, evil, 0, evil, evil };
	struct str s = { 0 };
	cJSON *json = format(&r, evil, evil);

	(void)unused;
	assert_string_equal(member(json, "detail"), "\"}\\\n\x01\x7f\xc2\x85\xef\xbf\xbd\xc3\xa4");
	assert_string_equal(member(json, "topic"), member(json, "detail"));
	cJSON_Delete(json);

	reject_format(&s, &r, evil, evil);
	for (size_t i = 0; i < s.len; i++)
		assert_true((uint8_t)s.text[i] >= 0x20 && s.text[i] != 0x7f);
	str_finish(&s);
}

static void a_long_detail_is_cut_at_a_character(void **unused)
{
	struct str detail = { 0 };
	struct rejection r = { .reject = REJECT_BAD_STATE };
	cJSON *json;

	(void)unused;
	str_append_text(&detail, "x");
	while (detail.len < 100000)
		str_append_text(&detail, "\xe2\x82\xac");
	r.detail = str_span(&detail);
	json = format(&r, span_of_text("t"), span_of_text("g"));
	assert_int_equal(strlen(member(json, "detail")), 256);
	cJSON_Delete(json);
	/* Now the limit lies one byte inside a character. */
	r.detail = span_from(r.detail, 1);
	json = format(&r, span_of_text("t"), span_of_text("g"));
	assert_int_equal(strlen(member(json, "detail")), 255);
	cJSON_Delete(json);
	str_finish(&detail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_reason_and_remedy_of_its_own),
		cmocka_unit_test(the_body_tells_everything_that_is_known),
		cmocka_unit_test(what_a_stranger_chose_is_escaped),
		cmocka_unit_test(a_long_detail_is_cut_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
