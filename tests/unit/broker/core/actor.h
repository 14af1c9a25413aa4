/* SPDX-License-Identifier: MIT */
/*
 * A correct MQTT client, for model tests: it remembers across connections what a client has to
 * remember, sends again what was not acknowledged, takes a QoS 2 message once, and writes down what
 * the broker has promised it and what has arrived. Here is what it does; what it makes of what it
 * is told is in actor_hears.h.
 *
 * What all actors publish is in one list. A "stream" message (topic s/NAME, payload its place in
 * the list) is followed to all who are owed it; others only make noise.
 */
#ifndef TESTS_UNIT_BROKER_CORE_ACTOR_H
#define TESTS_UNIT_BROKER_CORE_ACTOR_H

#include <stdio.h>

#include "tests/unit/broker/core/actor_packet.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

enum { ACTORS = 5, MAX_PUBLISHES = 400, MAX_UNDER_WAY = 4 };

/* Packet identifiers of SUBSCRIBE: those of publishing are smaller. */
enum { SUBSCRIBE_STREAM = 60000, SUBSCRIBE_GROUP, SUBSCRIBE_NOISE };

#define ACTOR_REQUIRE(a, condition)                                                                \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s:%d: actor %u: %s", __func__, __LINE__, (a)->index,            \
					#condition);                                               \
	} while (0)

enum published_kind { PUBLISHED_NOISE, PUBLISHED_STREAM, PUBLISHED_SHARED, PUBLISHED_RETAINED };

struct published {
	enum published_kind kind;
	unsigned from;
	uint8_t qos;
	bool is_acked;
	bool is_shared_due;	   /* one of the group must get it */
	unsigned due;		   /* set of actors who must get it, if it is acknowledged */
	unsigned exactly;	   /* of them, and exactly once */
	unsigned followed;	   /* set of actors who were owed it when it was published */
	unsigned arrivals[ACTORS]; /* in the session that each has */
};

struct publishing {
	unsigned number; /* in the list */
	uint16_t packet_id;
	bool is_released; /* QoS 2: PUBREC has come */
};

struct actor {
	unsigned index;
	uint8_t version;
	uint32_t expiry; /* of the session: 0, seconds or MQTT_EXPIRY_NEVER */
	struct client *client;
	bool is_connected; /* CONNACK has come */
	bool has_session;  /* the broker has said that there is one which outlives connections */
	bool wants_clean;
	bool is_clean;	   /* as version 3.1.1 has it: the session ends with the connection */
	struct str output; /* of the broker, not understood yet */
	struct str answers;
	struct publishing under_way[MAX_UNDER_WAY];
	unsigned under_way_count;
	uint16_t last_id;
	unsigned subscribing, unsubscribing; /* packets that were not answered yet */
	bool is_subscribed;		     /* to s/#, as the broker has confirmed */
	uint8_t qos;			     /* of that */
	bool joins_group;		     /* it has asked for $share/x/g/# */
	bool is_in_group;		     /* and that was confirmed */
	uint64_t remembered[65536 / 64];
	unsigned last_from[ACTORS][3]; /* number + 1 of the last stream message by publisher, QoS */
};

struct stage {
	struct published published[MAX_PUBLISHES];
	unsigned count;
	struct actor actors[ACTORS];
	bool is_group_disturbed;   /* a member has left it */
	unsigned retained[ACTORS]; /* number + 1 of the last one that was acknowledged */
};

/* --- packets that it sends ------------------------------------------------------------------- */

static inline void actor_send(struct actor *a, const struct str *bytes, struct instant now)
{
	size_t at = 0;

	/* Many packets may be more than one share of a turn. */
	while (at < bytes->len && a->client->state != CLIENT_CLOSING)
		at += client_receive(a->client, span_from(str_span(bytes), at), now).consumed;
}

static inline void actor_send_packet(
		struct actor *a, uint8_t first, struct str *body, struct instant now)
{
	struct str packet = { 0 };

	actor_packet(&packet, first, body);
	actor_send(a, &packet, now);
	str_finish(&packet);
	str_finish(body);
}

static inline void actor_answer(struct actor *a, uint8_t first, uint16_t packet_id)
{
	struct str body = { 0 };

	actor_u16(&body, packet_id);
	actor_packet(&a->answers, first, &body);
	str_finish(&body);
}

