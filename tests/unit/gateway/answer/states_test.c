/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/mem.h"
#include "gateway/answer/states.h"

enum { RATE = 10, TICK_MS = 100 };

struct world {
	struct states *states;
	struct outbound *outbound;
	int64_t now;
};

static struct world begin(uint64_t rate, size_t room)
{
	return (struct world){ states_create(rate, "gw", 1, 7), outbound_create(room), 1000 };
}

static void end(struct world *w)
{
	states_destroy(w->states);
	outbound_destroy(w->outbound);
}

static void note(struct world *w, const char *service, const char *output)
{
	struct check_result r = { .host = SPAN("h"),
		.service = span_of_text(service),
		.state = CHECK_CRITICAL,
		.output = span_of_text(output),
		.time = { 1700000000000000000 },
		.ttl = -1 };

	states_note(w->states, &(struct state_note){ .result = &r, .received = r.time });
}

static void publish(struct world *w)
{
	w->now += milliseconds(TICK_MS).ns;
	states_publish(w->states, (struct instant){ w->now }, &w->outbound);
}

/* The next one's topic and payload. */
static void expect(struct world *w, const char *topic, const char *part)
{
	struct outbound_message *m = outbound_pop(w->outbound);
	AUTO_FREE char *text = NULL;

	assert_non_null(m);
	text = span_dup_text(span_of(m->payload, m->payload_len));
	assert_string_equal(m->topic, topic);
	assert_non_null(strstr(text, part));
	assert_true(m->retain);
	outbound_message_destroy(m);
}

static void the_newest_of_each_object_waits_in_the_order_of_the_first(void **state)
{
	struct world w = begin(1000, 100);

	(void)state;
	note(&w, "a", "one");
	note(&w, "b", "two");
	note(&w, "", "of the host");
	note(&w, "a", "a longer text than the one that waited before it");
	publish(&w);
	expect(&w, "belfry/state/h/a", "\"output\":\"a longer text than");
	expect(&w, "belfry/state/h/b",
			"\"state\":2,\"state_text\":\"CRITICAL\",\"output\":\"two\"");
	expect(&w, "belfry/state/h", "{\"host\":\"h\",\"state\":2,");
	assert_null(outbound_pop(w.outbound));
	assert_int_equal(states_next(w.states).ns, INSTANT_NEVER.ns);
	end(&w);
}

static void no_more_than_the_rate_are_published(void **state)
{
	struct world w = begin(RATE, 100);
	char name[] = "a";

	(void)state;
	for (; name[0] < 'g'; name[0]++)
		note(&w, name, "x");
	publish(&w);
	expect(&w, "belfry/state/h/a", "x");
	expect(&w, "belfry/state/h/b", "x");
	assert_null(outbound_pop(w.outbound));
	states_publish(w.states, (struct instant){ w.now }, &w.outbound);
	assert_null(outbound_pop(w.outbound));
	publish(&w);
	expect(&w, "belfry/state/h/c", "x");
	end(&w);
}

static void they_leave_room_for_more_urgent_messages(void **state)
{
	struct world w = begin(1000, 4);

	(void)state;
	note(&w, "a", "x");
	note(&w, "b", "x");
	note(&w, "c", "x");
	publish(&w);
	expect(&w, "belfry/state/h/a", "x");
	expect(&w, "belfry/state/h/b", "x");
	assert_null(outbound_pop(w.outbound));
	publish(&w);
	expect(&w, "belfry/state/h/c", "x");
	end(&w);
}

/* Both are kept as they came: what is cut off must not split a character. */
static void long_texts_are_cut_and_long_perfdata_is_left_out(void **state)
{
	struct world w = begin(1000, 100);
	AUTO_FREE char *text = xcalloc(1, 600), *perfdata = xcalloc(1, 600);
	struct check_result r = { .host = SPAN("h"), .ttl = 60 };
	struct state_note n = { .result = &r, .is_silent = true };

	(void)state;
	memset(text, 'x', 511);
	memcpy(text + 511, "\xc3\xbc", 2);
	memset(perfdata, '1', 513);
	r.output = span_of_text(text);
	r.perfdata = span_of_text(perfdata);
	states_note(w.states, &n);
	r.service = (struct span)SPAN("s");
	r.perfdata = span_first(r.perfdata, 512);
	states_note(w.states, &n);
	publish(&w);
	expect(&w, "belfry/state/h", "xxx\",\"time\"");
	expect(&w, "belfry/state/h/s", "xxx\",\"perfdata\":\"111");
	note(&w, "t", "y");
	states_clear(w.states);
	publish(&w);
	assert_null(outbound_pop(w.outbound));
	end(&w);
}

