/* SPDX-License-Identifier: MIT */
/*
 * A batch through the plugin: windows, acknowledgements, and what is no event.
 */
#include "tests/unit/plugins/lumberjack/rig.h"

static void a_batch_goes_out_as_windows_of_their_size(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\2"), ACK("\1") } } };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, three), RELAY_OK);
	assert_sent(&f, 0,
			BYTES("2W\0\0\0\2" EVENT("\1", "1") EVENT("\2", "2") //
					"2W\0\0\0\1" EVENT("\1", "3")));
	assert_marked(&f, 0, 0, RELAY_OK);
	assert_int_equal(f.streams[0].port, 5044);
	assert_false(f.streams[0].tls);
	end(&f);
}

static void no_more_windows_are_on_their_way_than_allowed(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.window = 1;
	given.in_flight = 1;
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, three), RELAY_RETRY);
	/* the second one was sent behind the first acknowledgement, the third not at all */
	assert_span_equal(span_first(str_span(&f.streams[0].sent), 46),
			BYTES("2W\0\0\0\1" EVENT("\1", "1") "2W\0\0\0\1" EVENT("\1", "2")));
	end(&f);
}

#define METADATA "\"@metadata\":{\"beat\":\"belfry\",\"version\":\"" BELFRY_VERSION "\"}"

static void metadata_is_the_last_member(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\2") } } };
	static const char *const texts[] = { "{\"@metadata\":7}", " { }\n", NULL };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.metadata = "belfry";
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, texts), RELAY_OK);
	assert_true(has_sent(&f, 0, "{\"@metadata\":7," METADATA "}"));
	assert_true(has_sent(&f, 0, "{ " METADATA "}"));
	end(&f);
}

static void metadata_of_its_own_is_looked_at_when_none_is_added(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } } };
	static const char *const texts[] = { "{\"@metadata\":7}", "{\"@metadata\":{}}", NULL };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, texts), RELAY_OK);
	assert_marked(&f, 0, 1, RELAY_REJECT);
	assert_non_null(strstr(f.marks[0].reason, "\"@metadata\""));
	end(&f);
}

static void keep_alives_and_parts_are_waited_through(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\0"), ACK("\1"), ACK("\0"),
								   SPAN("2A\0"), SPAN("\0\0\2"),
								   ACK("\0"), ACK("\1") } } };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, three), RELAY_OK);
	assert_int_equal(f.counters[3], 3);
	end(&f);
}

static void what_was_acknowledged_is_not_sent_again(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } },
		{ .answers = { ACK("\2") } } };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, three), RELAY_RETRY);
	assert_marked(&f, 0, 1, RELAY_OK);
	assert_reason(&f, "a:5044: the server closed the connection before");
	assert_int_equal(deliver(&f, three + 1), RELAY_OK); /* the host's next attempt */
	assert_sent(&f, 1, BYTES("2W\0\0\0\2" EVENT("\1", "2") EVENT("\2", "3")));
	end(&f);
}

static void what_was_acknowledged_before_a_reset_counts(void **unused)
{
	static const struct script scripts[] = {
		{ .answers = { ACK("\1"), ACK("\1") }, .sends = 2 }, { .answers = { ACK("\1") } }
	};
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.window = 1;
	given.in_flight = 3;
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, three), RELAY_RETRY);
	assert_marked(&f, 0, 2, RELAY_OK);
	assert_reason(&f, "closed the connection");
	end(&f);
}

