/* SPDX-License-Identifier: MIT */
#include "gateway/output/object_set.h"

#include "common/hash.h"
#include "common/mem.h"

enum {
	FIRST_SLOTS = 1024, /* a power of two */
	/* Longer ones are lists of members, and nothing that is looked for. */
	MAX_LINE = 4096,
};

/*
 * Hashes in an array of a power of two, each at its own place or behind it, at most two thirds
 * full. What a hash stands for is `values`, of those that stand for something else.
 */
struct table {
	uint64_t *keys; /* 0: free */
	uint64_t *values;
	size_t slots, count;
	bool has_values;
};

enum block { BLOCK_NONE, BLOCK_HOST, BLOCK_SERVICE, BLOCK_OTHER };

struct object_set {
	uint64_t seed;
	struct table hosts, services;
	struct table addresses; /* of hosts, to the hosts */
	/* The reader. */
	enum block block;
	struct str line; /* begun in an earlier piece */
	bool is_long;	 /* and is left out */
	bool is_broken;	 /* something cannot be the core's writing */
	struct str host, service, address;
};

static size_t slot_of(const struct table *t, uint64_t key)
{
	size_t at = key & (t->slots - 1);

	while (t->keys[at] != 0 && t->keys[at] != key)
		at = (at + 1) & (t->slots - 1);
	return at;
}

static void put(struct table *t, uint64_t key, uint64_t value)
{
	size_t at = slot_of(t, key);

	t->count += t->keys[at] == 0;
	t->keys[at] = key;
	if (t->has_values)
		t->values[at] = value;
}

static void grow(struct table *t)
{
	struct table bigger = { .has_values = t->has_values };

	bigger.slots = t->slots > 0 ? t->slots * 2 : FIRST_SLOTS;
	bigger.keys = xcalloc(bigger.slots, sizeof(*bigger.keys));
	if (t->has_values)
		bigger.values = xcalloc(bigger.slots, sizeof(*bigger.values));
	for (size_t i = 0; i < t->slots; i++) {
		if (t->keys[i] != 0)
			put(&bigger, t->keys[i], t->has_values ? t->values[i] : 0);
	}
	free(t->keys);
	free(t->values);
	*t = bigger;
}

static void add(struct table *t, uint64_t key, uint64_t value)
{
	if (t->count >= t->slots / 3 * 2)
		grow(t);
	put(t, key, value);
}

static bool has(const struct table *t, uint64_t key)
{
	return t->slots > 0 && t->keys[slot_of(t, key)] != 0;
}

static uint64_t hash(uint64_t seed, struct span name)
{
	uint64_t h = hash_span_wide(seed, name);

	return h != 0 ? h : 1;
}

struct object_set *object_set_create(uint64_t seed)
{
	struct object_set *s = xcalloc(1, sizeof(*s));

	s->seed = seed;
	s->addresses.has_values = true;
	return s;
}

static void table_finish(struct table *t)
{
	free(t->keys);
	free(t->values);
}

void object_set_destroy(struct object_set *s)
{
	if (s == NULL)
		return;
	table_finish(&s->hosts);
	table_finish(&s->services);
	table_finish(&s->addresses);
	str_finish(&s->line);
	str_finish(&s->host);
	str_finish(&s->service);
	str_finish(&s->address);
	free(s);
}

/* --- reading -------------------------------------------------------------------------------- */

static void open_block(struct object_set *s, struct span line)
{
	static const struct span define = SPAN("define ");
	struct span type;

	if (!span_starts_with(line, define) || line.data[line.len - 1] != '{') {
		s->is_broken = true;
		return;
	}
	type = span_trim(span_first(span_from(line, define.len), line.len - define.len - 1));
	s->block = span_equal_text(type, "host")      ? BLOCK_HOST
		   : span_equal_text(type, "service") ? BLOCK_SERVICE
						      : BLOCK_OTHER;
	str_clear(&s->host);
	str_clear(&s->service);
	str_clear(&s->address);
}

static void close_block(struct object_set *s)
{
	uint64_t host = hash(s->seed, str_span(&s->host)), address;

	if (s->block == BLOCK_HOST && s->host.len > 0) {
		add(&s->hosts, host, 0);
		address = hash(s->seed, str_span(&s->address));
		if (s->address.len > 0 && !has(&s->addresses, address))
			add(&s->addresses, address, host);
	} else if (s->block == BLOCK_SERVICE && s->host.len > 0 && s->service.len > 0) {
		add(&s->services, hash(host, str_span(&s->service)), 0);
	} else if (s->block != BLOCK_OTHER) {
		s->is_broken = true;
	}
	s->block = BLOCK_NONE;
}

static void take_value(struct object_set *s, struct span line)
{
	struct str *into;
	struct span key;
	size_t end = 0;

	while (end < line.len && !is_blank(line.data[end]))
		end++;
	key = span_first(line, end);
	if (span_equal_text(key, "host_name"))
		into = &s->host;
	else if (span_equal_text(key, "service_description"))
		into = &s->service;
	else if (span_equal_text(key, "address"))
		into = &s->address;
	else
		return;
	str_clear(into);
	str_append(into, span_trim(span_from(line, end)));
}

static void take_line(struct object_set *s, struct span line)
{
	line = span_trim(line);
	if (line.len == 0 || (s->block == BLOCK_NONE && line.data[0] == '#'))
		return;
	if (s->block == BLOCK_NONE)
		open_block(s, line);
	else if (span_equal_text(line, "}"))
		close_block(s);
	else if (s->block != BLOCK_OTHER)
		take_value(s, line);
}

static void keep_part(struct object_set *s, struct span part)
{
	s->is_long |= s->line.len + part.len > MAX_LINE;
	if (!s->is_long)
		str_append(&s->line, part);
}

/* Behind the end of a line, of which `part` is the last part. */
static void end_line(struct object_set *s, struct span part)
{
	if (s->line.len > 0) {
		keep_part(s, part);
		part = str_span(&s->line);
	}
	if (!s->is_long && part.len <= MAX_LINE)
		take_line(s, part);
	str_clear(&s->line);
	s->is_long = false;
}

void object_set_feed(struct object_set *s, struct span piece)
{
	while (piece.len > 0) {
		size_t end = span_find(piece, '\n');

		if (end == piece.len) {
			keep_part(s, piece);
			break;
		}
		end_line(s, span_first(piece, end));
		piece = span_from(piece, end + 1);
	}
}

bool object_set_complete(const struct object_set *s)
{
	return !s->is_broken && s->block == BLOCK_NONE && s->line.len == 0 && !s->is_long &&
	       s->hosts.count > 0;
}

/* --- asking --------------------------------------------------------------------------------- */

enum object_presence object_set_find(
		const struct object_set *s, struct span host, struct span service)
{
	uint64_t key = hash(s->seed, host);

	if (!has(&s->hosts, key)) {
		if (!has(&s->addresses, key))
			return OBJECT_NO_HOST;
		key = s->addresses.values[slot_of(&s->addresses, key)];
	}
	if (service.len == 0 || has(&s->services, hash(key, service)))
		return OBJECT_THERE;
	return OBJECT_NO_SERVICE;
}

size_t object_set_hosts(const struct object_set *s)
{
	return s->hosts.count;
}

size_t object_set_services(const struct object_set *s)
{
	return s->services.count;
}

size_t object_set_size(const struct object_set *s)
{
	size_t keys = s->hosts.slots + s->services.slots + 2 * s->addresses.slots;

	return sizeof(*s) + keys * sizeof(uint64_t) + s->line.capacity;
}
