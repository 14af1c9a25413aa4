/* SPDX-License-Identifier: MIT */
#include "broker/core/session.h"

#include <stdio.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

static void a_session_is_found_by_its_identifier(void **unused)
{
	struct session_table t = { .seed = 3 };
	char id[] = "pump-7";
	struct session *s = session_create(&t, span_of_text(id));

	(void)unused;
	memset(id, 'x', 6);
	assert_span_text(session_id(s), "pump-7");
	assert_ptr_equal(session_table_find(&t, BYTES("pump-7")), s);
	assert_null(session_table_find(&t, BYTES("pump-")));
	assert_null(session_table_find(&t, BYTES("pump-77")));
	assert_null(session_table_find(&t, BYTES("PUMP-7")));
	assert_int_equal(t.count, 1);
	session_destroy(&t, s);
	assert_null(session_table_find(&t, BYTES("pump-7")));
	assert_int_equal(t.count, 0);
}

static void identifiers_may_be_as_long_as_mqtt_allows(void **unused)
{
	struct session_table t = { 0 };
	char *id = xmalloc(65535);
	struct session *s;

	(void)unused;
	memset(id, 'a', 65535);
	s = session_create(&t, span_of(id, 65535));
	assert_ptr_equal(session_table_find(&t, span_of(id, 65535)), s);
	assert_null(session_table_find(&t, span_of(id, 65534)));
	session_destroy(&t, s);
	free(id);
}

static void it_owns_what_waits_and_what_is_in_flight(void **unused)
{
	struct session_table t = { 0 };
	struct session *s = session_create(&t, BYTES("a"));
	struct message *m = message_create(
			BYTES("t"), NULL, BYTES("x"), 1, false, (struct instant){ 0 });
	struct delivery d = { .message = m, .qos = 1 };

	(void)unused;
	message_ref(m);
	outbox_push(&s->outbox, d);
	message_ref(m);
	inflight_add(&s->inflight, d);
	s->will.message = message_ref(m);
	packet_ids_add(&s->received, 7);
	session_destroy(&t, s);
	assert_int_equal(m->refs, 1);
	message_unref(m);
}

static void thousands_are_kept_apart(void **unused)
{
	struct session_table t = { .seed = 9 };
	char id[16];

	(void)unused;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(id, sizeof(id), "c%u", i);
		session_create(&t, span_of_text(id))->expiry_interval = i;
	}
	for (unsigned i = 0; i < 5000; i++) {
		struct session *s;

		snprintf(id, sizeof(id), "c%u", i);
		s = session_table_find(&t, span_of_text(id));
		assert_non_null(s);
		assert_int_equal(s->expiry_interval, i);
		session_destroy(&t, s);
	}
	assert_null(t.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_is_found_by_its_identifier),
		cmocka_unit_test(identifiers_may_be_as_long_as_mqtt_allows),
		cmocka_unit_test(it_owns_what_waits_and_what_is_in_flight),
		cmocka_unit_test(thousands_are_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
