/* SPDX-License-Identifier: MIT */
#include "broker/core/password_file.h"

#include "common/hash.h"
#include "common/utf8.h"

enum { MAX_USER_NAME = 65535 };

struct password_user {
	UT_hash_handle hh;
	struct password_hash hash;
	unsigned line;
	size_t name_len;
	char name[];
};

struct password_file {
	unsigned refs;
	uint64_t seed;
	struct password_user *table;  /* uthash by name; owns the users */
	struct password_user **users; /* the same in the order of the file */
	size_t count, capacity;
};

static struct password_user *find(const struct password_file *f, struct span user)
{
	struct password_user *u = NULL;

	HASH_FIND_BYHASHVALUE(hh, f->table, user.data, user.len, hash_span(f->seed, user), u);
	return u;
}

static void add(struct password_file *f, struct span name, const struct password_hash *hash,
		unsigned line)
{
	struct password_user *u = xcalloc(1, sizeof(*u) + name.len);

	u->hash = *hash;
	u->line = line;
	u->name_len = name.len;
	memcpy(u->name, name.data, name.len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, f->table, u->name, name.len, hash_span(f->seed, name), u);
	f->users = grow_array(f->users, f->count, &f->capacity, sizeof(struct password_user *));
	f->users[f->count++] = u;
}

/* Nothing of such a line is shown: a password may stand anywhere in it. */
static void report_shapeless(const struct settings_line *line)
{
	str_printf(&line->report->text,
			"%s:%u: this line is not of the form USER:HASH; belfry passwd writes such "
			"lines\n",
			line->file, line->number);
	line->report->errors++;
}

static bool check_name(
		const struct password_file *f, const struct settings_line *line, struct span name)
{
	const struct password_user *twin;

	if (!utf8_valid_mqtt(name))
		return settings_error(line, name,
				"is not a user name: it has control characters or is not UTF-8; no "
				"client can send it, remove the line");
	twin = find(f, name);
	if (twin != NULL)
		return settings_error(line, name,
				"is a user on line %u already; remove one of the two", twin->line);
	return true;
}

static void parse_user(struct password_file *f, const struct settings_line *line)
{
	struct span rest = line->rest;
	struct span name = span_trim(span_cut(&rest, ':')), text = span_trim(rest);
	struct password_hash hash;
	struct str problem = { 0 };

	if (rest.data == NULL || name.len == 0 || name.len > MAX_USER_NAME || text.len == 0) {
		report_shapeless(line);
	} else if (!check_name(f, line, name)) {
		return;
	} else if (!password_is_hashed(text)) {
		settings_error(line, name, "has a plain-text password; run: belfry passwd -U %s",
				line->file);
	} else if (!password_hash_parse(text, &hash, &problem)) {
		settings_error(line, name, "%s; set the password anew: belfry passwd %s USER",
				str_text(&problem), line->file);
	} else {
		add(f, name, &hash, line->number);
	}
	str_finish(&problem);
}

struct password_file *password_file_parse(
		struct span text, const char *name, uint64_t seed, struct settings_report *report)
{
	struct password_file *f = xcalloc(1, sizeof(*f));
	struct settings_line line = { .file = name, .report = report };
	unsigned errors = report->errors;

	f->refs = 1;
	f->seed = seed;
	while (settings_next_line(&line, &text))
		parse_user(f, &line);
	if (report->errors == errors)
		return f;
	password_file_unref(f);
	return NULL;
}

struct password_file *password_file_ref(struct password_file *f)
{
	f->refs++;
	return f;
}

void password_file_unref(struct password_file *f)
{
	struct password_user *u, *next;

	if (f == NULL || --f->refs > 0)
		return;
	HASH_ITER (hh, f->table, u, next) {
		HASH_DEL(f->table, u);
		wipe(&u->hash, sizeof(u->hash));
		free(u);
	}
	free(f->users);
	free(f);
}

size_t password_file_count(const struct password_file *f)
{
	return f->count;
}

const struct password_hash *password_file_find(const struct password_file *f, struct span user)
{
	const struct password_user *u = find(f, user);

	return u != NULL ? &u->hash : NULL;
}

const struct password_hash *password_file_decoy(const struct password_file *f, struct span user)
{
	/* another seed than the table's: else the bucket of a name would tell its decoy */
	return f->count > 0 ? &f->users[hash_span(~f->seed, user) % f->count]->hash : NULL;
}

bool password_file_still_holds(const struct password_file *before, const struct password_file *now,
		struct span user)
{
	const struct password_hash *old = before != NULL ? password_file_find(before, user) : NULL;
	const struct password_hash *new = now != NULL ? password_file_find(now, user) : NULL;

	return old != NULL && new != NULL &&password_hash_equal(old, new);
}
