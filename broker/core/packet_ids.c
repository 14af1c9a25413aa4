/* SPDX-License-Identifier: MIT */
#include "broker/core/packet_ids.h"

#include "common/mem.h"

enum { PAGES = 64, WORDS = 16, BITS = 64 };

void packet_ids_finish(struct packet_ids *set)
{
	for (size_t i = 0; set->pages != NULL && i < PAGES; i++)
		free(set->pages[i]);
	free(set->pages);
	*set = (struct packet_ids){ 0 };
}

static uint64_t *word_of(const struct packet_ids *set, uint16_t id)
{
	uint64_t *page = set->pages != NULL ? set->pages[id / (WORDS * BITS)] : NULL;

	return page != NULL ? &page[id / BITS % WORDS] : NULL;
}

bool packet_ids_has(const struct packet_ids *set, uint16_t id)
{
	const uint64_t *word = word_of(set, id);

	return word != NULL && (*word >> (id % BITS) & 1) != 0;
}

bool packet_ids_add(struct packet_ids *set, uint16_t id)
{
	if (packet_ids_has(set, id))
		return false;
	if (set->pages == NULL)
		set->pages = xcalloc(PAGES, sizeof(uint64_t *));
	if (set->pages[id / (WORDS * BITS)] == NULL)
		set->pages[id / (WORDS * BITS)] = xcalloc(WORDS, sizeof(uint64_t));
	*word_of(set, id) |= 1ULL << (id % BITS);
	set->count++;
	return true;
}

bool packet_ids_remove(struct packet_ids *set, uint16_t id)
{
	if (!packet_ids_has(set, id))
		return false;
	*word_of(set, id) &= ~(1ULL << (id % BITS));
	set->count--;
	return true;
}

static size_t list_word(uint64_t word, uint16_t first, uint16_t *ids)
{
	size_t n = 0;

	for (; word != 0; word &= word - 1)
		ids[n++] = (uint16_t)(first + __builtin_ctzll(word));
	return n;
}

void packet_ids_list(const struct packet_ids *set, uint16_t *ids)
{
	for (uint32_t i = 0; set->pages != NULL && i < PAGES * WORDS; i++) {
		const uint64_t *page = set->pages[i / WORDS];

		if (page != NULL)
			ids += list_word(page[i % WORDS], (uint16_t)(i * BITS), ids);
	}
}
