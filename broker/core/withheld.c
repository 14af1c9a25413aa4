/* SPDX-License-Identifier: MIT */
#include "broker/core/withheld.h"

#include <utlist.h>

#include "broker/core/shard.h"
#include "broker/mqtt/encode.h"
#include "broker/mqtt/framer.h"

static struct ledger *ledger_of(const struct client *c)
{
	return &c->shard->ledger;
}

static struct withheld *open_withheld(struct client *c)
{
	struct withheld *w = xcalloc(1, sizeof(*w));
	struct client *waiting = ledger_of(c)->waiting;

	c->withheld = w;
	w->next = waiting;
	if (waiting != NULL)
		waiting->withheld->previous = c;
	ledger_of(c)->waiting = c;
	return w;
}

static void close_withheld(struct client *c)
{
	struct withheld *w = c->withheld;

	if (w->previous != NULL)
		w->previous->withheld->next = w->next;
	else
		ledger_of(c)->waiting = w->next;
	if (w->next != NULL)
		w->next->withheld->previous = w->previous;
	c->withheld = NULL;
	free(w);
}

static struct output *part_of(struct withheld *w, uint64_t number)
{
	return &w->parts[number % WITHHELD_PARTS];
}

static bool *is_in_order(struct withheld *w, uint64_t number)
{
	return &w->is_in_order[number % WITHHELD_PARTS];
}

/* What may pass stays behind what must come before it, wherever that waits. */
static struct output *behind_others(struct client *c)
{
	const struct ledger *l = ledger_of(c);

	if (c->withheld == NULL)
		return &c->output;
	for (uint64_t n = l->open->number; n > l->settled; n--) {
		if (*is_in_order(c->withheld, n))
			return part_of(c->withheld, n);
	}
	return &c->output;
}

/* Who waits already goes on doing so even if nothing is left to wait for: that is found out soon.
 */
static uint64_t part_to_wait_for(const struct client *c)
{
	return c->withheld != NULL ? ledger_of(c)->open->number : ledger_part(ledger_of(c));
}

struct output *withheld_output(struct client *c, enum withhold how)
{
	uint64_t number = part_to_wait_for(c);

	if (how == WITHHOLD_NOT || number == 0)
		return behind_others(c);
	if (c->withheld == NULL)
		open_withheld(c);
	/* While the store fails nobody stays behind: it may do so for hours. */
	if (how == WITHHOLD_IN_ORDER && !ledger_of(c)->is_failing)
		*is_in_order(c->withheld, number) = true;
	return part_of(c->withheld, number);
}

/* Something has been taken off; who has nothing left owns nothing. */
static void count_bytes(struct client *c)
{
	c->held = 0;
	for (size_t i = 0; i < WITHHELD_PARTS; i++)
		c->held += c->withheld->parts[i].bytes;
	if (c->held == 0)
		close_withheld(c);
}

void withheld_release(struct client *c, uint64_t part)
{
	struct withheld *w = c->withheld;

	output_move(part_of(w, part), &c->output);
	*is_in_order(w, part) = false;
	if (w->connack == part)
		w->connack = 0;
	if (c->output.bytes > 0)
		client_mark_dirty(c);
	count_bytes(c);
}

void withheld_drop(struct client *c)
{
	if (c->withheld == NULL)
		return;
	for (size_t i = 0; i < WITHHELD_PARTS; i++)
		output_finish(&c->withheld->parts[i], &c->shard->chunks);
	count_bytes(c);
}

/* --- when the store cannot take more --------------------------------------------------------- */

static void refuse_puback(struct client *c, const struct frame *ack)
{
	static const struct span why = SPAN("the store cannot take more");
	struct reader r = reader_of(ack->body);
	uint8_t packet[64];
	struct writer w = writer_of(packet, sizeof(packet));

	encode_ack(&w, PACKET_PUBACK, MQTT_5, read_u16(&r), MQTT_QUOTA_EXCEEDED,
			c->wants_reasons && 8 + why.len < c->max_packet_size
					? why
					: (struct span){ NULL, 0 });
	memcpy(output_reserve(&c->output, &c->shard->chunks, writer_span(&w).len),
			writer_span(&w).data, writer_span(&w).len);
	client_mark_dirty(c);
}

/* The exchange of QoS 2 can only go on. */
static bool has_to_wait(const struct frame *frame)
{
	return (frame->type == PACKET_PUBLISH && (frame->flags >> 1 & 3) == 2) ||
	       (frame->type >= PACKET_PUBREC && frame->type <= PACKET_PUBCOMP);
}

static bool is_answer(enum packet_type type)
{
	return type == PACKET_CONNACK || type == PACKET_SUBACK || type == PACKET_UNSUBACK;
}

/* False: of this there is no other word than the end of the connection. */
static bool refuse_packet(struct client *c, struct output *part, const struct frame *frame)
{
	struct span packet =
			span_of(frame->body.data - (frame->size - frame->body.len), frame->size);

	if (frame->type == PACKET_PUBACK) {
		if (c->version == MQTT_5)
			refuse_puback(c, frame);
		return c->version == MQTT_5;
	}
	if (is_answer(frame->type))
		return false;
	/* What only came behind others is not overtaken by what comes now. */
	if (!has_to_wait(frame))
		part = &c->output;
	memcpy(output_reserve(part, &c->shard->chunks, packet.len), packet.data, packet.len);
	return true;
}

static void take_bytes(struct client *c, struct output *part, struct str *into)
{
	struct span piece;

	while (output_spans(part, &piece, 1) > 0) {
		str_append(into, piece);
		output_consume(part, &c->shard->chunks, piece.len);
	}
}

static bool refuse_part(struct client *c, struct output *part)
{
	struct str bytes = { 0 };
	struct span rest;
	struct frame frame = { 0 };
	bool is_refused = true;

	take_bytes(c, part, &bytes);
	rest = str_span(&bytes);
	while (is_refused && frame_next(rest, rest.len, &frame) == FRAME_COMPLETE) {
		is_refused = refuse_packet(c, part, &frame);
		rest = span_from(rest, frame.size);
	}
	str_finish(&bytes);
	return is_refused;
}

bool withheld_refuse(struct client *c)
{
	struct withheld *w = c->withheld;

	for (uint64_t n = ledger_of(c)->settled + 1; n <= ledger_of(c)->open->number; n++) {
		*is_in_order(w, n) = false; /* nobody waits behind it for a disk */
		if (!refuse_part(c, part_of(w, n)))
			return false;
	}
	if (c->output.bytes > 0)
		client_mark_dirty(c);
	count_bytes(c);
	return true;
}
