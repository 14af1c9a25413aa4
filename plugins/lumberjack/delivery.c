/* SPDX-License-Identifier: MIT */
#include "plugins/lumberjack/delivery.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/mem.h"
#include "plugins/lumberjack/event.h"
#include "plugins/text.h"

enum {
	SEND_MOST = 64 * 1024, /* the timeout is for each piece: a slow line is no dead one */
	RECEIVE_SIZE = 4096,
};

/* --- the batch ------------------------------------------------------------------------------ */

/*
 * What Logstash cannot read it answers by closing the connection, again and again: such a record
 * must not come near it.
 */
static bool may_be_sent(const struct delivery *d, size_t index, struct span text)
{
	char reason[RELAY_REASON];

	if (text.len > d->max_record)
		snprintf(reason, sizeof(reason), "it has %zu bytes; max_record allows %" PRIu64,
				text.len, d->max_record);
	else if (event_is_taken(text, d->member.len > 0, reason))
		return true;
	d->host->mark(d->host, index, RELAY_REJECT, reason);
	return false;
}

void delivery_begin(struct delivery *d, const struct relay_batch *batch)
{
	d->batch = batch;
	d->count = d->confirmed = 0;
	for (size_t i = 0; i < batch->count; i++) {
		const struct relay_record *record = relay_record_at(batch, i);
		struct span text = span_trim(text_span(record->text));

		if (!may_be_sent(d, i, text))
			continue;
		d->events = grow_array(d->events, d->count, &d->capacity, sizeof(d->events[0]));
		d->events[d->count++] = (struct event){ i, text };
	}
}

void delivery_mark_confirmed(const struct delivery *d)
{
	for (size_t i = 0; i < d->confirmed; i++)
		d->host->mark(d->host, d->events[i].index, RELAY_OK, NULL);
}

/* --- why it does not work -------------------------------------------------------------------- */

static bool failed(const struct delivery *d, struct relay_stream *stream, ptrdiff_t error,
		char why[RELAY_REASON])
{
	bool was_cut = error == 0 || (!d->tls && (error == -ECONNRESET || error == -EPIPE));

	if (was_cut)
		snprintf(why, RELAY_REASON,
				"the server closed the connection before it had acknowledged all; "
				"its own log may say why%s",
				d->tls ? "" : " (does it want TLS?)");
	else if (error == -ETIMEDOUT)
		snprintf(why, RELAY_REASON,
				"the server says nothing for %" PRIu64
				" s; it may hang, or be no beats input",
				d->timeout);
	else if (error == -ECANCELED)
		snprintf(why, RELAY_REASON, "the output ends");
	else
		snprintf(why, RELAY_REASON, "%s", d->host->why(stream));
	return false;
}

static bool refuse_ack(const struct acks *a, enum ack ack, char why[RELAY_REASON])
{
	if (ack == ACK_WRONG)
		snprintf(why, RELAY_REASON,
				"the server acknowledges event %u, which was not to be "
				"acknowledged (%u of a window of %u were)",
				a->sequence, a->done, a->windows > 0 ? a->sizes[0] : 0);
	else if (a->frame[0] == 0x15)
		snprintf(why, RELAY_REASON, "the server speaks TLS; set tls true");
	else if (a->frame[0] == 'H')
		snprintf(why, RELAY_REASON,
				"the server speaks HTTP; name the port of a beats input, usually "
				"5044");
	else
		snprintf(why, RELAY_REASON,
				"the server does not speak Lumberjack 2 (a byte %02x, where an "
				"acknowledgement begins); name the port of a beats input",
				a->have > 1 ? a->frame[1] : a->frame[0]);
	return false;
}

/* --- both directions ------------------------------------------------------------------------- */

/* Send the next window, of the events from `from` on. How many are in it, or -errno. */
static ptrdiff_t send_window(struct delivery *d, struct relay_stream *stream, size_t from)
{
	struct span rest;
	size_t next = from;

	window_clear(&d->window);
	while (next < d->count && !window_is_full(&d->window, d->window_size))
		window_add(&d->window, d->events[next++].object, d->member);
	rest = window_bytes(&d->window);
	d->host->count(d->host, COUNT_WINDOWS, 1);
	d->host->count(d->host, COUNT_BYTES, rest.len);
	for (; rest.len > 0; rest = span_from(rest, SEND_MOST)) {
		struct span piece = span_first(rest, SEND_MOST);
		int error = d->host->send(stream, piece.data, piece.len);

		if (error < 0)
			return error;
	}
	return (ptrdiff_t)(next - from);
}

/* Wait for answers and take all that have come. */
static bool take_answers(struct delivery *d, struct relay_stream *stream, struct acks *acks,
		char why[RELAY_REASON])
{
	uint8_t bytes[RECEIVE_SIZE];
	ptrdiff_t len = d->host->receive(stream, bytes, sizeof(bytes));
	struct span in = span_of(bytes, len > 0 ? (size_t)len : 0);

	if (len <= 0)
		return failed(d, stream, len, why);
	for (;;) {
		uint32_t events = 0;
		enum ack ack = acks_take(acks, &in, &events);

		d->confirmed += events;
		if (ack == ACK_NONE)
			return true;
		if (ack == ACK_ALIVE)
			d->host->count(d->host, COUNT_KEEP_ALIVES, 1);
		else if (ack != ACK_PROGRESS)
			return refuse_ack(acks, ack, why);
	}
}

/* The server has closed the connection: what it had acknowledged before that counts. */
static void take_last_answers(struct delivery *d, struct relay_stream *stream, struct acks *acks)
{
	char why[RELAY_REASON]; /* no news */

	while (acks->windows > 0 && take_answers(d, stream, acks, why))
		;
}

bool delivery_run(struct delivery *d, struct relay_stream *stream, char why[RELAY_REASON])
{
	struct acks acks = { 0 };
	size_t sent = d->confirmed;

	while (d->confirmed < d->count) {
		if (sent < d->count && acks.windows < d->in_flight) {
			ptrdiff_t events = send_window(d, stream, sent);

			if (events < 0) {
				failed(d, stream, events, why);
				if (events == -EPIPE || events == -ECONNRESET)
					take_last_answers(d, stream, &acks);
				return false;
			}
			acks_expect(&acks, (uint32_t)events);
			sent += (size_t)events;
		} else if (!take_answers(d, stream, &acks, why)) {
			return false;
		}
	}
	return true;
}
