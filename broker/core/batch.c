/* SPDX-License-Identifier: MIT */
#include "broker/core/batch.h"

/* Arrays that were once large are given back when a batch is cleared. */
enum { KEEP_CAPACITY = 16384 };

static void *keep_small(void *array, size_t *capacity)
{
	if (*capacity <= KEEP_CAPACITY)
		return array;
	free(array);
	*capacity = 0;
	return NULL;
}

static void clear_numbers(struct number_list *list)
{
	list->all = keep_small(list->all, &list->capacity);
	list->count = 0;
}

static void release(struct batch *b)
{
	for (size_t i = 0; i < b->message_count; i++)
		message_unref(b->messages[i].message);
	for (size_t i = 0; i < b->delivery_count; i++)
		subscription_ids_unref(b->deliveries[i].ids);
}

void batch_clear(struct batch *b)
{
	release(b);
	b->messages = keep_small(b->messages, &b->message_capacity);
	b->deliveries = keep_small(b->deliveries, &b->delivery_capacity);
	b->changes = keep_small(b->changes, &b->change_capacity);
	b->message_count = b->delivery_count = b->change_count = b->live = b->pressing = 0;
	b->deliveries_passed = 0;
	b->free_messages = 0;
	clear_numbers(&b->over_deliveries);
	clear_numbers(&b->over_messages);
	clear_numbers(&b->unretained);
	if (b->records.capacity > KEEP_CAPACITY)
		str_finish(&b->records);
	str_clear(&b->records);
}

void batch_trim(struct batch *b)
{
	size_t gone = b->deliveries_passed;

	while (gone < b->delivery_count && b->deliveries[gone].session == 0)
		gone++;
	b->deliveries_passed = gone;
	if (gone == 0 || gone * 2 < b->delivery_count) /* less would be left out than moved */
		return;
	b->delivery_count -= gone;
	b->first_delivery += gone;
	b->deliveries_passed = 0;
	memmove(b->deliveries, b->deliveries + gone, b->delivery_count * sizeof(*b->deliveries));
}

void batch_cut(struct batch *b)
{
	while (b->delivery_count > 0 && b->deliveries[b->delivery_count - 1].session == 0)
		b->delivery_count--;
	if (b->deliveries_passed > b->delivery_count)
		b->deliveries_passed = b->delivery_count;
}

void batch_finish(struct batch *b)
{
	release(b);
	free(b->messages);
	free(b->deliveries);
	free(b->changes);
	free(b->over_deliveries.all);
	free(b->over_messages.all);
	free(b->unretained.all);
	str_finish(&b->records);
	*b = (struct batch){ 0 };
}
