/* SPDX-License-Identifier: MIT */
#include "common/settings.h"

#include <inttypes.h>

static bool texts_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool lists_equal(const struct text_list *a, const struct text_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!texts_equal(a->texts[i], b->texts[i]))
			return false;
	}
	return true;
}

static bool values_equal(const struct setting *s, const void *a, const void *b)
{
	switch (s->kind) {
	case SETTING_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case SETTING_NUMBER:
	case SETTING_SIZE:
	case SETTING_DURATION:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	case SETTING_CHOICE:
		return *(const int *)a == *(const int *)b;
	case SETTING_FLAGS:
		return *(const unsigned *)a == *(const unsigned *)b;
	case SETTING_TEXT:
		return texts_equal(*(char *const *)a, *(char *const *)b);
	case SETTING_LIST:
		return lists_equal(a, b);
	}
	return false;
}

void settings_compare(const struct setting *table, const void *before, const void *after,
		void *owner, void (*differs)(void *owner, const struct setting *setting))
{
	for (const struct setting *s = table; s->name != NULL; s++) {
		bool is_alias = s > table && s[-1].offset == s->offset;

		if (!is_alias && !values_equal(s, (const char *)before + s->offset,
						 (const char *)after + s->offset))
			differs(owner, s);
	}
}

static void print_choice(const struct setting_choice *choices, int value, struct str *into)
{
	for (; choices->word != NULL; choices++) {
		if (choices->value == value) {
			str_append_text(into, choices->word);
			return;
		}
	}
	str_append_text(into, "not given");
}

static void print_flags(const struct setting_choice *choices, unsigned set, struct str *into)
{
	const char *separator = "";

	if (set == 0)
		str_append_text(into, "not given");
	for (; choices->word != NULL; choices++) {
		unsigned bits = (unsigned)choices->value;

		if (bits != 0 && (bits & (bits - 1)) == 0 && (set & bits) != 0) {
			str_printf(into, "%s%s", separator, choices->word);
			separator = " ";
		}
	}
}

static void print_list(const struct text_list *list, struct str *into)
{
	if (list->count == 0)
		str_append_text(into, "not given");
	for (size_t i = 0; i < list->count; i++) {
		str_append_text(into, i > 0 ? ", " : "");
		str_append_escaped(into, span_of_text(list->texts[i]));
	}
}

void setting_print(const struct setting *s, const void *target, struct str *into)
{
	const void *field = (const char *)target + s->offset;

	switch (s->kind) {
	case SETTING_BOOL:
		str_append_text(into, *(const bool *)field ? "true" : "false");
		return;
	case SETTING_NUMBER:
	case SETTING_SIZE:
	case SETTING_DURATION:
		str_printf(into, "%" PRIu64, *(const uint64_t *)field);
		return;
	case SETTING_CHOICE:
		print_choice(s->choices, *(const int *)field, into);
		return;
	case SETTING_FLAGS:
		print_flags(s->choices, *(const unsigned *)field, into);
		return;
	case SETTING_LIST:
		print_list(field, into);
		return;
	case SETTING_TEXT:
		if (*(char *const *)field == NULL)
			str_append_text(into, "not given");
		else if (s->flags & SETTING_SECRET)
			str_append_text(into, "***");
		else
			str_append_escaped(into, span_of_text(*(char *const *)field));
		return;
	}
}
