/* SPDX-License-Identifier: MIT */
/*
 * The form on disk. Keys, values, all numbers big-endian:
 *
 *     host NUL service       layout flags ttl wait stamp floor own received due due output context
 *     NUL and a number of 8  layout received hash: an id
 *
 * A host's name is never empty, so that the two cannot be mixed up. Deadlines are wall times here:
 * a process that starts later has other instants.
 */
#include "common/utf8.h"
#include "common/wire.h"
#include "gateway/rules/standing_impl.h"

enum {
	LAYOUT = 1,
	VALUE_BYTES = 1 + 4 + 8 + 6 * 8 + 1 + OUTPUT_BYTES + 2 + CONTEXT_BYTES,
	ID_KEY_BYTES = 9,
	ID_VALUE_BYTES = 1 + 8 + ID_HASH_BYTES,
};

static const int64_t no_deadline = INT64_MAX;
static const struct duration longest_past = { INT64_MAX / 2 };

/* --- writing --- */

/* One field a row, two bits each. */
static uint32_t pack_flags(const struct standing *x)
{
	const unsigned fields[] = { x->silent, x->is_back, x->said_gone, x->has_result,
		x->by_arrival, x->state, x->told, x->overdue_becomes, x->gone_becomes };
	uint32_t flags = 0;

	for (size_t i = 0; i < array_size(fields); i++)
		flags |= (uint32_t)fields[i] << 2 * i;
	return flags;
}

static int64_t wall_of(const struct standing *x, struct instant due)
{
	int64_t wall;

	if (due.ns == INSTANT_NEVER.ns || __builtin_add_overflow(due.ns, x->wall_offset, &wall))
		return no_deadline;
	return wall > 0 ? wall : 0;
}

static void write_standing(struct writer *w, const struct standing *x)
{
	write_u8(w, LAYOUT);
	write_u32(w, pack_flags(x));
	write_u32(w, x->ttl);
	write_u32(w, x->wait);
	write_u64(w, (uint64_t)x->stamp.ns);
	write_u64(w, (uint64_t)x->floor.ns);
	write_u64(w, (uint64_t)x->own.ns);
	write_u64(w, (uint64_t)x->received.ns);
	write_u64(w, (uint64_t)wall_of(x, x->result_due));
	write_u64(w, (uint64_t)wall_of(x, x->presence_due));
	write_u8(w, x->output_len);
	write_bytes(w, standing_output(x));
	write_u16(w, x->context_len);
	write_bytes(w, standing_context(x));
}

struct flush {
	void (*each)(void *owner, struct span key, struct span value);
	void *owner;
};

static void flush_standing(const struct flush *f, const struct standing *x)
{
	uint8_t bytes[VALUE_BYTES];
	struct writer w = writer_of(bytes, sizeof(bytes));

	write_standing(&w, x);
	f->each(f->owner, span_of(x->hh.key, x->hh.keylen), writer_span(&w));
}

static void flush_id(
		void *owner, uint64_t number, const struct id_hash *hash, struct wall_time received)
{
	const struct flush *f = owner;
	uint8_t key_bytes[ID_KEY_BYTES], value_bytes[ID_VALUE_BYTES];
	struct writer key = writer_of(key_bytes, sizeof(key_bytes));
	struct writer value = writer_of(value_bytes, sizeof(value_bytes));

	write_u8(&key, 0);
	write_u64(&key, number);
	if (hash != NULL) {
		write_u8(&value, LAYOUT);
		write_u64(&value, (uint64_t)received.ns);
		write_bytes(&value, span_of(hash->bytes, sizeof(hash->bytes)));
	}
	f->each(f->owner, writer_span(&key), writer_span(&value));
}

/* What a flush that failed has handed out goes before what has changed since. */
static void hand_over(struct standings *s)
{
	struct standing_list *to = &s->handed;

	for (size_t i = 0; i < s->changed.count; i++) {
		struct standing *x = s->changed.items[i];

		x->is_changed = false;
		if (x->is_handed)
			continue;
		x->is_handed = true;
		to->items = grow_array(to->items, to->count, &to->capacity, sizeof(*to->items));
		to->items[to->count++] = x;
	}
	s->changed.count = 0;
}

void standings_flush(struct standings *s,
		void (*each)(void *owner, struct span key, struct span value), void *owner)
{
	struct flush flush = { each, owner };

	hand_over(s);
	for (size_t i = 0; i < s->handed.count; i++)
		flush_standing(&flush, s->handed.items[i]);
	recent_ids_flush(s->ids, flush_id, &flush);
}

void standings_flushed(struct standings *s)
{
	for (size_t i = 0; i < s->handed.count; i++)
		s->handed.items[i]->is_handed = false;
	s->handed.count = 0;
	recent_ids_flushed(s->ids);
}

/* --- reading --- */

/* What a value says, before it is believed. */
struct draft {
	struct standing x;
	int64_t result_due, presence_due;
	struct span output, context;
};

