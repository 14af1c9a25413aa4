/* SPDX-License-Identifier: MIT */
/*
 * The values, field by field; numbers in front, the longest span last and without a length:
 *
 *     meta           number u64
 *     message        flags u8, expires u64, publisher length u16, topic length u16,
 *                    properties length u32, [user name, client identifier, listener: block16 each,]
 *                    topic, properties, payload
 *     delivery       flags u8, session u64, message u64, group u32, packet identifier u16, ids
 *     session        flags u8, expiry interval u32, ends u64, user name, listener: block16 each,
 *                    client identifier
 *     will           delay u32, due u64, then as a message
 *     received       packet identifiers u16
 *     subscription   flags u8, group id u32, identifier u32, group: block16, filter
 *
 * and behind each its checksum, u32. A flag that this version does not know is a damage: a newer
 * one that has more of them has another STORE_LAYOUT.
 */
#include "common/store_format.h"

#include <assert.h>
#include <endian.h>

#include "common/hash.h"
#include "common/topic.h"
#include "common/utf8.h"

enum {
	NUMBER_KEY = 8,
	SUBSCRIPTION_KEY = 12,

	QOS_BITS = 3, /* of the flags of all that has a QoS */

	MESSAGE_HEADER = 1 + 8 + 2 + 2 + 4,
	MESSAGE_RETAIN = 4,
	MESSAGE_IS_RETAINED = 8,
	MESSAGE_HAS_PUBLISHER = 16,
	MESSAGE_HAS_USERNAME = 32,
	MESSAGE_FLAGS = 63,

	DELIVERY_HEADER = 1 + 8 + 8 + 4 + 2,
	DELIVERY_RETAIN = 4,
	DELIVERY_STATE_SHIFT = 4,
	DELIVERY_FLAGS = 7 | 3 << DELIVERY_STATE_SHIFT,

	SESSION_HEADER = 1 + 4 + 8,
	SESSION_HAS_USERNAME = 1,
	SESSION_IS_BRIDGE = 2,
	SESSION_KEEPS_QOS0 = 4,
	SESSION_FLAGS = 7,

	WILL_HEADER = 4 + 8,

	SUBSCRIPTION_HEADER = 1 + 4 + 4,
	SUBSCRIPTION_NO_LOCAL = 4,
	SUBSCRIPTION_RETAIN_AS_PUBLISHED = 8,
	SUBSCRIPTION_IS_AWAITING = 16,
	SUBSCRIPTION_HAS_GROUP = 32,
	SUBSCRIPTION_FLAGS = 63,

	PROPERTY_SUBSCRIPTION_IDENTIFIER = 0x0b, /* broker/mqtt/property.h, which is above us */
};

/* The states of broker/core/inflight.h. */
enum { STATE_FREE, STATE_WAIT_PUBACK, STATE_WAIT_PUBREC, STATE_WAIT_PUBCOMP };

/* Not a secret: it only sets these checksums apart from other hashes of the same bytes. */
static const uint64_t checksum_seed = 0x62656c6672793031U;

const char *store_table_name(enum store_table table)
{
	static const char *const names[STORE_TABLES] = {
		[STORE_META] = "meta",
		[STORE_MESSAGES] = "messages",
		[STORE_DELIVERIES] = "deliveries",
		[STORE_SESSIONS] = "sessions",
		[STORE_WILLS] = "wills",
		[STORE_RECEIVED] = "received",
		[STORE_SUBSCRIPTIONS] = "subscriptions",
	};

	return names[table];
}

/* --- keys ----------------------------------------------------------------------------------- */

static void put_u64(uint8_t *at, uint64_t number)
{
	uint64_t big = htobe64(number);

	memcpy(at, &big, sizeof(big));
}

struct span store_key(uint8_t at[STORE_KEY_SIZE], uint64_t number)
{
	put_u64(at, number);
	return span_of(at, NUMBER_KEY);
}

struct span store_subscription_key(
		uint8_t at[STORE_KEY_SIZE], uint64_t session, uint32_t subscription)
{
	uint32_t big = htobe32(subscription);

	put_u64(at, session);
	memcpy(at + NUMBER_KEY, &big, sizeof(big));
	return span_of(at, SUBSCRIPTION_KEY);
}

