/* SPDX-License-Identifier: MIT */
/*
 * A shard with clients in memory: packets go in as bytes, what the broker answers is parsed back
 * with this file's own small reader, which knows what a server may send. For unit tests and for
 * tests/fuzz/fuzz_client.c.
 */
#ifndef TESTS_UNIT_BROKER_CORE_RIG_H
#define TESTS_UNIT_BROKER_CORE_RIG_H

#include "broker/core/protocol.h"
#include "common/mem.h"

/* Mosquitto's defaults, with little room so that limits are reached. */
static inline struct limits rig_limits(void)
{
	return (struct limits){
		.max_inflight_messages = 20,
		.max_queued_messages = 1000,
		.max_output_bytes = 16 << 20,
		.max_packet_size = 2000000,
		.max_keepalive = 65535,
		.connect_timeout = 10,
		.max_match_cache = 1000,
		.retain_available = true,
	};
}

/* A client of a listener that lets anybody in. */
static inline struct client *rig_client(struct shard *shard, void *connection, struct instant now)
{
	struct policy *policy = policy_create();
	struct client *c;

	policy->allow_anonymous = true;
	c = client_create(shard, connection, policy, now);
	policy_unref(policy);
	return c;
}

/* One packet of the server, taken apart as far as tests look. */
struct served {
	enum packet_type type;
	uint8_t flags;
	uint16_t packet_id; /* acknowledgements, PUBLISH with QoS */
	uint8_t reason;	    /* CONNACK, acknowledgements, DISCONNECT; 0 when left out */
	bool session_present;
	struct span topic, payload, properties;
	uint32_t alias;	   /* PUBLISH, 0: none */
	struct span codes; /* SUBACK, UNSUBACK */
};

static inline uint8_t served_qos(const struct served *s)
{
	return s->flags >> 1 & 3;
}

static inline void served_properties(struct reader *r, uint8_t version, struct served *ret)
{
	struct reader inside;
	struct property p;

	if (version != MQTT_5)
		return;
	ret->properties = read_bytes(r, read_varint(r));
	inside = reader_of(ret->properties);
	while (property_next(&inside, &p)) {
		if ((property_info(p.id)->packets >> ret->type & 1) == 0)
			reader_fail(r);
		if (p.id == PROPERTY_TOPIC_ALIAS)
			ret->alias = p.number;
	}
	if (reader_failed(&inside))
		reader_fail(r);
}

static inline bool served_publish(struct reader *r, uint8_t version, struct served *ret)
{
	ret->topic = read_block16(r);
	ret->packet_id = served_qos(ret) > 0 ? read_u16(r) : 0;
	served_properties(r, version, ret);
	ret->payload = read_rest(r);
	return !reader_failed(r) && (ret->topic.len > 0 || ret->alias > 0) && served_qos(ret) < 3 &&
	       (served_qos(ret) == 0) == (ret->packet_id == 0) &&
	       ((ret->flags & 8) == 0 || served_qos(ret) > 0);
}

/* Is `body` what a server of this version sends in such a packet, byte by byte? */
static inline bool served_parse(const struct frame *f, uint8_t version, struct served *ret)
{
	struct reader r = reader_of(f->body);

	*ret = (struct served){ .type = f->type, .flags = f->flags };
	if (f->type == PACKET_PUBLISH)
		return served_publish(&r, version, ret);
	if (f->flags != (f->type == PACKET_PUBREL ? 2 : 0))
		return false;
	if (f->type == PACKET_CONNACK) {
		uint8_t present = read_u8(&r);

		ret->session_present = present & 1;
		ret->reason = read_u8(&r);
		served_properties(&r, version, ret);
		return !reader_failed(&r) && reader_left(&r) == 0 && present <= 1 &&
		       (ret->reason == 0 || present == 0) && (version == MQTT_5 || ret->reason < 6);
	}
	if (f->type == PACKET_DISCONNECT) {
		ret->reason = read_u8(&r);
		if (reader_left(&r) > 0)
			served_properties(&r, version, ret);
		return version == MQTT_5 && !reader_failed(&r) && reader_left(&r) == 0;
	}
	if (f->type == PACKET_PINGRESP)
		return reader_left(&r) == 0;
	ret->packet_id = read_u16(&r);
	if (f->type == PACKET_SUBACK || f->type == PACKET_UNSUBACK) {
		served_properties(&r, version, ret);
		ret->codes = read_rest(&r);
		return !reader_failed(&r) && ret->packet_id > 0 &&
		       (ret->codes.len > 0) == (f->type == PACKET_SUBACK || version == MQTT_5);
	}
	if (f->type < PACKET_PUBACK || f->type > PACKET_PUBCOMP)
		return false;
	if (version == MQTT_5 && reader_left(&r) > 0)
		ret->reason = read_u8(&r);
	if (version == MQTT_5 && reader_left(&r) > 0)
		served_properties(&r, version, ret);
	return !reader_failed(&r) && reader_left(&r) == 0 && ret->packet_id > 0;
}

/* Move the client's whole output, or its first `most` bytes, behind `into`. */
static inline size_t rig_drain(struct client *c, struct str *into, size_t most, struct instant now)
{
	size_t taken = 0;

	for (;;) {
		struct span spans[4];
		size_t n = output_spans(&c->output, spans, array_size(spans)), here = 0;

		for (size_t i = 0; i < n; i++) {
			struct span part = span_first(spans[i], most - taken - here);

			str_append(into, part);
			here += part.len;
		}
		if (here == 0)
			break;
		output_consume(&c->output, &c->shard->chunks, here);
		taken += here;
		if (c->output.bytes == 0)
			client_output_drained(c, now);
	}
	return taken;
}

/*
 * Take the next packet off the front of `received`: *at moves behind it. 1: *ret is it, 0: there
 * is no whole one, -1: no server sends that.
 */
static inline int rig_next(
		const struct str *received, size_t *at, uint8_t version, struct served *ret)
{
	struct frame f;
	enum frame_status status = frame_next(span_from(str_span(received), *at), SIZE_MAX, &f);

	if (status == FRAME_PARTIAL)
		return 0;
	if (status != FRAME_COMPLETE || !served_parse(&f, version, ret))
		return -1;
	*at += f.size;
	return 1;
}

#endif
