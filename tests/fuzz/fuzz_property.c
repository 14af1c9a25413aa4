/* SPDX-License-Identifier: MIT */
/*
 * MQTT 5 properties: the first byte chooses the packet, the rest is a property list with its
 * length. What is decoded is written anew and decoded again, to the same values; a message made
 * of it keeps every property that a server forwards, in order.
 */
#include "broker/core/message.h"
#include "broker/mqtt/property.h"
#include "common/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void write_again(struct writer *w, struct span raw)
{
	struct reader r = reader_of(raw);
	struct property p;

	while (property_next(&r, &p)) {
		enum property_wire wire = property_info(p.id)->wire;

		if (wire == WIRE_PAIR)
			property_write_pair(w, p.text, p.value);
		else if (wire > WIRE_VARINT)
			property_write_text(w, p.id, p.text);
		else
			property_write_number(w, p.id, p.number);
	}
	REQUIRE(!reader_failed(&r) && !writer_failed(w));
}

static void compare(const struct properties *a, const struct properties *b)
{
	REQUIRE(a->present == b->present);
	for (unsigned id = 0; id < PROPERTY_IDS; id++) {
		if (!property_present(a, id) || id == PROPERTY_USER_PROPERTY)
			continue;
		if (property_info(id)->wire > WIRE_VARINT)
			REQUIRE(span_equal(a->values[id].text, b->values[id].text));
		else
			REQUIRE(a->values[id].number == b->values[id].number);
	}
}

static void encode_again(const struct properties *first, enum packet_type where)
{
	uint8_t *list = xmalloc(first->raw.len), *whole = xmalloc(first->raw.len + 4);
	struct writer w = writer_of(list, first->raw.len), outer;
	struct properties second;
	struct reader r;

	write_again(&w, first->raw); /* the shortest form is never longer */
	outer = writer_of(whole, first->raw.len + 4);
	write_varint(&outer, (uint32_t)writer_span(&w).len);
	write_bytes(&outer, writer_span(&w));
	REQUIRE(!writer_failed(&outer));
	r = reader_of(writer_span(&outer));
	REQUIRE(properties_decode(&r, where, &second) == MQTT_SUCCESS);
	REQUIRE(reader_left(&r) == 0);
	compare(first, &second);
	free(list);
	free(whole);
}

static bool is_forwarded(enum property_id id)
{
	return id != PROPERTY_TOPIC_ALIAS && id != PROPERTY_SUBSCRIPTION_IDENTIFIER &&
	       id != PROPERTY_MESSAGE_EXPIRY_INTERVAL && id != PROPERTY_WILL_DELAY_INTERVAL;
}

static void forward(const struct properties *properties)
{
	static const struct span topic = SPAN("t"), payload = SPAN("payload");
	struct message *m =
			message_create(topic, properties, payload, 1, false, (struct instant){ 0 });
	struct reader before = reader_of(properties->raw), after = reader_of(message_properties(m));
	struct property a, b;

	while (property_next(&before, &a)) {
		if (!is_forwarded(a.id))
			continue;
		REQUIRE(property_next(&after, &b) && span_equal(a.raw, b.raw));
	}
	REQUIRE(reader_left(&after) == 0);
	REQUIRE(span_equal(message_topic(m), topic) && span_equal(message_payload(m), payload));
	message_unref(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct properties p;
	struct reader r = reader_of(span_of(data, size));
	enum packet_type where = (enum packet_type)(read_u8(&r) % (PACKET_WILL + 1));

	if (properties_decode(&r, where, &p) != MQTT_SUCCESS)
		return 0;
	encode_again(&p, where);
	if (where == PACKET_PUBLISH || where == PACKET_WILL)
		forward(&p);
	return 0;
}