uint64_t store_key_number(struct span key)
{
	struct reader r = reader_of(key);

	return key.len == NUMBER_KEY || key.len == SUBSCRIPTION_KEY ? read_u64(&r) : 0;
}

uint32_t store_key_subscription(struct span key)
{
	struct reader r = reader_of(span_from(key, NUMBER_KEY));

	return key.len == SUBSCRIPTION_KEY ? read_u32(&r) : 0;
}

static bool key_is_good(enum store_table table, struct span key)
{
	if (table == STORE_META)
		return true;
	if (table == STORE_SUBSCRIPTIONS)
		return store_key_number(key) != 0 && store_key_subscription(key) != 0;
	return key.len == NUMBER_KEY && store_key_number(key) != 0;
}

/* --- checksums ------------------------------------------------------------------------------ */

static uint32_t checksum(enum store_table table, struct span key, struct span bytes)
{
	return hash_span(hash_span(checksum_seed + table, key), bytes);
}

void store_value_seal(enum store_table table, struct span key, uint8_t *at, size_t size)
{
	size_t len = size - STORE_CHECKSUM;
	struct writer w = writer_of(at + len, STORE_CHECKSUM);

	assert(size >= STORE_CHECKSUM);
	write_u32(&w, checksum(table, key, span_of(at, len)));
}

/* Look at key and checksum; *ret stands before what lies between. */
static bool value_open(
		enum store_table table, struct span key, struct span value, struct reader *ret)
{
	struct span bytes;
	struct reader sum;

	if (!key_is_good(table, key) || value.len < STORE_CHECKSUM)
		return false;
	bytes = span_first(value, value.len - STORE_CHECKSUM);
	sum = reader_of(span_from(value, bytes.len));
	if (read_u32(&sum) != checksum(table, key, bytes))
		return false;
	*ret = reader_of(bytes);
	return true;
}

/* All that was announced has been written, and its checksum follows. */
static void value_close(
		struct writer *w, enum store_table table, struct span key, uint8_t *at, size_t size)
{
	assert(!writer_failed(w) && writer_span(w).len == size - STORE_CHECKSUM);
	store_value_seal(table, key, at, size);
}

static uint8_t flag(bool is_set, unsigned bit)
{
	return is_set ? (uint8_t)bit : 0;
}

/* --- messages ------------------------------------------------------------------------------- */

static size_t message_body_size(const struct stored_message *m)
{
	size_t publisher = m->client_id.data == NULL ? 0
						     : 6 + m->username.len + m->client_id.len +
								       m->listener.len;

	return MESSAGE_HEADER + publisher + m->topic.len + m->properties.len + m->payload.len;
}

static void message_body_write(struct writer *w, const struct stored_message *m)
{
	bool has_publisher = m->client_id.data != NULL;
	bool has_username = has_publisher && m->username.data != NULL;

	write_u8(w, (uint8_t)((m->qos & QOS_BITS) | flag(m->retain, MESSAGE_RETAIN) |
				    flag(m->is_retained, MESSAGE_IS_RETAINED) |
				    flag(has_publisher, MESSAGE_HAS_PUBLISHER) |
				    flag(has_username, MESSAGE_HAS_USERNAME)));
	write_u64(w, (uint64_t)m->expires);
	write_u16(w, m->publisher_len);
	write_u16(w, (uint16_t)m->topic.len);
	write_u32(w, (uint32_t)m->properties.len);
	if (has_publisher) {
		write_block16(w, m->username);
		write_block16(w, m->client_id);
		write_block16(w, m->listener);
	}
	write_bytes(w, m->topic);
	write_bytes(w, m->properties);
	write_bytes(w, m->payload);
}

/* There is one way only to say that there is none. */
static void publisher_read(struct reader *r, uint8_t flags, struct stored_message *ret)
{
	bool has_username = (flags & MESSAGE_HAS_USERNAME) != 0;
	struct span username = { NULL, 0 };

	if ((flags & MESSAGE_HAS_PUBLISHER) != 0) {
		username = read_block16(r);
		ret->client_id = read_block16(r);
		ret->listener = read_block16(r);
	}
	if (has_username ? username.data == NULL : username.len > 0)
		reader_fail(r);
	if (has_username)
		ret->username = username;
}

