/* SPDX-License-Identifier: MIT */
/*
 * Mode stream: XADD, with ids that let the server recognise what it has already.
 *
 * A stream takes an entry only when its id is greater than that of the last one. The id of a record
 * is MILLISECONDS-NUMBER, of when the gateway got it and of its place in the journal: both grow
 * from record to record, the same record always has the same one, and after a journal has been lost
 * the time still grows. A record that is sent again because the answer was lost is then refused as
 * "equal or smaller". So is, however,
 *
 *   - the record of another gateway that writes into the same stream and was a moment later,
 *   - what comes after the clock was set back.
 *
 * Hence nothing is believed: XRANGE ID ID says whether the entry is there, and its field "id"
 * whether it is this record. If not, the record is added with an id of the server's. Nothing is
 * lost in any case; what may come twice, with the same field "id", is a record that the server has
 * numbered and whose answer was lost.
 */
#include "plugins/redis/delivery.h"

#include <inttypes.h>
#include <stdio.h>

#include "plugins/text.h"

enum {
	ID_SIZE = 48,
	NS_PER_MS = 1000000,
	MOST_ENTRY = 64 << 20, /* bytes of an entry that another gateway has given our id */
};

/* The id of the record; "0-0" is not one (XADD). */
static void format_id(const struct relay_record *record, char id[ID_SIZE])
{
	int64_t ms = record->received_ns > NS_PER_MS ? record->received_ns / NS_PER_MS : 1;

	snprintf(id, ID_SIZE, "%" PRId64 "-%" PRIu64, ms, record->sequence);
}

/* XADD key [MAXLEN ~ n] ID id ... data ... topic ... */
static void append_add(struct delivery *d, struct request *r, size_t index, const char *id)
{
	const struct relay_record *record = relay_record_at(d->batch, index);
	bool limit = d->settings->max_len > 0;

	request_begin(r, limit ? 12 : 9, (struct command){ .first = index, .count = 1 });
	request_append_text(r, "XADD");
	request_append(r, delivery_key(d, index));
	if (limit) {
		request_append_text(r, "MAXLEN");
		request_append_text(r, "~");
		request_append_number(r, (int64_t)d->settings->max_len);
	}
	request_append_text(r, id);
	request_append_text(r, "id");
	request_append(r, text_span(record->id));
	request_append_text(r, "data");
	request_append(r, text_span(record->text));
	request_append_text(r, "topic");
	request_append(r, text_span(record->topic));
}

static bool take_add(struct delivery *d, struct command *command, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return false;
	delivery_set(d, command, FATE_TAKEN);
	d->host->count(d->host, COUNT_PUSHED, 1);
	return true;
}

static bool take_add_renumbered(
		struct delivery *d, struct command *command, const redisReply *reply)
{
	if (!take_add(d, command, reply))
		return false;
	d->host->count(d->host, COUNT_RENUMBERED, 1);
	return true;
}

/* Is the entry ( id, ( field, value, field ... ) ) that record? */
static bool is_record(const redisReply *entry, const struct relay_record *record)
{
	const redisReply *fields;

	if (!reply_is_array(entry, 2) || !reply_is_array(entry->element[1], 2))
		return false;
	fields = entry->element[1];
	return span_equal_text(reply_text(fields->element[0]), "id") &&
	       span_equal(reply_text(fields->element[1]), text_span(record->id));
}

/* The answer to XRANGE key ID ID. */
static bool take_range(struct delivery *d, struct command *command, const redisReply *reply)
{
	const struct relay_record *record = relay_record_at(d->batch, command->first);
	bool there = reply_is_array(reply, 1) && is_record(reply->element[0], record);

	delivery_set(d, command, there ? FATE_TAKEN : FATE_ABSENT);
	if (there)
		d->host->count(d->host, COUNT_REPEATED, 1);
	return reply->type == REDIS_REPLY_ARRAY;
}

static void append_range(struct delivery *d, struct request *r, size_t index)
{
	char id[ID_SIZE];

	format_id(relay_record_at(d->batch, index), id);
	request_begin(r, 4, (struct command){ .first = index, .count = 1 });
	request_append_text(r, "XRANGE");
	request_append(r, delivery_key(d, index));
	request_append_text(r, id);
	request_append_text(r, id);
}

/* Were they refused because they are there already? Those that are not get ids of the server's. */
static void settle_refused(struct delivery *d)
{
	struct replies *replies = d->connection->peer.replies;
	struct request *r = d->second;

	request_clear(r);
	for (size_t i = 0; i < d->batch->count; i++)
		if (delivery_fate(d, i) == FATE_OLD_ID)
			append_range(d, r, i);
	replies_allow(replies, d->batch->text_size + MOST_ENTRY);
	if (!delivery_exchange(d, r, take_range))
		return; /* and the replies are gone */
	replies_allow(replies, 0);
	request_clear(r);
	for (size_t i = 0; i < d->batch->count; i++)
		if (delivery_fate(d, i) == FATE_ABSENT)
			append_add(d, r, i, "*");
	delivery_exchange(d, r, take_add_renumbered);
}

void deliver_to_stream(struct delivery *d)
{
	bool own = d->settings->stream_id == STREAM_ID_SEQUENCE;
	char id[ID_SIZE] = "*";

	request_clear(d->request);
	for (size_t i = 0; i < d->batch->count; i++) {
		if (!delivery_sendable(d, i))
			continue;
		if (own)
			format_id(relay_record_at(d->batch, i), id);
		append_add(d, d->request, i, id);
		if (!delivery_send_early(d, d->request))
			break;
	}
	if (delivery_exchange(d, d->request, take_add) && own)
		settle_refused(d);
}
