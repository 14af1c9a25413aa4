/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "gateway/journal/record.h"

static const struct record message = {
	.kind = RECORD_MESSAGE,
	.received = { 123456789012345 },
	.topic = SPAN("a/b"),
	.source = 3,
	.retain = true,
	.qos = 1,
	.is_utf8 = true,
	.expires = true,
	.expiry = 4000000000,
	.content_type = SPAN("application/json"),
	.user_properties = SPAN("\0\1a\0\2bc\0\1a\0\0"),
	.publisher = { .user = SPAN("user"),
			.client = SPAN("client"),
			.address = SPAN("127.0.0.1") },
	.response_topic = SPAN("reply/here"),
	.correlation = SPAN("\x01\x02"),
	.payload = SPAN("payload"),
};

static const struct record small_message = {
	.kind = RECORD_MESSAGE,
	.topic = SPAN("a/b"),
	.source = 15,
	.qos = 2,
	.expires = true,
};

static const struct record result = {
	.kind = RECORD_RESULT,
	.received = { 5 },
	.topic = SPAN("nagios/h/s"),
	.index = 7,
	.is_own = true,
	.naming = 0xfeedbeef,
	.result = { SPAN("h"), SPAN("s"), CHECK_CRITICAL, SPAN("out"), SPAN("long\nlines"),
			SPAN("a=1"), { 99 }, 60, SPAN("id-1"), SPAN("who"), 3, { 98 } },
	.silence = { .ttl = 30, .becomes = CHECK_UNKNOWN },
};

static const struct record refusal = {
	.kind = RECORD_REFUSAL,
	.topic = SPAN("nagios/h/s"),
	.index = 2,
	.rejection = { REJECT_BAD_STATE, SPAN("7"), 2, SPAN("h"), SPAN("s") },
};

static const struct record presence = {
	.kind = RECORD_PRESENCE,
	.topic = SPAN("nagios/h/$state"),
	.naming = 9,
	.presence = { .host = SPAN("h"),
			.is_there = true,
			.delay = { 30000000000 },
			.rule = { .ttl = 90, .becomes = CHECK_WARNING } },
};

static const struct record command = {
	.kind = RECORD_COMMAND,
	.topic = SPAN("nagios/h/s/$command"),
	.naming = 11,
	.is_last = true,
	.command = { .kind = COMMAND_ACKNOWLEDGE,
			.host = SPAN("h"),
			.service = SPAN("s"),
			.author = SPAN("anna"),
			.comment = SPAN("a\nb"),
			.start = { 1 },
			.end = { 2 },
			.duration = 3,
			.sticky = true,
			.persistent = true,
			.expire = { 4 },
			.time = { 5 },
			.id = SPAN("id-2") },
};

static const struct record *const all[] = { &message, &small_message, &result, &refusal, &presence,
	&command };

static void assert_same(const struct record *a, const struct record *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->received.ns, b->received.ns);
	assert_span_equal(a->topic, b->topic);
	assert_int_equal(a->source, b->source);
	assert_int_equal(a->retain, b->retain);
	assert_int_equal(a->qos, b->qos);
	assert_int_equal(a->is_utf8, b->is_utf8);
	assert_int_equal(a->expires, b->expires);
	assert_int_equal(a->expiry, b->expiry);
	assert_span_equal(a->content_type, b->content_type);
	assert_span_equal(a->user_properties, b->user_properties);
	assert_span_equal(a->publisher.user, b->publisher.user);
	assert_span_equal(a->publisher.client, b->publisher.client);
	assert_int_equal(a->publisher.known, a->publisher.client.len > 0);
	assert_span_equal(a->publisher.address, b->publisher.address);
	assert_span_equal(a->response_topic, b->response_topic);
	assert_span_equal(a->correlation, b->correlation);
	assert_span_equal(a->payload, b->payload);
	assert_int_equal(a->index, b->index);
	assert_int_equal(a->is_last, b->is_last);
	assert_int_equal(a->is_own, b->is_own);
	assert_int_equal(a->naming, b->naming);
	assert_int_equal(a->silence.ttl, b->silence.ttl);
	assert_int_equal(a->silence.becomes, b->silence.becomes);
}

static void assert_same_result(const struct check_result *a, const struct check_result *b)
{
	assert_span_equal(a->host, b->host);
	assert_span_equal(a->service, b->service);
	assert_int_equal(a->state, b->state);
	assert_span_equal(a->output, b->output);
	assert_span_equal(a->long_output, b->long_output);
	assert_span_equal(a->perfdata, b->perfdata);
	assert_int_equal(a->time.ns, b->time.ns);
	assert_int_equal(a->own_time.ns, b->own_time.ns);
	assert_int_equal(a->ttl, b->ttl);
	assert_span_equal(a->id, b->id);
	assert_span_equal(a->source, b->source);
}

