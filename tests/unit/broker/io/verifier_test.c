/* SPDX-License-Identifier: MIT */
/*
 * Clients of the real core log in; the loop is the test's, so that nothing is concluded before the
 * test lets it run.
 */
#include "broker/io/verifier.h"

#include <netinet/in.h>

#include "broker/core/password_file.h"
#include "common/log.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

enum { MANY = 500 };

/* A client and what came back; its `connection` is the address. */
struct guest {
	struct sockaddr_storage address;
	struct client *client;
	unsigned place; /* in the order of the verdicts, counted from 1; 0: none yet */
};

static struct ev_loop *loop;
static struct limits limits;
static struct shard *shard;
static struct policy *policy;
static struct address_limit *limit;
static struct verifier *verifier;
static struct instant now;
static struct guest guests[MANY];
static unsigned guest_count, decided, wanted;

static void address(const struct client *c, struct sockaddr_storage *ret)
{
	const struct guest *g = c->connection;

	*ret = g->address;
}

static void decide(struct client *c, enum verdict verdict)
{
	struct guest *g = c->connection;

	assert_int_equal(c->state, CLIENT_WAITING);
	assert_int_equal(g->place, 0);
	g->place = ++decided;
	client_decide(c, verdict, now);
	if (decided == wanted)
		ev_break(loop, EVBREAK_ALL);
}

/* A file with users of these names, each with "pw-" and the name as password. */
static struct password_file *users(const char *names, enum password_scheme scheme)
{
	struct span rest = span_of_text(names);
	struct settings_report report = { 0 };
	struct password_file *f;
	struct str text = { 0 };

	while (rest.len > 0) {
		struct span name = span_cut(&rest, ' ');
		struct password_hash h;
		char password[32];

		snprintf(password, sizeof(password), "pw-%.*s", SPAN_ARGS(name));
		assert_true(password_hash_create(scheme, 1, span_of_text(password), &h));
		str_printf(&text, "%.*s:", SPAN_ARGS(name));
		password_hash_format(&h, &text);
		str_append_byte(&text, '\n');
	}
	f = password_file_parse(str_span(&text), "pw", 7, &report);
	assert_non_null(f);
	str_finish(&text);
	return f;
}

static int begin(void **unused)
{
	struct log_config quiet = { .program = "test", .destinations = LOG_TO_NONE };
	struct verifier_options options = { .counters = NULL };

	(void)unused;
	log_open(&quiet);
	limits = rig_limits();
	now = (struct instant){ 1000000000000 };
	loop = ev_loop_new(EVFLAG_AUTO);
	shard = shard_create(&limits, NULL, 7, 8);
	limit = address_limit_create(7);
	options = (struct verifier_options){ .loop = loop,
		.now = &now,
		.counters = &shard->counters,
		.limit = limit,
		.threads = 1,
		.seed = 7,
		.address = address,
		.decide = decide };
	verifier = verifier_create(&options);
	assert_non_null(verifier);
	shard->authenticator = verifier_authenticator(verifier);
	policy = policy_create();
	policy->passwords = users("alice bob", PASSWORD_SCRYPT);
	memset(guests, 0, sizeof(guests));
	guest_count = decided = wanted = 0;
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	verifier_destroy(verifier);
	for (unsigned i = 0; i < guest_count; i++)
		client_destroy(guests[i].client, now);
	policy_unref(policy);
	address_limit_destroy(limit);
	shard_destroy(shard);
	ev_loop_destroy(loop);
	return 0;
}

static size_t connect_packet(uint8_t packet[128], const char *user, const char *password)
{
	struct writer w = writer_of(packet, 128);
	struct span name = span_of_text(user);
	size_t len = 10 + 2 + 2 + name.len + (password != NULL ? 2 + strlen(password) : 0);

	write_u8(&w, 0x10);
	write_u8(&w, (uint8_t)len);
	write_bytes(&w, BYTES("\0\4MQTT\4"));
	write_u8(&w, password != NULL ? 0xc2 : 0x82);
	write_bytes(&w, BYTES("\0\x0a\0\0"));
	write_block16(&w, name);
	if (password != NULL)
		write_block16(&w, span_of_text(password));
	assert_false(writer_failed(&w));
	return writer_span(&w).len;
}