static void with_rate_0_there_are_none(void **state)
{
	struct world w = begin(0, 100);

	(void)state;
	note(&w, "a", "x");
	publish(&w);
	assert_null(outbound_pop(w.outbound));
	end(&w);
}

static void no_more_wait_than_may(void **state)
{
	struct states *s = states_create(1, "id", 1, 1);
	size_t taken = 0;
	char host[32];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct check_result result = { .output = SPAN("text"), .ttl = -1 };
		struct state_note note = { .result = &result };

		snprintf(host, sizeof(host), "h%d", i);
		result.host = span_of_text(host);
		taken += states_note(s, &note);
		result.host = span_of_text("h0");
		assert_true(states_note(s, &note)); /* it waits already */
	}
	assert_int_equal(taken, 100000);
	states_destroy(s);
}

static void note_from(struct world *w, const char *service, unsigned source)
{
	struct check_result r = { .host = SPAN("h"), .service = span_of_text(service), .ttl = -1 };

	states_note(w->states, &(struct state_note){ .result = &r, .source = source });
}

static void a_broker_that_takes_nothing_holds_up_its_own_only(void **state)
{
	struct outbound *both[] = { outbound_create(2), outbound_create(20) };
	struct world w = { states_create(1000, "gw", 2, 7), both[1], 1000 };

	(void)state;
	note_from(&w, "a", 0);
	note_from(&w, "b", 0);
	note_from(&w, "c", 0);
	note_from(&w, "d", 1);
	note_from(&w, "e", 1);
	states_publish(w.states, (struct instant){ w.now }, both);
	expect(&w, "belfry/state/h/d", "");
	expect(&w, "belfry/state/h/e", "");
	assert_null(outbound_pop(both[1]));
	assert_int_equal(states_count(w.states), 2);
	outbound_destroy(both[0]);
	end(&w);
}

static void a_state_goes_where_its_newest_result_came_from(void **state)
{
	struct outbound *both[] = { outbound_create(20), outbound_create(20) };
	struct world w = { states_create(1000, "gw", 2, 7), both[1], 1000 };

	(void)state;
	note_from(&w, "a", 0);
	note_from(&w, "a", 3); /* of a broker that is no longer configured: there are two */
	states_publish(w.states, (struct instant){ w.now }, both);
	expect(&w, "belfry/state/h/a", "");
	assert_null(outbound_pop(both[0]));
	outbound_destroy(both[0]);
	end(&w);
}

static void at_the_end_what_waits_goes_out_whatever_the_rate(void **state)
{
	struct world w = begin(1, 6);
	char name[] = "a";

	(void)state;
	for (; name[0] < 'f'; name[0]++)
		note(&w, name, "x");
	states_close(w.states);
	note(&w, "a", "too late");
	note(&w, "z", "too late");
	publish(&w);
	assert_null(outbound_pop(w.outbound));
	assert_int_equal(states_next(w.states).ns, INSTANT_NEVER.ns);
	assert_int_equal(states_publish_rest(w.states, 0, w.outbound), 2);
	assert_int_equal(states_publish_rest(w.states, 0, w.outbound), 2);
	expect(&w, "belfry/state/h/a", "\"output\":\"x\"");
	assert_int_equal(states_publish_rest(w.states, 0, w.outbound), 1);
	expect(&w, "belfry/state/h/b", "x");
	assert_int_equal(states_publish_rest(w.states, 0, w.outbound), 0);
	assert_int_equal(states_count(w.states), 0);
	expect(&w, "belfry/state/h/c", "x");
	expect(&w, "belfry/state/h/d", "x");
	expect(&w, "belfry/state/h/e", "x");
	assert_null(outbound_pop(w.outbound));
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_wait_than_may),
		cmocka_unit_test(the_newest_of_each_object_waits_in_the_order_of_the_first),
		cmocka_unit_test(no_more_than_the_rate_are_published),
		cmocka_unit_test(they_leave_room_for_more_urgent_messages),
		cmocka_unit_test(long_texts_are_cut_and_long_perfdata_is_left_out),
		cmocka_unit_test(with_rate_0_there_are_none),
		cmocka_unit_test(a_broker_that_takes_nothing_holds_up_its_own_only),
		cmocka_unit_test(a_state_goes_where_its_newest_result_came_from),
		cmocka_unit_test(at_the_end_what_waits_goes_out_whatever_the_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
