/* SPDX-License-Identifier: MIT */
/*
 * Who is let in: user names that the transport proved, that a password proves now or later, and
 * what a listener's policy asks besides.
 */
#include "broker/core/client.h"

#include "broker/core/lifecycle.h"
#include "broker/core/password_file.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

#define CONNECT BYTES("\x10\x0d\0\4MQTT\4\2\0\x0a\0\1a")
#define CONNECT_USER                                                                               \
	BYTES("\x10\x14\0\4MQTT\4\xc2\0\x0a\0\1a\0\1u\0\2pw") /* user "u", password "pw" */
#define CONNECT_USER_V5 BYTES("\x10\x15\0\4MQTT\5\xc2\0\x0a\0\0\1a\0\1u\0\2pw")
#define PINGREQ		BYTES("\xc0\0")
#define ACCEPTED	BYTES("\x20\2\0\0")
#define NOT_AUTHORIZED	BYTES("\x20\2\0\5")

static struct limits limits;
static struct shard *shard;
static struct policy *policy;
static struct client *c;
static struct instant now;
static struct str output;
static enum verdict verdict;
static unsigned asked, cancelled;

static enum verdict verify(
		void *owner, struct client *client, struct span username, struct span password)
{
	(void)owner;
	assert_ptr_equal(client, c);
	assert_span_equal(username, BYTES("u"));
	assert_span_equal(password, BYTES("pw"));
	asked++;
	return verdict;
}

static void cancel(void *owner, struct client *client)
{
	(void)owner;
	assert_ptr_equal(client, c);
	cancelled++;
}

static int begin(void **unused)
{
	struct settings_report report = { 0 };

	(void)unused;
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	shard->authenticator = (struct authenticator){ .verify = verify, .cancel = cancel };
	policy = policy_create();
	policy->passwords = password_file_parse(BYTES(""), "none", 7, &report);
	c = client_create(shard, NULL, policy, now);
	asked = cancelled = 0;
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	client_destroy(c, now);
	c = NULL;
	policy_unref(policy);
	str_finish(&output);
	shard_destroy(shard);
	return 0;
}

static size_t send(struct span bytes)
{
	return client_receive(c, bytes, now).consumed;
}

static void assert_answer(struct span wanted)
{
	str_clear(&output);
	rig_drain(c, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), wanted);
}

static void nobody_is_let_in_by_default(void **unused)
{
	(void)unused;
	send(CONNECT);
	assert_answer(NOT_AUTHORIZED);
	assert_int_equal(asked, 0);
}

static void a_right_password_lets_in_under_that_name(void **unused)
{
	(void)unused;
	verdict = VERDICT_ALLOW;
	send(CONNECT_USER);
	assert_answer(ACCEPTED);
	assert_span_equal(session_username(c->session), BYTES("u"));
	assert_ptr_equal(c->session->policy, policy);
}

/* As with Mosquitto: who gives a name must be right, even where none is needed. */
static void a_wrong_password_is_refused_where_anonymous_clients_are_not(void **unused)
{
	(void)unused;
	policy->allow_anonymous = true;
	verdict = VERDICT_DENY;
	send(CONNECT_USER);
	assert_answer(NOT_AUTHORIZED);
	assert_int_equal(c->state, CLIENT_CLOSING);
}

static void who_cannot_be_verified_now_is_told_so(void **unused)
{
	(void)unused;
	verdict = VERDICT_BUSY;
	send(CONNECT_USER_V5);
	assert_answer(BYTES("\x20\3\0\x89\0"));
}

static void what_follows_waits_for_the_verdict(void **unused)
{
	(void)unused;
	verdict = VERDICT_PENDING;
	assert_int_equal(send(CONNECT_USER), CONNECT_USER.len);
	assert_int_equal(c->state, CLIENT_WAITING);
	assert_int_equal(send(PINGREQ), 0);
	assert_answer(BYTES(""));
	client_decide(c, VERDICT_ALLOW, now);
	assert_int_equal(asked, 1);
	assert_answer(ACCEPTED);
	assert_int_equal(send(PINGREQ), 2);
	assert_answer(BYTES("\xd0\0"));
	assert_int_equal(cancelled, 0);
}