static void assert_same_command(const struct command *a, const struct command *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_span_equal(a->host, b->host);
	assert_span_equal(a->service, b->service);
	assert_span_equal(a->author, b->author);
	assert_span_equal(a->comment, b->comment);
	assert_int_equal(a->start.ns, b->start.ns);
	assert_int_equal(a->end.ns, b->end.ns);
	assert_int_equal(a->duration, b->duration);
	assert_int_equal(a->fixed, b->fixed);
	assert_int_equal(a->sticky, b->sticky);
	assert_int_equal(a->notify, b->notify);
	assert_int_equal(a->persistent, b->persistent);
	assert_int_equal(a->expire.ns, b->expire.ns);
	assert_int_equal(a->time.ns, b->time.ns);
	assert_span_equal(a->id, b->id);
}

static void every_kind_comes_back_as_it_went(void **state)
{
	struct record_batch batch = { 0 };
	struct span rest;

	(void)state;
	for (size_t i = 0; i < array_size(all); i++)
		record_batch_add(&batch, all[i]);
	assert_int_equal(batch.count, array_size(all));
	rest = str_span(&batch.bytes);
	for (size_t i = 0; i < array_size(all); i++) {
		struct record back;
		struct wall_time received;

		assert_true(record_decode(span_first(rest, batch.sizes[i]), &back));
		assert_same(&back, all[i]);
		assert_same_result(&back.result, &all[i]->result);
		assert_same_command(&back.command, &all[i]->command);
		assert_true(record_decode_received(span_first(rest, batch.sizes[i]), &received));
		assert_int_equal(received.ns, all[i]->received.ns);
		rest = span_from(rest, batch.sizes[i]);
	}
	record_batch_finish(&batch);
}

static struct record decoded(const struct record *record, struct record_batch *batch)
{
	struct record back;

	record_batch_add(batch, record);
	assert_true(record_decode(str_span(&batch->bytes), &back));
	return back;
}

static void a_refusal_keeps_its_code(void **state)
{
	struct record_batch batch = { 0 };
	struct record back = decoded(&refusal, &batch);

	(void)state;
	assert_int_equal(back.rejection.reject, REJECT_BAD_STATE);
	assert_int_equal(back.rejection.index, 2);
	assert_span_text(back.rejection.detail, "7");
	assert_span_text(back.rejection.host, "h");
	assert_span_text(back.rejection.service, "s");
	record_batch_finish(&batch);
}

static void a_presence_keeps_what_it_says(void **state)
{
	struct record_batch batch = { 0 };
	struct record back = decoded(&presence, &batch);

	(void)state;
	assert_true(back.presence.is_there);
	assert_span_text(back.presence.host, "h");
	assert_int_equal(back.presence.service.len, 0);
	assert_int_equal(back.presence.delay.ns, presence.presence.delay.ns);
	assert_int_equal(back.presence.rule.ttl, 90);
	assert_int_equal(back.presence.rule.becomes, CHECK_WARNING);
	record_batch_finish(&batch);
}

static void the_last_of_a_message_is_marked(void **state)
{
	struct record_batch batch = { 0 };
	struct record back;
	struct span rest;

	(void)state;
	record_batch_add(&batch, &result);
	record_batch_add(&batch, &result);
	record_batch_add(&batch, &refusal);
	record_batch_mark_last(&batch, 1, message.response_topic, message.correlation);
	rest = str_span(&batch.bytes);
	assert_true(record_decode(span_first(rest, batch.sizes[0]), &back));
	assert_false(back.is_last);
	rest = span_from(rest, batch.sizes[0]);
	assert_true(record_decode(span_first(rest, batch.sizes[1]), &back));
	assert_true(back.is_last);
	assert_true(back.is_own);
	assert_same_result(&back.result, &result.result);
	assert_span_equal(back.response_topic, message.response_topic);
	assert_span_equal(back.correlation, message.correlation);
	rest = span_from(rest, batch.sizes[1]);
	assert_int_equal(rest.len, batch.sizes[2]);
	assert_true(record_decode(rest, &back));
	assert_same(&back, &refusal);
	record_batch_finish(&batch);
}

/* What a message may have and nearly none has costs a result nothing. */
static void a_plain_result_is_no_larger_than_it_was(void **state)
{
	struct record plain = result;
	struct record_batch batch = { 0 };

	(void)state;
	plain.qos = 1;
	record_batch_add(&batch, &plain);
	/* layout to topic; numbers; lengths and texts */
	assert_int_equal(batch.bytes.len, 12 + 2 + 10 + 4 + 4 + 9 + 1 + 24 + 2 * 2 + 5 * 4 + 25);
	record_batch_finish(&batch);
}

