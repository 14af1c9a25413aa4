/* SPDX-License-Identifier: MIT */
#include "gateway/rules/submit.h"

#include "tests/unit/unit.h"

/* A rule from its lines; NULL: not given. */
struct lines {
	const char *users, *clients, *addresses, *hosts, *services, *kinds;
};

static struct submit_rule make(const struct lines *lines)
{
	struct submit_rule r = { 0 };
	struct span wrong;

	if (lines->users != NULL)
		submit_add_words(&r.users, span_of_text(lines->users));
	if (lines->clients != NULL)
		submit_add_words(&r.clients, span_of_text(lines->clients));
	if (lines->hosts != NULL)
		submit_add_words(&r.hosts, span_of_text(lines->hosts));
	if (lines->services != NULL)
		submit_add_words(&r.services, span_of_text(lines->services));
	if (lines->addresses != NULL)
		assert_true(submit_add_addresses(&r, span_of_text(lines->addresses), &wrong));
	if (lines->kinds != NULL)
		assert_true(submit_add_kinds(&r, span_of_text(lines->kinds), &wrong));
	return r;
}

static struct publisher publisher(const char *client, const char *user, const char *address)
{
	struct publisher p = { 0 };

	publisher_note(&p, span_of_text("belfry-client"), span_of_text(client));
	if (user != NULL)
		publisher_note(&p, span_of_text("belfry-user"), span_of_text(user));
	publisher_note(&p, span_of_text("belfry-address"), span_of_text(address));
	return p;
}

static bool allowed(const struct lines *lines, const struct publisher *p, const char *host,
		const char *service, enum submit_kind kind)
{
	struct submit_rule r = make(lines);
	bool allows = submit_allows(&r, 1, p, span_of_text(host), span_of_text(service), kind);

	submit_rule_finish(&r);
	return allows;
}

static void without_a_rule_the_topic_decides(void **unused)
{
	struct publisher nobody = { 0 };

	(void)unused;
	assert_true(submit_allows(
			NULL, 0, &nobody, span_of_text("h"), span_of_text("s"), SUBMIT_COMMAND));
}

/* Threat S2: each of three identities for each of three hosts. */
static void identities_speak_for_their_hosts_alone(void **unused)
{
	static const struct lines lines[] = {
		{ .users = "alice", .hosts = "web*" },
		{ .users = "bob", .hosts = "db1" },
		{ .clients = "gw-7", .hosts = "web* mail1" },
	};
	static const char *const hosts[] = { "web1", "db1", "mail1" };
	static const bool wanted[3][3] = { { true, false, false }, { false, true, false },
		{ true, false, true } };
	struct publisher who[3] = { publisher("a", "alice", "10.0.0.1:1"),
		publisher("b", "bob", "10.0.0.2:1"), publisher("gw-7", NULL, "10.0.0.3:1") };
	struct submit_rule rules[3];

	(void)unused;
	for (size_t i = 0; i < 3; i++)
		rules[i] = make(&lines[i]);
	for (size_t i = 0; i < 3; i++) {
		for (size_t h = 0; h < 3; h++)
			assert_int_equal(submit_allows(rules, 3, &who[i], span_of_text(hosts[h]),
							 span_of_text("Disk"), SUBMIT_SERVICE),
					wanted[i][h]);
	}
	for (size_t i = 0; i < 3; i++)
		submit_rule_finish(&rules[i]);
}

static void every_line_of_a_block_has_to_match(void **unused)
{
	static const struct lines lines = { "u", "c", "10.0.0.0/8", "h", "s", "service" };
	struct publisher good = publisher("c", "u", "10.0.0.1:1"),
			 other_user = publisher("c", "x", "10.0.0.1:1"),
			 other_client = publisher("x", "u", "10.0.0.1:1"),
			 elsewhere = publisher("c", "u", "11.0.0.1:1");

	(void)unused;
	assert_true(allowed(&lines, &good, "h", "s", SUBMIT_SERVICE));
	assert_false(allowed(&lines, &other_user, "h", "s", SUBMIT_SERVICE));
	assert_false(allowed(&lines, &other_client, "h", "s", SUBMIT_SERVICE));
	assert_false(allowed(&lines, &elsewhere, "h", "s", SUBMIT_SERVICE));
	assert_false(allowed(&lines, &good, "x", "s", SUBMIT_SERVICE));
	assert_false(allowed(&lines, &good, "h", "x", SUBMIT_SERVICE));
	assert_false(allowed(&lines, &good, "h", "s", SUBMIT_COMMAND));
}

