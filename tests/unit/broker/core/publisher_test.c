/* SPDX-License-Identifier: MIT */
#include "broker/core/publisher.h"

#include "broker/core/acl_parse.h"
#include "broker/core/lifecycle.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

/* Client "p" of version 5 with user name "u" and the will "x" on "w". */
#define CONNECT_P BYTES("\x10\x18\0\4MQTT\5\x86\0\x0a\0\0\1p\0\0\1w\0\1x\0\1u")
#define CONNECT_S BYTES("\x10\x0e\0\4MQTT\5\2\0\x0a\0\0\1s")
#define SUBSCRIBE BYTES("\x82\x07\0\1\0\0\1#\0")
/* "t": the user properties a=1, belfry-user=root, b=2; payload "m" */
#define PUBLISH                                                                                    \
	BYTES("\x30\x27\0\1t\x22\x26\0\1a\0\1"                                                     \
	      "1"                                                                                  \
	      "\x26\0\x0b"                                                                         \
	      "belfry-user\0\4root"                                                                \
	      "\x26\0\1b\0\1"                                                                      \
	      "2"                                                                                  \
	      "m")

static struct limits limits;
static struct shard *shard;
static struct policy *policy;
static struct client *publisher, *subscriber;
static struct instant now;
static struct str output;

static void describe(const struct client *c, struct str *into)
{
	(void)c;
	str_append_text(into, "10.0.0.7:1");
}

static struct client *join(struct span connect)
{
	struct client *c = client_create(shard, NULL, policy, now);

	assert_int_equal(client_receive(c, connect, now).consumed, connect.len);
	assert_int_equal(c->state, CLIENT_CONNECTED);
	return c;
}

static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	limits.publisher_properties = true;
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	shard->describe_peer = describe;
	policy = policy_create();
	policy->allow_anonymous = true;
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	client_destroy(publisher, now);
	client_destroy(subscriber, now);
	policy_unref(policy);
	str_finish(&output);
	shard_destroy(shard);
	return 0;
}

static void join_both(void)
{
	subscriber = join(CONNECT_S);
	client_receive(subscriber, SUBSCRIBE, now);
	publisher = join(CONNECT_P);
	rig_drain(subscriber, &output, SIZE_MAX, now);
}

/* The next packet that the subscriber gets is a PUBLISH with just these properties. */
static void assert_received(struct span properties)
{
	struct served packet;
	size_t at = 0;

	str_clear(&output);
	rig_drain(subscriber, &output, SIZE_MAX, now);
	assert_int_equal(rig_next(&output, &at, MQTT_5, &packet), 1);
	assert_int_equal(packet.type, PACKET_PUBLISH);
	assert_span_equal(packet.properties, properties);
}

#define OF_CLIENT                                                                                  \
	"\x26\0\x0d"                                                                               \
	"belfry-client\0\1p"
#define OF_USER                                                                                    \
	"\x26\0\x0b"                                                                               \
	"belfry-user\0\1u"
#define OF_ADDRESS                                                                                 \
	"\x26\0\x0e"                                                                               \
	"belfry-address\0\x0a"                                                                     \
	"10.0.0.7:1"
#define OF_ALL OF_CLIENT OF_USER OF_ADDRESS
#define PLAIN                                                                                      \
	"\x26\0\1a\0\1"                                                                            \
	"1"                                                                                        \
	"\x26\0\1b\0\1"                                                                            \
	"2"

static void subscribers_learn_who_publishes_and_cannot_be_deceived(void **unused)
{
	(void)unused;
	join_both();
	client_receive(publisher, PUBLISH, now);
	assert_received(BYTES(PLAIN OF_ALL));
}

static void a_will_tells_it_too(void **unused)
{
	(void)unused;
	join_both();
	client_destroy(publisher, now);
	publisher = NULL;
	assert_received(BYTES(OF_ALL));
}

static void without_the_setting_properties_pass_unaltered(void **unused)
{
	(void)unused;
	limits.publisher_properties = false;
	join_both();
	client_receive(publisher, PUBLISH, now);
	assert_received(BYTES("\x26\0\1a\0\1"
			      "1"
			      "\x26\0\x0b"
			      "belfry-user\0\4root"
			      "\x26\0\1b\0\1"
			      "2"));
}

static struct acl *parse(const char *text)
{
	struct settings_report report = { 0 };
	struct acl *acl = acl_parse(span_of_text(text), "acl", 1, &report);

	assert_non_null(acl);
	return acl;
}

/* Who may not is not told, and the forged one is gone all the same. */
static void only_who_has_the_right_is_told(void **unused)
{
	struct policy *fresh = policy_create();

	(void)unused;
	policy->acl = parse("pattern readwrite #\n");
	fresh->allow_anonymous = true;
	fresh->acl = parse("pattern readwrite #\ntopic read " PUBLISHER_RIGHT "\n");
	join_both();
	client_receive(publisher, PUBLISH, now);
	assert_received(BYTES(PLAIN));
	lifecycle_change_policy(shard, policy, fresh);
	client_receive(publisher, PUBLISH, now);
	assert_received(BYTES(PLAIN OF_ALL));
	policy_unref(fresh);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(subscribers_learn_who_publishes_and_cannot_be_deceived),
		T(a_will_tells_it_too),
		T(without_the_setting_properties_pass_unaltered),
		T(only_who_has_the_right_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