/* An array of layout 2 is what an earlier belfry left behind. */
static void a_record_of_the_earlier_layout_can_be_read(void **state)
{
	static const uint8_t old[] = { 2, RECORD_MESSAGE, 1 | 16 | 32, 3, 0, 0, 0, 0, 0, 0, 0, 9, 0,
		1, 't', 0, 0, 0, 2, '{', '}', 0, 0, 0, 1, 'c', 0, 0, 0, 1, 'r', 0, 1, 'x' };
	struct span bytes = span_of(old, sizeof(old));
	struct wall_time received;
	struct record back;

	(void)state;
	assert_true(record_decode(bytes, &back));
	assert_true(record_decode_received(bytes, &received));
	assert_int_equal(received.ns, 9);
	assert_int_equal(back.source, 3);
	assert_int_equal(back.qos, 0);
	assert_true(back.retain);
	assert_span_text(back.payload, "{}");
	assert_span_text(back.publisher.client, "c");
	assert_span_text(back.response_topic, "r");
	assert_span_text(back.correlation, "x");
	assert_int_equal(back.user_properties.len, 0);
}

static void a_record_of_another_layout_cannot(void **state)
{
	struct record_batch batch = { 0 };
	struct record back;

	(void)state;
	record_batch_add(&batch, &message);
	batch.bytes.text[0] = 1;
	assert_false(record_decode(str_span(&batch.bytes), &back));
	batch.bytes.text[0] = 4;
	assert_false(record_decode(str_span(&batch.bytes), &back));
	record_batch_finish(&batch);
}

static void user_properties_come_back_in_their_order(void **state)
{
	struct str properties = { 0 };
	struct span rest, name, value;

	(void)state;
	record_add_property(&properties, span_of_text("b"), span_of_text("1"));
	record_add_property(&properties, span_of_text("a"), span_of_text(""));
	record_add_property(&properties, span_of_text("b"), span_of_text("2"));
	rest = str_span(&properties);
	assert_true(record_next_property(&rest, &name, &value));
	assert_span_text(name, "b");
	assert_span_text(value, "1");
	assert_true(record_next_property(&rest, &name, &value));
	assert_span_text(name, "a");
	assert_int_equal(value.len, 0);
	assert_true(record_next_property(&rest, &name, &value));
	assert_span_text(name, "b");
	assert_span_text(value, "2");
	assert_false(record_next_property(&rest, &name, &value));
	assert_false(record_next_property(&rest, &name, &value));
	str_finish(&properties);
}

static void damaged_user_properties_end(void **state)
{
	static const struct span damaged[] = { SPAN("\0"), SPAN("\0\1a\0"), SPAN("\0\1a\0\2b"),
		SPAN("\xff\xff\0\0") };

	(void)state;
	for (size_t i = 0; i < array_size(damaged); i++) {
		struct span rest = damaged[i], name, value;

		assert_false(record_next_property(&rest, &name, &value));
		assert_false(record_next_property(&rest, &name, &value));
	}
}

static void the_first_user_properties_are_whole_ones(void **state)
{
	struct span all_of_them = SPAN("\0\1a\0\2bc\0\1d\0\1e");
	static const size_t expected[] = { 0, 0, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 13, 13 };

	(void)state;
	assert_int_equal(all_of_them.len, 13);
	for (size_t most = 0; most < array_size(expected); most++)
		assert_int_equal(record_first_properties(all_of_them, most).len, expected[most]);
}

static void a_record_that_is_cut_is_not_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(all); i++) {
		struct record_batch batch = { 0 };
		struct record back;

		record_batch_add(&batch, all[i]);
		for (size_t n = 0; n < batch.bytes.len; n++)
			assert_false(record_decode(span_of(batch.bytes.text, n), &back));
		record_batch_finish(&batch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_back_as_it_went),
		cmocka_unit_test(a_refusal_keeps_its_code),
		cmocka_unit_test(a_presence_keeps_what_it_says),
		cmocka_unit_test(the_last_of_a_message_is_marked),
		cmocka_unit_test(a_plain_result_is_no_larger_than_it_was),
		cmocka_unit_test(a_record_of_the_earlier_layout_can_be_read),
		cmocka_unit_test(a_record_of_another_layout_cannot),
		cmocka_unit_test(user_properties_come_back_in_their_order),
		cmocka_unit_test(damaged_user_properties_end),
		cmocka_unit_test(the_first_user_properties_are_whole_ones),
		cmocka_unit_test(a_record_that_is_cut_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
