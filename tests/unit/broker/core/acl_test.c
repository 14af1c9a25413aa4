/* SPDX-License-Identifier: MIT */
#include "broker/core/acl.h"

#include <stdio.h>

#include "broker/core/acl_parse.h"
#include "common/mem.h"
#include "common/topic.h"
#include "tests/unit/unit.h"

static struct acl *parsed(const char *text)
{
	struct settings_report report = { 0 };
	struct acl *acl = acl_parse(span_of_text(text), "acl", 42, &report);

	if (acl == NULL)
		fail_msg("%s", str_text(&report.text));
	str_finish(&report.text);
	return acl;
}

static struct acl_subject who(const char *username, const char *client_id)
{
	struct acl_subject s = { .client_id = span_of_text(client_id) };

	if (username != NULL)
		s.username = span_of_text(username);
	return s;
}

/* "r", "w", "rw" or "-": what the client may do with the topic. */
static void check_rights(const struct acl *acl, const char *username, const char *client_id,
		const char *topic, const char *wanted)
{
	struct acl_subject s = who(username, client_id);
	bool read = acl_allows(acl, &s, span_of_text(topic), ACL_READ);
	bool write = acl_allows(acl, &s, span_of_text(topic), ACL_WRITE);

	if (read != (strchr(wanted, 'r') != NULL) || write != (strchr(wanted, 'w') != NULL))
		fail_msg("%s as %s on %s: %s%s, not %s", username != NULL ? username : "nobody",
				client_id, topic, read ? "r" : "", write ? "w" : "", wanted);
}

/* CVE-2018-12550 */
static void no_rule_allows_nothing(void **unused)
{
	struct acl *acl = parsed("");

	(void)unused;
	check_rights(acl, NULL, "c", "a", "-");
	check_rights(acl, "u", "c", "a", "-");
	acl_unref(acl);
	acl = parsed("# all in comments\n\n   # topic a\n");
	check_rights(acl, NULL, "c", "a", "-");
	acl_unref(acl);
}

static const char rules[] = "topic read anyone/r\n"
			    "topic write anyone/w\n"
			    "topic shared\n"
			    "topic deny $SYS/broker/secret\n"
			    "topic read $SYS/#\n"
			    "user alice\n"
			    "topic readwrite a/#\n"
			    "topic deny a/secret/#\n"
			    "topic write x/+/y\n"
			    "topic read x/1/y\n"
			    "topic %u/literal\n"
			    "pattern own/%u/#\n"
			    "pattern write id/%c\n"
			    "pattern read both/%u-%c/end\n"
			    "pattern deny own/%u/never\n"
			    "pattern read everyone\n"
			    "pattern deny a/1\n"
			    "pattern %c/top/#\n"
			    "pattern +/plus/#\n"
			    "user bob smith\n"
			    "topic read with blanks/in it\n"
			    "user root\n"
			    "topic #\n"
			    "user plus\n"
			    "topic +/broker/#\n"
			    "user alice\n"
			    "topic read later\n";

