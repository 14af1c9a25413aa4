/* SPDX-License-Identifier: MIT */
#include "broker/core/ledger.h"

#include <assert.h>
#include <utlist.h>

#include "broker/core/client.h"
#include "broker/core/ledger_session.h"
#include "broker/core/withheld.h"

void ledger_start(struct ledger *l, uint64_t message, uint64_t delivery, uint64_t session)
{
	l->is_on = l->is_prompt = true;
	l->open = &l->batches[0];
	l->open->number = 1;
	l->open->first_message = message;
	l->open->first_delivery = delivery;
	l->pace.recent = delivery;
	for (size_t i = 0; i < LEDGER_MOMENTS; i++)
		l->pace.marks[i] = delivery;
	l->last_session = session - 1;
	l->first_session = session;
}

void ledger_stop(struct ledger *l)
{
	l->is_on = false;
	l->changed = NULL;
}

void ledger_finish(struct ledger *l)
{
	batch_finish(&l->batches[0]);
	batch_finish(&l->batches[1]);
}

static void add_number(struct number_list *list, uint64_t number)
{
	if (list->count == list->capacity)
		list->all = grow_array(list->all, list->count, &list->capacity, sizeof(uint64_t));
	list->all[list->count++] = number;
}

/* The message's place in the open batch, or NULL when it is older. */
static struct batch_message *gathering(const struct ledger *l, const struct message *m)
{
	if (m->number < l->open->first_message)
		return NULL;
	return &l->open->messages[m->number - l->open->first_message];
}

/* --- messages: kept as long as a delivery or their being retained needs them ----------------- */

/*
 * A place in the batch. One that was given up is used again: nothing refers to its number, and
 * while the store comes to no end, retained messages may replace each other for hours.
 */
static size_t message_place(struct batch *b)
{
	size_t place;

	if (b->free_messages > 0) {
		place = b->free_messages - 1;
		b->free_messages = b->messages[place].next_free;
		return place;
	}
	if (b->message_count == b->message_capacity)
		b->messages = grow_array(b->messages, b->message_count, &b->message_capacity,
				sizeof(*b->messages));
	return b->message_count++;
}

static void keep_message(struct ledger *l, struct message *m)
{
	struct batch *b = l->open;
	size_t place;

	if (m->kept++ > 0)
		return;
	place = message_place(b);
	m->number = b->first_message + place;
	b->messages[place] = (struct batch_message){ .message = message_ref(m) };
	b->live++;
}

static void give_up_place(struct batch *b, struct batch_message *here)
{
	size_t place = (size_t)(here - b->messages);

	*here = (struct batch_message){ .next_free = b->free_messages };
	if (place < UINT32_MAX)
		b->free_messages = (uint32_t)place + 1;
	b->live--;
}

static void let_go_of_message(struct ledger *l, struct message *m)
{
	struct batch_message *here = gathering(l, m);

	assert(m->kept > 0);
	if (--m->kept > 0)
		return;
	if (here == NULL) {
		add_number(&l->open->over_messages, m->number);
		l->open->live++;
	} else {
		give_up_place(l->open, here);
	}
	m->number = 0;
	if (here != NULL)
		message_unref(m);
}

void ledger_message_unneeded(struct ledger *l, struct message *m)
{
	add_number(&l->open->over_messages, m->number);
	l->open->live++;
	m->number = 0;
}

void ledger_retained(struct ledger *l, struct message *m)
{
	if (!l->is_on)
		return;
	keep_message(l, m);
	/* It is retained before anybody else has it: its number is new. */
	gathering(l, m)->is_retained = true;
	l->open->pressing++;
	l->promises++;
}

void ledger_unretained(struct ledger *l, struct message *m)
{
	struct batch_message *here;

	if (!l->is_on || m->number == 0)
		return;
	here = gathering(l, m);
	l->promises++;
	if (here != NULL) {
		here->is_retained = false;
		l->open->pressing--;
	} else {
		l->open->pressing++;
	}
	if (here == NULL && m->kept > 1) {
		add_number(&l->open->unretained, m->number);
		l->open->live++;
	}
	let_go_of_message(l, m);
}