/* Lines of two blocks are not put together. */
static void one_block_has_to_allow_it_all(void **unused)
{
	static const struct lines lines[] = { { .users = "a", .hosts = "h1" },
		{ .users = "b", .hosts = "h2" } };
	struct submit_rule rules[2] = { make(&lines[0]), make(&lines[1]) };
	struct publisher a = publisher("c", "a", "10.0.0.1:1");

	(void)unused;
	assert_true(submit_allows(
			rules, 2, &a, span_of_text("h1"), span_of_text("s"), SUBMIT_SERVICE));
	assert_false(submit_allows(
			rules, 2, &a, span_of_text("h2"), span_of_text("s"), SUBMIT_SERVICE));
	submit_rule_finish(&rules[0]);
	submit_rule_finish(&rules[1]);
}

static void a_dash_is_the_host_itself(void **unused)
{
	static const struct lines listed = { .services = "Disk*" }, host = { .services = "-" },
				  both = { .services = "Disk* -" }, any = { .services = "*" },
				  none = { 0 };
	struct publisher p = { 0 };

	(void)unused;
	assert_true(allowed(&none, &p, "h", "", SUBMIT_HOST));
	assert_true(allowed(&none, &p, "h", "Disk", SUBMIT_SERVICE));
	assert_true(allowed(&listed, &p, "h", "Disk /var", SUBMIT_SERVICE));
	assert_false(allowed(&listed, &p, "h", "", SUBMIT_HOST));
	assert_true(allowed(&host, &p, "h", "", SUBMIT_HOST));
	assert_false(allowed(&host, &p, "h", "Disk", SUBMIT_SERVICE));
	assert_false(allowed(&host, &p, "h", "-", SUBMIT_SERVICE));
	assert_true(allowed(&both, &p, "h", "", SUBMIT_HOST));
	assert_true(allowed(&both, &p, "h", "Disk", SUBMIT_SERVICE));
	assert_false(allowed(&any, &p, "h", "", SUBMIT_HOST));
	assert_true(allowed(&any, &p, "h", "-", SUBMIT_SERVICE));
}

static void commands_have_to_be_named(void **unused)
{
	static const struct lines none = { 0 }, named = { .kinds = "command" };
	struct publisher p = { 0 };
	struct submit_rule r = { 0 };
	struct span wrong;

	(void)unused;
	assert_true(allowed(&none, &p, "h", "s", SUBMIT_SERVICE));
	assert_true(allowed(&none, &p, "h", "", SUBMIT_HOST));
	assert_true(allowed(&none, &p, "h", "", SUBMIT_STATE));
	assert_false(allowed(&none, &p, "h", "", SUBMIT_COMMAND));
	assert_true(allowed(&named, &p, "h", "", SUBMIT_COMMAND));
	assert_false(allowed(&named, &p, "h", "s", SUBMIT_SERVICE));
	assert_false(submit_add_kinds(&r, span_of_text("service Host"), &wrong));
	assert_span_text(wrong, "Host");
}

static void who_is_not_named_matches_no_block_that_names(void **unused)
{
	static const struct lines user = { .users = "*" }, client = { .clients = "*" },
				  address = { .addresses = "0.0.0.0/0 ::/0" }, all = { 0 };
	static const struct lines *const naming[] = { &user, &client, &address };
	struct publisher nobody = { 0 }, twice = publisher("c", "u", "10.0.0.1:1"), alone = { 0 };

	(void)unused;
	publisher_note(&twice, span_of_text("belfry-user"), span_of_text("root"));
	publisher_note(&alone, span_of_text("belfry-user"), span_of_text("root"));
	for (size_t i = 0; i < array_size(naming); i++) {
		assert_false(allowed(naming[i], &nobody, "h", "s", SUBMIT_SERVICE));
		assert_false(allowed(naming[i], &twice, "h", "s", SUBMIT_SERVICE));
		assert_false(allowed(naming[i], &alone, "h", "s", SUBMIT_SERVICE));
	}
	assert_true(allowed(&all, &nobody, "h", "s", SUBMIT_SERVICE));
}

static void no_user_is_no_name(void **unused)
{
	static const struct lines any = { .users = "*" };
	struct publisher none = publisher("c", NULL, "unix"), empty = publisher("c", "", "unix"),
			 some = publisher("c", "u", "unix");

	(void)unused;
	assert_false(allowed(&any, &none, "h", "s", SUBMIT_SERVICE));
	assert_false(allowed(&any, &empty, "h", "s", SUBMIT_SERVICE));
	assert_true(allowed(&any, &some, "h", "s", SUBMIT_SERVICE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_rule_the_topic_decides),
		cmocka_unit_test(identities_speak_for_their_hosts_alone),
		cmocka_unit_test(every_line_of_a_block_has_to_match),
		cmocka_unit_test(one_block_has_to_allow_it_all),
		cmocka_unit_test(a_dash_is_the_host_itself),
		cmocka_unit_test(commands_have_to_be_named),
		cmocka_unit_test(who_is_not_named_matches_no_block_that_names),
		cmocka_unit_test(no_user_is_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
