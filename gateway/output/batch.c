/* SPDX-License-Identifier: MIT */
#include "gateway/output/batch.h"

#include "common/hash.h"
#include "common/mem.h"

static struct span text_at(const struct batch *b, size_t at, size_t len)
{
	return span_of(b->texts.text + at, len);
}

struct span batch_topic(const struct batch *b, const struct batch_item *item)
{
	return text_at(b, item->topic, item->topic_len);
}

static struct span name_of(const struct batch *b, const struct batch_item *item)
{
	return text_at(b, item->name, item->name_len);
}

static size_t put_text(struct batch *b, struct span text)
{
	size_t at = b->texts.len;

	str_append(&b->texts, text);
	return at;
}

/* --- which item is an object's ------------------------------------------------------------ */

/* Where the object's item is, or where it would be put. */
static uint32_t *slot_of(const struct batch *b, uint32_t hash, struct span name)
{
	size_t at = hash & (b->slot_count - 1);

	for (; b->slots[at] != 0; at = (at + 1) & (b->slot_count - 1)) {
		const struct batch_item *item = &b->items[b->slots[at] - 1];

		if (item->hash == hash && span_equal(name_of(b, item), name))
			break;
	}
	return &b->slots[at];
}

static void grow_slots(struct batch *b)
{
	uint32_t *old = b->slots;
	size_t count = b->slot_count;

	b->slot_count = count == 0 ? 256 : count * 2;
	b->slots = xcalloc(b->slot_count, sizeof(*b->slots));
	for (size_t i = 0; i < count; i++) {
		const struct batch_item *item;

		if (old[i] == 0)
			continue;
		item = &b->items[old[i] - 1];
		*slot_of(b, item->hash, name_of(b, item)) = old[i];
	}
	free(old);
}

/* The item at `index` is its object's now. Returns whether there was another. */
static bool take_over(struct batch *b, size_t index)
{
	struct batch_item *item = &b->items[index];
	uint32_t *slot;
	bool was_there;

	if (b->slot_count < b->results * 2)
		grow_slots(b);
	slot = slot_of(b, item->hash, name_of(b, item));
	was_there = *slot != 0;
	if (was_there) {
		b->items[*slot - 1].is_outdated = true;
		b->outdated++;
	}
	*slot = (uint32_t)index + 1;
	return was_there;
}

/* --- items -------------------------------------------------------------------------------- */

void batch_add_receipt(struct batch *b, const struct record *r)
{
	struct batch_receipt receipt = {
		.sequence = r->sequence,
		.is_last = r->is_last,
		.topic = put_text(b, r->topic),
		.topic_len = r->topic.len,
		.response = put_text(b, r->response_topic),
		.response_len = r->response_topic.len,
		.correlation = put_text(b, r->correlation),
		.correlation_len = r->correlation.len,
		.source = r->source,
		.received = r->received,
	};

	b->receipts = grow_array(
			b->receipts, b->receipt_count, &b->receipt_capacity, sizeof(*b->receipts));
	b->receipts[b->receipt_count++] = receipt;
}

static void put_name(struct batch *b, struct batch_item *item, const struct check_result *r)
{
	if (b->seed == 0)
		b->seed = hash_seed() | 1;
	item->name = put_text(b, r->host);
	str_append_byte(&b->texts, '\0');
	str_append(&b->texts, r->service);
	item->name_len = b->texts.len - item->name;
	item->hash = hash_span(b->seed, name_of(b, item));
}

bool batch_add(struct batch *b, const struct record *record, size_t at, bool coalesce)
{
	struct batch_item item = {
		.sequence = record->sequence,
		.at = at,
		.len = b->text.len - at,
		.topic = put_text(b, record->topic),
		.topic_len = record->topic.len,
		.source = record->source,
		.received = record->received,
	};

	if (record->response_topic.len > 0) {
		batch_add_receipt(b, record);
		item.receipt = b->receipt_count;
	}
	if (coalesce)
		put_name(b, &item, &record->result);
	b->items = grow_array(b->items, b->results, &b->capacity, sizeof(*b->items));
	b->items[b->results++] = item;
	return coalesce && take_over(b, b->results - 1);
}

void batch_compact(struct batch *b)
{
	size_t kept = 0, at = 0;

	if (b->outdated == 0)
		return;
	for (size_t i = 0; i < b->results; i++) {
		struct batch_item item = b->items[i];

		if (item.is_outdated)
			continue;
		memmove(b->text.text + at, b->text.text + item.at, item.len);
		item.at = at;
		at += item.len;
		b->items[kept++] = item;
	}
	str_truncate(&b->text, at);
	b->results = kept;
	b->outdated = 0;
	if (b->slots != NULL)
		memset(b->slots, 0, b->slot_count * sizeof(*b->slots));
}

void batch_clear(struct batch *b)
{
	str_clear(&b->text);
	str_clear(&b->texts);
	b->results = b->outdated = b->receipt_count = 0;
	b->first = b->last = 0;
	if (b->slots != NULL)
		memset(b->slots, 0, b->slot_count * sizeof(*b->slots));
}

void batch_finish(struct batch *b)
{
	str_finish(&b->text);
	str_finish(&b->texts);
	free(b->items);
	free(b->receipts);
	free(b->slots);
	*b = (struct batch){ 0 };
}