static const struct {
	const char *username, *client_id, *topic, *rights;
} matrix[] = {
	{ NULL, "c", "anyone/r", "r" },
	{ NULL, "c", "anyone/w", "w" },
	{ NULL, "c", "shared", "rw" },
	{ NULL, "c", "a/2", "-" },
	{ NULL, "c", "$SYS/broker/uptime", "r" },
	{ NULL, "c", "$SYS/broker/secret", "-" },
	/* rules in front of the first `user` are for clients without a name only */
	{ "", "c", "anyone/r", "r" },
	{ "alice", "c", "anyone/r", "-" },
	{ "stranger", "c", "shared", "-" },

	{ "alice", "c", "a", "rw" },
	{ "alice", "c", "a/b/c", "rw" },
	{ "alice", "c", "a/secret", "-" },
	{ "alice", "c", "a/secret/deep", "-" },
	{ "alice", "c", "a/secrets", "rw" },
	{ "alice", "c", "x/2/y", "w" },
	{ "alice", "c", "x/1/y", "rw" },
	{ "alice", "c", "x/2/3/y", "-" },
	{ "alice", "c", "later", "r" },
	{ "alice", "c", "alice/literal", "-" },
	{ "alice", "c", "%u/literal", "rw" },
	{ "alicE", "c", "a/b", "-" },
	{ "bob smith", "c", "with blanks/in it", "r" },

	/* patterns */
	{ "alice", "c", "own/alice/x", "rw" },
	{ "alice", "c", "own/alice", "rw" },
	{ "alice", "c", "own/bob/x", "-" },
	{ "alice", "c", "own/alice/never", "-" },
	{ "alice", "c1", "id/c1", "w" },
	{ "alice", "c1", "id/c", "-" },
	{ "alice", "c", "id/c1", "-" },
	{ NULL, "c1", "id/c1", "w" },
	{ "alice", "c", "both/alice-c/end", "r" },
	{ "alice", "c", "both/alice-c", "-" },
	{ "stranger", "c", "everyone", "r" },
	/* a pattern with %u is nothing for those who have no name */
	{ NULL, "c", "own//x", "-" },
	{ NULL, "c", "own/%u/x", "-" },
	{ NULL, "c", "both/-c/end", "-" },
	/* a rule of the user's own comes before any pattern, as in Mosquitto */
	{ "alice", "c", "a/1", "rw" },

	/* only a rule that begins with $ is about topics that do */
	{ "root", "c", "anything/at/all", "rw" },
	{ "root", "c", "$SYS/broker/uptime", "-" },
	{ "root", "c", "$other", "-" },
	{ "plus", "c", "$SYS/broker/uptime", "-" },
	{ "plus", "c", "x/broker/uptime", "rw" },
	{ "alice", "$SYS", "$SYS/top/x", "-" },
	{ "alice", "c", "$SYS/plus/x", "-" },
	{ "alice", "c", "c/top/x", "rw" },

	/* CVE-2017-7650 */
	{ "+", "c", "own/alice/x", "-" },
	{ "#", "c", "own/alice/x", "-" },
	{ "a+b", "c", "own/a+b/x", "-" },
	{ "#", "c", "everyone", "-" },
	{ "alice", "+", "id/c1", "-" },
	{ "alice", "#", "id/c1", "-" },
	{ "alice", "#", "own/alice/x", "-" },
	{ "alice", "#", "a/b", "rw" },
	{ "a/b", "c", "own/a/b/x", "-" },
	{ "a/b", "c", "everyone", "r" },
	{ "a/b", "c", "id/c", "w" },
	{ "alice", "a/b", "id/a/b", "-" },
	{ "alice", "a/b", "own/alice/x", "rw" },
};

static void rights_are_those_that_mosquitto_gives(void **unused)
{
	struct acl *acl = parsed(rules);

	(void)unused;
	for (size_t i = 0; i < array_size(matrix); i++)
		check_rights(acl, matrix[i].username, matrix[i].client_id, matrix[i].topic,
				matrix[i].rights);
	acl_unref(acl);
}

/* A name with a slash gets nothing from %u, but what is denied under it stays denied. */
static void a_name_of_several_levels_does_not_escape_a_denial(void **unused)
{
	struct acl *acl = parsed("pattern own/#\npattern deny own/%u/secret\n");

	(void)unused;
	check_rights(acl, "a/b", "c", "own/a/b", "rw");
	check_rights(acl, "a/b", "c", "own/a/b/secret", "-");
	check_rights(acl, "a/b", "c", "own/a/b/secret/x", "rw");
	acl_unref(acl);
}

static const struct {
	const char *username, *client_id, *filter;
	bool allowed;
} filters[] = {
	{ NULL, "c", "anyone/r", true },
	{ NULL, "c", "anyone/w", false },
	{ NULL, "c", "anyone/+", true },
	{ NULL, "c", "+/r", true },
	{ NULL, "c", "+/w", false },
	{ NULL, "c", "anyone/r/#", true },
	{ NULL, "c", "anyone/r/+", false },
	{ NULL, "c", "#", true },
	{ NULL, "c", "$SYS/#", true },
	{ NULL, "c", "$SYS/broker/secret", false },
	{ NULL, "c", "$SYS/broker/+", true },
	{ NULL, "c", "$other/#", false },
	{ "alice", "c", "a/#", true },
	{ "alice", "c", "a/secret", false },
	{ "alice", "c", "a/secret/#", false },
	{ "alice", "c", "a/secret/+/x", false },
	{ "alice", "c", "a/+/x", true },
	{ "alice", "c", "x/+/y", true },
	{ "alice", "c", "x/2/y", false },
	{ "alice", "c", "own/alice/#", true },
	{ "alice", "c", "own/alice/never", false },
	{ "alice", "c", "own/bob/#", false },
	{ "alice", "c", "own/#", true },
	{ "alice", "c", "id/c", false },
	{ "alice", "+", "own/alice/#", false },
	{ "a/b", "c", "own/a/b", false },
	{ "stranger", "c", "everyone", true },
	{ "stranger", "c", "every+", false },
	{ "stranger", "$SYS", "$SYS/top/#", false },
	{ "stranger", "c", "$SYS/#", false },
	{ "root", "c", "#", true },
	{ "root", "c", "$SYS/#", false },
	{ "plus", "c", "$SYS/broker/x", false },
	{ "plus", "c", "+/broker/x", true },
};

