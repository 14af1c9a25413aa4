/* SPDX-License-Identifier: MIT */
#include "gateway/output/object_set.h"

#include <stdio.h>

#include "tests/unit/unit.h"

enum { SEED = 7 };

#define HEAD "# Created: now\n\ndefine timeperiod {\n\ttimeperiod_name\talways\n\t}\n\n"
#define HOST(name, address)                                                                        \
	"define host {\n\thost_name\t" name "\n\talias\tx y\n\taddress\t" address "\n\t}\n\n"
#define SERVICE(host, service)                                                                     \
	"define service {\n\thost_name\t" host "\n\tservice_description\t" service                 \
	"\n\tcheck_period\talways\n\t}\n\n"

static struct object_set *read_text(const char *text)
{
	struct object_set *s = object_set_create(SEED);

	object_set_feed(s, span_of_text(text));
	return s;
}

static enum object_presence find(const struct object_set *s, const char *host, const char *service)
{
	return object_set_find(s, span_of_text(host), span_of_text(service));
}

static void hosts_and_services_are_found_by_their_exact_names(void **unused)
{
	struct object_set *s = read_text(HEAD HOST("web1", "10.0.0.1") HOST("db 1", "db 1")
					SERVICE("web1", "Disk /var") SERVICE("db 1", "Load"));

	(void)unused;
	assert_true(object_set_complete(s));
	assert_int_equal(object_set_hosts(s), 2);
	assert_int_equal(object_set_services(s), 2);
	assert_int_equal(find(s, "web1", ""), OBJECT_THERE);
	assert_int_equal(find(s, "web1", "Disk /var"), OBJECT_THERE);
	assert_int_equal(find(s, "db 1", "Load"), OBJECT_THERE);
	assert_int_equal(find(s, "web1", "Load"), OBJECT_NO_SERVICE);
	assert_int_equal(find(s, "web1", "disk /var"), OBJECT_NO_SERVICE);
	assert_int_equal(find(s, "Web1", ""), OBJECT_NO_HOST);
	assert_int_equal(find(s, "web", "1Disk /var"), OBJECT_NO_HOST);
	assert_int_equal(find(s, "x y", ""), OBJECT_NO_HOST);
	assert_int_equal(find(s, "always", ""), OBJECT_NO_HOST);
	object_set_destroy(s);
}

static void an_address_stands_for_its_host(void **unused)
{
	struct object_set *s = read_text(HOST("web1", "10.0.0.1") HOST("10.0.0.2", "10.0.0.1")
					SERVICE("web1", "Disk") SERVICE("10.0.0.2", "Load"));

	(void)unused;
	assert_int_equal(find(s, "10.0.0.1", ""), OBJECT_THERE);
	assert_int_equal(find(s, "10.0.0.2", "Load"), OBJECT_THERE);
	assert_int_equal(find(s, "10.0.0.2", "Disk"), OBJECT_NO_SERVICE);
	assert_int_equal(find(s, "10.0.0.3", ""), OBJECT_NO_HOST);
	object_set_destroy(s);
}

static void the_first_host_of_an_address_is_meant(void **unused)
{
	struct object_set *s =
			read_text(HOST("a", "10.0.0.1") HOST("b", "10.0.0.1") SERVICE("a", "s"));

	(void)unused;
	assert_int_equal(find(s, "10.0.0.1", "s"), OBJECT_THERE);
	object_set_destroy(s);
}

/* A dependency names hosts and services too, and is neither. */
static void other_blocks_define_nothing(void **unused)
{
	struct object_set *s = read_text(
			HOST("a", "a") "define servicedependency {\n"
				       "\thost_name\tb\n\tservice_description\ts\n\t}\n\n");

	(void)unused;
	assert_true(object_set_complete(s));
	assert_int_equal(find(s, "b", ""), OBJECT_NO_HOST);
	assert_int_equal(object_set_services(s), 0);
	object_set_destroy(s);
}

static void the_order_within_a_block_does_not_matter(void **unused)
{
	struct object_set *s = read_text(HOST("a", "a") "define service{\n  service_description  s"
							"\r\n  host_name  a\n}\n");

	(void)unused;
	assert_int_equal(find(s, "a", "s"), OBJECT_THERE);
	object_set_destroy(s);
}

