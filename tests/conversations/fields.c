/* SPDX-License-Identifier: MIT */
#include "tests/conversations/fields.h"

#include <ctype.h>
#include <stdio.h>

#include "common/mem.h"

enum { MAX_PRINTED = 60 };

void fields_finish(struct fields *f)
{
	for (size_t i = 0; i < f->count; i++)
		str_finish(&f->all[i].value);
	free(f->all);
	*f = (struct fields){ 0 };
}

struct field *fields_add(struct fields *f, const char *name, struct span value)
{
	struct field *field;

	f->all = grow_array(f->all, f->count, &f->capacity, sizeof(*f->all));
	field = &f->all[f->count++];
	*field = (struct field){ 0 };
	snprintf(field->name, sizeof(field->name), "%s", name);
	str_append(&field->value, value);
	return field;
}

void fields_add_number(struct fields *f, const char *name, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", (unsigned)number);
	fields_add(f, name, span_of_text(text));
}

void fields_add_flag(struct fields *f, const char *name, bool value)
{
	fields_add(f, name, span_of_text(value ? "yes" : "no"));
}

/* --- looking up ----------------------------------------------------------------------------- */

struct field *fields_take(struct fields *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->all[i].name, name) == 0) {
			f->all[i].is_used = true;
			return &f->all[i];
		}
	}
	return NULL;
}

bool field_number(const struct field *f, uint32_t *ret)
{
	uint64_t number;

	if (!span_to_uint(str_span(&f->value), UINT32_MAX, &number))
		return false;
	*ret = (uint32_t)number;
	return true;
}

uint32_t fields_number(struct fields *f, const char *name, uint32_t absent)
{
	const struct field *field = fields_take(f, name);
	uint32_t number;

	return field != NULL && field_number(field, &number) ? number : absent;
}

bool fields_flag(struct fields *f, const char *name, bool absent)
{
	const struct field *field = fields_take(f, name);

	return field != NULL ? strcmp(str_text(&field->value), "yes") == 0 : absent;
}

struct span fields_text(struct fields *f, const char *name, const char *absent)
{
	const struct field *field = fields_take(f, name);

	return field != NULL ? str_span(&field->value) : span_of_text(absent);
}

/* --- reading -------------------------------------------------------------------------------- */

struct word {
	char name[48]; /* empty when there was no '=' */
	struct str value;
	bool is_quoted;
};

static int hex_digit(char c)
{
	return isdigit((unsigned char)c)    ? c - '0'
	       : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
					    : -1;
}

/* The character behind a backslash at *at; moves *at behind it. */
static bool read_escape(const char **at, struct str *into)
{
	const char *p = *at;
	int high, low;

	switch (*p) {
	case 'n':
		str_append_byte(into, '\n');
		break;
	case 'r':
		str_append_byte(into, '\r');
		break;
	case 't':
		str_append_byte(into, '\t');
		break;
	case '"':
	case '\\':
		str_append_byte(into, *p);
		break;
	case 'x':
		high = hex_digit(p[1]);
		low = high >= 0 ? hex_digit(p[2]) : -1;
		if (low < 0)
			return false;
		str_append_byte(into, (char)(high << 4 | low));
		p += 2;
		break;
	default:
		return false;
	}
	*at = p + 1;
	return true;
}

/* A quoted piece, and how often it is meant. */
static bool read_quoted(const char **at, struct str *into)
{
	struct str piece = { 0 };
	unsigned long times = 1;
	const char *p = *at + 1;
	bool good = true;

	while (good && *p != '"') {
		if (*p == '\0')
			good = false;
		else if (*p == '\\' && (p++, true))
			good = read_escape(&p, &piece);
		else
			str_append_byte(&piece, *p++);
	}
	if (good && *++p == '*') {
		char *end;

		times = strtoul(p + 1, &end, 10);
		p = end;
	}
	for (; good && times > 0; times--)
		str_append(into, str_span(&piece));
	str_finish(&piece);
	*at = p;
	return good;
}