static void a_filter_is_allowed_when_something_under_it_may_be_read(void **unused)
{
	struct acl *acl = parsed(rules);

	(void)unused;
	for (size_t i = 0; i < array_size(filters); i++) {
		struct acl_subject s = who(filters[i].username, filters[i].client_id);
		bool allowed = acl_allows_filter(acl, &s, span_of_text(filters[i].filter));

		if (allowed != filters[i].allowed)
			fail_msg("row %zu: %s", i, filters[i].filter);
	}
	acl_unref(acl);
	acl = parsed("topic $SYS/#\ntopic write #\nuser u\ntopic deny #\ntopic deny #\n"
		     "pattern deny z/#\npattern z/%c\n");
	assert_false(acl_allows_filter(
			acl, &(struct acl_subject){ .client_id = BYTES("c") }, BYTES("z/+")));
	assert_false(acl_allows_filter(
			acl, &(struct acl_subject){ .client_id = BYTES("c") }, BYTES("+/a")));
	assert_true(acl_allows_filter(
			acl, &(struct acl_subject){ .client_id = BYTES("c") }, BYTES("$SYS/a")));
	assert_false(acl_allows_filter(acl,
			&(struct acl_subject){ .username = BYTES("u"), .client_id = BYTES("c") },
			BYTES("z/c")));
	acl_unref(acl);
}

/* --- against a list of rules, asked one after the other ------------------------------------- */

enum { MAX_RULES = 12 };

struct naive_rule {
	const char *username; /* NULL: nobody's or everybody's */
	bool is_pattern;
	unsigned rights;
	char filter[32];
};

static const char *const names[] = { "a", "b", "a/b", "+" };
static const char *const levels[] = { "a", "b", "%u", "%c", "+", "$s" };

static void expand(const char *filter, const struct acl_subject *s, char ret[64])
{
	size_t n = 0;

	for (; *filter != '\0'; filter++) {
		struct span name = { NULL, 0 };

		if (strncmp(filter, "%u", 2) == 0)
			name = s->username;
		else if (strncmp(filter, "%c", 2) == 0)
			name = s->client_id;
		if (name.data == NULL) {
			ret[n++] = *filter;
			continue;
		}
		memcpy(ret + n, name.data, name.len);
		n += name.len;
		filter++;
	}
	ret[n] = '\0';
}

static bool concerns(const struct naive_rule *r, const struct acl_subject *s)
{
	bool by_user = strstr(r->filter, "%u") != NULL, by_id = strstr(r->filter, "%c") != NULL;

	if (!r->is_pattern)
		return r->username == NULL ? s->username.len == 0
					   : span_equal_text(s->username, r->username);
	if (topic_filter_has_wildcard(s->username) || topic_filter_has_wildcard(s->client_id) ||
			(by_user && s->username.len == 0))
		return false;
	return r->rights == ACL_DENY ||
	       !((by_user && span_find(s->username, '/') < s->username.len) ||
			       (by_id && span_find(s->client_id, '/') < s->client_id.len));
}

static unsigned naive_rights(const struct naive_rule *rows, size_t count, bool patterns,
		const struct acl_subject *s, const char *topic)
{
	unsigned rights = 0;
	char filter[64];

	for (size_t i = 0; i < count; i++) {
		if (rows[i].is_pattern != patterns || !concerns(&rows[i], s))
			continue;
		snprintf(filter, sizeof(filter), "%s", rows[i].filter);
		if (patterns)
			expand(rows[i].filter, s, filter);
		if (topic_matches(span_of_text(filter), span_of_text(topic)))
			rights |= rows[i].rights;
	}
	return rights;
}

