/* SPDX-License-Identifier: MIT */
#include "broker/core/restore.h"

#include <stdlib.h>

#include "broker/core/withheld.h"
#include "tests/unit/broker/core/actor_hears.h"
#include "tests/unit/broker/core/disk.h"
#include "tests/unit/broker/core/image.h"

/*
 * The model test: actors (actor.h) at a shard whose ledger writes to a disk in memory. At any time
 * the broker may end; then there is a new shard with what is on the disk, and every actor has
 * what it has read so far and nothing more.
 */
struct world {
	struct dice dice;
	struct limits limits;
	struct policy *policy;
	struct shard *shard;
	struct instant now;
	struct duration to_wall;
	struct disk disk;
	struct str sealed; /* the image at the time of the seal */
	struct instant sealed_at;
	bool is_failing;
	unsigned kills, commits;
	struct stage stage;
};

static uint64_t seed;
static unsigned kills, commits;

static struct shard *new_shard(struct world *w)
{
	return shard_create(&w->limits, NULL, dice_next(&w->dice), 8);
}

static void begin_world(struct world *w, uint64_t with_seed)
{
	static const uint32_t expiries[] = { MQTT_EXPIRY_NEVER, MQTT_EXPIRY_NEVER, 0, 30,
		MQTT_EXPIRY_NEVER };

	*w = (struct world){ .dice = { with_seed }, .limits = rig_limits() };
	w->limits.max_inflight_messages = MAX_UNDER_WAY;
	w->limits.max_queued_messages = 0;
	w->policy = policy_create();
	w->policy->allow_anonymous = true;
	w->now = (struct instant){ seconds(1000).ns };
	w->to_wall = seconds(1700000000);
	w->shard = new_shard(w);
	ledger_start(&w->shard->ledger, 1, 1, 1);
	for (unsigned i = 0; i < ACTORS; i++) {
		struct actor *a = &w->stage.actors[i];

		a->index = i;
		a->version = dice_roll(&w->dice, 2) ? MQTT_5 : MQTT_3_1_1;
		a->expiry = expiries[i];
		if (a->version < MQTT_5 && a->expiry == 30)
			a->expiry = 0;
	}
}

static void end_shard(struct world *w)
{
	for (unsigned i = 0; i < ACTORS; i++)
		actor_close(&w->stage.actors[i], w->now);
	shard_destroy(w->shard);
}

static void end_world(struct world *w)
{
	end_shard(w);
	disk_finish(&w->disk);
	policy_unref(w->policy);
	for (unsigned i = 0; i < ACTORS; i++) {
		str_finish(&w->stage.actors[i].output);
		str_finish(&w->stage.actors[i].answers);
	}
	str_finish(&w->sealed);
	kills += w->kills;
	commits += w->commits;
}

/* --- the disk -------------------------------------------------------------------------------- */

static void require_same_lines(struct span restored, struct span sealed)
{
	while (restored.len > 0 || sealed.len > 0) {
		struct span is = span_cut(&restored, '\n'), was = span_cut(&sealed, '\n');

		if (!span_equal(is, was))
			fail_msg("restored: %.*s\nbut it was: %.*s", (int)is.len,
					(const char *)is.data, (int)was.len,
					(const char *)was.data);
	}
}

/* What is on the disk makes the shard that there was when the batch was sealed, and nothing more.
 */
static void check_image(struct world *w)
{
	struct shard *shard = new_shard(w);
	struct str restored = { 0 };

	disk_load(&w->disk, shard, w->policy, w->sealed_at, w->to_wall);
	image_of(shard, &restored, w->sealed_at);
	require_same_lines(str_span(&restored), str_span(&w->sealed));
	assert_int_equal(shard->ledger.open->live, 0);
	str_finish(&restored);
	shard_destroy(shard);
}

static void seal(struct world *w)
{
	str_clear(&w->sealed);
	image_of(w->shard, &w->sealed, w->now);
	w->sealed_at = w->now;
	ledger_seal(&w->shard->ledger, w->to_wall);
}

/* The disk's turn: as the broker does at the end of a turn. */
static void commit(struct world *w)
{
	struct ledger *l = &w->shard->ledger;

	if (l->sealed == NULL) {
		if (ledger_is_empty(l))
			ledger_committed(l);
		else if (dice_roll(&w->dice, 2) == 0)
			seal(w);
		else
			ledger_settle(l);
		return;
	}
	disk_apply(&w->disk, l->sealed);
	disk_check(&w->disk);
	w->commits++;
	if (w->is_failing)
		shard_set_failing(w->shard, w->is_failing = false, w->now);
	ledger_committed(l);
	check_image(w);
}

