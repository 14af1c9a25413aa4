/* SPDX-License-Identifier: MIT */
#include "broker/core/inflight.h"

#include <assert.h>

#include "common/mem.h"

enum { FIRST_CAPACITY = 8 };

static struct inflight_entry *slot(struct inflight *f, uint16_t packet_id)
{
	return &f->entries[packet_id & (f->capacity - 1)];
}

void inflight_finish(struct inflight *f)
{
	for (uint32_t i = 0; i < f->capacity; i++) {
		if (f->entries[i].state != INFLIGHT_FREE)
			delivery_finish(&f->entries[i].delivery);
	}
	free(f->entries);
	free(f->resend);
	*f = (struct inflight){ 0 };
}

/* Put a slot at the end of the queue of free ones. 0 is no identifier, and the last capacity has
   no other for its slot. */
static void free_push(struct inflight *f, uint32_t index)
{
	if (index == 0 && f->capacity > UINT16_MAX)
		return;
	if (f->free_count++ == 0)
		f->free_first = index;
	else
		f->entries[f->free_last].order = index;
	f->free_last = index;
}

static uint32_t free_pop(struct inflight *f)
{
	uint32_t index = f->free_first;

	assert(f->free_count > 0);
	f->free_first = (uint32_t)f->entries[index].order;
	f->free_count--;
	return index;
}

/* Queue all free slots, beginning with the one of the next identifier. */
static void queue_free(struct inflight *f)
{
	f->free_count = 0;
	for (uint32_t i = 1; i <= f->capacity; i++) {
		uint32_t index = (f->last_id + i) & (f->capacity - 1);

		if (f->entries[index].state == INFLIGHT_FREE)
			free_push(f, index);
	}
}

/* Identifiers that differ modulo the old capacity differ modulo the new one too. */
static void grow(struct inflight *f)
{
	struct inflight old = *f;

	f->capacity = old.capacity > 0 ? old.capacity * 2 : FIRST_CAPACITY;
	f->entries = xcalloc(f->capacity, sizeof(*f->entries));
	for (uint32_t i = 0; i < old.capacity; i++) {
		if (old.entries[i].state != INFLIGHT_FREE)
			*slot(f, old.entries[i].packet_id) = old.entries[i];
	}
	free(old.entries);
	queue_free(f);
}

/* Of the identifiers that have the slot, the next one in turn. */
static uint16_t next_id(struct inflight *f, uint32_t index)
{
	uint16_t after = (uint16_t)(f->last_id + 1);

	f->last_id = (uint16_t)(after + ((index - after) & (f->capacity - 1)));
	if (f->last_id == 0)
		f->last_id = (uint16_t)f->capacity;
	return f->last_id;
}

struct inflight_entry *inflight_add(struct inflight *f, struct delivery d)
{
	struct inflight_entry *entry;
	uint32_t index;

	assert(d.qos > 0 && f->count < UINT16_MAX);
	if (f->count * 2 >= f->capacity && f->capacity <= UINT16_MAX)
		grow(f);
	index = free_pop(f);
	entry = &f->entries[index];
	*entry = (struct inflight_entry){
		.delivery = d,
		.order = f->next_order++,
		.packet_id = next_id(f, index),
		.state = d.qos == 1 ? INFLIGHT_WAIT_PUBACK : INFLIGHT_WAIT_PUBREC,
	};
	f->count++;
	f->bytes += message_size(d.message);
	return entry;
}

bool inflight_restore(struct inflight *f, struct delivery d, uint16_t packet_id,
		enum inflight_state state)
{
	if (packet_id == 0 || inflight_find(f, packet_id) != NULL)
		return false;
	while (f->count * 2 >= f->capacity || slot(f, packet_id)->state != INFLIGHT_FREE) {
		if (f->capacity > UINT16_MAX)
			break;
		grow(f);
	}
	*slot(f, packet_id) = (struct inflight_entry){ .delivery = d,
		.order = f->next_order++,
		.packet_id = packet_id,
		.state = (uint8_t)state };
	f->last_id = packet_id;
	f->count++;
	f->bytes += d.message != NULL ? message_size(d.message) : 0;
	return true;
}

void inflight_restored(struct inflight *f)
{
	queue_free(f);
}

struct inflight_entry *inflight_find(struct inflight *f, uint16_t packet_id)
{
	struct inflight_entry *entry = f->capacity > 0 ? slot(f, packet_id) : NULL;

	if (entry == NULL || entry->state == INFLIGHT_FREE || entry->packet_id != packet_id)
		return NULL;
	return entry;
}

static void let_go(struct inflight *f, struct inflight_entry *entry)
{
	if (entry->delivery.message != NULL)
		f->bytes -= message_size(entry->delivery.message);
	delivery_finish(&entry->delivery);
}

void inflight_received(struct inflight *f, struct inflight_entry *entry)
{
	let_go(f, entry);
	entry->state = INFLIGHT_WAIT_PUBCOMP;
}

void inflight_remove(struct inflight *f, struct inflight_entry *entry)
{
	let_go(f, entry);
	f->unsent -= entry->is_unsent;
	entry->is_unsent = false;
	entry->state = INFLIGHT_FREE;
	f->count--;
	free_push(f, (uint32_t)(entry - f->entries));
}

static int by_order(const void *a, const void *b)
{
	const struct inflight_entry *x = *(struct inflight_entry *const *)a;
	const struct inflight_entry *y = *(struct inflight_entry *const *)b;

	return x->order < y->order ? -1 : x->order > y->order;
}

void inflight_mark_unsent(struct inflight *f)
{
	struct inflight_entry **all = xmalloc(f->count * sizeof(struct inflight_entry *));
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->capacity; i++) {
		if (f->entries[i].state != INFLIGHT_FREE) {
			f->entries[i].is_unsent = true;
			all[n++] = &f->entries[i];
		}
	}
	if (n > 1)
		qsort(all, n, sizeof(struct inflight_entry *), by_order);
	f->resend = xrealloc(f->resend, n * sizeof(uint16_t));
	for (uint32_t i = 0; i < n; i++)
		f->resend[i] = all[i]->packet_id;
	f->resend_at = 0;
	f->resend_count = f->unsent = n;
	free(all);
}

struct inflight_entry *inflight_next_unsent(struct inflight *f)
{
	struct inflight_entry *entry = NULL;

	while (f->resend_at < f->resend_count && entry == NULL) {
		entry = inflight_find(f, f->resend[f->resend_at++]);
		/* It may have been acknowledged, and the identifier given to another, since. */
		if (entry != NULL && !entry->is_unsent)
			entry = NULL;
	}
	if (f->resend_at == f->resend_count) {
		free(f->resend);
		f->resend = NULL;
		f->resend_at = f->resend_count = 0;
	}
	if (entry != NULL) {
		entry->is_unsent = false;
		f->unsent--;
	}
	return entry;
}
