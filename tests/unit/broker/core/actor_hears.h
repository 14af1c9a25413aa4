/* SPDX-License-Identifier: MIT */
/*
 * What an actor (actor.h) makes of the packets that it gets: it requires what the protocol promises
 * of each, and notes what has been promised and what has arrived.
 */
#ifndef TESTS_UNIT_BROKER_CORE_ACTOR_HEARS_H
#define TESTS_UNIT_BROKER_CORE_ACTOR_HEARS_H

#include "tests/unit/broker/core/actor.h"

static inline void actor_hear_connack(struct stage *stage, struct actor *a,
		const struct served *packet, struct instant now)
{
	ACTOR_REQUIRE(a, !a->is_connected);
	if (packet->reason != 0)
		return;
	a->is_connected = true;
	if (!packet->session_present) {
		/* The promise: it was told of a session that does not end by itself. */
		ACTOR_REQUIRE(a, !a->has_session || a->wants_clean ||
						 a->expiry != MQTT_EXPIRY_NEVER);
		actor_forget(stage, a);
		actor_give_up_qos2(stage, a);
	}
	ACTOR_REQUIRE(a, !packet->session_present || !a->wants_clean);
	a->wants_clean = false;
	a->has_session = a->expiry > 0 && !a->is_clean;
	actor_publish_again(stage, a, now);
}

static inline struct publishing *actor_under_way(struct actor *a, uint16_t packet_id)
{
	for (unsigned i = 0; i < a->under_way_count; i++) {
		if (a->under_way[i].packet_id == packet_id)
			return &a->under_way[i];
	}
	return NULL;
}

/* [v5 MQTT-4.6.0-2, MQTT-4.6.0-3]: in the order in which they were published */
static inline void actor_check_order(
		const struct stage *stage, const struct actor *a, const struct publishing *p)
{
	for (const struct publishing *q = a->under_way; q < p; q++)
		ACTOR_REQUIRE(a, q->is_released || stage->published[q->number].qos !=
								   stage->published[p->number].qos);
}

static inline void actor_remove(struct actor *a, struct publishing *p)
{
	struct publishing *end = a->under_way + a->under_way_count--;

	memmove(p, p + 1, (size_t)(end - p - 1) * sizeof(*p));
}

static inline void actor_hear_ack(struct stage *stage, struct actor *a, const struct served *packet)
{
	struct publishing *p = actor_under_way(a, packet->packet_id);
	struct published *what = p != NULL ? &stage->published[p->number] : NULL;
	bool is_failure = packet->reason >= 0x80;

	if (packet->type == PACKET_PUBCOMP) {
		if (p != NULL && p->is_released)
			actor_remove(a, p);
		return;
	}
	ACTOR_REQUIRE(a, p != NULL && what->qos == (packet->type == PACKET_PUBACK ? 1 : 2));
	if (p->is_released)
		return;
	if (!is_failure) {
		actor_check_order(stage, a, p);
		what->is_acked = true;
		if (what->kind == PUBLISHED_RETAINED)
			stage->retained[a->index] = p->number + 1;
	}
	if (packet->type == PACKET_PUBREC && !is_failure) {
		p->is_released = true;
		actor_answer(a, 0x62, packet->packet_id);
		return;
	}
	actor_remove(a, p);
}

static inline void actor_take(struct stage *stage, struct actor *a, const struct served *packet)
{
	char text[8] = { 0 };
	struct published *p;
	unsigned number, *last;

	if (packet->topic.len > 0 && packet->topic.data[0] != 's' && packet->topic.data[0] != 'g')
		return;
	memcpy(text, packet->payload.data, packet->payload.len < 7 ? packet->payload.len : 7);
	number = (unsigned)strtoul(text, NULL, 10);
	ACTOR_REQUIRE(a, number < stage->count);
	p = &stage->published[number];
	p->arrivals[a->index]++;
	if ((p->followed >> a->index & 1) == 0 || served_qos(packet) == 0)
		return;
	last = &a->last_from[p->from][p->qos];
	/* The order of first arrivals is that of their publisher. */
	ACTOR_REQUIRE(a, p->arrivals[a->index] > 1 || number + 1 > *last);
	if (number + 1 > *last)
		*last = number + 1;
}

static inline void actor_hear_publish(
		struct stage *stage, struct actor *a, const struct served *packet)
{
	uint64_t bit = (uint64_t)1 << packet->packet_id % 64;
	uint64_t *word = &a->remembered[packet->packet_id / 64];

	ACTOR_REQUIRE(a, packet->alias == 0);
	if (served_qos(packet) < 2 || (*word & bit) == 0)
		actor_take(stage, a, packet);
	if (served_qos(packet) == 2)
		*word |= bit;
	if (served_qos(packet) > 0)
		actor_answer(a, served_qos(packet) == 1 ? 0x40 : 0x50, packet->packet_id);
}

static inline void actor_hear_suback(struct actor *a, const struct served *packet)
{
	bool is_good = packet->codes.data[0] < 0x80;

	if (packet->packet_id == SUBSCRIBE_GROUP)
		a->is_in_group |= is_good;
	if (packet->packet_id != SUBSCRIBE_STREAM)
		return;
	a->subscribing--;
	if (is_good && a->subscribing + a->unsubscribing == 0) {
		a->is_subscribed = true;
		a->qos = packet->codes.data[0];
	}
}

static inline void actor_hear(struct stage *stage, struct actor *a, const struct served *packet,
		struct instant now)
{
	ACTOR_REQUIRE(a, a->is_connected || packet->type == PACKET_CONNACK);
	if (packet->type == PACKET_CONNACK) {
		actor_hear_connack(stage, a, packet, now);
	} else if (packet->type == PACKET_PUBLISH) {
		actor_hear_publish(stage, a, packet);
	} else if (packet->type == PACKET_PUBREL) {
		a->remembered[packet->packet_id / 64] &= ~((uint64_t)1 << packet->packet_id % 64);
		actor_answer(a, 0x70, packet->packet_id);
	} else if (packet->type == PACKET_SUBACK) {
		actor_hear_suback(a, packet);
	} else if (packet->type == PACKET_UNSUBACK) {
		a->unsubscribing -= packet->packet_id == SUBSCRIBE_STREAM;
	} else if (packet->type != PACKET_DISCONNECT) {
		actor_hear_ack(stage, a, packet);
	}
}

/* Read what has come. */
static inline void actor_listen(
		struct stage *stage, struct actor *a, size_t most, struct instant now)
{
	struct served packet;
	struct str bytes = { 0 };
	size_t at = 0;
	int found;

	if (a->client == NULL)
		return;
	rig_drain(a->client, &a->output, most, now);
	/* Hearing sends, which may end the connection; it does not add to what was read. */
	str_append(&bytes, str_span(&a->output));
	while ((found = rig_next(&bytes, &at, a->version, &packet)) == 1)
		actor_hear(stage, a, &packet, now);
	ACTOR_REQUIRE(a, found == 0);
	str_remove_front(&a->output, at);
	str_finish(&bytes);
}

/* Send the acknowledgements that are due. */
static inline void actor_speak(struct actor *a, struct instant now)
{
	struct str answers = a->answers;

	if (a->client == NULL || !a->is_connected)
		return;
	a->answers = (struct str){ 0 };
	actor_send(a, &answers, now);
	str_finish(&answers);
}

#endif
