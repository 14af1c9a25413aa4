/* SPDX-License-Identifier: MIT */
#include "common/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"

static const struct net_place loopback = { .host = "127.0.0.1" };

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
	int n = net_listen(&loopback, fds, failed);

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
	struct net_place taken = loopback;
	int fds[NET_MAX_ADDRESSES], more[NET_MAX_ADDRESSES];
	char failed[NET_ADDRESS_TEXT], text[NET_ADDRESS_TEXT];
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int free_fd;

	(void)unused;
	assert_int_equal(net_listen(&loopback, fds, failed), 1);
	assert_int_equal(getsockname(fds[0], (struct sockaddr *)&address, &len), 0);
	free_fd = dup(0);
	close(free_fd);
	taken.port = ntohs(address.sin_port);
	assert_int_equal(net_listen(&taken, more, failed), -EADDRINUSE);
	assert_string_equal(failed, net_local_address(fds[0], text));
	assert_int_equal(dup(0), free_fd);
	close(free_fd);
	close(fds[0]);
}

static void a_host_that_does_not_exist_is_named(void **unused)
{
	struct net_place place = { .host = "256.0.0.1", .port = 1883 };
	int fds[NET_MAX_ADDRESSES];
	char failed[NET_ADDRESS_TEXT];

	(void)unused;
	assert_true(net_listen(&place, fds, failed) < 0);
	assert_string_equal(failed, "256.0.0.1:1883");
}

static bool has_address(const struct net_place *place, const char *wanted)
{
	struct sockaddr_storage list[NET_MAX_ADDRESSES];
	int n = net_resolve(place, list);
	char text[NET_ADDRESS_TEXT];

	while (--n >= 0 && strcmp(net_format_address(&list[n], text, sizeof(text)), wanted) != 0)
		;
	return n >= 0;
}

static void all_addresses_are_of_both_families_or_of_one(void **unused)
{
	struct net_place place = { .port = 1883 };
	struct sockaddr_storage list[NET_MAX_ADDRESSES];

	(void)unused;
	assert_true(has_address(&place, "0.0.0.0:1883"));
	assert_true(has_address(&place, "[::]:1883"));
	place.family = AF_INET;
	assert_int_equal(net_resolve(&place, list), 1);
	assert_true(has_address(&place, "0.0.0.0:1883"));
	place.family = AF_INET6;
	assert_int_equal(net_resolve(&place, list), 1);
	assert_true(has_address(&place, "[::]:1883"));
	place.host = "127.0.0.1";
	assert_int_equal(net_resolve(&place, list), -EADDRNOTAVAIL);
}

static void an_interface_stands_for_its_addresses(void **unused)
{
	struct net_place place = { .host = "192.0.2.1", .interface = "lo", .port = 1883 };
	struct sockaddr_storage list[NET_MAX_ADDRESSES];
	int fds[NET_MAX_ADDRESSES];
	char failed[NET_ADDRESS_TEXT];

	(void)unused;
	assert_true(has_address(&place, "127.0.0.1:1883"));
	assert_false(has_address(&place, "192.0.2.1:1883"));
	place.family = AF_INET;
	assert_true(has_address(&place, "127.0.0.1:1883"));
	assert_false(has_address(&place, "[::1]:1883"));
	place.interface = "nowhere7";
	assert_int_equal(net_resolve(&place, list), -ENODEV);
	assert_int_equal(net_listen(&place, fds, failed), -ENODEV);
	assert_string_equal(failed, "nowhere7:1883");
}

/* --- Unix sockets --------------------------------------------------------------------------- */

struct folder {
	char path[64];
	char name[96]; /* of a socket in it */
};

static int make_folder(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->path, "/tmp/belfry-net-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->name, sizeof(f->name), "%s/socket", f->path);
	*state = f;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *f = *state;

	unlink(f->name);
	assert_int_equal(rmdir(f->path), 0);
	free(f);
	return 0;
}

static void a_unix_socket_has_the_mode_that_the_umask_leaves(void **state)
{
	const struct folder *f = *state;
	mode_t mask = umask(0027);
	AUTO_CLOSE int fd = net_listen_unix(f->name);
	struct stat status;

	umask(mask);
	assert_true(fd >= 0);
	assert_int_equal(lstat(f->name, &status), 0);
	assert_true(S_ISSOCK(status.st_mode));
	assert_int_equal(status.st_mode & 0777, 0750);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void a_unix_socket_that_was_left_behind_is_replaced(void **state)
{
	const struct folder *f = *state;
	int fd = net_listen_unix(f->name);

	assert_true(fd >= 0);
	assert_int_equal(net_listen_unix(f->name), -EADDRINUSE);
	close(fd);
	fd = net_listen_unix(f->name);
	assert_true(fd >= 0);
	close(fd);
}

static void a_file_that_is_no_socket_stays(void **state)
{
	const struct folder *f = *state;
	struct stat status;
	int fd = open(f->name, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(net_listen_unix(f->name), -EEXIST);
	assert_int_equal(lstat(f->name, &status), 0);
	unlink(f->name);
	assert_int_equal(symlink("/dev/null", f->name), 0);
	assert_int_equal(net_listen_unix(f->name), -EEXIST);
	assert_int_equal(net_listen_unix(f->path), -EEXIST);
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
	char path[110];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[108] = '\0';
	assert_int_equal(net_listen_unix(path), -ENAMETOOLONG);
	assert_int_equal(net_listen_unix(""), -ENAMETOOLONG);
	assert_int_equal(net_listen_unix("/nowhere/socket"), -ENOENT);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_read_as_host_and_port),
		cmocka_unit_test(listening_on_port_0_takes_a_free_one),
		cmocka_unit_test(a_port_in_use_is_named_and_nothing_stays_open),
		cmocka_unit_test(a_host_that_does_not_exist_is_named),
		cmocka_unit_test(all_addresses_are_of_both_families_or_of_one),
		cmocka_unit_test(an_interface_stands_for_its_addresses),
		IN_FOLDER(a_unix_socket_has_the_mode_that_the_umask_leaves),
		IN_FOLDER(a_unix_socket_that_was_left_behind_is_replaced),
		IN_FOLDER(a_file_that_is_no_socket_stays),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
