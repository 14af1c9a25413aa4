/* SPDX-License-Identifier: MIT */
/*
 * What the broker keeps on disk, record by record: the one place that knows what the bytes mean,
 * for the broker that writes them and for `belfry store` that looks at them.
 *
 *     table          key                      value
 *     meta           "layout"                 STORE_LAYOUT
 *                    "created"                time
 *     messages       message number           topic, properties, payload; who waits is elsewhere
 *     deliveries     delivery number          session and message by number, state of the exchange
 *     sessions       session number           client identifier, user name, expiry
 *     wills          session number           the will and when it is due
 *     received       session number           packet identifiers of QoS 2 that are not released
 *     subscriptions  session number, number   filter and options
 *
 * Numbers are given in the order of events and are not used twice while anything refers to them, so
 * messages and deliveries are only ever appended, and the deliveries of a session are in their
 * order. Keys and numbers are big-endian. Every value ends with a checksum over its table, its key
 * and itself: a record that has moved or changed is told from one that has not.
 *
 * Times are nanoseconds of the wall clock since 1970 (UTC).
 *
 * Spans of a record that was read borrow from the value. Nothing here allocates.
 */
#ifndef COMMON_STORE_FORMAT_H
#define COMMON_STORE_FORMAT_H

#include "common/wire.h"

/* What this version writes. An older one is migrated, a newer one refused. */
enum { STORE_LAYOUT = 1 };

enum store_table {
	STORE_META,
	STORE_MESSAGES,
	STORE_DELIVERIES,
	STORE_SESSIONS,
	STORE_WILLS,
	STORE_RECEIVED,
	STORE_SUBSCRIPTIONS,
	STORE_TABLES
};

/* Its name in the file, the same as above. */
const char *store_table_name(enum store_table table);

enum {
	STORE_CHECKSUM = 4,  /* bytes at the end of every value */
	STORE_KEY_SIZE = 16, /* no key is longer */
};

static const int64_t STORE_NEVER = INT64_MAX;

/* A key, valid as long as `at`, which has STORE_KEY_SIZE bytes. */
struct span store_key(uint8_t at[STORE_KEY_SIZE], uint64_t number);
struct span store_subscription_key(
		uint8_t at[STORE_KEY_SIZE], uint64_t session, uint32_t subscription);

/* The first number of a key, and of a subscription's the second; 0 when it is no such key. */
uint64_t store_key_number(struct span key);
uint32_t store_key_subscription(struct span key);

struct stored_message {
	struct span topic;
	struct span properties; /* encoded as in a packet of version 5, forwarded ones alone */
	struct span payload;
	uint16_t publisher_len; /* of the properties, at their end: broker/core/publisher.h */
	uint8_t qos;		/* as published */
	bool retain;		/* as published */
	bool is_retained;	/* it is its topic's retained message */
	int64_t expires;	/* wall time or STORE_NEVER; of a will, an interval */
	/* Who published it; all data NULL when that is not known. */
	struct span username; /* data NULL: none */
	struct span client_id;
	struct span listener; /* its name */
};

struct stored_delivery {
	uint64_t session, message; /* message 0: taken over by its receiver */
	uint32_t group;		   /* shared subscription that it came by, 0: none */
	uint16_t packet_id;	   /* 0: not sent yet */
	uint8_t qos;
	uint8_t state; /* enum inflight_state of broker/core/inflight.h */
	bool retain;
	struct span ids; /* subscription identifiers, encoded as properties */
};

struct stored_session {
	struct span client_id;
	struct span username;	  /* data NULL: none */
	struct span listener;	  /* that its client came by */
	uint32_t expiry_interval; /* seconds */
	int64_t ends;		  /* wall time, STORE_NEVER; 0: its client is connected */
	bool is_bridge;		  /* of a bridge of this broker */
	bool keeps_qos0;
};

struct stored_will {
	struct stored_message message;
	uint32_t delay; /* seconds */
	int64_t due;	/* wall time; 0: its client is connected */
};

struct stored_subscription {
	struct span filter; /* without "$share/GROUP/" */
	struct span group;  /* data NULL: not shared */
	uint32_t group_id;  /* as in stored_delivery, 0: not shared */
	uint32_t identifier;
	uint8_t qos;
	bool no_local, retain_as_published;
	bool is_awaiting; /* it is owed retained messages */
};

/*
 * A value's size with its checksum, and the value itself: written into `size` bytes at `at`, which
 * is what the first of the two has said.
 */
size_t stored_message_size(const struct stored_message *m);
void stored_message_write(
		uint8_t *at, size_t size, struct span key, const struct stored_message *m);

size_t stored_delivery_size(const struct stored_delivery *d);
void stored_delivery_write(
		uint8_t *at, size_t size, struct span key, const struct stored_delivery *d);

size_t stored_session_size(const struct stored_session *s);
void stored_session_write(
		uint8_t *at, size_t size, struct span key, const struct stored_session *s);

size_t stored_will_size(const struct stored_will *w);
void stored_will_write(uint8_t *at, size_t size, struct span key, const struct stored_will *w);

size_t stored_subscription_size(const struct stored_subscription *s);
void stored_subscription_write(
		uint8_t *at, size_t size, struct span key, const struct stored_subscription *s);

/* The identifiers as two bytes each. */
size_t stored_received_size(size_t count);
void stored_received_write(
		uint8_t *at, size_t size, struct span key, const uint16_t *ids, size_t count);

/*
 * What stands in STORE_META: one number, in a form that is the same in every layout. One that was
 * damaged is not read.
 */
enum { STORED_META_SIZE = 8 + STORE_CHECKSUM };
void stored_meta_write(uint8_t at[STORED_META_SIZE], struct span key, uint64_t number);
bool stored_meta_read(struct span key, struct span value, uint64_t *ret);

#define STORE_META_LAYOUT  "layout"
#define STORE_META_CREATED "created"

/*
 * Write the checksum of a value at the end of its `size` bytes: what every function above does
 * last.
 */
void store_value_seal(enum store_table table, struct span key, uint8_t *at, size_t size);

/*
 * Read a record. False when it is not whole or says what cannot be (a state that does not exist, a
 * topic that is none): it is damaged, and nothing of *ret may be used.
 */
bool stored_message_read(struct span key, struct span value, struct stored_message *ret);
bool stored_delivery_read(struct span key, struct span value, struct stored_delivery *ret);
bool stored_session_read(struct span key, struct span value, struct stored_session *ret);
bool stored_will_read(struct span key, struct span value, struct stored_will *ret);
bool stored_subscription_read(struct span key, struct span value, struct stored_subscription *ret);

/* *ret_ids: two bytes each, for read_u16(). */
bool stored_received_read(struct span key, struct span value, struct span *ret_ids);

/* Is a value of any table whole and readable? */
bool stored_record_is_good(enum store_table table, struct span key, struct span value);

#endif
