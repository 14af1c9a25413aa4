/* SPDX-License-Identifier: MIT */
/*
 * The tests pass sockets to themselves: each moves what it opened to descriptors 3 and up, which
 * are free in a test's process.
 */
#include "common/activation.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "tests/unit/unit.h"

static void move_to(int fd, int to)
{
	assert_true(fd >= 0);
	if (fd == to)
		return;
	assert_int_equal(dup2(fd, to), to);
	close(fd);
}

/* A socket that listens on the loopback interface; the kernel has chosen the port. */
static uint16_t open_at(int fd, const char *host)
{
	struct net_place place = { .host = host };
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char failed[NET_ADDRESS_TEXT];
	int fds[NET_MAX_ADDRESSES];

	assert_int_equal(net_listen(&place, fds, failed), 1);
	move_to(fds[0], fd);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	return ntohs(((const struct sockaddr_in *)&address)->sin_port); /* same place in both */
}

static void announce(const char *count, const char *names)
{
	char pid[24];

	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", count, 1);
	if (names != NULL)
		setenv("LISTEN_FDNAMES", names, 1);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void a_socket_is_taken_by_its_address_once(void **unused)
{
	struct net_place place = { .host = "127.0.0.1", .port = open_at(3, "127.0.0.1") };
	struct activation a;
	struct str left = { 0 };

	(void)unused;
	fcntl(3, F_SETFL, 0);
	announce("1", NULL);
	activation_init(&a);
	assert_int_equal(a.count, 1);
	assert_true(fcntl(3, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(3, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(activation_take(&a, &place), 3);
	assert_int_equal(activation_take(&a, &place), -1);
	assert_int_equal(activation_left(&a, &left), 0);
	activation_finish(&a);
	assert_true(is_open(3));
	close(3);
}

static void another_port_host_or_family_does_not_fit(void **unused)
{
	struct net_place place = { .host = "127.0.0.1", .port = open_at(3, "127.0.0.1") };
	struct net_place other = { .port = (uint16_t)(place.port + 1) };
	struct activation a;

	(void)unused;
	announce("1", NULL);
	activation_init(&a);
	assert_int_equal(activation_take(&a, &other), -1);
	other = (struct net_place){ .host = "127.0.0.2", .port = place.port };
	assert_int_equal(activation_take(&a, &other), -1);
	other = (struct net_place){ .family = AF_INET6, .port = place.port };
	assert_int_equal(activation_take(&a, &other), -1);
	other = (struct net_place){ 0 }; /* any port is no port */
	assert_int_equal(activation_take(&a, &other), -1);
	other = (struct net_place){ .interface = "lo", .port = place.port };
	assert_int_equal(activation_take(&a, &other), 3);
	close(3);
	activation_finish(&a);
}

static void a_port_alone_stands_for_each_of_its_addresses(void **unused)
{
	struct net_place place = { .port = open_at(3, "127.0.0.1") };
	struct activation a;

	(void)unused;
	announce("1", NULL);
	activation_init(&a);
	assert_int_equal(activation_take(&a, &place), 3);
	close(3);
	activation_finish(&a);
}

static void a_unix_socket_is_taken_by_its_path(void **unused)
{
	char path[64];
	struct activation a;

	(void)unused;
	snprintf(path, sizeof(path), "/tmp/belfry-activation-%ld", (long)getpid());
	move_to(net_listen_unix(path), 3);
	announce("1", NULL);
	activation_init(&a);
	assert_int_equal(activation_take_unix(&a, "/tmp/other"), -1);
	assert_int_equal(activation_take_unix(&a, path), 3);
	assert_int_equal(activation_take_unix(&a, path), -1);
	close(3);
	unlink(path);
	activation_finish(&a);
}

static void what_nobody_took_is_described_and_closed(void **unused)
{
	uint16_t port = open_at(3, "127.0.0.1");
	struct str left = { 0 };
	struct activation a;
	char wanted[160];

	(void)unused;
	move_to(socket(AF_INET, SOCK_DGRAM, 0), 4);
	move_to(socket(AF_INET, SOCK_STREAM, 0), 5);
	announce("3", "mqtt.socket:udp:");
	activation_init(&a);
	assert_int_equal(activation_left(&a, &left), 3);
	snprintf(wanted, sizeof(wanted),
			"mqtt.socket at 127.0.0.1:%u, "
			"udp at descriptor 4, which is no stream socket that listens, "
			"descriptor 5, which is no stream socket that listens",
			port);
	assert_string_equal(str_text(&left), wanted);
	str_finish(&left);
	activation_finish(&a);
	assert_false(is_open(3) || is_open(4) || is_open(5));
}

static void what_is_for_another_process_is_left_alone(void **unused)
{
	struct activation a;

	(void)unused;
	open_at(3, "127.0.0.1");
	announce("1", "x");
	setenv("LISTEN_PID", "1", 1);
	activation_init(&a);
	assert_int_equal(a.count, 0);
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDNAMES"));
	activation_finish(&a);
	assert_true(is_open(3));
	close(3);
}

static void numbers_that_are_none_mean_nothing(void **unused)
{
	static const char *const counts[] = { "", "x", "-1", "1x", "1000000" };
	struct activation a;

	(void)unused;
	for (size_t i = 0; i < array_size(counts); i++) {
		announce(counts[i], NULL);
		activation_init(&a);
		assert_int_equal(a.count, 0);
		activation_finish(&a);
	}
	activation_init(&a);
	assert_int_equal(a.count, 0);
	activation_finish(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_is_taken_by_its_address_once),
		cmocka_unit_test(another_port_host_or_family_does_not_fit),
		cmocka_unit_test(a_port_alone_stands_for_each_of_its_addresses),
		cmocka_unit_test(a_unix_socket_is_taken_by_its_path),
		cmocka_unit_test(what_nobody_took_is_described_and_closed),
		cmocka_unit_test(what_is_for_another_process_is_left_alone),
		cmocka_unit_test(numbers_that_are_none_mean_nothing),
	};

	closefrom(3); /* what the test's own parent left open */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
