/* SPDX-License-Identifier: MIT */
#include "broker/io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "tests/unit/unit.h"

static uint8_t buffer[STREAM_MIN_RECEIVE];

static void open_pair(struct socket_stream *s, int *ret_peer)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	socket_stream_init(s, fds[0]);
	*ret_peer = fds[1];
}

static void socket_is_open_from_the_start(void **unused)
{
	struct socket_stream s;
	AUTO_CLOSE int peer = -1;

	(void)unused;
	open_pair(&s, &peer);
	assert_true(s.base.is_open);
	assert_false(stream_wants_write(&s.base));
	stream_destroy(&s.base);
}

static void socket_receives_then_nothing_then_the_end(void **unused)
{
	struct socket_stream s;
	AUTO_CLOSE int peer = -1;

	(void)unused;
	open_pair(&s, &peer);
	assert_int_equal(write(peer, "abc", 3), 3);
	assert_int_equal(stream_receive(&s.base, buffer, sizeof(buffer)), 3);
	assert_memory_equal(buffer, "abc", 3);
	assert_int_equal(stream_receive(&s.base, buffer, sizeof(buffer)), -EAGAIN);
	shutdown(peer, SHUT_WR);
	assert_int_equal(stream_receive(&s.base, buffer, sizeof(buffer)), 0);
	stream_destroy(&s.base);
}

static void socket_sends_all_spans_in_order(void **unused)
{
	static const struct span spans[] = { SPAN("one "), SPAN("two "), SPAN("three") };
	struct socket_stream s;
	AUTO_CLOSE int peer = -1;

	(void)unused;
	open_pair(&s, &peer);
	assert_int_equal(stream_send(&s.base, spans, 0), 0);
	assert_int_equal(stream_send(&s.base, spans, 1), 4);
	assert_int_equal(stream_send(&s.base, spans + 1, 2), 9);
	assert_int_equal(read(peer, buffer, sizeof(buffer)), 13);
	assert_memory_equal(buffer, "one two three", 13);
	stream_destroy(&s.base);
}

static void full_socket_says_again_and_a_closed_one_why(void **unused)
{
	struct span span = span_of(buffer, sizeof(buffer));
	struct socket_stream s;
	int peer = -1;
	ssize_t n;

	(void)unused;
	open_pair(&s, &peer);
	while ((n = stream_send(&s.base, &span, 1)) > 0)
		;
	assert_int_equal(n, -EAGAIN);
	close(peer);
	assert_int_equal(stream_send(&s.base, &span, 1), -EPIPE);
	stream_destroy(&s.base);
}

static void shutdown_closes_the_sending_half_alone(void **unused)
{
	struct socket_stream s;
	AUTO_CLOSE int peer = -1;

	(void)unused;
	open_pair(&s, &peer);
	stream_shutdown(&s.base);
	assert_int_equal(read(peer, buffer, sizeof(buffer)), 0);
	assert_int_equal(write(peer, "x", 1), 1);
	assert_int_equal(stream_receive(&s.base, buffer, sizeof(buffer)), 1);
	stream_destroy(&s.base);
}

static void destroying_a_socket_closes_it(void **unused)
{
	struct socket_stream s;
	AUTO_CLOSE int peer = -1;

	(void)unused;
	open_pair(&s, &peer);
	stream_destroy(&s.base);
	assert_int_equal(fcntl(s.fd, F_GETFD), -1);
	stream_destroy(NULL);
}

static void stream_is_found_by_its_class(void **unused)
{
	static const struct stream_class upper_class = { .name = "upper" };
	static const struct stream_class other_class = { .name = "other" };
	struct socket_stream s;
	struct stream upper = { .class = &upper_class, .below = &s.base };
	AUTO_CLOSE int peer = -1;

	(void)unused;
	open_pair(&s, &peer);
	assert_ptr_equal(stream_find(&upper, &upper_class), &upper);
	assert_ptr_equal(stream_find(&upper, s.base.class), &s.base);
	assert_null(stream_find(&upper, &other_class));
	stream_destroy(&s.base);
}

static void stack_has_ended_when_one_of_it_has(void **unused)
{
	static const struct stream_class upper_class = { .name = "upper" };
	struct socket_stream s;
	struct stream upper = { .class = &upper_class, .below = &s.base };
	AUTO_CLOSE int peer = -1;

	(void)unused;
	open_pair(&s, &peer);
	assert_false(stream_has_ended(&upper));
	s.base.is_ended = true;
	assert_true(stream_has_ended(&upper));
	stream_destroy(&s.base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(socket_is_open_from_the_start),
		cmocka_unit_test(socket_receives_then_nothing_then_the_end),
		cmocka_unit_test(socket_sends_all_spans_in_order),
		cmocka_unit_test(full_socket_says_again_and_a_closed_one_why),
		cmocka_unit_test(shutdown_closes_the_sending_half_alone),
		cmocka_unit_test(destroying_a_socket_closes_it),
		cmocka_unit_test(stream_is_found_by_its_class),
		cmocka_unit_test(stack_has_ended_when_one_of_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