static inline uint16_t actor_next_id(struct actor *a)
{
	for (;;) {
		unsigned i = 0;

		if (++a->last_id == 0)
			a->last_id = 1;
		while (i < a->under_way_count && a->under_way[i].packet_id != a->last_id)
			i++;
		if (i == a->under_way_count)
			return a->last_id;
	}
}

/* --- its session ----------------------------------------------------------------------------- */

/* What it had is gone, on both sides: nobody owes it anything. */
static inline void actor_forget(struct stage *stage, struct actor *a)
{
	for (unsigned i = 0; i < stage->count; i++) {
		stage->published[i].due &= ~(1U << a->index);
		stage->published[i].exactly &= ~(1U << a->index);
		stage->published[i].followed &= ~(1U << a->index);
		stage->published[i].arrivals[a->index] = 0;
	}
	memset(a->remembered, 0, sizeof(a->remembered));
	memset(a->last_from, 0, sizeof(a->last_from));
	stage->is_group_disturbed |= a->joins_group;
	a->is_subscribed = a->has_session = a->joins_group = a->is_in_group = false;
}

/* Of QoS 2 nobody can say any more whether it has arrived; QoS 1 it sends again. */
static inline void actor_give_up_qos2(struct stage *stage, struct actor *a)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < a->under_way_count; i++) {
		if (stage->published[a->under_way[i].number].qos < 2)
			a->under_way[kept++] = a->under_way[i];
	}
	a->under_way_count = kept;
}

/* The connection is lost, or was ended. */
static inline void actor_lost(struct actor *a)
{
	a->client = NULL;
	a->is_connected = false;
	a->subscribing = a->unsubscribing = 0;
	str_clear(&a->output);
	str_clear(&a->answers);
}

static inline void actor_close(struct actor *a, struct instant now)
{
	if (a->client == NULL)
		return;
	client_destroy(a->client, now);
	actor_lost(a);
}

static inline void actor_connect(
		struct actor *a, struct client *client, struct dice *dice, struct instant now)
{
	bool has_will = dice_roll(dice, 3) == 0, is_clean = a->wants_clean || a->expiry == 0;
	struct str body = { 0 };
	char name[2] = { (char)('a' + a->index), 0 };

	a->client = client;
	a->is_clean = is_clean && a->version < MQTT_5;
	actor_block(&body, "MQTT");
	str_append_byte(&body, (char)a->version);
	str_append_byte(&body,
			(char)((is_clean ? 2 : 0) |
					(has_will ? 4 | dice_roll(dice, 3) << 3 | dice_roll(dice, 2) << 5
						  : 0)));
	actor_u16(&body, 0);
	if (a->version == MQTT_5) {
		str_append(&body, BYTES("\x05\x11"));
		actor_u32(&body, a->expiry);
	}
	actor_block(&body, name);
	if (has_will && a->version == MQTT_5) {
		str_append(&body, BYTES("\x05\x18"));
		actor_u32(&body, dice_roll(dice, 20));
	}
	if (has_will) {
		actor_block(&body, dice_roll(dice, 2) ? "w" : "w/a");
		actor_block(&body, "will");
	}
	actor_send_packet(a, 0x10, &body, now);
}

/* It is subscribed with another QoS now: what is not acknowledged may come as that. */
static inline void actor_owe_less(struct published *p, const struct actor *a, uint8_t qos)
{
	if (p->is_acked)
		return;
	if (qos < 2)
		p->exactly &= ~(1U << a->index);
	if (qos == 0)
		p->due &= ~(1U << a->index);
}

static inline void actor_subscribe(struct stage *stage, struct actor *a, uint16_t packet_id,
		const char *filter, uint8_t options, struct instant now)
{
	struct str body = { 0 };

	for (unsigned i = 0; packet_id == SUBSCRIBE_STREAM && i < stage->count; i++)
		actor_owe_less(&stage->published[i], a, options & 3);
	actor_u16(&body, packet_id);
	if (a->version == MQTT_5 && options & 4) { /* with an identifier */
		str_append(&body, BYTES("\2\x0b\x07"));
	} else if (a->version == MQTT_5) {
		str_append_byte(&body, 0);
	}
	actor_block(&body, filter);
	str_append_byte(&body, (char)(a->version == MQTT_5 ? options : options & 3));
	a->subscribing += packet_id == SUBSCRIBE_STREAM;
	a->is_subscribed &= packet_id != SUBSCRIBE_STREAM; /* with which QoS? */
	a->joins_group |= packet_id == SUBSCRIBE_GROUP;
	actor_send_packet(a, 0x82, &body, now);
}

