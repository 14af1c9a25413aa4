/* SPDX-License-Identifier: MIT */
#include "plugins/file/files.h"

enum { KEPT_BYTES = 1 << 18 }; /* of memory, between batches, for each file */

static void forget(struct files *f, struct file_entry *e)
{
	HASH_DEL(f->entries, e);
	log_file_close(&e->file);
	free(e->file.path);
	str_finish(&e->lines);
	free(e);
}

static struct file_entry *find(struct files *f, struct span path, uint32_t hash)
{
	struct file_entry *e;

	HASH_FIND_BYHASHVALUE(hh, f->entries, path.data, path.len, hash, e);
	return e;
}

static void add(struct files *f, struct file_entry *e, uint32_t hash)
{
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, f->entries, e->file.path, strlen(e->file.path), hash, e);
}

static struct file_entry *create(struct files *f, struct span path, uint32_t hash)
{
	struct file_entry *e;

	if (HASH_COUNT(f->entries) >= f->limit)
		forget(f, f->entries); /* the first: used longest ago, and so not wanted */
	e = xcalloc(1, sizeof(*e));
	e->file = (struct log_file){ .path = span_dup_text(path), .fd = -1 };
	add(f, e, hash);
	return e;
}

struct file_entry *files_for(struct files *f, struct span path)
{
	uint32_t hash = hash_span(f->seed, path);
	struct file_entry *e = find(f, path, hash);

	if (e != NULL && e->is_wanted)
		return e;
	if (f->wanted >= f->limit)
		return NULL;
	if (e == NULL) {
		e = create(f, path, hash);
	} else { /* behind the others */
		HASH_DEL(f->entries, e);
		add(f, e, hash);
	}
	e->is_wanted = true;
	f->wanted++;
	return e;
}

void files_append(struct files *f, const struct log_file_rules *rules)
{
	struct instant now = instant_now();
	struct file_entry *e, *next;

	HASH_ITER (hh, f->entries, e, next) {
		if (!e->is_wanted)
			continue;
		e->error = log_file_append(&e->file, rules, str_span(&e->lines), &f->counts);
		e->used = now;
	}
}

void files_settle(struct files *f)
{
	struct file_entry *e, *next;

	HASH_ITER (hh, f->entries, e, next) {
		e->is_wanted = false;
		if (e->lines.capacity > KEPT_BYTES)
			str_finish(&e->lines);
		str_clear(&e->lines);
	}
	f->wanted = 0;
}

void files_tidy(struct files *f, struct duration unused, struct instant now)
{
	struct file_entry *e, *next;

	HASH_ITER (hh, f->entries, e, next) {
		if (instant_reached(instant_after(e->used, unused), now) ||
				log_file_was_moved(&e->file))
			forget(f, e);
	}
}

size_t files_count(const struct files *f)
{
	return HASH_COUNT(f->entries);
}

void files_finish(struct files *f)
{
	struct file_entry *e, *next;

	HASH_ITER (hh, f->entries, e, next)
		forget(f, e);
}
