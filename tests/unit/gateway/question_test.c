/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <poll.h>

#include "common/mem.h"
#include "gateway/question.h"

static bool say_hello(void *owner, const cJSON *body, struct reply *r)
{
	(void)owner;
	(void)body;
	str_append_text(&r->members, ",\"hello\":true");
	return reply_is_wanted(r);
}

static const struct question_kind kinds[] = { { "hello", say_hello }, { NULL, NULL } };

static struct record question_on(const char *reply_topic)
{
	return (struct record){ .kind = RECORD_MESSAGE,
		.payload = SPAN("{\"ask\":\"hello\"}"),
		.response_topic = span_of_text(reply_topic) };
}

static void assert_answered_on(struct outbound *o, const char *topic)
{
	struct pollfd fd = { outbound_fd(o), POLLIN, 0 };
	struct outbound_message *m;

	assert_int_equal(poll(&fd, 1, 10000), 1);
	outbound_rest(o);
	m = outbound_pop(o);
	assert_non_null(m);
	assert_string_equal(m->topic, topic);
	outbound_message_destroy(m);
}

/* Questions are answered one after the other: that of the last is the first answer. */
static void what_is_no_question_is_not_answered(void **state)
{
	struct outbound *o = outbound_create(10);
	struct questions *q = questions_create(kinds, NULL, &o, 1);
	struct record retained = question_on("belfry/reply/retained");
	struct record elsewhere = question_on("nagios/web1/disk");
	struct record asked = question_on("belfry/reply/me");

	(void)state;
	retained.retain = true;
	assert_true(questions_start(q));
	questions_take(q, &retained);
	questions_take(q, &elsewhere);
	questions_take(q, &asked);
	assert_answered_on(o, "belfry/reply/me");
	questions_destroy(q);
	assert_null(outbound_pop(o));
	outbound_destroy(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_question_is_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
