/* SPDX-License-Identifier: MIT */
/*
 * A ring in the order of arrival and an open hash table of numbers beside it. The hash is random
 * already, its first bytes choose the slot. A gap in the numbers on disk (an entry that could not
 * be read) is a member of the ring that is in no slot.
 *
 *     on disk                    here
 *     ├ disk_first ... saved ┤   ├ first ............ next ┤
 *       below first: to be removed        from saved on: to be written
 */
#include "gateway/rules/recent_ids.h"

#include "common/mem.h"

#include <openssl/evp.h>

enum { FIRST_CAPACITY = 64 };

struct recent_id {
	struct id_hash hash;
	struct instant noted;
	struct wall_time received; /* ns < 0: a gap */
};

struct recent_ids {
	struct duration window;
	size_t max;
	struct recent_id *ring; /* number n is at n & (capacity - 1) */
	uint64_t *slots;	/* 2 * capacity numbers + 1; 0: free */
	size_t capacity;	/* a power of two */
	uint64_t first, next;
	uint64_t disk_first, saved;	    /* what disk holds */
	uint64_t handed_first, handed_next; /* what it will hold */
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
};

struct recent_ids *recent_ids_create(struct duration window, size_t max)
{
	struct recent_ids *ids = xcalloc(1, sizeof(*ids));

	ids->window = window;
	ids->max = max;
	ids->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	ids->digest = EVP_MD_CTX_new();
	if (ids->sha256 == NULL || ids->digest == NULL)
		abort();
	return ids;
}

void recent_ids_destroy(struct recent_ids *ids)
{
	if (ids == NULL)
		return;
	EVP_MD_CTX_free(ids->digest);
	EVP_MD_free(ids->sha256);
	free(ids->ring);
	free(ids->slots);
	free(ids);
}

size_t recent_ids_count(const struct recent_ids *ids)
{
	return (size_t)(ids->next - ids->first);
}

/* With the lengths in front, "a" + "bc" is not "ab" + "c". */
static bool hash_part(EVP_MD_CTX *digest, struct span part)
{
	uint64_t len = part.len;

	return EVP_DigestUpdate(digest, &len, sizeof(len)) == 1 &&
	       EVP_DigestUpdate(digest, part.data, part.len) == 1;
}

struct id_hash recent_ids_hash(
		const struct recent_ids *ids, struct span host, struct span service, struct span id)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	struct id_hash hash;

	if (EVP_DigestInit_ex2(ids->digest, ids->sha256, NULL) != 1 ||
			!hash_part(ids->digest, host) || !hash_part(ids->digest, service) ||
			!hash_part(ids->digest, id) ||
			EVP_DigestFinal_ex(ids->digest, sum, NULL) != 1)
		abort();
	memcpy(hash.bytes, sum, sizeof(hash.bytes));
	return hash;
}

/* --- ring and table --- */

static struct recent_id *id_at(const struct recent_ids *ids, uint64_t number)
{
	return &ids->ring[number & (ids->capacity - 1)];
}

static size_t slot_mask(const struct recent_ids *ids)
{
	return 2 * ids->capacity - 1;
}

static size_t home_of(const struct recent_ids *ids, const struct id_hash *hash)
{
	uint64_t start;

	memcpy(&start, hash->bytes, sizeof(start));
	return (size_t)start & slot_mask(ids);
}

/* The slot that holds `hash`, or the free one where it belongs. */
static size_t find_slot(const struct recent_ids *ids, const struct id_hash *hash)
{
	size_t slot = home_of(ids, hash);

	while (ids->slots[slot] != 0 &&
			memcmp(&id_at(ids, ids->slots[slot] - 1)->hash, hash, sizeof(*hash)) != 0)
		slot = (slot + 1) & slot_mask(ids);
	return slot;
}

/* Free a slot; those behind it that were pushed off their place move up. */
static void free_slot(struct recent_ids *ids, size_t slot)
{
	size_t mask = slot_mask(ids);

	for (size_t next = (slot + 1) & mask; ids->slots[next] != 0; next = (next + 1) & mask) {
		size_t home = home_of(ids, &id_at(ids, ids->slots[next] - 1)->hash);

		if (((next - home) & mask) < ((next - slot) & mask))
			continue;
		ids->slots[slot] = ids->slots[next];
		slot = next;
	}
	ids->slots[slot] = 0;
}

static void grow(struct recent_ids *ids)
{
	struct recent_ids old = *ids;

	ids->capacity = old.capacity > 0 ? 2 * old.capacity : FIRST_CAPACITY;
	ids->ring = xcalloc(ids->capacity, sizeof(*ids->ring));
	free(old.slots);
	ids->slots = xcalloc(2 * ids->capacity, sizeof(*ids->slots));
	for (uint64_t n = ids->first; n < ids->next; n++) {
		*id_at(ids, n) = *id_at(&old, n);
		if (id_at(ids, n)->received.ns >= 0)
			ids->slots[find_slot(ids, &id_at(ids, n)->hash)] = n + 1;
	}
	free(old.ring);
}