static bool naive_allows(const struct naive_rule *rows, size_t count, const struct acl_subject *s,
		const char *topic, unsigned access)
{
	unsigned own = naive_rights(rows, count, false, s, topic);
	unsigned patterns = naive_rights(rows, count, true, s, topic);

	if (own & ACL_DENY)
		return false;
	return (own & access) != 0 || ((patterns & ACL_DENY) == 0 && (patterns & access) != 0);
}

static void roll_filter(struct dice *d, char ret[32])
{
	unsigned count = 1 + dice_roll(d, 3);

	ret[0] = '\0';
	for (unsigned i = 0; i < count; i++)
		snprintf(ret + strlen(ret), 32 - strlen(ret), "%s%s", i > 0 ? "/" : "",
				levels[dice_roll(d, array_size(levels))]);
	if (dice_roll(d, 3) == 0)
		snprintf(ret + strlen(ret), 32 - strlen(ret), "/#");
}

static struct acl *roll_rules(struct dice *d, struct naive_rule *rows, size_t count)
{
	static const unsigned rights[] = { ACL_READ, ACL_WRITE, ACL_READ | ACL_WRITE, ACL_DENY };
	struct acl *acl = acl_create(dice_next(d));

	for (size_t i = 0; i < count; i++) {
		struct naive_rule *r = &rows[i];

		r->is_pattern = dice_roll(d, 2) == 0;
		r->username = dice_roll(d, 3) == 0 ? NULL : names[dice_roll(d, array_size(names))];
		r->rights = rights[dice_roll(d, array_size(rights))];
		roll_filter(d, r->filter);
		if (r->is_pattern)
			acl_add_pattern(acl, r->rights, span_of_text(r->filter));
		else
			acl_add_topic(acl,
					r->username != NULL ? span_of_text(r->username)
							    : (struct span){ NULL, 0 },
					r->rights, span_of_text(r->filter));
	}
	return acl;
}

/* All names of up to three levels out of "a", "b", "$s". */
static bool nth_name(unsigned n, char ret[16])
{
	static const char *const words[] = { "a", "b", "$s" };
	unsigned count = 1 + n % 3;

	n /= 3;
	ret[0] = '\0';
	for (unsigned i = 0; i < count; i++, n /= 3)
		snprintf(ret + strlen(ret), 16 - strlen(ret), "%s%s", i > 0 ? "/" : "",
				words[n % 3]);
	return n == 0;
}

static void random_rules_give_what_a_list_of_them_gives(void **unused)
{
	struct dice d = { 7 };
	struct naive_rule rows[MAX_RULES];
	char name[16], filter[32];

	(void)unused;
	for (unsigned round = 0; round < 2000; round++) {
		size_t count = dice_roll(&d, MAX_RULES + 1);
		struct acl *acl = roll_rules(&d, rows, count);
		struct acl_subject s = { .client_id = span_of_text(
							 names[dice_roll(&d, array_size(names))]) };
		bool readable = false;

		if (dice_roll(&d, 3) > 0)
			s.username = span_of_text(names[dice_roll(&d, array_size(names))]);
		do
			roll_filter(&d, filter);
		while (strchr(filter, '%') != NULL);
		for (unsigned n = 0; n < 3 * 27; n++) {
			bool read;

			if (!nth_name(n, name))
				continue;
			read = naive_allows(rows, count, &s, name, ACL_READ);
			assert_int_equal(acl_allows(acl, &s, span_of_text(name), ACL_READ), read);
			assert_int_equal(acl_allows(acl, &s, span_of_text(name), ACL_WRITE),
					naive_allows(rows, count, &s, name, ACL_WRITE));
			readable = readable || (read && topic_matches(span_of_text(filter),
									span_of_text(name)));
		}
		/* No subscription is refused that would have brought something. */
		if (readable)
			assert_true(acl_allows_filter(acl, &s, span_of_text(filter)));
		acl_unref(acl);
	}
}

static void references_are_counted(void **unused)
{
	struct acl *acl = parsed("topic a\n");

	(void)unused;
	assert_ptr_equal(acl_ref(acl), acl);
	acl_unref(acl);
	check_rights(acl, NULL, "c", "a", "rw");
	acl_unref(acl);
	acl_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_rule_allows_nothing),
		cmocka_unit_test(rights_are_those_that_mosquitto_gives),
		cmocka_unit_test(a_name_of_several_levels_does_not_escape_a_denial),
		cmocka_unit_test(a_filter_is_allowed_when_something_under_it_may_be_read),
		cmocka_unit_test(random_rules_give_what_a_list_of_them_gives),
		cmocka_unit_test(references_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
