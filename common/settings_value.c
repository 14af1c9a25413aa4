/* SPDX-License-Identifier: MIT */
#include "common/settings_value.h"

#include <inttypes.h>

#include "common/mem.h"

/* A suffix and what it multiplies by. */
struct unit {
	char letter;
	uint64_t factor;
};

static const struct unit size_units[] = { { 'k', 1024 }, { 'K', 1024 }, { 'M', 1024 * 1024 },
	{ 'G', 1024 * 1024 * 1024 }, { 0, 0 } };
static const struct unit time_units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
	{ 'w', 604800 }, { 'y', 31536000 }, { 0, 0 } };

static const struct setting_choice bool_words[] = { { "true", 1 }, { "false", 0 }, { "yes", 1 },
	{ "no", 0 }, { "on", 1 }, { "off", 0 }, { "1", 1 }, { "0", 0 }, { NULL, 0 } };

static bool find_choice(const struct setting_choice *choices, struct span word, int *ret)
{
	for (; choices->word != NULL; choices++) {
		if (span_equal_text(word, choices->word)) {
			*ret = choices->value;
			return true;
		}
	}
	return false;
}

static bool parse_scaled(struct span value, const struct unit *units, uint64_t *ret)
{
	uint64_t factor = 1;

	for (; units != NULL && units->letter != 0 && value.len > 1; units++) {
		if (value.data[value.len - 1] == (uint8_t)units->letter) {
			factor = units->factor;
			value.len--;
			break;
		}
	}
	if (!span_to_uint(value, UINT64_MAX / factor, ret))
		return false;
	*ret *= factor;
	return true;
}

static const struct unit *units_of(enum setting_kind kind)
{
	return kind == SETTING_SIZE ? size_units : kind == SETTING_DURATION ? time_units : NULL;
}

static void describe_choices(const struct setting_choice *choices, struct str *into)
{
	str_append_text(into, "one of");
	for (; choices->word != NULL; choices++)
		str_printf(into, " %s", choices->word);
}

static void describe_range(const struct setting *s, const char *what, struct str *into)
{
	str_append_text(into, what);
	if (s->max == UINT64_MAX)
		str_printf(into, ", %" PRIu64 " or more", s->min);
	else
		str_printf(into, " from %" PRIu64 " to %" PRIu64, s->min, s->max);
}

static void describe_text(const struct setting *s, struct str *into)
{
	if (s->max == 0)
		str_append_text(into, "text");
	else if (s->min <= 1)
		str_printf(into, "text of at most %" PRIu64 " bytes", s->max);
	else
		str_printf(into, "text of %" PRIu64 " to %" PRIu64 " bytes", s->min, s->max);
}

void setting_describe(const struct setting *s, struct str *into)
{
	switch (s->kind) {
	case SETTING_BOOL:
		str_append_text(into, "true or false");
		break;
	case SETTING_NUMBER:
		describe_range(s, "a number", into);
		break;
	case SETTING_SIZE:
		describe_range(s, "a size in bytes (k, M, G allowed)", into);
		break;
	case SETTING_DURATION:
		describe_range(s, "a time in seconds (s, m, h, d, w, y allowed)", into);
		break;
	case SETTING_TEXT:
	case SETTING_LIST:
		describe_text(s, into);
		break;
	case SETTING_CHOICE:
	case SETTING_FLAGS:
		describe_choices(s->choices, into);
		break;
	}
}

static bool parse_number(const struct setting *s, void *field, struct span value)
{
	uint64_t number;

	if (s->flags & SETTING_UNLIMITED && span_equal_text(value, "-1"))
		value = span_of_text("0");
	if (!parse_scaled(value, units_of(s->kind), &number) || number < s->min || number > s->max)
		return false;
	if (field != NULL)
		*(uint64_t *)field = number;
	return true;
}

static bool parse_word(const struct setting *s, void *field, struct span value)
{
	int number;

	if (!find_choice(s->kind == SETTING_BOOL ? bool_words : s->choices, value, &number))
		return false;
	if (field == NULL)
		return true;
	if (s->kind == SETTING_BOOL)
		*(bool *)field = number != 0;
	else if (s->kind == SETTING_CHOICE)
		*(int *)field = number;
	else
		*(unsigned *)field |= (unsigned)number;
	return true;
}

static bool parse_text(const struct setting *s, void *field, struct span value)
{
	if (value.len == 0 || value.len < s->min || (s->max > 0 && value.len > s->max))
		return false;
	if (span_find(value, '\0') < value.len)
		return false; /* the text would end there; such files come from a power cut */
	if (field == NULL)
		return true;
	if (s->kind == SETTING_LIST) {
		text_list_add(field, value);
		return true;
	}
	if (s->flags & SETTING_SECRET && *(char **)field != NULL)
		wipe(*(char **)field, strlen(*(char **)field));
	free(*(char **)field);
	*(char **)field = span_dup_text(value);
	return true;
}

static bool parse_field(const struct setting *s, void *field, struct span value)
{
	switch (s->kind) {
	case SETTING_NUMBER:
	case SETTING_SIZE:
	case SETTING_DURATION:
		return parse_number(s, field, value);
	case SETTING_BOOL:
	case SETTING_CHOICE:
	case SETTING_FLAGS:
		return parse_word(s, field, value);
	case SETTING_TEXT:
	case SETTING_LIST:
		return parse_text(s, field, value);
	}
	return false;
}

bool setting_parse(const struct setting *s, void *target, struct span value, struct str *problem)
{
	void *field = target != NULL ? (char *)target + s->offset : NULL;

	if (parse_field(s, field, value))
		return true;
	if (value.len == 0) {
		str_append_text(problem, "has no value; give ");
	} else {
		str_append_text(problem, "'");
		str_append_escaped(
				problem, s->flags & SETTING_SECRET ? span_of_text("***") : value);
		str_append_text(problem, "' is not ");
	}
	setting_describe(s, problem);
	return false;
}
