/* SPDX-License-Identifier: MIT */
#include "broker/io/credential_cache.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "common/hash.h"

struct entry {
	UT_hash_handle hh;
	struct credential_key key;
};

struct credential_cache {
	struct entry *table; /* uthash; in its order, the one not used for longest is first */
	size_t max;
	uint8_t secret[32];
};

/* The keys are random to everybody else already. */
static unsigned hash_of(const struct credential_key *key)
{
	unsigned value;

	memcpy(&value, key->bytes, sizeof(value));
	return value;
}

struct credential_cache *credential_cache_create(size_t max)
{
	struct credential_cache *cache = xcalloc(1, sizeof(*cache));

	cache->max = max;
	if (RAND_bytes(cache->secret, sizeof(cache->secret)) != 1)
		abort(); /* as hash_seed() without random numbers */
	return cache;
}

void credential_cache_destroy(struct credential_cache *cache)
{
	struct entry *e, *next;

	HASH_ITER (hh, cache->table, e, next) {
		HASH_DEL(cache->table, e);
		free(e);
	}
	wipe(cache->secret, sizeof(cache->secret));
	free(cache);
}

static void append_field(struct str *into, const void *data, size_t len)
{
	str_append(into, span_of(&len, sizeof(len)));
	str_append(into, span_of(data, len));
}

struct credential_key credential_cache_key(const struct credential_cache *cache,
		struct span username, struct span password, const struct password_hash *hash)
{
	struct credential_key key;
	struct str text = { 0 };

	/* at once: a text that moves as it grows would leave the password behind */
	str_reserve(&text, username.len + password.len + sizeof(*hash) + 3 * sizeof(size_t));
	append_field(&text, username.data, username.len);
	append_field(&text, password.data, password.len);
	append_field(&text, hash, sizeof(*hash));
	if (HMAC(EVP_sha256(), cache->secret, sizeof(cache->secret), (const uint8_t *)text.text,
			    text.len, key.bytes, NULL) == NULL)
		abort(); /* as out of memory */
	wipe(text.text, text.len);
	str_finish(&text);
	return key;
}

static struct entry *find(const struct credential_cache *cache, const struct credential_key *key)
{
	struct entry *e = NULL;

	HASH_FIND_BYHASHVALUE(hh, cache->table, key, sizeof(*key), hash_of(key), e);
	return e;
}

/* The last in the table's order is the one just used. */
static void append(struct credential_cache *cache, struct entry *e)
{
	HASH_ADD_BYHASHVALUE(hh, cache->table, key, sizeof(e->key), hash_of(&e->key), e);
}

bool credential_cache_knows(struct credential_cache *cache, const struct credential_key *key)
{
	struct entry *e = find(cache, key);

	if (e == NULL)
		return false;
	HASH_DEL(cache->table, e);
	append(cache, e);
	return true;
}

void credential_cache_add(struct credential_cache *cache, const struct credential_key *key)
{
	struct entry *e;

	if (credential_cache_knows(cache, key))
		return;
	if (HASH_COUNT(cache->table) < cache->max) {
		e = xcalloc(1, sizeof(*e));
	} else {
		e = cache->table;
		HASH_DEL(cache->table, e);
	}
	e->key = *key;
	append(cache, e);
}