/* --- what happens ---------------------------------------------------------------------------- */

/* The owner of the connections takes away those that are over. */
static void settle(struct world *w)
{
	for (unsigned i = 0; i < ACTORS; i++) {
		struct actor *a = &w->stage.actors[i];

		if (a->client != NULL && a->client->state == CLIENT_CLOSING)
			actor_close(a, w->now);
	}
}

static void connect_actor(struct world *w, struct actor *a)
{
	struct client *old = a->client;

	actor_lost(a);
	if (dice_roll(&w->dice, 12) == 0)
		a->wants_clean = true;
	if (a->wants_clean || a->expiry == 0 || a->is_clean) {
		actor_forget(&w->stage, a);
		actor_give_up_qos2(&w->stage, a);
	}
	actor_connect(a, client_create(w->shard, a, w->policy, w->now), &w->dice, w->now);
	client_destroy(old, w->now); /* it was taken over */
}

static void disconnect_actor(struct world *w, struct actor *a)
{
	if (dice_roll(&w->dice, 2) == 0 && a->is_connected) {
		struct str packet = { 0 };
		bool ends = a->version == MQTT_5 && a->expiry > 0 && dice_roll(&w->dice, 6) == 0;

		str_append(&packet, ends ? BYTES("\xe0\7\0\5\x11\0\0\0\0") : BYTES("\xe0\0"));
		actor_send(a, &packet, w->now);
		str_finish(&packet);
		if (ends) {
			actor_forget(&w->stage, a);
			a->wants_clean = true; /* until it knows that the broker knows */
		}
	}
	actor_close(a, w->now);
}

static void subscribe_something(struct world *w, struct actor *a)
{
	static const char *const noise[] = { "n/#", "w/#", "r/+", "#", "n/a", "$share/y/n/+" };
	uint8_t qos = (uint8_t)dice_roll(&w->dice, 3);
	uint8_t options =
			(uint8_t)(qos | dice_roll(&w->dice, 2) << 3 | dice_roll(&w->dice, 3) << 4);

	switch (dice_roll(&w->dice, 4)) {
	case 0: /* what one has that does not last ends with the broker */
		if (!a->has_session || a->expiry != MQTT_EXPIRY_NEVER)
			break;
		actor_subscribe(&w->stage, a, SUBSCRIBE_GROUP, "$share/x/g/#",
				(uint8_t)(1 + dice_roll(&w->dice, 2)), w->now);
		break;
	case 1:
		actor_subscribe(&w->stage, a, SUBSCRIBE_NOISE,
				noise[dice_roll(&w->dice, array_size(noise) - 1)],
				(uint8_t)(options | dice_roll(&w->dice, 2) << 2), w->now);
		break;
	default:
		actor_subscribe(&w->stage, a, SUBSCRIBE_STREAM, "s/#", qos, w->now);
		break;
	}
}

static void publish_something(struct world *w, struct actor *a)
{
	enum published_kind kind = (enum published_kind)dice_roll(&w->dice, 4);

	/* An older message of another QoS may be sent again later, and be the last one then. */
	actor_publish(&w->stage, a, kind,
			(uint8_t)(kind == PUBLISHED_RETAINED ? 1 : dice_roll(&w->dice, 3)), w->now);
}

static void pass_time(struct world *w)
{
	w->now = instant_after(w->now, milliseconds(dice_roll(&w->dice, 8000)));
	shard_run_timers(w->shard, w->now);
	while (shard_has_work(w->shard)) {
		work_begin_turn(&w->shard->work);
		shard_work(w->shard, w->now);
	}
}

static void kill_broker(struct world *w)
{
	struct instant then = w->now;

	end_shard(w);
	w->is_failing = false;
	w->kills++;
	/* The next one's clock begins anywhere; the wall's goes on. */
	w->now = (struct instant){ seconds(1 + dice_roll(&w->dice, 5000)).ns };
	w->to_wall.ns += then.ns - w->now.ns + milliseconds(dice_roll(&w->dice, 4000)).ns;
	w->shard = new_shard(w);
	disk_load(&w->disk, w->shard, w->policy, w->now, w->to_wall);
}

static void act_connected(struct world *w, struct actor *a, uint32_t what)
{
	if (what < 2)
		disconnect_actor(w, a);
	else if (what < 3)
		connect_actor(w, a);
	else if (what < 10)
		actor_listen(&w->stage, a, SIZE_MAX, w->now);
	else if (what < 12)
		actor_listen(&w->stage, a, dice_roll(&w->dice, 60), w->now);
	else if (what < 18)
		actor_speak(a, w->now);
	else if (!a->is_connected)
		actor_listen(&w->stage, a, SIZE_MAX, w->now);
	else if (what < 21)
		subscribe_something(w, a);
	else if (what < 22)
		actor_unsubscribe(&w->stage, a, w->now);
	else
		publish_something(w, a);
}