static bool message_body_read(struct reader *r, struct stored_message *ret)
{
	uint8_t flags = read_u8(r);
	uint16_t topic_len;
	uint32_t properties_len;

	*ret = (struct stored_message){ .qos = flags & QOS_BITS,
		.retain = (flags & MESSAGE_RETAIN) != 0,
		.is_retained = (flags & MESSAGE_IS_RETAINED) != 0 };
	ret->expires = (int64_t)read_u64(r);
	ret->publisher_len = read_u16(r);
	topic_len = read_u16(r);
	properties_len = read_u32(r);
	publisher_read(r, flags, ret);
	ret->topic = read_bytes(r, topic_len);
	ret->properties = read_bytes(r, properties_len);
	ret->payload = read_rest(r);
	return !reader_failed(r) && (flags & ~MESSAGE_FLAGS) == 0 && ret->qos <= 2 &&
	       ret->expires >= 0 && ret->publisher_len <= properties_len &&
	       topic_name_valid(ret->topic) && utf8_valid(ret->username) &&
	       span_find(ret->username, 0) == ret->username.len;
}

size_t stored_message_size(const struct stored_message *m)
{
	return message_body_size(m) + STORE_CHECKSUM;
}

void stored_message_write(uint8_t *at, size_t size, struct span key, const struct stored_message *m)
{
	struct writer w = writer_of(at, size);

	message_body_write(&w, m);
	value_close(&w, STORE_MESSAGES, key, at, size);
}

bool stored_message_read(struct span key, struct span value, struct stored_message *ret)
{
	struct reader r;

	return value_open(STORE_MESSAGES, key, value, &r) && message_body_read(&r, ret);
}

/* --- deliveries ----------------------------------------------------------------------------- */

size_t stored_delivery_size(const struct stored_delivery *d)
{
	return DELIVERY_HEADER + d->ids.len + STORE_CHECKSUM;
}

void stored_delivery_write(
		uint8_t *at, size_t size, struct span key, const struct stored_delivery *d)
{
	struct writer w = writer_of(at, size);

	write_u8(&w, (uint8_t)((d->qos & QOS_BITS) | flag(d->retain, DELIVERY_RETAIN) |
				     (d->state << DELIVERY_STATE_SHIFT)));
	write_u64(&w, d->session);
	write_u64(&w, d->message);
	write_u32(&w, d->group);
	write_u16(&w, d->packet_id);
	write_bytes(&w, d->ids);
	value_close(&w, STORE_DELIVERIES, key, at, size);
}

/* They go into packets as they are. */
static bool ids_are_good(struct span ids)
{
	struct reader r = reader_of(ids);

	while (reader_left(&r) > 0) {
		if (read_u8(&r) != PROPERTY_SUBSCRIPTION_IDENTIFIER || read_varint(&r) == 0)
			return false;
	}
	return true;
}

/* Of an exchange that has begun there is a packet identifier, and its QoS says how it goes. */
static bool state_is_good(const struct stored_delivery *d)
{
	if ((d->packet_id == 0) != (d->state == STATE_FREE))
		return false;
	if (d->message == 0 && d->state != STATE_WAIT_PUBCOMP)
		return false;
	if (d->state == STATE_WAIT_PUBACK)
		return d->qos == 1;
	return d->state == STATE_FREE || d->qos == 2;
}

bool stored_delivery_read(struct span key, struct span value, struct stored_delivery *ret)
{
	struct reader r;
	uint8_t flags;

	if (!value_open(STORE_DELIVERIES, key, value, &r))
		return false;
	flags = read_u8(&r);
	ret->qos = flags & QOS_BITS;
	ret->retain = (flags & DELIVERY_RETAIN) != 0;
	ret->state = flags >> DELIVERY_STATE_SHIFT;
	ret->session = read_u64(&r);
	ret->message = read_u64(&r);
	ret->group = read_u32(&r);
	ret->packet_id = read_u16(&r);
	ret->ids = read_rest(&r);
	return !reader_failed(&r) && (flags & ~DELIVERY_FLAGS) == 0 && ret->qos <= 2 &&
	       ret->session != 0 && state_is_good(ret) && ids_are_good(ret->ids);
}

