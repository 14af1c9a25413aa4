/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "common/str.h"
#include "gateway/answer/outbound.h"
#include "gateway/answer/receipt.h"

static void answers_have_a_topic_of_their_own(void **state)
{
	struct str topic = { 0 }, deep = { 0 };

	(void)state;
	reject_topic(&topic, span_of_text("nagios/h/s"));
	assert_string_equal(str_text(&topic), "belfry/reject/nagios/h/s");
	assert_true(topic_is_own(str_span(&topic)));
	assert_false(topic_is_own(span_of_text("nagios/belfry/reject/x")));
	assert_true(topic_is_own(span_of_text("belfry/reject")));
	assert_false(topic_is_own(span_of_text("belfry/rejected-hosts/x")));
	assert_false(topic_is_own(span_of_text("belfry/other")));
	assert_true(topic_is_own(span_of_text("belfry/gateway/g")));
	for (int i = 0; i < 199; i++)
		str_append_text(&deep, "/");
	str_clear(&topic);
	reject_topic(&topic, str_span(&deep));
	assert_string_equal(str_text(&topic), "belfry/reject");
	str_finish(&topic);
	str_finish(&deep);
}

static void a_full_queue_takes_no_more(void **state)
{
	struct outbound *o = outbound_create(2);
	struct outbound_message *m;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(outbound_is_half_full(o), i > 0);
		m = outbound_message_create(OUTBOUND_RECEIPT, BYTES("t"), BYTES("abc"), BYTES("c"));
		outbound_message_append(m, BYTES("def"));
		assert_int_equal(outbound_push(o, m), i < 2);
	}
	m = outbound_pop(o);
	assert_string_equal(m->topic, "t");
	assert_span_text(span_of(m->payload, m->payload_len), "abcdef");
	assert_span_text(span_of(m->correlation, m->correlation_len), "c");
	assert_false(m->retain);
	outbound_message_destroy(m);
	outbound_destroy(o);
}

static void a_receipt_tells_what_became_of_the_message(void **state)
{
	static const char *const outputs[] = { "first", "second", "third" };
	struct receipt r = {
		.topic = SPAN("nagios/h/s"), .accepted = 2, .decoded = { 1500000 }, .outputs = 5
	};
	struct rejection bad = { .reject = REJECT_BAD_STATE, .index = 1 };
	struct str text = { 0 };

	(void)state;
	receipt_refuse(&r, &bad);
	receipt_format(&text, &r, outputs, BYTES("gw"));
	receipt_format_end(&text, r.received, (struct wall_time){ 2500000 });
	assert_non_null(strstr(str_text(&text), "\"receipt\":\"journaled\""));
	assert_non_null(strstr(str_text(&text), "\"accepted\":2,\"rejected\":1"));
	assert_non_null(strstr(str_text(&text), "\"accepted_ms\":1.500"));
	assert_non_null(strstr(str_text(&text), "\"outputs\":[\"first\",\"third\"]"));
	assert_non_null(strstr(str_text(&text), "\"journaled_ms\":2.500}"));
	assert_non_null(strstr(
			str_text(&text), "\"rejects\":[{\"index\":1,\"code\":\"bad-state\""));
	str_finish(&text);
	str_finish(&r.refusals);
}

static void receipts_go_nowhere_that_matters(void **state)
{
	(void)state;
	assert_true(receipt_topic_allowed(BYTES("reply/web1")));
	assert_true(receipt_topic_allowed(BYTES("belfry/reply/web1")));
	assert_false(receipt_topic_allowed(BYTES("")));
	assert_false(receipt_topic_allowed(BYTES("reply/#")));
	assert_false(receipt_topic_allowed(BYTES("$SYS/x")));
	assert_false(receipt_topic_allowed(BYTES("belfry/gateway/other")));
	assert_false(receipt_topic_allowed(BYTES("belfry/reject/nagios/h")));
	assert_false(receipt_topic_allowed(BYTES("belfry/state/h/s")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_have_a_topic_of_their_own),
		cmocka_unit_test(a_full_queue_takes_no_more),
		cmocka_unit_test(a_receipt_tells_what_became_of_the_message),
		cmocka_unit_test(receipts_go_nowhere_that_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