static void a_late_refusal_is_a_refusal(void **unused)
{
	(void)unused;
	verdict = VERDICT_PENDING;
	send(CONNECT_USER);
	client_decide(c, VERDICT_DENY, now);
	assert_answer(NOT_AUTHORIZED);
	assert_int_equal(c->state, CLIENT_CLOSING);
}

static void a_client_that_goes_cancels_its_verification(void **unused)
{
	struct client *gone = c;

	(void)unused;
	verdict = VERDICT_PENDING;
	send(CONNECT_USER);
	client_destroy(gone, now);
	assert_int_equal(cancelled, 1);
	c = client_create(shard, NULL, policy, now);
}

/* The time for CONNECT is over with it: a storm of slow hashes may take longer. */
static void a_late_verdict_is_waited_for(void **unused)
{
	(void)unused;
	now = instant_after(now, seconds(9));
	verdict = VERDICT_PENDING;
	send(CONNECT_USER);
	now = instant_after(now, seconds(MAX_VERDICT_SECONDS - 1));
	shard_run_timers(shard, now);
	assert_int_equal(c->state, CLIENT_WAITING);
	client_decide(c, VERDICT_ALLOW, now);
	assert_answer(ACCEPTED);
}

static void a_verdict_that_never_comes_ends_the_connection(void **unused)
{
	(void)unused;
	verdict = VERDICT_PENDING;
	send(CONNECT_USER);
	now = instant_after(now, seconds(MAX_VERDICT_SECONDS));
	shard_run_timers(shard, now);
	assert_int_equal(c->state, CLIENT_CLOSING);
	assert_int_equal(cancelled, 1);
	client_decide(c, VERDICT_ALLOW, now);
	assert_int_equal(c->state, CLIENT_CLOSING);
}

static void a_name_that_the_transport_proved_needs_no_password(void **unused)
{
	(void)unused;
	client_identify(c, BYTES("cn"));
	send(CONNECT_USER);
	assert_answer(ACCEPTED);
	assert_int_equal(asked, 0);
	assert_span_equal(session_username(c->session), BYTES("cn"));
}

static void a_name_that_the_transport_could_not_prove_is_refused(void **unused)
{
	(void)unused;
	policy->allow_anonymous = true;
	verdict = VERDICT_ALLOW;
	client_identify(c, (struct span){ NULL, 0 });
	send(CONNECT_USER);
	assert_answer(BYTES("\x20\2\0\4"));
	assert_int_equal(asked, 0);
}

static void a_version_that_is_not_accepted_is_refused(void **unused)
{
	(void)unused;
	policy->allow_anonymous = true;
	policy->versions = policy_version(MQTT_5);
	send(CONNECT);
	assert_answer(BYTES("\x20\2\0\1"));
}

static void identifiers_begin_as_the_policy_says(void **unused)
{
	(void)unused;
	policy->allow_anonymous = true;
	text_list_add(&policy->clientid_prefixes, BYTES("b"));
	assert_true(policy_takes_client_id(policy, BYTES("ba")));
	send(CONNECT);
	assert_answer(NOT_AUTHORIZED);
}

static void the_user_name_may_be_the_identifier(void **unused)
{
	(void)unused;
	policy->use_username_as_clientid = true;
	verdict = VERDICT_ALLOW;
	send(CONNECT_USER);
	assert_answer(ACCEPTED);
	assert_span_equal(session_id(c->session), BYTES("u"));
}

static void without_a_user_name_there_is_no_such_identifier(void **unused)
{
	(void)unused;
	policy->allow_anonymous = policy->use_username_as_clientid = true;
	send(CONNECT);
	assert_answer(NOT_AUTHORIZED);
}

/* --- a reload ------------------------------------------------------------------------------- */

static void a_client_goes_under_the_new_policy(void **unused)
{
	struct policy *fresh = policy_create();

	(void)unused;
	policy->allow_anonymous = true;
	fresh->allow_anonymous = true;
	send(CONNECT);
	lifecycle_change_policy(shard, policy, fresh);
	lifecycle_dismiss(shard, now);
	assert_int_equal(c->state, CLIENT_CONNECTED);
	assert_ptr_equal(c->policy, fresh);
	assert_ptr_equal(c->session->policy, fresh);
	policy_unref(fresh);
}