/* A client comes from 10.0.0.`host` and sends its CONNECT. */
static struct guest *arrive_from(unsigned host, const char *user, const char *password)
{
	struct guest *g = &guests[guest_count++];
	struct sockaddr_in *in = (struct sockaddr_in *)&g->address;
	uint8_t packet[128];
	size_t len = connect_packet(packet, user, password);

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(0x0a000000 + host);
	g->client = client_create(shard, g, policy, now);
	assert_int_equal(client_receive(g->client, span_of(packet, len), now).consumed, len);
	return g;
}

static struct guest *arrive(const char *user, const char *password)
{
	return arrive_from(1, user, password);
}

static void leave(struct guest *g)
{
	client_destroy(g->client, now);
	g->client = NULL;
	*g = guests[--guest_count];
	if (g->client != NULL)
		g->client->connection = g;
}

/* Let the loop run until so many clients have their verdict. */
static void wait_for_verdicts(unsigned count)
{
	decided = 0;
	wanted = count;
	ev_run(loop, 0);
	assert_int_equal(decided, count);
}

/* The code of the CONNACK that the client got: 0 accepted, 3 busy, 5 not authorised. */
static unsigned answer(struct guest *g)
{
	struct str output = { 0 };
	unsigned code;

	rig_drain(g->client, &output, SIZE_MAX, now);
	assert_int_equal(output.len, 4);
	assert_int_equal(output.text[0], 0x20);
	code = (uint8_t)output.text[3];
	assert_int_equal(g->client->state, code == 0 ? CLIENT_CONNECTED : CLIENT_CLOSING);
	str_finish(&output);
	return code;
}

static bool waits(const struct guest *g)
{
	return g->client->state == CLIENT_WAITING;
}

static void the_right_password_is_hashed_on_a_thread(void **unused)
{
	struct guest *g = arrive("alice", "pw-alice");

	(void)unused;
	assert_true(waits(g));
	assert_int_equal(g->client->output.bytes, 0);
	wait_for_verdicts(1);
	assert_int_equal(answer(g), 0);
	assert_int_equal(shard->counters.passwords_hashed, 1);
	assert_int_equal(shard->counters.passwords_wrong, 0);
}

static void a_wrong_password_is_not_authorised(void **unused)
{
	static const char *const wrong[] = { "pw-bob", "pw-alicf", "pw-alice ", "" };

	(void)unused;
	for (size_t i = 0; i < array_size(wrong); i++) {
		struct guest *g = arrive("alice", wrong[i]);

		assert_true(waits(g));
		wait_for_verdicts(1);
		assert_int_equal(answer(g), 5);
	}
	assert_int_equal(shard->counters.passwords_hashed, 4);
	assert_int_equal(shard->counters.passwords_wrong, 4);
}

/* He is as much work as a user who exists, whatever his decoy's password is. */
static void an_unknown_user_is_hashed_and_denied(void **unused)
{
	static const char *const tries[] = { "pw-alice", "pw-bob", "pw-carol" };

	(void)unused;
	for (size_t i = 0; i < 2 * array_size(tries); i++) { /* again: nothing was remembered */
		struct guest *g = arrive("carol", tries[i % array_size(tries)]);

		assert_true(waits(g));
		wait_for_verdicts(1);
		assert_int_equal(answer(g), 5);
	}
	assert_int_equal(shard->counters.passwords_hashed, 6);
	assert_int_equal(shard->counters.passwords_remembered, 0);
}

static void without_users_nobody_is_hashed_for(void **unused)
{
	struct guest *g;

	(void)unused;
	password_file_unref(policy->passwords);
	policy->passwords = users("", PASSWORD_SHA512);
	g = arrive("alice", "pw-alice");
	assert_int_equal(answer(g), 5);
	assert_int_equal(shard->counters.passwords_hashed, 0);
}

static void a_user_name_alone_is_denied_at_once(void **unused)
{
	(void)unused;
	assert_int_equal(answer(arrive("alice", NULL)), 5);
	assert_int_equal(answer(arrive("carol", NULL)), 5);
	assert_int_equal(shard->counters.passwords_hashed, 0);
}