/* --- deliveries ------------------------------------------------------------------------------ */

static struct batch_delivery *new_delivery(struct ledger *l)
{
	struct batch *b = l->open;

	if (b->delivery_count == b->delivery_capacity)
		b->deliveries = grow_array(b->deliveries, b->delivery_count, &b->delivery_capacity,
				sizeof(*b->deliveries));
	b->live++;
	l->pace.noted++;
	return &b->deliveries[b->delivery_count++];
}

/* Who is away acknowledges nothing, and of QoS 2 nothing is sent that is not on disk. */
static bool is_pressing(
		const struct session *s, const struct delivery *d, enum inflight_state state)
{
	return s->client == NULL || (d->qos == 2 && state != INFLIGHT_FREE);
}

void ledger_delivery_added(struct ledger *l, const struct session *s, struct delivery *d,
		uint16_t packet_id, enum inflight_state state)
{
	if (!l->is_on)
		return;
	keep_message(l, d->message);
	d->number = l->open->first_delivery + l->open->delivery_count;
	*new_delivery(l) = (struct batch_delivery){
		.session = s->number,
		.message = d->message->number,
		.ids = subscription_ids_ref(d->ids),
		.group = d->group,
		.packet_id = packet_id,
		.qos = d->qos,
		.state = (uint8_t)state,
		.retain = d->retain,
		.is_pressing = is_pressing(s, d, state),
	};
	l->open->pressing += is_pressing(s, d, state);
	l->promises++;
}

static void note_change(struct ledger *l, const struct delivery *d, uint16_t packet_id,
		enum inflight_state state)
{
	struct batch *b = l->open;

	if (b->change_count == b->change_capacity)
		b->changes = grow_array(b->changes, b->change_count, &b->change_capacity,
				sizeof(*b->changes));
	b->changes[b->change_count++] = (struct batch_change){
		.delivery = d->number,
		.packet_id = packet_id,
		.qos = d->qos,
		.state = (uint8_t)state,
		.is_taken = state == INFLIGHT_WAIT_PUBCOMP,
	};
	b->live++;
	b->pressing += d->qos == 2;
}

void ledger_delivery_changed(
		struct ledger *l, struct delivery *d, uint16_t packet_id, enum inflight_state state)
{
	struct batch *b = l->open;
	bool is_taken = state == INFLIGHT_WAIT_PUBCOMP;

	if (!l->is_on || d->number == 0)
		return;
	if (d->number < b->first_delivery) {
		note_change(l, d, packet_id, state);
	} else {
		struct batch_delivery *here = &b->deliveries[d->number - b->first_delivery];

		here->packet_id = packet_id;
		here->qos = d->qos;
		here->state = (uint8_t)state;
		here->message = is_taken ? 0 : here->message;
		if (d->qos == 2 && !here->is_pressing) {
			here->is_pressing = true;
			b->pressing++;
		}
	}
	if (is_taken && d->message != NULL)
		let_go_of_message(l, d->message);
	l->promises += d->qos == 2;
}

void ledger_end_delivery(struct ledger *l, struct delivery *d)
{
	struct batch *b = l->open;

	if (!l->is_on)
		return;
	l->pace.soon_over += d->number >= l->pace.recent;
	if (d->number < b->first_delivery) {
		add_number(&b->over_deliveries, d->number);
		b->live++;
	} else {
		struct batch_delivery *here = &b->deliveries[d->number - b->first_delivery];

		here->session = 0;
		subscription_ids_unref(here->ids);
		here->ids = NULL;
		b->live--;
		b->pressing -= here->is_pressing;
		/* Most often those before it are over too: the batch need not grow while it waits.
		 */
		batch_cut(b);
	}
	d->number = 0;
	if (d->message != NULL)
		let_go_of_message(l, d->message);
}