static void forget_first(struct recent_ids *ids)
{
	struct recent_id *id = id_at(ids, ids->first);

	if (id->received.ns >= 0)
		free_slot(ids, find_slot(ids, &id->hash));
	ids->first++;
}

static bool is_expired(const struct recent_ids *ids, const struct recent_id *id, struct instant now)
{
	return id->received.ns < 0 || instant_between(id->noted, now).ns > ids->window.ns;
}

static bool is_off(const struct recent_ids *ids)
{
	return ids->window.ns <= 0 || ids->max == 0;
}

static void append(struct recent_ids *ids, const struct recent_id *id)
{
	if (recent_ids_count(ids) == ids->capacity)
		grow(ids);
	*id_at(ids, ids->next) = *id;
	if (id->received.ns >= 0)
		ids->slots[find_slot(ids, &id->hash)] = ids->next + 1;
	ids->next++;
}

/* Ages need not ascend after a load, so that an id that came again may lie among younger ones. */
static void make_gap(struct recent_ids *ids, struct recent_id *id)
{
	if (id == NULL)
		return;
	free_slot(ids, find_slot(ids, &id->hash));
	id->received.ns = -1;
}

/* --- the window --- */

void recent_ids_set_limits(struct recent_ids *ids, struct duration window, size_t max)
{
	ids->window = window;
	ids->max = max;
	while (recent_ids_count(ids) > 0 && (is_off(ids) || recent_ids_count(ids) > max))
		forget_first(ids);
}

static struct recent_id *find(const struct recent_ids *ids, const struct id_hash *hash)
{
	uint64_t number = ids->capacity > 0 ? ids->slots[find_slot(ids, hash)] : 0;

	return number > 0 ? id_at(ids, number - 1) : NULL;
}

bool recent_ids_has(const struct recent_ids *ids, const struct id_hash *hash, struct instant now)
{
	const struct recent_id *id = find(ids, hash);

	return id != NULL && !is_expired(ids, id, now);
}

void recent_ids_add(struct recent_ids *ids, const struct id_hash *hash, struct instant now,
		struct wall_time received)
{
	struct recent_id id = { *hash, now, { received.ns > 0 ? received.ns : 0 } };
	struct recent_id *known;

	if (is_off(ids))
		return;
	while (recent_ids_count(ids) > 0 && is_expired(ids, id_at(ids, ids->first), now))
		forget_first(ids);
	known = find(ids, hash);
	if (known != NULL && !is_expired(ids, known, now))
		return;
	make_gap(ids, known);
	while (recent_ids_count(ids) >= ids->max)
		forget_first(ids);
	append(ids, &id);
}

/* --- on disk --- */

void recent_ids_flush(struct recent_ids *ids,
		void (*each)(void *owner, uint64_t number, const struct id_hash *hash,
				struct wall_time received),
		void *owner)
{
	uint64_t written = ids->handed_next > ids->saved ? ids->handed_next : ids->saved;

	for (uint64_t n = ids->disk_first; n < ids->first && n < written; n++)
		each(owner, n, NULL, (struct wall_time){ 0 });
	for (uint64_t n = ids->saved > ids->first ? ids->saved : ids->first; n < ids->next; n++) {
		const struct recent_id *id = id_at(ids, n);

		if (id->received.ns >= 0)
			each(owner, n, &id->hash, id->received);
	}
	ids->handed_first = ids->first;
	ids->handed_next = ids->next;
}

void recent_ids_flushed(struct recent_ids *ids)
{
	ids->disk_first = ids->handed_first;
	ids->saved = ids->handed_next;
}

bool recent_ids_load(struct recent_ids *ids, uint64_t number, const struct id_hash *hash,
		struct wall_time received, struct instant now, struct wall_time wall_now)
{
	int64_t age = wall_now.ns > received.ns ? wall_now.ns - received.ns : 0;
	struct recent_id id = { *hash, { now.ns - age }, received };
	const struct recent_id gap = { .received = { -1 } };

	/* Numbers in use are never further apart than there may be ids. */
	if (received.ns < 0 || number > INT64_MAX ||
			(ids->next > 0 && (number < ids->next || number - ids->next > ids->max)))
		return false;
	if (ids->next == 0)
		ids->first = ids->disk_first = ids->next = number;
	make_gap(ids, find(ids, hash));
	while (ids->next < number)
		append(ids, &gap);
	append(ids, &id);
	ids->saved = ids->handed_next = ids->next;
	ids->handed_first = ids->first;
	while (recent_ids_count(ids) > 0 && (is_off(ids) || recent_ids_count(ids) > ids->max))
		forget_first(ids);
	return true;
}