static void a_known_credential_is_not_hashed_again(void **unused)
{
	(void)unused;
	arrive("alice", "pw-alice");
	wait_for_verdicts(1);
	for (int i = 0; i < 10; i++)
		assert_int_equal(answer(arrive("alice", "pw-alice")), 0);
	assert_int_equal(shard->counters.passwords_hashed, 1);
	assert_int_equal(shard->counters.passwords_remembered, 10);
	assert_true(waits(arrive("alice", "pw-bob")));
	assert_true(waits(arrive("bob", "pw-alice")));
}

static void a_storm_with_one_credential_costs_one_hash(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < MANY; i++)
		assert_true(waits(arrive("alice", "pw-alice")));
	wait_for_verdicts(MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(answer(&guests[i]), 0);
	assert_int_equal(shard->counters.passwords_hashed, 1);
}

static void a_storm_with_one_wrong_password_costs_one_hash(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < MANY; i++)
		assert_true(waits(arrive("alice", "guess")));
	wait_for_verdicts(MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(answer(&guests[i]), 5);
	assert_int_equal(shard->counters.passwords_hashed, 1);
}

static void who_leaves_is_forgotten(void **unused)
{
	(void)unused;
	arrive("alice", "pw-alice"); /* on the thread by now */
	arrive("bob", "pw-bob");     /* behind it */
	arrive("bob", "pw-bob");
	arrive("bob", "wrong");
	leave(&guests[0]); /* the last takes its place: "wrong" */
	leave(&guests[0]); /* nobody waits for "wrong" any more: it is not hashed */
	assert_int_equal(guest_count, 2);
	wait_for_verdicts(2);
	assert_int_equal(answer(&guests[0]), 0);
	assert_int_equal(answer(&guests[1]), 0);
	assert_int_equal(shard->counters.passwords_hashed, 2);
	/* what was finished for nobody is known all the same */
	assert_int_equal(answer(arrive("alice", "pw-alice")), 0);
}

static void too_many_that_wait_are_told_that_it_is_busy(void **unused)
{
	const unsigned most = VERIFIER_MAX_WAITING, share = VERIFIER_MAX_WAITING_OF_ADDRESS;
	char password[16];

	(void)unused;
	/* one is on the thread already */
	for (unsigned i = 0; i < share + 1; i++) {
		snprintf(password, sizeof(password), "guess%u", i);
		assert_true(waits(arrive_from(1, "alice", password)));
	}
	assert_int_equal(answer(arrive_from(1, "alice", "one more")), 3);
	assert_true(waits(arrive_from(1, "alice", "guess7"))); /* nothing more to hash */
	for (unsigned i = 0; i < most - share; i++) {
		snprintf(password, sizeof(password), "guess%u", i);
		assert_true(waits(arrive_from(2 + i % 2, "bob", password)));
	}
	assert_int_equal(answer(arrive_from(9, "alice", "one more")), 3);
	wait_for_verdicts(most + 2);
	assert_int_equal(shard->counters.passwords_hashed, most + 1);
	assert_true(waits(arrive_from(1, "alice", "one more")));
}

/* An attacker's passwords are in the queue; the one of another address is hashed next but one. */
static void a_flood_from_one_address_does_not_hold_up_another(void **unused)
{
	struct guest *g;
	char password[16];

	(void)unused;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(password, sizeof(password), "guess%u", i);
		arrive_from(1, "alice", password);
	}
	g = arrive_from(2, "bob", "pw-bob");
	wait_for_verdicts(101);
	assert_int_equal(g->place, 3); /* behind the one on the thread and another one */
	assert_int_equal(answer(g), 0);
}

static void replace_users(const char *names)
{
	struct policy *fresh = policy_create();

	fresh->passwords = users(names, PASSWORD_SCRYPT); /* with salts of its own */
	for (unsigned i = 0; i < guest_count; i++) {
		struct client *c = guests[i].client;

		policy_unref(c->policy);
		c->policy = policy_ref(fresh);
	}
	policy_unref(policy);
	policy = fresh;
}

