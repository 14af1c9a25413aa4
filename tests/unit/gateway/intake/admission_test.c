/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "gateway/intake/admission.h"
#include "tests/unit/gateway/intake/admit_rig.h"

struct fixture {
	struct admit_rig rig; /* for its configuration */
	char root[64], folder[96];
	struct journal *journal;
	struct outbound *outbound;
	struct admission *admission;
};

static void begin(struct fixture *f)
{
	static const char *const outputs[] = { "nagios" };
	struct journal_options options = { .folder = f->folder,
		.max_bytes = 4 << 20,
		.has_state = true,
		.outputs = outputs,
		.output_count = 1 };
	struct admission_env env = { .config = &f->rig.config, .counters = &f->rig.counters };

	assert_int_equal(journal_open(&options, &f->journal), 0);
	env.journal = f->journal;
	f->admission = admission_create(&env);
	assert_non_null(f->admission);
	admission_connect(f->admission, &f->outbound, 1);
}

static void end(struct fixture *f)
{
	admission_destroy(f->admission);
	journal_close(f->journal);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->root, "/tmp/belfry-admission-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->folder, sizeof(f->folder), "%s/journal", f->root);
	admit_rig_init(&f->rig);
	f->rig.config.broker_count = 1;
	f->rig.config.state_rate = 1;
	f->rig.config.max_objects = 100;
	f->outbound = outbound_create(100);
	begin(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	end(f);
	outbound_destroy(f->outbound);
	admit_rig_finish(&f->rig);
	snprintf(command, sizeof(command), "rm -r %s", f->root);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void take_message(struct fixture *f, const struct record *message)
{
	struct record_batch batch = { 0 };

	record_batch_add(&batch, message);
	assert_int_equal(admission_take(f->admission, &batch), 0);
	record_batch_finish(&batch);
}

static void take(struct fixture *f, const char *topic)
{
	struct record message = { .kind = RECORD_MESSAGE,
		.received = wall_time_now(),
		.topic = span_of_text(topic),
		.payload = SPAN("{\"state\":0}") };

	take_message(f, &message);
}

/* The next state that is on its way out; NULL: there is none. The caller frees it. */
static char *next_topic(struct fixture *f)
{
	struct outbound_message *m = outbound_pop(f->outbound);
	char *topic = m != NULL ? xstrdup(m->topic) : NULL;

	outbound_message_destroy(m);
	return topic;
}

static void expect(struct fixture *f, const char *topic)
{
	AUTO_FREE char *next = next_topic(f);

	assert_non_null(next);
	assert_string_equal(next, topic);
}

static void what_waits_at_the_end_is_published_and_what_comes_then_after_the_start(void **state)
{
	struct fixture *f = *state;

	take(f, "nagios/h/before");
	admission_close(f->admission);
	take(f, "nagios/h/meanwhile");
	assert_int_equal(admission_publish_states(f->admission, 0), 0);
	expect(f, "belfry/state/h/before");
	assert_null(next_topic(f));
	end(f);
	begin(f);
	admission_close(f->admission);
	assert_int_equal(admission_publish_states(f->admission, 0), 0);
	expect(f, "belfry/state/h/meanwhile");
	assert_null(next_topic(f));
}

/* That object's order of time, too: the next run knows what was taken last. */
static void what_comes_at_the_end_is_known_after_the_start(void **state)
{
	struct fixture *f = *state;
	struct record retained = { .kind = RECORD_MESSAGE,
		.received = wall_time_now(),
		.retain = true,
		.topic = SPAN("nagios/h/s"),
		.payload = SPAN("{\"state\":2,\"time\":1}") };

	admission_close(f->admission);
	take(f, "nagios/h/s");
	end(f);
	begin(f);
	take_message(f, &retained);
	assert_int_equal(f->rig.counters.values[COUNT_RESULTS_KNOWN], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				what_waits_at_the_end_is_published_and_what_comes_then_after_the_start,
				setup, teardown),
		cmocka_unit_test_setup_teardown(
				what_comes_at_the_end_is_known_after_the_start, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
