/* SPDX-License-Identifier: MIT */
#include "broker/io/address_limit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "common/log.h"
#include "tests/unit/unit.h"

static struct address_limit *limit;
static struct instant now;

static int begin(void **unused)
{
	struct log_config quiet = { .program = "test", .destinations = LOG_TO_NONE };

	(void)unused;
	log_open(&quiet);
	now = (struct instant){ 1000000000000 };
	limit = address_limit_create(7);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	address_limit_destroy(limit);
	return 0;
}

static struct sockaddr_storage v4(uint32_t host)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&address;

	in->sin_family = AF_INET;
	in->sin_port = htons(40000);
	in->sin_addr.s_addr = htonl(host);
	return address;
}

static struct sockaddr_storage v6(const char *text)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;

	in6->sin6_family = AF_INET6;
	assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
	return address;
}

static bool connects(struct sockaddr_storage address)
{
	return address_limit_connect(limit, &address, now);
}

static bool may_log_in(struct sockaddr_storage address)
{
	return address_limit_may_log_in(limit, &address, now);
}

static void fail_once(struct sockaddr_storage address)
{
	address_limit_failed(limit, &address, now);
}

static void limit_to(uint64_t connects_a_second, uint64_t failures_a_minute)
{
	address_limit_set(limit, (struct address_limits){ connects_a_second, failures_a_minute });
}

static void wait_for(struct duration d)
{
	now = instant_after(now, d);
}

static void zero_is_no_limit(void **unused)
{
	(void)unused;
	for (int i = 0; i < 10000; i++) {
		assert_true(connects(v4(1)));
		fail_once(v4(1));
		assert_true(may_log_in(v4(1)));
	}
}

static void connections_are_counted_by_the_second(void **unused)
{
	(void)unused;
	limit_to(10, 0);
	for (int i = 0; i < 10; i++)
		assert_true(connects(v4(1)));
	assert_false(connects(v4(1)));
	assert_true(connects(v4(2)));
	wait_for(milliseconds(99));
	assert_false(connects(v4(1)));
	wait_for(milliseconds(1)); /* a tenth of a second: one token is back */
	assert_true(connects(v4(1)));
	assert_false(connects(v4(1)));
	wait_for(seconds(1));
	for (int i = 0; i < 10; i++)
		assert_true(connects(v4(1)));
	assert_false(connects(v4(1)));
}

static void refused_connections_do_not_make_it_worse(void **unused)
{
	(void)unused;
	limit_to(1, 0);
	assert_true(connects(v4(1)));
	for (int i = 0; i < 1000; i++)
		assert_false(connects(v4(1)));
	wait_for(seconds(1));
	assert_true(connects(v4(1)));
}

static void failures_are_counted_by_the_minute(void **unused)
{
	(void)unused;
	limit_to(0, 3);
	for (int i = 0; i < 3; i++) {
		assert_true(may_log_in(v4(1)));
		fail_once(v4(1));
	}
	assert_false(may_log_in(v4(1)));
	assert_true(may_log_in(v4(2)));
	assert_true(connects(v4(1))); /* it may come; what it may not is try another password */
	wait_for(seconds(19));
	assert_false(may_log_in(v4(1)));
	wait_for(seconds(1));
	assert_true(may_log_in(v4(1)));
	fail_once(v4(1));
	assert_false(may_log_in(v4(1)));
	wait_for(seconds(60));
	for (int i = 0; i < 3; i++) {
		assert_true(may_log_in(v4(1)));
		fail_once(v4(1));
	}
	assert_false(may_log_in(v4(1)));
}

static void what_was_under_way_when_the_limit_was_reached_counts_too(void **unused)
{
	(void)unused;
	limit_to(0, 2);
	for (int i = 0; i < 4; i++)
		fail_once(v4(1));
	wait_for(seconds(60));
	assert_false(may_log_in(v4(1)));
	wait_for(seconds(30));
	assert_true(may_log_in(v4(1)));
}

static void an_ipv6_address_is_its_first_half(void **unused)
{
	(void)unused;
	limit_to(1, 0);
	assert_true(connects(v6("2001:db8:1:2::1")));
	assert_false(connects(v6("2001:db8:1:2:ffff::2")));
	assert_true(connects(v6("2001:db8:1:3::1")));
	assert_true(connects(v6("::1")));
	assert_false(connects(v6("::1")));
}

static void an_ipv4_address_is_one_in_either_form(void **unused)
{
	(void)unused;
	limit_to(1, 0);
	assert_true(connects(v4(0x0a000001)));
	assert_false(connects(v6("::ffff:10.0.0.1")));
	assert_true(connects(v6("::ffff:10.0.0.2")));
}