static void a_verdict_holds_for_the_file_in_force(void **unused)
{
	(void)unused;
	arrive("alice", "pw-alice");
	arrive("bob", "pw-bob");
	replace_users("alice carol");
	wait_for_verdicts(2);
	assert_int_equal(answer(&guests[0]), 5); /* hashed with a salt that is gone */
	assert_int_equal(answer(&guests[1]), 5); /* no such user any more */
	assert_true(waits(arrive("alice", "pw-alice")));
	wait_for_verdicts(1);
	assert_int_equal(answer(&guests[2]), 0);
}

static void a_known_credential_of_a_changed_user_is_unknown(void **unused)
{
	(void)unused;
	arrive("alice", "pw-alice");
	wait_for_verdicts(1);
	replace_users("alice bob");
	assert_true(waits(arrive("alice", "pw-alice")));
	replace_users("bob");
	wait_for_verdicts(1);
	assert_int_equal(answer(&guests[1]), 5);
	assert_true(waits(arrive("alice", "pw-alice")));
	wait_for_verdicts(1);
	assert_int_equal(answer(&guests[2]), 5);
}

static void an_address_that_fails_too_often_tries_no_more(void **unused)
{
	(void)unused;
	address_limit_set(limit, (struct address_limits){ .max_auth_failures = 3 });
	arrive("alice", "pw-alice");
	wait_for_verdicts(1);
	for (int i = 0; i < 3; i++) {
		arrive("alice", i == 0 ? "a" : i == 1 ? "b" : "c");
		wait_for_verdicts(1);
	}
	assert_int_equal(answer(arrive("alice", "d")), 3);
	/* nor what would be right: else known credentials could be guessed at full speed */
	assert_int_equal(answer(arrive("alice", "pw-alice")), 3);
	assert_int_equal(answer(arrive_from(2, "alice", "pw-alice")), 0);
	now = instant_after(now, seconds(20));
	assert_int_equal(answer(arrive("alice", "pw-alice")), 0);
	assert_int_equal(shard->counters.passwords_hashed, 4);
}

/* They came while it still might; they are not hashed once it may not. */
static void what_waits_is_refused_when_its_address_has_failed_too_often(void **unused)
{
	static const char *const guesses[] = { "a", "b", "c", "d", "e" };

	(void)unused;
	address_limit_set(limit, (struct address_limits){ .max_auth_failures = 2 });
	for (size_t i = 0; i < array_size(guesses); i++)
		assert_true(waits(arrive("alice", guesses[i])));
	wait_for_verdicts(5);
	assert_int_equal(answer(&guests[0]), 5);
	assert_int_equal(answer(&guests[1]), 5);
	for (size_t i = 2; i < array_size(guesses); i++)
		assert_int_equal(answer(&guests[i]), 3);
	assert_int_equal(shard->counters.passwords_hashed, 2);
}

static void ending_it_tells_those_who_wait(void **unused)
{
	(void)unused;
	for (int i = 0; i < 10; i++)
		arrive("alice", i % 2 == 0 ? "x" : "y");
	verifier_destroy(verifier);
	verifier = NULL;
	shard->authenticator = (struct authenticator){ 0 };
	for (int i = 0; i < 10; i++) {
		unsigned code = answer(&guests[i]);

		assert_true(code == 3 || code == 5); /* the first may have been hashed by then */
	}
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(the_right_password_is_hashed_on_a_thread),
		ROW(a_wrong_password_is_not_authorised),
		ROW(an_unknown_user_is_hashed_and_denied),
		ROW(without_users_nobody_is_hashed_for),
		ROW(a_user_name_alone_is_denied_at_once),
		ROW(a_known_credential_is_not_hashed_again),
		ROW(a_storm_with_one_credential_costs_one_hash),
		ROW(a_storm_with_one_wrong_password_costs_one_hash),
		ROW(who_leaves_is_forgotten),
		ROW(too_many_that_wait_are_told_that_it_is_busy),
		ROW(a_flood_from_one_address_does_not_hold_up_another),
		ROW(a_verdict_holds_for_the_file_in_force),
		ROW(a_known_credential_of_a_changed_user_is_unknown),
		ROW(an_address_that_fails_too_often_tries_no_more),
		ROW(what_waits_is_refused_when_its_address_has_failed_too_often),
		ROW(ending_it_tells_those_who_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