/* --- sessions ------------------------------------------------------------------------------- */

size_t stored_session_size(const struct stored_session *s)
{
	return SESSION_HEADER + 4 + s->username.len + s->listener.len + s->client_id.len +
	       STORE_CHECKSUM;
}

void stored_session_write(uint8_t *at, size_t size, struct span key, const struct stored_session *s)
{
	struct writer w = writer_of(at, size);

	write_u8(&w, (uint8_t)(flag(s->username.data != NULL, SESSION_HAS_USERNAME) |
				     flag(s->is_bridge, SESSION_IS_BRIDGE) |
				     flag(s->keeps_qos0, SESSION_KEEPS_QOS0)));
	write_u32(&w, s->expiry_interval);
	write_u64(&w, (uint64_t)s->ends);
	write_block16(&w, s->username);
	write_block16(&w, s->listener);
	write_bytes(&w, s->client_id);
	value_close(&w, STORE_SESSIONS, key, at, size);
}

bool stored_session_read(struct span key, struct span value, struct stored_session *ret)
{
	struct reader r;
	uint8_t flags;

	if (!value_open(STORE_SESSIONS, key, value, &r))
		return false;
	flags = read_u8(&r);
	ret->is_bridge = (flags & SESSION_IS_BRIDGE) != 0;
	ret->keeps_qos0 = (flags & SESSION_KEEPS_QOS0) != 0;
	ret->expiry_interval = read_u32(&r);
	ret->ends = (int64_t)read_u64(&r);
	ret->username = read_block16(&r);
	if ((flags & SESSION_HAS_USERNAME) == 0)
		ret->username.data = NULL;
	ret->listener = read_block16(&r);
	ret->client_id = read_rest(&r);
	return !reader_failed(&r) && (flags & ~SESSION_FLAGS) == 0 && ret->ends >= 0 &&
	       (ret->username.data != NULL || ret->username.len == 0) &&
	       utf8_valid(ret->username) && span_find(ret->username, 0) == ret->username.len &&
	       ret->client_id.len > 0 && ret->client_id.len <= UINT16_MAX &&
	       utf8_valid(ret->client_id);
}

/* --- wills ---------------------------------------------------------------------------------- */

size_t stored_will_size(const struct stored_will *w)
{
	return WILL_HEADER + message_body_size(&w->message) + STORE_CHECKSUM;
}

void stored_will_write(uint8_t *at, size_t size, struct span key, const struct stored_will *will)
{
	struct writer w = writer_of(at, size);

	write_u32(&w, will->delay);
	write_u64(&w, (uint64_t)will->due);
	message_body_write(&w, &will->message);
	value_close(&w, STORE_WILLS, key, at, size);
}

bool stored_will_read(struct span key, struct span value, struct stored_will *ret)
{
	struct reader r;

	if (!value_open(STORE_WILLS, key, value, &r))
		return false;
	ret->delay = read_u32(&r);
	ret->due = (int64_t)read_u64(&r);
	return message_body_read(&r, &ret->message) && ret->due >= 0;
}

/* --- received ------------------------------------------------------------------------------- */

size_t stored_received_size(size_t count)
{
	return count * sizeof(uint16_t) + STORE_CHECKSUM;
}

void stored_received_write(
		uint8_t *at, size_t size, struct span key, const uint16_t *ids, size_t count)
{
	struct writer w = writer_of(at, size);

	for (size_t i = 0; i < count; i++)
		write_u16(&w, ids[i]);
	value_close(&w, STORE_RECEIVED, key, at, size);
}

bool stored_received_read(struct span key, struct span value, struct span *ret_ids)
{
	struct reader r, ids;

	if (!value_open(STORE_RECEIVED, key, value, &r))
		return false;
	ids = r;
	while (reader_left(&ids) >= sizeof(uint16_t)) {
		if (read_u16(&ids) == 0)
			return false;
	}
	*ret_ids = read_rest(&r);
	return reader_left(&ids) == 0;
}

/* --- subscriptions -------------------------------------------------------------------------- */