static void a_unix_socket_has_no_limit(void **unused)
{
	struct sockaddr_storage local = { .ss_family = AF_UNIX };

	(void)unused;
	limit_to(1, 1);
	for (int i = 0; i < 10; i++) {
		assert_true(connects(local));
		fail_once(local);
		assert_true(may_log_in(local));
	}
}

static void loopback_is_limited_like_any_other(void **unused)
{
	(void)unused;
	limit_to(1, 0);
	assert_true(connects(v4(INADDR_LOOPBACK)));
	assert_false(connects(v4(INADDR_LOOPBACK)));
}

static void a_new_limit_keeps_what_is_known(void **unused)
{
	(void)unused;
	limit_to(0, 2);
	fail_once(v4(1));
	fail_once(v4(1));
	assert_false(may_log_in(v4(1)));
	limit_to(0, 0);
	assert_true(may_log_in(v4(1)));
	limit_to(0, 2);
	assert_false(may_log_in(v4(1)));
}

/* More addresses than the table has places, each well behaved: none takes an offender's. */
static void a_flood_of_addresses_does_not_forget_an_offender(void **unused)
{
	const uint32_t flood = 20U * ADDRESS_LIMIT_SETS * ADDRESS_LIMIT_WAYS;

	(void)unused;
	limit_to(10, 5);
	for (int i = 0; i < 5; i++)
		fail_once(v4(1));
	for (int i = 0; i < 10; i++)
		assert_true(connects(v4(2)));
	for (uint32_t i = 0; i < flood; i++) {
		connects(v4(0x0b000000 + i));
		if (i % 2 == 0)
			fail_once(v4(0x0b000000 + i));
	}
	assert_false(may_log_in(v4(1)));
	assert_false(connects(v4(2)));
}

/* With every place taken by an offender, nobody else is refused for it. */
static void who_finds_no_place_is_let_through(void **unused)
{
	const uint32_t flood = 20U * ADDRESS_LIMIT_SETS * ADDRESS_LIMIT_WAYS;
	unsigned blocked = 0;

	(void)unused;
	limit_to(1, 1);
	for (uint32_t i = 0; i < flood; i++)
		fail_once(v4(0x0b000000 + i));
	for (uint32_t i = 0; i < flood; i++)
		blocked += !may_log_in(v4(0x0b000000 + i));
	assert_int_equal(blocked, ADDRESS_LIMIT_SETS * ADDRESS_LIMIT_WAYS);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_true(may_log_in(v4(0x0a000000 + i)));
		assert_true(connects(v4(0x0a000000 + i)));
		assert_true(connects(v4(0x0a000000 + i)));
	}
	wait_for(seconds(61)); /* they have done their time */
	assert_true(connects(v4(0x0a000000)));
	assert_false(connects(v4(0x0a000000)));
}

static void the_log_is_not_filled(void **unused)
{
	unsigned told = 0;

	(void)unused;
	for (int i = 0; i < 1000; i++)
		told += address_limit_may_tell(limit, now);
	assert_in_range(told, 1, 100);
	wait_for(seconds(1));
	assert_true(address_limit_may_tell(limit, now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(zero_is_no_limit, begin, end),
		cmocka_unit_test_setup_teardown(connections_are_counted_by_the_second, begin, end),
		cmocka_unit_test_setup_teardown(
				refused_connections_do_not_make_it_worse, begin, end),
		cmocka_unit_test_setup_teardown(failures_are_counted_by_the_minute, begin, end),
		cmocka_unit_test_setup_teardown(
				what_was_under_way_when_the_limit_was_reached_counts_too, begin,
				end),
		cmocka_unit_test_setup_teardown(an_ipv6_address_is_its_first_half, begin, end),
		cmocka_unit_test_setup_teardown(an_ipv4_address_is_one_in_either_form, begin, end),
		cmocka_unit_test_setup_teardown(a_unix_socket_has_no_limit, begin, end),
		cmocka_unit_test_setup_teardown(loopback_is_limited_like_any_other, begin, end),
		cmocka_unit_test_setup_teardown(a_new_limit_keeps_what_is_known, begin, end),
		cmocka_unit_test_setup_teardown(
				a_flood_of_addresses_does_not_forget_an_offender, begin, end),
		cmocka_unit_test_setup_teardown(the_log_is_not_filled, begin, end),
		cmocka_unit_test_setup_teardown(who_finds_no_place_is_let_through, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
