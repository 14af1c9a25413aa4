/* SPDX-License-Identifier: MIT */
#include "common/network.h"

#include "tests/unit/unit.h"

static void addresses_are_in_their_networks_alone(void **unused)
{
	static const struct {
		const char *network, *address;
		bool holds;
	} cases[] = {
		{ "10.1.0.0/16", "10.1.2.3:49152", true },
		{ "10.1.0.0/16", "10.1.2.3", true },
		{ "10.1.0.0/16", "10.2.0.1:1", false },
		{ "10.1.2.3/16", "10.1.0.1:1", true },
		{ "10.0.0.128/25", "10.0.0.127:1", false },
		{ "10.0.0.128/25", "10.0.0.128:1", true },
		{ "10.0.0.7", "10.0.0.7:5", true },
		{ "10.0.0.7", "10.0.0.70:5", false },
		{ "0.0.0.0/0", "192.0.2.1:5", true },
		{ "0.0.0.0/0", "[2001:db8::1]:5", false },
		{ "::/0", "[2001:db8::1]:5", true },
		{ "::1", "[::1]:1883", true },
		{ "::1", "::1", true },
		{ "2001:db8::/32", "[2001:db8:1::1]:5", true },
		{ "2001:db8::/32", "[2001:db9::1]:5", false },
		{ "fe80::/10", "[fe80::1%eth0]:5", true },
		{ "10.1.0.0/16", "[::ffff:10.1.2.3]:5", true },
		{ "0.0.0.0/0", "unix", false },
		{ "::/0", "", false },
		{ "::/0", "[]:1", false },
		{ "::/0", "nonsense:1", false },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct network n;

		assert_true(network_parse(span_of_text(cases[i].network), &n));
		if (network_holds(&n, span_of_text(cases[i].address)) != cases[i].holds)
			fail_msg("%s and %s", cases[i].network, cases[i].address);
	}
}

static void what_is_no_network_is_refused(void **unused)
{
	static const char *const bad[] = { "", "/", "10.0.0.0/", "10.0.0.0/33", "::/129",
		"10.0.0/8", "10.0.0.0/-1", "10.0.0.0/8x", "host", "10.0.0.1:80", "[::1]",
		"300.0.0.1", "10.0.0.0/8/8",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc" };
	struct network n;

	(void)unused;
	for (size_t i = 0; i < array_size(bad); i++) {
		if (network_parse(span_of_text(bad[i]), &n))
			fail_msg("%s", bad[i]);
	}
	assert_false(network_parse(BYTES("10.0.0.0\0/8"), &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_in_their_networks_alone),
		cmocka_unit_test(what_is_no_network_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
