/* SPDX-License-Identifier: MIT */
/*
 * Whenever the process ends, the store holds what it told to be finished, in whole batches.
 */
#include "tests/unit/broker/store/two_batches.h"

#include <signal.h>

/* A child commits the first batch and is killed at a step of the second. */
static void die_at(struct fixture *f, const char *step)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		commit_first(f);
		fill_second(&f->batch);
		f->exit_at = step;
		commit_batch(f);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_process_that_ends_at_any_step_leaves_the_last_batch_whole(void **state)
{
	static const char *const steps[] = { "begin", "message", "delivery", "record", "remove",
		"commit" };

	(void)state;
	for (size_t i = 0; i < array_size(steps); i++) {
		struct fixture *f;

		setup((void **)&f);
		die_at(f, steps[i]);
		open_store(f);
		load_store(f);
		assert_first(f);
		/* And goes on. */
		f->batch.first_message = f->batch.first_delivery = 3;
		fill_second(&f->batch);
		commit_batch(f);
		reopen_and_load(f);
		assert_second(f);
		teardown((void **)&f);
	}
}

enum { WINDOW = 5 };

/* Message n and its delivery come, the one of WINDOW batches before goes. */
static void fill_round(struct batch *b, uint64_t n)
{
	char payload[300];

	snprintf(payload, sizeof(payload), "%-299" PRIu64, n);
	if (n == 1)
		put_session(b, 1, "c");
	put_text(b, "t", payload, false);
	put_delivery(b, (struct batch_delivery){ .session = 1, .message = n, .qos = 1 });
	if (n > WINDOW) {
		put_number(&b->over_deliveries, n - WINDOW);
		put_number(&b->over_messages, n - WINDOW);
	}
}

static void commit_until_killed(struct fixture *f, int tell_fd)
{
	open_store(f);
	for (uint64_t n = f->batch.first_message;; n++) {
		fill_round(&f->batch, n);
		commit_batch(f);
		if (write(tell_fd, &n, sizeof(n)) < 0)
			_exit(1);
	}
}

/* Returns the last batch that was told to be finished. */
static uint64_t kill_after(struct fixture *f, unsigned batches)
{
	uint64_t n = 0, last = 0;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		commit_until_killed(f, ends[1]);
	}
	close(ends[1]);
	for (unsigned i = 0; i < batches; i++) {
		assert_int_equal(read(ends[0], &n, sizeof(n)), sizeof(n));
		last = n;
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	while (read(ends[0], &n, sizeof(n)) == sizeof(n))
		last = n;
	close(ends[0]);
	return last;
}

static void a_process_that_is_killed_leaves_what_it_told_or_one_batch_more(void **state)
{
	struct fixture *f = *state;
	struct dice dice = { 1 };

	for (unsigned round = 0; round < 20; round++) {
		uint64_t told = kill_after(f, 1 + dice_roll(&dice, 30)), last;
		struct session *s;

		open_store(f);
		load_store(f);
		assert_int_equal(f->found.lost, 0);
		s = session_named(f, "c");
		assert_int_equal(f->found.deliveries, f->found.messages);
		assert_int_equal(s->outbox.count, f->found.deliveries);
		last = strtoull((const char *)message_payload(
						outbox_at(&s->outbox, s->outbox.count - 1)->message)
						.data,
				NULL, 10);
		assert_true(last == told || last == told + 1);
		assert_int_equal(s->outbox.count, last < WINDOW ? last : WINDOW);
		close_store(f);
		f->batch.first_message = f->batch.first_delivery = last + 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		cmocka_unit_test(a_process_that_ends_at_any_step_leaves_the_last_batch_whole),
		TEST(a_process_that_is_killed_leaves_what_it_told_or_one_batch_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