/* What is acknowledged from now on need not come; what was, must. */
static inline void actor_unsubscribe(struct stage *stage, struct actor *a, struct instant now)
{
	struct str body = { 0 };

	for (unsigned i = 0; i < stage->count; i++)
		actor_owe_less(&stage->published[i], a, 0);
	actor_u16(&body, SUBSCRIBE_STREAM);
	if (a->version == MQTT_5)
		str_append_byte(&body, 0);
	actor_block(&body, "s/#");
	a->unsubscribing++;
	a->is_subscribed = false;
	actor_send_packet(a, 0xa2, &body, now);
}

/* --- what it publishes ----------------------------------------------------------------------- */

static inline void actor_send_publish(struct stage *stage, struct actor *a,
		const struct publishing *p, bool is_again, struct instant now)
{
	const struct published *what = &stage->published[p->number];
	static const char *const topics[] = { "n", "s", "g", "r" };
	struct str body = { 0 };
	char text[16];

	snprintf(text, sizeof(text), "%s/%c", topics[what->kind], 'a' + (char)a->index);
	actor_block(&body, text);
	if (what->qos > 0)
		actor_u16(&body, p->packet_id);
	if (a->version == MQTT_5 && what->kind == PUBLISHED_NOISE) {
		str_append(&body, BYTES("\x05\x02"));
		actor_u32(&body, 1 + p->number % 30);
	} else if (a->version == MQTT_5) {
		str_append_byte(&body, 0);
	}
	str_printf(&body, "%u", p->number);
	if (p->number % 16 == 0) { /* by reference */
		str_append_byte(&body, ' ');
		str_reserve(&body, 3000);
		memset(body.text + body.len, '.', 3000);
		body.len += 3000;
	}
	if (what->kind == PUBLISHED_NOISE && p->number % 5 == 0)
		str_truncate(&body, body.len - 1 - (p->number > 9) - (p->number > 99));
	actor_send_packet(a,
			(uint8_t)(0x30 | what->qos << 1 | (is_again && what->qos > 0 ? 8 : 0) |
					(what->kind == PUBLISHED_RETAINED ||
							(what->kind == PUBLISHED_NOISE &&
									p->number % 4 < 2))),
			&body, now);
}

/* Who has been told that he is subscribed must get it. */
static inline void actor_owe(struct stage *stage, struct published *p)
{
	for (unsigned i = 0; i < ACTORS; i++)
		p->is_shared_due |= p->kind == PUBLISHED_SHARED && p->qos > 0 &&
				    stage->actors[i].is_in_group;
	for (unsigned i = 0; p->kind == PUBLISHED_STREAM && i < ACTORS; i++) {
		const struct actor *a = &stage->actors[i];

		if (!a->is_subscribed || !a->has_session || a->qos == 0 || p->qos == 0)
			continue;
		p->due |= 1U << i;
		if (a->qos == 2 && p->qos == 2)
			p->exactly |= 1U << i;
	}
	p->followed = p->due;
}

static inline void actor_publish(struct stage *stage, struct actor *a, enum published_kind kind,
		uint8_t qos, struct instant now)
{
	struct published *p = &stage->published[stage->count];
	struct publishing one = { .number = stage->count };

	if (stage->count == MAX_PUBLISHES || a->under_way_count == MAX_UNDER_WAY)
		return;
	stage->count++;
	*p = (struct published){ .kind = kind, .from = a->index, .qos = qos };
	actor_owe(stage, p);
	if (qos > 0) {
		one.packet_id = actor_next_id(a);
		a->under_way[a->under_way_count++] = one;
	}
	actor_send_publish(stage, a, &one, false, now);
}

static inline void actor_publish_again(struct stage *stage, struct actor *a, struct instant now)
{
	for (unsigned i = 0; i < a->under_way_count && a->client->state != CLIENT_CLOSING; i++) {
		if (a->under_way[i].is_released)
			actor_answer(a, 0x62, a->under_way[i].packet_id);
		else
			actor_send_publish(stage, a, &a->under_way[i], true, now);
	}
}

#endif
