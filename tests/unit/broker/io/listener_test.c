/* SPDX-License-Identifier: MIT */
#include "broker/io/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include "broker/io/connection.h"
#include "tests/unit/unit.h"

/* A listener on the loopback interface, and clients whose connections wait in its backlog. */
struct world {
	struct limits limits;
	struct shard *shard;
	struct reactor reactor;
	struct listener *listeners;
	int clients[4];
	struct rlimit limit;
};

static void open_listener(struct world *w)
{
	struct activation none = { 0 };
	struct policy *policy = policy_create();
	struct listener_options options = {
		.name = "test", .place = { .host = "127.0.0.1" }, .policy = policy
	};

	assert_int_equal(listeners_open(&w->reactor, &options, &none, &w->listeners), 0);
	policy_unref(policy);
}

static void connect_clients(struct world *w)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	assert_int_equal(getsockname(w->listeners->watcher.fd, (struct sockaddr *)&address, &len),
			0);
	for (size_t i = 0; i < array_size(w->clients); i++) {
		w->clients[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(w->clients[i], (struct sockaddr *)&address, len), 0);
	}
}

static int create(void **state)
{
	struct log_config quiet = { .program = "test", .destinations = LOG_TO_NONE };
	struct core_observer nobody = { 0 };
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(log_open(&quiet), 0);
	w->shard = shard_create(&w->limits, &nobody, 1, 2);
	reactor_init(&w->reactor, w->shard);
	open_listener(w);
	connect_clients(w);
	getrlimit(RLIMIT_NOFILE, &w->limit);
	*state = w;
	return 0;
}

static int destroy(void **state)
{
	struct world *w = *state;

	setrlimit(RLIMIT_NOFILE, &w->limit);
	listeners_close(&w->listeners);
	reactor_finish(&w->reactor);
	shard_destroy(w->shard);
	for (size_t i = 0; i < array_size(w->clients); i++)
		close(w->clients[i]);
	free(w);
	return 0;
}

/* From now on no descriptor can be opened, but one that takes the place of another. */
static void run_out_of_descriptors(struct world *w)
{
	struct rlimit limit = w->limit;
	int next = dup(0);

	assert_true(next >= 0);
	close(next);
	limit.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void run_until_accepted(struct world *w, size_t count)
{
	while (w->reactor.connection_count < count)
		ev_run(w->reactor.loop, EVRUN_ONCE);
}

static void whoever_waits_is_let_in(void **state)
{
	struct world *w = *state;

	run_until_accepted(w, array_size(w->clients));
	assert_int_equal(w->listeners->connections, array_size(w->clients));
}

static void without_a_descriptor_clients_are_turned_away(void **state)
{
	struct world *w = *state;
	char byte;

	run_out_of_descriptors(w);
	for (size_t i = 0; i < array_size(w->clients); i++) {
		ev_run(w->reactor.loop, EVRUN_ONCE);
		assert_true(ev_is_active(&w->listeners->watcher));
		assert_true(read(w->clients[i], &byte, 1) <= 0); /* closed: it does not wait */
	}
	assert_int_equal(w->reactor.connection_count, 0);
}

/* Who could neither be let in nor turned away would be announced for ever. */
static void without_a_reserve_nothing_is_accepted_for_a_while(void **state)
{
	struct world *w = *state;

	close(w->listeners->reserve_fd);
	w->listeners->reserve_fd = -1;
	run_out_of_descriptors(w);
	ev_run(w->reactor.loop, EVRUN_ONCE);
	assert_false(ev_is_active(&w->listeners->watcher));
	assert_true(ev_is_active(&w->listeners->pause));
	setrlimit(RLIMIT_NOFILE, &w->limit);
	run_until_accepted(w, array_size(w->clients));
	assert_true(w->listeners->reserve_fd >= 0);
}

static void a_pause_ends_with_its_listener(void **state)
{
	struct world *w = *state;

	close(w->listeners->reserve_fd);
	w->listeners->reserve_fd = -1;
	run_out_of_descriptors(w);
	ev_run(w->reactor.loop, EVRUN_ONCE);
	listeners_close(&w->listeners);
	assert_null(w->listeners);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, create, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(whoever_waits_is_let_in),
		IN_WORLD(without_a_descriptor_clients_are_turned_away),
		IN_WORLD(without_a_reserve_nothing_is_accepted_for_a_while),
		IN_WORLD(a_pause_ends_with_its_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