static bool unpack_flags(struct standing *x, uint32_t flags)
{
	x->silent = flags & 3;
	x->is_back = flags >> 2 & 1;
	x->said_gone = flags >> 4 & 1;
	x->has_result = flags >> 6 & 1;
	x->by_arrival = flags >> 8 & 1;
	x->state = flags >> 10 & 3;
	x->told = flags >> 12 & 3;
	x->overdue_becomes = flags >> 14 & 3;
	x->gone_becomes = flags >> 16 & 3;
	return x->silent <= SILENT_GONE && pack_flags(x) == flags;
}

static struct wall_time read_wall(struct reader *r)
{
	uint64_t ns = read_u64(r);

	if (ns > INT64_MAX)
		reader_fail(r);
	return (struct wall_time){ (int64_t)(ns & INT64_MAX) };
}

static bool read_standing(struct span value, struct draft *d)
{
	struct reader r = reader_of(value);
	uint8_t layout = read_u8(&r);
	bool flags_fit = unpack_flags(&d->x, read_u32(&r));

	d->x.ttl = read_u32(&r);
	d->x.wait = read_u32(&r);
	d->x.stamp = read_wall(&r);
	d->x.floor = read_wall(&r);
	d->x.own = read_wall(&r);
	d->x.received = read_wall(&r);
	d->result_due = read_wall(&r).ns;
	d->presence_due = read_wall(&r).ns;
	d->output = read_bytes(&r, read_u8(&r));
	d->context = read_bytes(&r, read_u16(&r));
	return !reader_failed(&r) && reader_left(&r) == 0 && layout == LAYOUT && flags_fit &&
	       d->output.len <= OUTPUT_BYTES && utf8_valid(d->output) &&
	       d->context.len <= CONTEXT_BYTES;
}

/* One that is silent waits for nothing, but for being told that it is back. */
static bool is_sound(const struct draft *d)
{
	bool silent = d->x.silent != SILENT_NOT;
	bool result_waits = d->result_due != no_deadline;
	bool presence_waits = d->presence_due != no_deadline;

	if (d->x.is_back && (d->x.silent != SILENT_GONE || d->x.said_gone))
		return false;
	if (silent && (result_waits || (presence_waits && !d->x.is_back)))
		return false;
	return d->x.ttl > 0 || !result_waits;
}

/*
 * A clock may have been set while the process was away: what is left of a deadline is never more
 * than it was at first. One that has passed stays in the order of the others; the grace keeps it
 * from being due at once.
 */
static struct instant due_again(int64_t wall, uint32_t wait, const struct arrival *arrival)
{
	int64_t present = arrival->received.ns > 0 ? arrival->received.ns : 0;
	int64_t left = wall - present;

	if (wall == no_deadline)
		return INSTANT_NEVER;
	if (left > seconds(wait).ns)
		left = seconds(wait).ns;
	if (left < -longest_past.ns)
		left = -longest_past.ns;
	return instant_after(arrival->now, nanoseconds(left));
}

static bool load_standing(struct standings *s, struct span key, struct span value,
		const struct arrival *arrival)
{
	struct draft d = { .output = { NULL, 0 } };
	struct span service = key, host = span_cut(&service, 0);
	struct standing *x;

	if (service.data == NULL || !read_standing(value, &d) || !is_sound(&d) ||
			standing_find(s, host, service) != NULL)
		return false;
	x = standing_restore(s, host, service);
	if (x == NULL)
		return false;
	unpack_flags(x, pack_flags(&d.x));
	x->ttl = d.x.ttl;
	x->wait = d.x.wait;
	x->stamp = d.x.stamp;
	x->floor = d.x.floor;
	x->own = d.x.own;
	x->received = d.x.received;
	x->result_due = due_again(d.result_due, x->ttl, arrival);
	x->presence_due = due_again(d.presence_due, x->wait, arrival);
	standing_set_output(x, d.output);
	standing_set_context(x, d.context);
	standing_note_clock(x, arrival);
	standing_arm(s, x);
	standings_hold(s, arrival->now);
	/* A deadline that was shortened is another wall time now. */
	if (wall_of(x, x->result_due) != d.result_due ||
			wall_of(x, x->presence_due) != d.presence_due)
		standing_changed(s, x);
	return true;
}

static bool load_id(struct standings *s, struct span key, struct span value,
		const struct arrival *arrival)
{
	struct reader name = reader_of(span_from(key, 1)), r = reader_of(value);
	uint64_t number = read_u64(&name);
	uint8_t layout = read_u8(&r);
	struct wall_time received = read_wall(&r);
	struct span bytes = read_bytes(&r, ID_HASH_BYTES);
	struct id_hash hash;

	if (reader_failed(&name) || reader_left(&name) > 0 || reader_failed(&r) ||
			reader_left(&r) > 0 || layout != LAYOUT)
		return false;
	memcpy(hash.bytes, bytes.data, sizeof(hash.bytes));
	return recent_ids_load(s->ids, number, &hash, received, arrival->now, arrival->received);
}

bool standings_load(struct standings *s, struct span key, struct span value,
		const struct arrival *arrival)
{
	if (key.len > 0 && key.data[0] == 0)
		return load_id(s, key, value, arrival);
	return load_standing(s, key, value, arrival);
}