static void a_client_of_another_listener_is_left_alone(void **unused)
{
	struct policy *other = policy_create(), *fresh = policy_create();

	(void)unused;
	policy->allow_anonymous = true;
	send(CONNECT);
	lifecycle_change_policy(shard, other, fresh);
	assert_ptr_equal(c->session->policy, policy);
	policy_unref(other);
	policy_unref(fresh);
}

/* [the versions, the identifier, anonymous clients] */
static void who_is_not_admitted_any_more_is_closed(void **unused)
{
	for (int i = 0; i < 3; i++) {
		struct policy *fresh = policy_create();

		policy->allow_anonymous = true;
		fresh->allow_anonymous = i != 0;
		if (i == 1)
			fresh->versions = policy_version(MQTT_5);
		if (i == 2)
			text_list_add(&fresh->clientid_prefixes, BYTES("b"));
		send(CONNECT);
		lifecycle_change_policy(shard, policy, fresh);
		lifecycle_dismiss(shard, now);
		assert_int_equal(c->state, CLIENT_CLOSING);
		assert_int_equal(c->close_reason, MQTT_NOT_AUTHORIZED);
		policy_unref(fresh);
		end(unused);
		begin(unused);
	}
}

#define USER_U "u:$6$c2FsdA$"
#define HASH_A                                                                                     \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==" \
	"\n"
#define HASH_B                                                                                     \
	"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==" \
	"\n"

static struct password_file *users(const char *text)
{
	struct settings_report report = { 0 };

	return text != NULL ? password_file_parse(span_of_text(text), "pw", 7, &report) : NULL;
}

/* A client has logged in; then its listener has another password file, or none. */
static void who_logged_in_needs_the_same_password_still(void **unused)
{
	static const struct {
		const char *before, *after;
		bool allow_anonymous, has_identity, is_admitted;
	} cases[] = {
		{ USER_U HASH_A, "x:$6$c2FsdA$" HASH_A USER_U HASH_A, false, false, true },
		{ USER_U HASH_A, USER_U HASH_B, true, false, false },
		{ USER_U HASH_A, "x:$6$c2FsdA$" HASH_A, true, false, false },
		{ USER_U HASH_A, "", true, false, false },
		{ USER_U HASH_A, NULL, true, false, true },
		{ USER_U HASH_A, NULL, false, false, false },
		{ NULL, USER_U HASH_A, true, false, false },
		{ USER_U HASH_A, "", false, true, true },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct policy *fresh = policy_create();

		password_file_unref(policy->passwords);
		policy->passwords = users(cases[i].before);
		policy->allow_anonymous = true;
		fresh->passwords = users(cases[i].after);
		fresh->allow_anonymous = cases[i].allow_anonymous;
		if (cases[i].has_identity)
			client_identify(c, BYTES("u"));
		verdict = VERDICT_ALLOW;
		send(CONNECT_USER);
		assert_int_equal(c->state, CLIENT_CONNECTED);
		lifecycle_change_policy(shard, policy, fresh);
		lifecycle_dismiss(shard, now);
		assert_int_equal(c->state == CLIENT_CONNECTED, cases[i].is_admitted);
		policy_unref(fresh);
		end(unused);
		begin(unused);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nobody_is_let_in_by_default),
		T(a_right_password_lets_in_under_that_name),
		T(a_wrong_password_is_refused_where_anonymous_clients_are_not),
		T(who_cannot_be_verified_now_is_told_so),
		T(what_follows_waits_for_the_verdict),
		T(a_late_refusal_is_a_refusal),
		T(a_client_that_goes_cancels_its_verification),
		T(a_late_verdict_is_waited_for),
		T(a_verdict_that_never_comes_ends_the_connection),
		T(a_name_that_the_transport_proved_needs_no_password),
		T(a_name_that_the_transport_could_not_prove_is_refused),
		T(a_version_that_is_not_accepted_is_refused),
		T(identifiers_begin_as_the_policy_says),
		T(the_user_name_may_be_the_identifier),
		T(without_a_user_name_there_is_no_such_identifier),
		T(a_client_goes_under_the_new_policy),
		T(a_client_of_another_listener_is_left_alone),
		T(who_is_not_admitted_any_more_is_closed),
		T(who_logged_in_needs_the_same_password_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
