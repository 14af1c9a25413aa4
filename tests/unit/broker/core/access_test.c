/* SPDX-License-Identifier: MIT */
/*
 * What conversations cannot see: counters, what the operator is told, and a reload while clients
 * are on their way.
 */
#include "broker/core/access.h"

#include <stdio.h>

#include "broker/core/acl_parse.h"
#include "broker/core/lifecycle.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

#define CONNECT	      BYTES("\x10\x0d\0\4MQTT\4\2\0\x0a\0\1c")
#define CONNECT_AWAY  BYTES("\x10\x0d\0\4MQTT\4\0\0\x0a\0\1c")
#define SUBSCRIBE_ALL BYTES("\x82\x06\0\1\0\1#\1")
#define PUBLISH_X     BYTES("\x30\x04\0\1x1")
#define RETAIN_X      BYTES("\x31\x04\0\1x1")
#define PUBLISH_X_1                                                                                \
	BYTES("\x32\x06\0\1x\0\1"                                                                  \
	      "1")
#define CONNECT_WILL BYTES("\x10\x13\0\4MQTT\4\6\0\x0a\0\1c\0\1x\0\1g")

static struct limits limits;
static struct shard *shard;
static struct policy *policy;
static struct instant now = { 1000000000 };
static struct str told;

static void on_denied(void *owner, struct span client_id, enum denial what, struct span topic,
		bool is_first)
{
	static const char *const words[] = { "publish", "will", "subscribe" };

	(void)owner;
	str_printf(&told, "%.*s %s %.*s %s;", SPAN_ARGS(client_id), words[what], SPAN_ARGS(topic),
			is_first ? "first" : "again");
}

static struct policy *policy_with(const char *rules)
{
	struct settings_report report = { 0 };
	struct policy *p = policy_create();
	struct acl *acl = acl_parse(span_of_text(rules), "acl", 1, &report);

	p->allow_anonymous = true;
	policy_set_acl(p, acl);
	acl_unref(acl);
	return p;
}

static void begin_with(const char *rules)
{
	const struct core_observer observer = { .denied = on_denied };

	limits = rig_limits();
	limits.check_retain_source = true;
	shard = shard_create(&limits, &observer, 7, 8);
	policy = policy_with(rules);
}

static int end(void **unused)
{
	(void)unused;
	shard_destroy(shard);
	policy_unref(policy);
	str_finish(&told);
	return 0;
}

static void reload(const char *rules)
{
	struct policy *fresh = policy_with(rules);

	lifecycle_change_policy(shard, policy, fresh);
	lifecycle_dismiss(shard, now);
	policy_unref(policy);
	policy = fresh;
}

static struct client *client(struct span packets)
{
	struct client *c = client_create(shard, NULL, policy, now);

	client_receive(c, packets, now);
	return c;
}

static void send(struct client *c, struct span packets)
{
	client_receive(c, packets, now);
}

static void assert_told(const char *wanted)
{
	assert_string_equal(str_text(&told), wanted);
	str_clear(&told);
}

static void what_is_denied_is_counted_and_told(void **unused)
{
	struct client *c;

	(void)unused;
	begin_with("topic read nothing\n");
	c = client(CONNECT);
	send(c, PUBLISH_X);
	send(c, PUBLISH_X);
	assert_told("c publish x first;c publish x again;");
	assert_int_equal(shard->counters.dropped_denied, 2);
	reload("topic read a\n");
	send(c, BYTES("\x82\x06\0\1\0\1x\1"));
	assert_told("c subscribe x first;");
	assert_int_equal(shard->counters.dropped_denied, 2); /* it is no message */
	client_destroy(c, now);
	c = client(CONNECT_WILL);
	client_destroy(c, now);
	assert_told("c will x first;");
	assert_int_equal(shard->counters.dropped_denied, 3);
	assert_int_equal(shard->counters.wills_published, 0);
}

static void what_waited_and_is_denied_is_counted_when_it_is_due(void **unused)
{
	struct client *c, *p;

	(void)unused;
	begin_with("topic #\n");
	c = client(CONNECT_AWAY);
	send(c, SUBSCRIBE_ALL);
	client_destroy(c, now);
	p = client(BYTES("\x10\x0d\0\4MQTT\4\2\0\x0a\0\1p"));
	send(p, PUBLISH_X_1);
	send(p, PUBLISH_X_1);
	client_destroy(p, now);
	reload("topic deny x\n");
	assert_int_equal(shard->counters.dropped_denied, 0);
	c = client(CONNECT_AWAY);
	assert_int_equal(shard->counters.dropped_denied, 2);
	assert_int_equal(c->session->outbox.count, 0);
	assert_int_equal(c->session->inflight.count, 0);
	client_destroy(c, now);
}