/* Of a prefix of the file the only ones that may pass for whole end behind a block. */
static void a_part_of_a_file_is_not_whole(void **unused)
{
	static const char text[] = HEAD HOST("a", "a") SERVICE("a", "s");
	size_t whole = 0;

	(void)unused;
	for (size_t len = 0; len < strlen(text); len++) {
		struct object_set *s = object_set_create(SEED);

		object_set_feed(s, span_of(text, len));
		if (object_set_complete(s)) {
			whole++;
			assert_int_equal(text[len - 1], '\n');
			assert_int_equal(find(s, "a", ""), OBJECT_THERE);
		}
		object_set_destroy(s);
	}
	assert_int_equal(whole, 3); /* behind host a, its empty line; behind the service */
}

static void what_the_core_does_not_write_is_not_whole(void **unused)
{
	static const char *const bad[] = { "", "# only a comment\n", HEAD,
		HOST("a", "a") "garbage\n", HOST("a", "a") "}\n",
		HOST("a", "a") "define host {\n\talias\tx\n\t}\n",
		HOST("a", "a") "define service {\n\thost_name\ta\n\t}\n",
		"info {\n\tcreated=1\n\t}\n" };

	(void)unused;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct object_set *s = read_text(bad[i]);

		if (object_set_complete(s))
			fail_msg("%s", bad[i]);
		object_set_destroy(s);
	}
}

static void pieces_of_any_length_give_the_same(void **unused)
{
	static const char text[] = HEAD HOST("web1", "10.0.0.1") SERVICE("web1", "Disk");

	(void)unused;
	for (size_t piece = 1; piece < 20; piece++) {
		struct object_set *s = object_set_create(SEED);

		for (size_t at = 0; at < strlen(text); at += piece)
			object_set_feed(s, span_first(span_from(span_of_text(text), at), piece));
		assert_true(object_set_complete(s));
		assert_int_equal(find(s, "web1", "Disk"), OBJECT_THERE);
		assert_int_equal(find(s, "10.0.0.1", "Disk"), OBJECT_THERE);
		object_set_destroy(s);
	}
}

static void a_long_list_of_members_is_passed_over(void **unused)
{
	struct object_set *s = object_set_create(SEED);

	(void)unused;
	object_set_feed(s, span_of_text("define hostgroup {\n\tmembers\t"));
	for (int i = 0; i < 100000; i++)
		object_set_feed(s, span_of_text("a-host-with-a-name,"));
	object_set_feed(s, span_of_text("\n\t}\n" HOST("a", "a")));
	assert_true(object_set_complete(s));
	assert_in_range(object_set_size(s), 1, 100000);
	object_set_destroy(s);
}

static void a_hundred_thousand_services_take_few_megabytes(void **unused)
{
	struct object_set *s = object_set_create(SEED);
	char text[400];

	(void)unused;
	for (int h = 0; h < 10000; h++) {
		snprintf(text, sizeof(text), HOST("host-%d", "10.0.%d.1"), h, h);
		object_set_feed(s, span_of_text(text));
	}
	for (int h = 0; h < 10000; h++) {
		for (int i = 0; i < 10; i++) {
			snprintf(text, sizeof(text), SERVICE("host-%d", "service %d"), h, i);
			object_set_feed(s, span_of_text(text));
		}
	}
	assert_true(object_set_complete(s));
	assert_int_equal(object_set_services(s), 100000);
	assert_in_range(object_set_size(s), 800000, 4 * 1024 * 1024);
	for (int h = 0; h < 10000; h++) {
		snprintf(text, sizeof(text), "host-%d", h);
		assert_int_equal(find(s, text, "service 9"), OBJECT_THERE);
		assert_int_equal(find(s, text, "service 10"), OBJECT_NO_SERVICE);
	}
	assert_int_equal(find(s, "host-10000", "service 1"), OBJECT_NO_HOST);
	object_set_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_and_services_are_found_by_their_exact_names),
		cmocka_unit_test(an_address_stands_for_its_host),
		cmocka_unit_test(the_first_host_of_an_address_is_meant),
		cmocka_unit_test(other_blocks_define_nothing),
		cmocka_unit_test(the_order_within_a_block_does_not_matter),
		cmocka_unit_test(a_part_of_a_file_is_not_whole),
		cmocka_unit_test(what_the_core_does_not_write_is_not_whole),
		cmocka_unit_test(pieces_of_any_length_give_the_same),
		cmocka_unit_test(a_long_list_of_members_is_passed_over),
		cmocka_unit_test(a_hundred_thousand_services_take_few_megabytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