size_t stored_subscription_size(const struct stored_subscription *s)
{
	return SUBSCRIPTION_HEADER + 2 + s->group.len + s->filter.len + STORE_CHECKSUM;
}

void stored_subscription_write(
		uint8_t *at, size_t size, struct span key, const struct stored_subscription *s)
{
	struct writer w = writer_of(at, size);

	write_u8(&w, (uint8_t)((s->qos & QOS_BITS) | flag(s->no_local, SUBSCRIPTION_NO_LOCAL) |
				     flag(s->retain_as_published,
						     SUBSCRIPTION_RETAIN_AS_PUBLISHED) |
				     flag(s->is_awaiting, SUBSCRIPTION_IS_AWAITING) |
				     flag(s->group.data != NULL, SUBSCRIPTION_HAS_GROUP)));
	write_u32(&w, s->group_id);
	write_u32(&w, s->identifier);
	write_block16(&w, s->group);
	write_bytes(&w, s->filter);
	value_close(&w, STORE_SUBSCRIPTIONS, key, at, size);
}

/* A group has a name that topic_share_split() would find, and a number. */
static bool group_is_good(const struct stored_subscription *s)
{
	if (s->group.data == NULL)
		return s->group.len == 0 && s->group_id == 0;
	return s->group_id != 0 && s->group.len > 0 && utf8_valid(s->group) &&
	       !topic_filter_has_wildcard(s->group) && span_find(s->group, '/') == s->group.len;
}

bool stored_subscription_read(struct span key, struct span value, struct stored_subscription *ret)
{
	struct reader r;
	uint8_t flags;

	if (!value_open(STORE_SUBSCRIPTIONS, key, value, &r))
		return false;
	flags = read_u8(&r);
	ret->qos = flags & QOS_BITS;
	ret->no_local = (flags & SUBSCRIPTION_NO_LOCAL) != 0;
	ret->retain_as_published = (flags & SUBSCRIPTION_RETAIN_AS_PUBLISHED) != 0;
	ret->is_awaiting = (flags & SUBSCRIPTION_IS_AWAITING) != 0;
	ret->group_id = read_u32(&r);
	ret->identifier = read_u32(&r);
	ret->group = read_block16(&r);
	if ((flags & SUBSCRIPTION_HAS_GROUP) == 0)
		ret->group.data = NULL;
	ret->filter = read_rest(&r);
	return !reader_failed(&r) && (flags & ~SUBSCRIPTION_FLAGS) == 0 && ret->qos <= 2 &&
	       topic_filter_valid(ret->filter) && group_is_good(ret);
}

/* --- meta ----------------------------------------------------------------------------------- */

void stored_meta_write(uint8_t at[STORED_META_SIZE], struct span key, uint64_t number)
{
	put_u64(at, number);
	store_value_seal(STORE_META, key, at, STORED_META_SIZE);
}

bool stored_meta_read(struct span key, struct span value, uint64_t *ret)
{
	struct reader r;

	if (!value_open(STORE_META, key, value, &r))
		return false;
	*ret = read_u64(&r);
	return !reader_failed(&r) && reader_left(&r) == 0;
}

/* -------------------------------------------------------------------------------------------- */

bool stored_record_is_good(enum store_table table, struct span key, struct span value)
{
	union {
		struct stored_message message;
		struct stored_delivery delivery;
		struct stored_session session;
		struct stored_will will;
		struct stored_subscription subscription;
		struct span received;
		uint64_t meta;
	} any;

	switch (table) {
	case STORE_META:
		return stored_meta_read(key, value, &any.meta);
	case STORE_MESSAGES:
		return stored_message_read(key, value, &any.message);
	case STORE_DELIVERIES:
		return stored_delivery_read(key, value, &any.delivery);
	case STORE_SESSIONS:
		return stored_session_read(key, value, &any.session);
	case STORE_WILLS:
		return stored_will_read(key, value, &any.will);
	case STORE_RECEIVED:
		return stored_received_read(key, value, &any.received);
	case STORE_SUBSCRIPTIONS:
		return stored_subscription_read(key, value, &any.subscription);
	case STORE_TABLES:
		break;
	}
	return false;
}
