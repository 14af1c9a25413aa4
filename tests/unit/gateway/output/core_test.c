/* SPDX-License-Identifier: MIT */
/*
 * Whose pipe it is, and what a core that forgets is given again.
 */
#include "tests/unit/gateway/output/command_file_rig.h"

#include "gateway/output/replay.h"

static const struct {
	const char *path;
	enum core core;
} paths[] = {
	{ "/run/icinga2/cmd/icinga2.cmd", CORE_ICINGA },
	{ "/var/lib/nagios4/rw/icinga2.cmd", CORE_ICINGA },
	{ "/run/icinga2/cmd/pipe", CORE_ICINGA },
	{ "/run/icinga-old/nagios.cmd", CORE_NAGIOS },
	{ "/var/lib/naemon/naemon.cmd", CORE_NAEMON },
	{ "/var/lib/naemon/rw/cmd", CORE_NAEMON },
	{ "/var/lib/nagios4/rw/nagios.cmd", CORE_NAGIOS },
	{ "/usr/local/nagios/var/rw/live", CORE_NAGIOS },
	{ "/run/cmd", CORE_AUTO },
	{ "cmd", CORE_AUTO },
};

static void names_tell_the_core(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(paths); i++)
		assert_int_equal(core_of_path(paths[i].path).core, paths[i].core);
	assert_int_equal(core_of_owner(0).core, CORE_AUTO);
}

static void what_the_operator_says_counts(void **state)
{
	struct core_choice c;

	(void)state;
	core_choice_init(&c, "o", "/run/icinga2/cmd/icinga2.cmd", CORE_NAEMON);
	assert_int_equal(c.core, CORE_NAEMON);
	assert_false(core_choice_opened(&c, 0));
	core_choice_init(&c, "o", "/run/cmd", CORE_AUTO);
	assert_ptr_equal(core_info(c.core)->encode, encode_nagios);
	assert_false(c.is_final);
	assert_false(core_choice_opened(&c, 0)); /* root tells nothing: it stays Nagios */
	assert_true(c.is_final);
}

static struct wall_time at(int64_t s)
{
	return (struct wall_time){ seconds(s).ns };
}

static void deliver(struct replay *r, uint64_t first, int64_t when)
{
	struct batch_item item = { .sequence = first, .received = at(when - 100) };
	struct batch b = { .items = &item, .results = 1, .first = first, .last = first };

	replay_delivered(r, &b, (struct instant){ seconds(when).ns });
}

static struct instant instant_at(int64_t s)
{
	return (struct instant){ seconds(s).ns };
}

static void the_window_before_the_loss_is_wanted_again(void **state)
{
	struct replay r = { .window = seconds(10) };
	struct wall_time from;

	(void)state;
	for (int i = 0; i < 100; i++)
		deliver(&r, 1000 + (uint64_t)i, 500 + i);
	/* 599 is the last: 589 .. 599 are within, received 100 seconds before. */
	assert_false(replay_take(&r, &from));
	replay_core_gone(&r, instant_at(599));
	assert_true(replay_take(&r, &from));
	assert_int_equal(from.ns, at(489).ns);
	assert_false(replay_take(&r, &from));
}

static void nothing_is_wanted_without_a_window_or_after_it(void **state)
{
	struct replay none = { .window = seconds(0) }, r = { .window = seconds(10) };
	struct wall_time from;

	(void)state;
	deliver(&none, 1, 100);
	replay_core_gone(&none, instant_at(100));
	assert_false(replay_take(&none, &from));
	deliver(&r, 1, 100);
	replay_core_gone(&r, instant_at(111));
	assert_false(replay_take(&r, &from));
}

static void of_two_losses_the_first_reaches_back(void **state)
{
	struct replay r = { .window = seconds(10) };
	struct wall_time from;

	(void)state;
	deliver(&r, 1, 200);
	replay_core_gone(&r, instant_at(205));
	replay_core_gone(&r, instant_at(300));
	assert_true(replay_take(&r, &from));
	assert_int_equal(from.ns, at(100).ns);
}

static void many_small_batches_fill_no_more_than_the_steps(void **state)
{
	struct replay r = { .window = seconds(10) };
	struct wall_time from;

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		struct batch_item item = { .received = at((int64_t)i) };
		struct batch b = { .items = &item, .results = 1, .first = i + 1, .last = i + 1 };

		replay_delivered(&r, &b, instant_after(instant_at(1), milliseconds((int64_t)i)));
	}
	assert_in_range(r.count, REPLAY_STEPS - 1, array_size(r.steps));
	replay_core_gone(&r, instant_after(instant_at(1), milliseconds(99999)));
	assert_true(replay_take(&r, &from));
	assert_in_range(from.ns / 1000000000, 89000, 90000);
}

static void use_core(struct fixture *f, enum core core)
{
	f->config.core = (int)core;
	command_file_class.destroy(f->sink);
	make_sink(f);
}

static void deliver_batch(struct fixture *f, struct batch_item *item)
{
	f->batch.items = item;
	submit(f, 5, 9, "x\n");
	assert_int_equal(step(f), SINK_BUSY);
	assert_true(commanded(f));
	core_applies(f);
	assert_int_equal(step_after(f, 1), SINK_DONE);
}

static void lose_core(struct fixture *f)
{
	struct pollfd fds[SINK_DESCRIPTORS];
	size_t n;

	stop_core(f);
	n = command_file_class.descriptors(f->sink, fds);
	assert_true(poll(fds, n, 0) > 0);
	command_file_class.polled(f->sink, fds, n);
	step_after(f, 10);
	start_core(f);
}

static void an_icinga_that_comes_back_is_given_its_last_seconds_again(void **state)
{
	struct fixture *f = *state;
	struct batch_item item = { .received = { 42 } };

	use_core(f, CORE_ICINGA);
	start_core(f);
	step(f);
	deliver_batch(f, &item);
	submit(f, 10, 12, "y\n");
	step_after(f, 1);
	read_pipe(f);
	lose_core(f);
	assert_int_equal(step_after(f, 250), SINK_REWIND);
	assert_int_equal(command_file_class.rewind_to(f->sink).ns, 42);
	/* What was out comes again in another batch, so its file must not stay. */
	assert_int_equal(step_after(f, 1), SINK_IDLE);
	assert_string_equal(read_pipe(f), "");
	command_file_class.resume(f->sink, NULL);
	submit(f, 5, 9, "x\n");
	assert_int_equal(step(f), SINK_BUSY);
	assert_true(commanded(f));
}

static void a_nagios_that_comes_back_is_not(void **state)
{
	struct fixture *f = *state;
	struct batch_item item = { .received = { 42 } };

	start_core(f);
	step(f);
	deliver_batch(f, &item);
	lose_core(f);
	assert_int_equal(step_after(f, 250), SINK_IDLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		cmocka_unit_test(names_tell_the_core),
		cmocka_unit_test(what_the_operator_says_counts),
		cmocka_unit_test(the_window_before_the_loss_is_wanted_again),
		cmocka_unit_test(nothing_is_wanted_without_a_window_or_after_it),
		cmocka_unit_test(of_two_losses_the_first_reaches_back),
		cmocka_unit_test(many_small_batches_fill_no_more_than_the_steps),
		TEST(an_icinga_that_comes_back_is_given_its_last_seconds_again),
		TEST(a_nagios_that_comes_back_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
