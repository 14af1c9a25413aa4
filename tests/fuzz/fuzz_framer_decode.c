/* SPDX-License-Identifier: MIT */
/*
 * Any bytes, cut into frames and decoded as every packet type in every version. Whatever is
 * decoded points into its frame, and decoding says the same about a copy of exactly the frame.
 */
#include "broker/mqtt/client_packets.h"
#include "broker/mqtt/decode.h"

#include "common/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void require_inside(const struct frame *f, struct span s)
{
	if (s.data == NULL || s.len == 0)
		return;
	REQUIRE(s.data >= f->body.data && s.data + s.len <= f->body.data + f->body.len);
}

static void walk_properties(const struct frame *f, const struct properties *p)
{
	struct reader r = reader_of(p->raw);
	struct property property;
	uint64_t seen = 0;

	if (p->present == 0)
		return;
	require_inside(f, p->raw);
	while (property_next(&r, &property)) {
		REQUIRE(property_info(property.id)->name != NULL);
		require_inside(f, property.raw);
		require_inside(f, property.text);
		require_inside(f, property.value);
		seen |= 1ULL << property.id;
	}
	REQUIRE(!reader_failed(&r));
	REQUIRE(seen == p->present);
	for (unsigned id = 0; id < PROPERTY_IDS; id++) {
		if (property_present(p, id) && property_info(id)->wire > WIRE_VARINT)
			require_inside(f, p->values[id].text);
	}
}

static void decode_list(const struct frame *f, enum mqtt_version version, bool is_subscribe)
{
	struct subscribe_packet p;
	enum mqtt_reason reason = is_subscribe ? decode_subscribe(f, version, &p)
					       : decode_unsubscribe(f, version, &p);
	struct span filter;
	uint8_t options;
	size_t n = 0;

	if (reason != MQTT_SUCCESS)
		return;
	REQUIRE(p.packet_id != 0);
	walk_properties(f, &p.properties);
	while (subscribe_next(&p, &filter, &options)) {
		require_inside(f, filter);
		REQUIRE((options & SUBSCRIBE_QOS) < 3);
		n++;
	}
	REQUIRE(n > 0);
}

/* What another broker sends to a bridge. */
static void decode_answer(const struct frame *f, enum mqtt_version version)
{
	struct connack_packet connack;
	struct suback_packet suback;

	if (decode_connack(f, version, &connack) == MQTT_SUCCESS) {
		REQUIRE(connack.reason == MQTT_SUCCESS || mqtt_reason_is_failure(connack.reason));
		REQUIRE(connack.reason == MQTT_SUCCESS || !connack.session_present);
		walk_properties(f, &connack.properties);
	}
	if ((f->type == PACKET_SUBACK || f->type == PACKET_UNSUBACK) &&
			decode_suback(f, version, &suback) == MQTT_SUCCESS) {
		REQUIRE(suback.packet_id != 0);
		require_inside(f, suback.codes);
	}
	decode_pingresp(f);
}

static enum mqtt_reason decode(const struct frame *f, enum mqtt_version version)
{
	struct connect_packet connect;
	struct publish_packet publish;
	struct ack_packet ack;
	struct disconnect_packet disconnect;
	enum mqtt_reason reason;

	decode_answer(f, version);
	decode_list(f, version, true);
	decode_list(f, version, false);
	if (decode_connect(f, &connect) == MQTT_SUCCESS) {
		walk_properties(f, &connect.properties);
		require_inside(f, connect.client_id);
		require_inside(f, connect.user_name);
		require_inside(f, connect.password);
		if (connect.has_will) {
			REQUIRE(connect.will.qos < 3);
			walk_properties(f, &connect.will.properties);
			require_inside(f, connect.will.topic);
			require_inside(f, connect.will.payload);
		}
	}
	reason = decode_publish(f, version, &publish);
	if (reason == MQTT_SUCCESS) {
		REQUIRE(publish.qos < 3 && (publish.qos == 0) == (publish.packet_id == 0));
		walk_properties(f, &publish.properties);
		require_inside(f, publish.topic);
		require_inside(f, publish.payload);
	}
	if (decode_ack(f, version, &ack) == MQTT_SUCCESS) {
		REQUIRE(ack.packet_id != 0 && mqtt_reason_known((uint8_t)ack.reason));
		walk_properties(f, &ack.properties);
	}
	if (decode_disconnect(f, version, &disconnect) == MQTT_SUCCESS)
		REQUIRE(mqtt_reason_known((uint8_t)disconnect.reason));
	decode_auth(f, &disconnect);
	decode_pingreq(f);
	return reason;
}

static void decode_as_everything(struct frame f)
{
	static const enum mqtt_version versions[] = { MQTT_3_1, MQTT_3_1_1, MQTT_5 };
	enum packet_type sent = f.type;
	uint8_t flags = f.flags;

	for (size_t i = 0; i < array_size(versions); i++) {
		for (unsigned type = PACKET_CONNECT; type <= PACKET_AUTH; type++) {
			f.type = (enum packet_type)type;
			f.flags = flags;
			decode(&f, versions[i]);
			f.flags = 2; /* what SUBSCRIBE and PUBREL want, whatever was sent */
			decode(&f, versions[i]);
		}
		f.type = sent;
		f.flags = 0;
		decode(&f, versions[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of(data, size);
	struct frame f;

	for (size_t frames = 0; frames < 64; frames++) {
		enum frame_status status = frame_next(input, 65536, &f);
		uint8_t *exact;

		if (status == FRAME_PARTIAL)
			REQUIRE(f.size == 0 || f.size > input.len);
		if (status != FRAME_COMPLETE)
			break;
		REQUIRE(f.size <= input.len && f.body.len + 2 <= f.size);
		/* of its own size, so that a sanitizer sees a read behind the packet */
		exact = xmemdup(f.body.data, f.body.len);
		input = span_from(input, f.size);
		f.body.data = exact;
		decode_as_everything(f);
		free(exact);
	}
	return 0;
}