/* A reload that brings the same rules asks nobody again. */
static void known_receivers_are_forgotten_only_when_rights_change(void **unused)
{
	struct policy *same;
	struct client *c;
	uint64_t generation;

	(void)unused;
	begin_with("topic #\n");
	c = client(CONNECT_AWAY);
	send(c, SUBSCRIBE_ALL);
	generation = shard->topics.generation;
	same = policy_create();
	same->allow_anonymous = true;
	policy_set_acl(same, policy->acl);
	lifecycle_change_policy(shard, policy, same);
	policy_unref(policy);
	policy = same;
	client_destroy(c, now);
	c = client(CONNECT_AWAY);
	assert_int_equal(shard->topics.generation, generation);
	reload("topic read #\n");
	assert_true(shard->topics.generation > generation);
	client_destroy(c, now);
}

static void a_retained_message_knows_its_publisher_only_when_it_is_asked_for(void **unused)
{
	struct client *c;

	(void)unused;
	begin_with("topic #\n");
	c = client(CONNECT);
	send(c, PUBLISH_X);
	assert_null(shard->sources.table);
	send(c, BYTES("\x31\x03\0\1x")); /* it only removes the one before */
	assert_null(shard->sources.table);
	limits.check_retain_source = false;
	send(c, RETAIN_X);
	assert_null(shard->sources.table);
	limits.check_retain_source = true;
	send(c, RETAIN_X);
	send(c, BYTES("\x31\x04\0\1y1"));
	assert_int_equal(HASH_COUNT(shard->sources.table), 1);
	assert_int_equal(shard->sources.table->refs, 3);
	client_destroy(c, now);
	assert_int_equal(shard->sources.table->refs, 2);
}

/* Two listeners, one of them with a mount point, and a session that goes from one to the other. */
static void a_session_receives_nothing_from_outside_of_its_mount_point(void **unused)
{
	struct policy *mounted;
	struct client *c, *p;
	struct str received = { 0 };

	(void)unused;
	begin_with("topic #\n");
	mounted = policy_create();
	mounted->allow_anonymous = true;
	mounted->mount_point = xstrdup("m/");
	c = client(CONNECT_AWAY);
	send(c, SUBSCRIBE_ALL);
	client_destroy(c, now);
	p = client(BYTES("\x10\x0d\0\4MQTT\4\2\0\x0a\0\1p"));
	send(p, PUBLISH_X_1);
	send(p, BYTES("\x32\x08\0\3m/x\0\1"
		      "1"));
	send(p, BYTES("\x32\x07\0\2m/\0\1"
		      "1")); /* nothing would be left of that name */
	c = client_create(shard, NULL, mounted, now);
	client_receive(c, CONNECT_AWAY, now);
	rig_drain(c, &received, SIZE_MAX, now);
	assert_span_equal(str_span(&received), BYTES("\x20\2\1\0\x32\x06\0\1x\0\1"
						     "1"));
	send(p, PUBLISH_X_1);
	assert_int_equal(c->output.bytes, 0);
	client_destroy(c, now);
	client_destroy(p, now);
	policy_unref(mounted);
	str_finish(&received);
}

static struct client *client_of(struct policy *listener, struct span connect)
{
	struct client *c = client_create(shard, NULL, listener, now);
	struct str received = { 0 };

	client_receive(c, connect, now);
	client_receive(c, SUBSCRIBE_ALL, now);
	rig_drain(c, &received, SIZE_MAX, now);
	str_finish(&received);
	return c;
}

/*
 * The first of two listeners lets go of a client with a will that it may still write; nobody may
 * read it any more, neither there nor at the other listener.
 */
static void the_will_of_who_is_let_go_is_read_by_the_new_rights_of_all(void **unused)
{
	struct policy *second, *fresh, *fresh_second;
	struct client *c, *here, *there;

	(void)unused;
	begin_with("topic #\n");
	second = policy_with("topic #\n");
	fresh = policy_with("topic write x\n");
	fresh_second = policy_with("topic write x\n");
	text_list_add(&fresh->clientid_prefixes, BYTES("h"));
	c = client(CONNECT_WILL);
	here = client_of(policy, BYTES("\x10\x0d\0\4MQTT\4\2\0\x0a\0\1h"));
	there = client_of(second, BYTES("\x10\x0d\0\4MQTT\4\2\0\x0a\0\1t"));
	lifecycle_change_policy(shard, policy, fresh);
	lifecycle_change_policy(shard, second, fresh_second);
	lifecycle_dismiss(shard, now);
	assert_int_equal(c->state, CLIENT_CLOSING);
	assert_int_equal(shard->counters.wills_published, 1);
	assert_int_equal(here->output.bytes, 0);
	assert_int_equal(there->output.bytes, 0);
	client_destroy(c, now);
	client_destroy(here, now);
	client_destroy(there, now);
	policy_unref(second);
	policy_unref(fresh);
	policy_unref(fresh_second);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end)
	const struct CMUnitTest tests[] = {
		TEST(what_is_denied_is_counted_and_told),
		TEST(what_waited_and_is_denied_is_counted_when_it_is_due),
		TEST(known_receivers_are_forgotten_only_when_rights_change),
		TEST(a_session_receives_nothing_from_outside_of_its_mount_point),
		TEST(the_will_of_who_is_let_go_is_read_by_the_new_rights_of_all),
		TEST(a_retained_message_knows_its_publisher_only_when_it_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
