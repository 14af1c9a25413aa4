/* SPDX-License-Identifier: MIT */
#include "common/psk_file.h"

#include "common/hash.h"
#include "common/hex.h"
#include "common/utf8.h"

struct psk_entry {
	UT_hash_handle hh;
	unsigned line;
	uint16_t identity_len, key_len;
	uint8_t key[PSK_MAX_KEY];
	char identity[];
};

struct psk_file {
	unsigned refs;
	uint64_t seed;
	struct psk_entry *table; /* uthash by identity */
};

size_t psk_key_parse(struct span hex, uint8_t at[PSK_MAX_KEY])
{
	size_t odd = hex.len % 2, len = (hex.len + odd) / 2;

	if (len > PSK_MAX_KEY)
		return 0;
	memset(at, 0, len);
	for (size_t i = 0; i < hex.len; i++) {
		int value = hex_digit(hex.data[i]);
		uint8_t *byte = &at[(i + odd) / 2];

		if (value < 0)
			return 0;
		*byte = (uint8_t)(*byte << 4 | value);
	}
	return len;
}

static struct psk_entry *find(const struct psk_file *f, struct span identity)
{
	struct psk_entry *e = NULL;

	HASH_FIND_BYHASHVALUE(
			hh, f->table, identity.data, identity.len, hash_span(f->seed, identity), e);
	return e;
}

/* Nothing of such a line is shown: a key may stand anywhere in it. */
static void report_shapeless(const struct settings_line *line)
{
	str_printf(&line->report->text,
			"%s:%u: this line is not of the form IDENTITY:HEXKEY, with 1 to %d bytes "
			"of "
			"identity and 1 to %d of key\n",
			line->file, line->number, PSK_MAX_IDENTITY, PSK_MAX_KEY);
	line->report->errors++;
}

static void add(struct psk_file *f, const struct settings_line *line, struct span identity,
		const uint8_t *key, size_t key_len)
{
	const struct psk_entry *twin = find(f, identity);
	struct psk_entry *e;

	if (!utf8_valid_mqtt(identity)) {
		settings_error(line, identity,
				"is not an identity: it has control characters or is not UTF-8; "
				"remove the line");
		return;
	}
	if (twin != NULL) {
		settings_error(line, identity,
				"has a key on line %u already; remove one of the two", twin->line);
		return;
	}
	e = xcalloc(1, sizeof(*e) + identity.len);
	e->line = line->number;
	e->identity_len = (uint16_t)identity.len;
	memcpy(e->identity, identity.data, identity.len);
	e->key_len = (uint16_t)key_len;
	memcpy(e->key, key, key_len);
	HASH_ADD_KEYPTR_BYHASHVALUE(
			hh, f->table, e->identity, identity.len, hash_span(f->seed, identity), e);
}

static void parse_key(struct psk_file *f, const struct settings_line *line)
{
	struct span rest = line->rest;
	struct span identity = span_trim(span_cut(&rest, ':'));
	uint8_t key[PSK_MAX_KEY];
	size_t key_len = psk_key_parse(span_trim(rest), key);

	if (identity.len == 0 || identity.len > PSK_MAX_IDENTITY || key_len == 0)
		report_shapeless(line);
	else
		add(f, line, identity, key, key_len);
	wipe(key, sizeof(key));
}

struct psk_file *psk_file_parse(
		struct span text, const char *name, uint64_t seed, struct settings_report *report)
{
	struct psk_file *f = xcalloc(1, sizeof(*f));
	struct settings_line line = { .file = name, .report = report };
	unsigned errors = report->errors;

	f->refs = 1;
	f->seed = seed;
	while (settings_next_line(&line, &text))
		parse_key(f, &line);
	if (report->errors == errors)
		return f;
	psk_file_unref(f);
	return NULL;
}

struct psk_file *psk_file_ref(struct psk_file *f)
{
	f->refs++;
	return f;
}

void psk_file_unref(struct psk_file *f)
{
	struct psk_entry *e, *next;

	if (f == NULL || --f->refs > 0)
		return;
	HASH_ITER (hh, f->table, e, next) {
		HASH_DEL(f->table, e);
		wipe(e->key, sizeof(e->key));
		free(e);
	}
	free(f);
}

struct span psk_file_key(const struct psk_file *f, struct span identity)
{
	const struct psk_entry *e = find(f, identity);

	return e != NULL ? span_of(e->key, e->key_len) : (struct span){ NULL, 0 };
}

bool psk_file_single(const struct psk_file *f, struct span *ret_identity)
{
	if (HASH_COUNT(f->table) != 1)
		return false;
	*ret_identity = span_of(f->table->identity, f->table->identity_len);
	return true;
}