static void what_the_server_should_not_say_ends_the_connection(void **unused)
{
	static const struct {
		struct script script;
		const char *reason;
		size_t confirmed;
	} cases[] = {
		{ { .answers = { ACK("\3") } }, "acknowledges event 3", 0 },
		{ { .answers = { ACK("\2"), ACK("\2") } }, "acknowledges event 2", 2 },
		{ { .answers = { SPAN("HTTP/1.1 400") } }, "HTTP", 0 },
		{ { .answers = { SPAN("\x15\3\1\0\2\2\x28") } }, "set tls true", 0 },
		{ { .answers = { SPAN("220 mail\r\n") } }, "does not speak Lumberjack", 0 },
		{ { .error = -ETIMEDOUT }, "nothing for 7 s", 0 },
		{ { .error = -EHOSTUNREACH }, "as the host says", 0 },
		{ { .error = -ECONNRESET }, "does it want TLS?", 0 },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct fake f;

		begin(&f, &usual, &cases[i].script);
		assert_int_equal(deliver(&f, three), RELAY_RETRY);
		assert_reason(&f, cases[i].reason);
		assert_true(f.streams[0].closed);
		assert_marked(&f, 0, cases[i].confirmed, RELAY_OK);
		end(&f);
	}
}

/* An answer too many would be taken for one to the next batch. */
static void an_answer_too_many_is_not_kept_for_the_next_batch(void **unused)
{
	static const struct script scripts[] = { { .answers = { SPAN("2A\0\0\0\1"
								     "2A\0\0\0\1") } },
		{ .answers = { ACK("\1") } } };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_true(f.streams[0].closed);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	end(&f);
}

static void what_is_no_object_is_a_dead_letter_and_the_others_arrive(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\2") } } };
	static const char *const texts[] = { "OK - fine", "{\"a\":1}", "{\"a\":", "{\"a\":2}",
		"[1]", NULL };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, texts), RELAY_OK);
	assert_sent(&f, 0, BYTES("2W\0\0\0\2" EVENT("\1", "1") EVENT("\2", "2")));
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(f.marks[i].is_marked, i % 2 == 0);
		if (f.marks[i].is_marked)
			assert_int_equal(f.marks[i].verdict, RELAY_REJECT);
	}
	assert_non_null(strstr(f.marks[0].reason, "does not begin with {"));
	end(&f);
}

static void what_is_confirmed_is_marked_by_its_place_in_the_batch(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } } };
	static const char *const texts[] = { "no", "{\"a\":1}", "{\"a\":2}", NULL };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, texts), RELAY_RETRY);
	assert_int_equal(f.marks[0].verdict, RELAY_REJECT);
	assert_true(f.marks[1].is_marked && f.marks[1].verdict == RELAY_OK);
	assert_false(f.marks[2].is_marked);
	end(&f);
}

static void a_batch_without_an_event_needs_no_connection(void **unused)
{
	static const char *const texts[] = { "a", "b", NULL };
	struct fake f;

	(void)unused;
	begin(&f, &usual, NULL);
	assert_int_equal(deliver(&f, texts), RELAY_OK);
	assert_marked(&f, 0, 2, RELAY_REJECT);
	end(&f);
}

static void a_record_that_is_too_large_is_a_dead_letter(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } } };
	static const char *const texts[] = { "{\"a\":\"1234567\"}", "{}", NULL };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.max_record = 14;
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, texts), RELAY_OK);
	assert_marked(&f, 0, 1, RELAY_REJECT);
	assert_non_null(strstr(f.marks[0].reason, "it has 15 bytes; max_record allows 14"));
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_goes_out_as_windows_of_their_size),
		cmocka_unit_test(no_more_windows_are_on_their_way_than_allowed),
		cmocka_unit_test(metadata_is_the_last_member),
		cmocka_unit_test(metadata_of_its_own_is_looked_at_when_none_is_added),
		cmocka_unit_test(keep_alives_and_parts_are_waited_through),
		cmocka_unit_test(what_was_acknowledged_is_not_sent_again),
		cmocka_unit_test(what_was_acknowledged_before_a_reset_counts),
		cmocka_unit_test(what_the_server_should_not_say_ends_the_connection),
		cmocka_unit_test(an_answer_too_many_is_not_kept_for_the_next_batch),
		cmocka_unit_test(what_is_no_object_is_a_dead_letter_and_the_others_arrive),
		cmocka_unit_test(what_is_confirmed_is_marked_by_its_place_in_the_batch),
		cmocka_unit_test(a_batch_without_an_event_needs_no_connection),
		cmocka_unit_test(a_record_that_is_too_large_is_a_dead_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