/* --- batches --------------------------------------------------------------------------------- */

bool ledger_is_empty(const struct ledger *l)
{
	return !l->is_on || (l->open->live == 0 && l->open->records.len == 0 && l->changed == NULL);
}

uint64_t ledger_part(const struct ledger *l)
{
	if (!l->is_on || !l->is_prompt || (l->sealed == NULL && ledger_is_empty(l)))
		return 0;
	return l->open->number;
}

void ledger_pace(struct ledger *l)
{
	struct pace *p = &l->pace;
	uint64_t next = l->open->first_delivery + l->open->delivery_count;

	if (p->noted + p->soon_over > 0)
		p->is_flowing = p->soon_over * 2 >= p->noted;
	p->is_busy = p->noted > LEDGER_BUSY;
	p->noted = p->soon_over = 0;
	p->moment = (p->moment + 1) % LEDGER_MOMENTS;
	/* The mark that comes next is the oldest. */
	p->recent = p->marks[(p->moment + (p->is_busy ? 0 : LEDGER_MOMENTS - 1)) % LEDGER_MOMENTS];
	p->marks[p->moment] = next;
	if (p->recent > next) /* numbers are given again: batch_cut() */
		p->recent = next;
}

bool ledger_is_pressing(const struct ledger *l)
{
	return l->open->pressing > 0 || l->open->records.len > 0 || l->changed != NULL;
}

/* What was promised in the parts up to this one goes out. */
static void release(struct ledger *l, uint64_t part)
{
	struct client *c, *next;

	while (l->settled < part) {
		l->settled++;
		for (c = l->waiting; c != NULL; c = next) {
			next = c->withheld->next;
			withheld_release(c, l->settled);
		}
	}
}

/* The earlier part is over. */
static void turn_page(struct ledger *l)
{
	release(l, l->open->number - 1);
	l->earlier_end = l->open->first_delivery + l->open->delivery_count;
	l->open->number++;
}

bool ledger_settle(struct ledger *l)
{
	struct batch *b = l->open;
	bool is_all_over;

	assert(l->sealed == NULL);
	if (ledger_is_pressing(l))
		return false;
	batch_trim(b);
	is_all_over = b->deliveries_passed == b->delivery_count;
	if (!is_all_over && b->first_delivery + b->deliveries_passed < l->earlier_end)
		return false;
	turn_page(l);
	if (is_all_over)
		turn_page(l); /* and the later part with it */
	return true;
}

struct batch *ledger_seal(struct ledger *l, struct duration to_wall)
{
	struct batch *b = l->open;

	assert(l->sealed == NULL);
	while (l->changed != NULL)
		ledger_write_session(l, l->changed, to_wall);
	b->to_wall = to_wall;
	l->sealed = b;
	l->open = &l->batches[b == &l->batches[0]];
	l->open->number = b->number + 1;
	l->open->first_message = b->first_message + b->message_count;
	l->open->first_delivery = b->first_delivery + b->delivery_count;
	l->first_session = l->last_session + 1;
	l->earlier_end = 0;
	return b;
}

/* Nothing of the open batch is left, so that its numbers may be given again. */
static struct batch *pass_over(struct ledger *l)
{
	struct batch *b = l->open;
	uint64_t number = b->number, message = b->first_message, delivery = b->first_delivery;

	assert(ledger_is_empty(l));
	message += b->message_count;
	delivery += b->delivery_count;
	batch_clear(b);
	b->number = number + 1;
	b->first_message = message;
	b->first_delivery = delivery;
	l->earlier_end = 0;
	return b;
}

void ledger_committed(struct ledger *l)
{
	uint64_t number;

	if (l->sealed != NULL) {
		number = l->sealed->number;
		batch_clear(l->sealed);
		l->sealed = NULL;
	} else {
		number = pass_over(l)->number - 1;
	}
	release(l, number);
}