static void step(struct world *w)
{
	uint32_t what = dice_roll(&w->dice, 100);
	struct actor *a = &w->stage.actors[dice_roll(&w->dice, ACTORS)];

	if (what < 12)
		commit(w);
	else if (what < 14)
		pass_time(w);
	else if (what < 15)
		kill_broker(w);
	else if (what < 16 && w->shard->ledger.sealed != NULL)
		shard_set_failing(w->shard, w->is_failing = true, w->now);
	else if (a->client == NULL)
		connect_actor(w, a);
	else
		act_connected(w, a, dice_roll(&w->dice, 40));
	settle(w);
}

/* --- what must be true in the end ------------------------------------------------------------- */

static bool is_quiet(const struct world *w)
{
	for (unsigned i = 0; i < ACTORS; i++) {
		const struct actor *a = &w->stage.actors[i];

		if (!a->is_connected || a->under_way_count > 0 || a->answers.len > 0 ||
				client_unsent(a->client) > 0)
			return false;
	}
	return w->shard->ledger.sealed == NULL && ledger_is_empty(&w->shard->ledger);
}

/* Everybody comes back and everything is delivered. */
static void calm_down(struct world *w)
{
	unsigned turns = 0;

	for (; !is_quiet(w) && turns < 1000; turns++) {
		for (unsigned i = 0; i < ACTORS; i++) {
			struct actor *a = &w->stage.actors[i];

			if (a->client == NULL)
				connect_actor(w, a);
			actor_listen(&w->stage, a, SIZE_MAX, w->now);
			actor_speak(a, w->now);
			settle(w);
		}
		while (shard_has_work(w->shard)) {
			work_begin_turn(&w->shard->work);
			shard_work(w->shard, w->now);
		}
		commit(w);
	}
	assert_true(is_quiet(w));
}

static unsigned arrivals(const struct published *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ACTORS; i++)
		n += p->arrivals[i];
	return n;
}

static void check_published(const struct world *w, const struct published *p)
{
	for (unsigned i = 0; i < ACTORS; i++) {
		if (p->is_acked && p->due >> i & 1 && p->arrivals[i] == 0)
			fail_msg("%u has not got %u", i, (unsigned)(p - w->stage.published));
		if (p->exactly >> i & 1 && p->arrivals[i] > 1)
			fail_msg("%u got %u %u times", i, (unsigned)(p - w->stage.published),
					p->arrivals[i]);
	}
	if (p->is_acked && p->is_shared_due && !w->stage.is_group_disturbed && arrivals(p) == 0)
		fail_msg("nobody of the group got %u", (unsigned)(p - w->stage.published));
}

static void check_retained(const struct world *w, unsigned from)
{
	char topic[] = { 'r', '/', (char)('a' + from), 0 };
	const struct trie_node *node = trie_find(&w->shard->retained.topics, span_of_text(topic));
	const struct message *m = node != NULL ? node->value : NULL;
	char text[8] = { 0 };

	if (w->stage.retained[from] == 0)
		return;
	assert_non_null(m);
	memcpy(text, message_payload(m).data, m->payload_len < 7 ? m->payload_len : 7);
	assert_true(strtoul(text, NULL, 10) + 1 >= w->stage.retained[from]);
}

static void run_world(uint64_t with_seed, unsigned steps)
{
	struct world *w = xmalloc(sizeof(*w));

	seed = with_seed;
	begin_world(w, with_seed);
	for (unsigned i = 0; i < steps; i++)
		step(w);
	calm_down(w);
	for (unsigned i = 0; i < w->stage.count; i++)
		check_published(w, &w->stage.published[i]);
	for (unsigned i = 0; i < ACTORS; i++)
		check_retained(w, i);
	end_world(w);
	free(w);
	seed = 0;
}

static int tell_seed(void **unused)
{
	(void)unused;
	if (seed != 0)
		print_error("the seed was %llu\n", (unsigned long long)seed);
	return 0;
}

static void what_was_acknowledged_survives_every_end(void **unused)
{
	const char *only = getenv("SEED");

	(void)unused;
	if (only != NULL) {
		run_world(strtoull(only, NULL, 10), 100 + strtoull(only, NULL, 10) % 500);
		return;
	}
	for (uint64_t round = 1; round <= 1000; round++)
		run_world(round, 100 + round % 500);
	assert_true(kills > 1000 && commits > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_was_acknowledged_survives_every_end, tell_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
