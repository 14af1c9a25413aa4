/* SPDX-License-Identifier: MIT */
#include "common/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>

#include "tests/unit/unit.h"

static void addresses_read_as_host_and_port(void **unused)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
	char text[NET_ADDRESS_TEXT];

	(void)unused;
	v4->sin_family = AF_INET;
	v4->sin_port = htons(1883);
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_string_equal(net_format_address(&address, text, sizeof(text)), "127.0.0.1:1883");
	assert_string_equal(net_format_host(&address, text), "127.0.0.1");
	memset(&address, 0, sizeof(address));
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(8883);
	v6->sin6_addr = in6addr_loopback;
	assert_string_equal(net_format_address(&address, text, sizeof(text)), "[::1]:8883");
	assert_string_equal(net_format_host(&address, text), "::1");
	memset(&address, 0, sizeof(address));
	address.ss_family = AF_UNIX;
	assert_string_equal(net_format_address(&address, text, sizeof(text)), "unix");
	assert_string_equal(net_format_address(&address, text, 3), "un");
	assert_string_equal(net_format_host(&address, text), "unix");
}

static void listening_on_port_0_takes_a_free_one(void **unused)
{
	int fds[NET_MAX_ADDRESSES];
	char failed[NET_ADDRESS_TEXT], text[NET_ADDRESS_TEXT];
	int n = net_listen("127.0.0.1", 0, fds, failed);

	(void)unused;
	assert_int_equal(n, 1);
	assert_memory_equal(net_local_address(fds[0], text), "127.0.0.1:", 10);
	assert_string_not_equal(text, "127.0.0.1:0");
	assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	close(fds[0]);
}

static void a_port_in_use_is_named_and_nothing_stays_open(void **unused)
{
	int fds[NET_MAX_ADDRESSES], more[NET_MAX_ADDRESSES];
	char failed[NET_ADDRESS_TEXT], text[NET_ADDRESS_TEXT];
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int free_fd;

	(void)unused;
	assert_int_equal(net_listen("127.0.0.1", 0, fds, failed), 1);
	assert_int_equal(getsockname(fds[0], (struct sockaddr *)&address, &len), 0);
	free_fd = dup(0);
	close(free_fd);
	assert_int_equal(net_listen("127.0.0.1", ntohs(address.sin_port), more, failed),
			-EADDRINUSE);
	assert_string_equal(failed, net_local_address(fds[0], text));
	assert_int_equal(dup(0), free_fd);
	close(free_fd);
	close(fds[0]);
}

static void a_host_that_does_not_exist_is_named(void **unused)
{
	int fds[NET_MAX_ADDRESSES];
	char failed[NET_ADDRESS_TEXT];

	(void)unused;
	assert_true(net_listen("256.0.0.1", 1883, fds, failed) < 0);
	assert_string_equal(failed, "256.0.0.1:1883");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_read_as_host_and_port),
		cmocka_unit_test(listening_on_port_0_takes_a_free_one),
		cmocka_unit_test(a_port_in_use_is_named_and_nothing_stays_open),
		cmocka_unit_test(a_host_that_does_not_exist_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