static bool read_word(const char **at, struct word *ret)
{
	const char *p = *at;

	while (*p != '\0' && !is_blank((uint8_t)*p)) {
		if (*p == '"') {
			ret->is_quoted = true;
			if (!read_quoted(&p, &ret->value))
				return false;
		} else if (*p == '=' && ret->name[0] == '\0' && !ret->is_quoted) {
			snprintf(ret->name, sizeof(ret->name), "%s", str_text(&ret->value));
			str_clear(&ret->value);
			p++;
		} else {
			str_append_byte(&ret->value, *p++);
		}
	}
	*at = p;
	return true;
}

/* 0x0a and 10 are one value. */
static void normalise_number(struct str *value)
{
	const char *text = str_text(value);
	char decimal[16];
	char *end;
	unsigned long number;

	if (!isdigit((unsigned char)text[0]) || value->len > 10)
		return;
	number = strtoul(text, &end, text[1] == 'x' ? 16 : 10);
	if (*end != '\0')
		return;
	snprintf(decimal, sizeof(decimal), "%lu", number & UINT32_MAX);
	str_clear(value);
	str_append_text(value, decimal);
}

/* reason=0x81|0x82: each alternative for itself. */
static void normalise(struct str *value)
{
	struct str all = { 0 };
	struct span rest = str_span(value);

	while (rest.data != NULL) {
		struct span part = span_cut(&rest, '|');
		struct str one = { 0 };

		str_append(&one, part);
		normalise_number(&one);
		if (all.len > 0)
			str_append_byte(&all, '|');
		str_append(&all, str_span(&one));
		str_finish(&one);
	}
	str_clear(value);
	str_append(value, str_span(&all));
	str_finish(&all);
}

static const struct {
	const char *word, *level;
} versions[] = { { "v3.1", "3" }, { "v3.1.1", "4" }, { "v3", "3" }, { "v4", "4" }, { "v5", "5" } };

/* The name of a word that has none of its own; its value may change with it. */
static const char *name_of(const char *type, struct word *w)
{
	const char *text = str_text(&w->value);

	if (w->is_quoted)
		return strstr(type, "SUBSCRIBE") != NULL ? "filter" : "payload";
	for (size_t i = 0; i < array_size(versions); i++) {
		if (strcmp(text, versions[i].word) == 0) {
			str_clear(&w->value);
			str_append_text(&w->value, versions[i].level);
			return "version";
		}
	}
	if (isdigit((unsigned char)text[0]))
		return "id";
	snprintf(w->name, sizeof(w->name), "%s", text);
	str_clear(&w->value);
	str_append_text(&w->value, "yes");
	return w->name;
}

bool fields_parse(const char *line, struct fields *ret, struct str *problem)
{
	bool good = true;

	*ret = (struct fields){ 0 };
	while (good) {
		struct word w = { 0 };

		while (is_blank((uint8_t)*line))
			line++;
		if (*line == '\0' || *line == '#')
			break;
		good = read_word(&line, &w);
		if (!good) {
			str_append_text(problem, "a quoted text does not end, or has a bad escape");
		} else if (ret->type[0] == '\0') {
			snprintf(ret->type, sizeof(ret->type), "%s", str_text(&w.value));
		} else {
			const char *name = w.name[0] != '\0' ? w.name : name_of(ret->type, &w);

			if (!w.is_quoted)
				normalise(&w.value);
			fields_add(ret, name, str_span(&w.value))->is_quoted = w.is_quoted;
		}
		str_finish(&w.value);
	}
	if (good && ret->type[0] == '\0') {
		str_append_text(problem, "no packet is named");
		good = false;
	}
	if (!good)
		fields_finish(ret);
	return good;
}

/* --- printing ------------------------------------------------------------------------------- */

void fields_print(const struct fields *f, struct str *into)
{
	str_append_text(into, f->type);
	for (size_t i = 0; i < f->count; i++) {
		const struct field *field = &f->all[i];
		bool is_code = strcmp(field->name, "reason") == 0 ||
			       strcmp(field->name, "code") == 0;
		uint32_t number;

		str_printf(into, " %s=", field->name);
		if (is_code && field_number(field, &number)) {
			str_printf(into, "0x%02x", (unsigned)number);
			continue;
		}
		str_append_escaped(into, span_first(str_span(&field->value), MAX_PRINTED));
		if (field->value.len > MAX_PRINTED)
			str_printf(into, "...(%zu bytes)", field->value.len);
	}
}
