/* SPDX-License-Identifier: MIT */
#include "common/resolve.h"

#include <arpa/inet.h>
#include <poll.h>

#include "tests/unit/unit.h"

static size_t look(const char *host, bool at_once, const struct sockaddr_storage **ret,
		struct resolve **ret_resolve)
{
	struct resolve *r = resolve_start(host, 5665);
	struct pollfd fd = { resolve_fd(r), POLLIN, 0 };
	const char *problem;
	size_t count;

	assert_true(resolve_is_over(r) || !at_once);
	assert_int_equal(poll(&fd, 1, 30000), 1);
	assert_true(resolve_is_over(r));
	count = resolve_addresses(r, ret, &problem);
	assert_true((count == 0) == (problem != NULL));
	*ret_resolve = r;
	return count;
}

static void a_number_is_known_at_once(void **state)
{
	const struct sockaddr_storage *found;
	struct sockaddr_in v4;
	struct resolve *r;

	(void)state;
	assert_int_equal(look("127.0.0.1", true, &found, &r), 1);
	memcpy(&v4, found, sizeof(v4));
	assert_int_equal(ntohs(v4.sin_port), 5665);
	assert_int_equal(ntohl(v4.sin_addr.s_addr), INADDR_LOOPBACK);
	resolve_end(r);
	assert_int_equal(look("::1", true, &found, &r), 1);
	assert_int_equal(found->ss_family, AF_INET6);
	resolve_end(r);
}

static void a_name_is_looked_up(void **state)
{
	const struct sockaddr_storage *found;
	struct resolve *r;

	(void)state;
	assert_true(look("localhost", false, &found, &r) > 0);
	resolve_end(r);
	assert_int_equal(look("no such host", false, &found, &r), 0);
	resolve_end(r);
}

static void nobody_has_to_wait(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		resolve_end(resolve_start("localhost", 1));
	resolve_end(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_known_at_once),
		cmocka_unit_test(a_name_is_looked_up),
		cmocka_unit_test(nobody_has_to_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
