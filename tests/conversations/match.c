/* SPDX-License-Identifier: MIT */
#include "tests/conversations/match.h"

#include <stdio.h>

#include "tests/conversations/codec.h"

static bool has_codes(const struct fields *f)
{
	return strcmp(f->type, "SUBACK") == 0 || strcmp(f->type, "UNSUBACK") == 0;
}

bool expectation_prepare(struct fields *expected, struct str *problem)
{
	if (packet_number(expected->type) == 0) {
		str_printf(problem, "'%s' is no packet", expected->type);
		return false;
	}
	for (size_t i = 0; i < expected->count; i++) {
		char *name = expected->all[i].name;
		bool is_code = has_codes(expected) &&
			       (strcmp(name, "granted") == 0 || strcmp(name, "reason") == 0);
		const char *full = is_code ? "code" : property_full_name(name);

		if (full != name)
			snprintf(name, sizeof(expected->all[i].name), "%s", full);
		if (!packet_field_known(name)) {
			str_printf(problem, "no packet has a field '%s'", name);
			return false;
		}
	}
	return true;
}

static bool is_variable(const struct field *f)
{
	return !f->is_quoted && str_text(&f->value)[0] == '$';
}

static bool is_word(const struct field *f, const char *word)
{
	return !f->is_quoted && strcmp(str_text(&f->value), word) == 0;
}

static bool value_matches(
		const struct field *expected, const struct field *got, struct fields *variables)
{
	struct span rest = str_span(&expected->value);
	const struct field *known;

	if (is_variable(expected)) {
		known = fields_take(variables, str_text(&expected->value));
		return known == NULL || span_equal(str_span(&known->value), str_span(&got->value));
	}
	if (is_word(expected, "any"))
		return true;
	if (expected->is_quoted)
		return span_equal(rest, str_span(&got->value));
	while (rest.data != NULL) {
		if (span_equal(span_cut(&rest, '|'), str_span(&got->value)))
			return true;
	}
	return false;
}

/* The next field of `got` that `expected` may be about; found ones are marked as used. */
static struct field *counterpart(
		const struct field *expected, struct fields *got, struct fields *variables)
{
	bool any_order = strcmp(expected->name, "subscription-identifier") == 0;

	for (size_t i = 0; i < got->count; i++) {
		struct field *field = &got->all[i];

		if (field->is_used || strcmp(field->name, expected->name) != 0)
			continue;
		if (value_matches(expected, field, variables))
			return field;
		if (!any_order)
			return NULL;
	}
	return NULL;
}

static bool is_absent(const struct fields *got, const char *name)
{
	for (size_t i = 0; i < got->count; i++) {
		if (strcmp(got->all[i].name, name) == 0)
			return false;
	}
	return true;
}

/* Every field whose name was mentioned has found its counterpart. */
static bool mentioned_are_used(struct fields *expected, const struct fields *got)
{
	for (size_t i = 0; i < got->count; i++) {
		if (!got->all[i].is_used && fields_take(expected, got->all[i].name) != NULL)
			return false;
	}
	return true;
}

static void keep_variables(struct fields *expected, struct fields *got, struct fields *variables)
{
	for (size_t i = 0; i < expected->count; i++) {
		const struct field *f = &expected->all[i];

		if (is_variable(f) && fields_take(variables, str_text(&f->value)) == NULL)
			fields_add(variables, str_text(&f->value), fields_text(got, f->name, ""));
	}
}

bool packet_matches(struct fields *expected, struct fields *got, struct fields *variables)
{
	if (strcmp(expected->type, got->type) != 0)
		return false;
	for (size_t i = 0; i < got->count; i++)
		got->all[i].is_used = false;
	for (size_t i = 0; i < expected->count; i++) {
		const struct field *f = &expected->all[i];
		struct field *found;

		if (is_word(f, "absent")) {
			if (!is_absent(got, f->name))
				return false;
			continue;
		}
		found = counterpart(f, got, variables);
		if (found == NULL)
			return false;
		found->is_used = true;
	}
	if (!mentioned_are_used(expected, got))
		return false;
	keep_variables(expected, got, variables);
	return true;
}

bool variables_apply(struct fields *f, struct fields *variables, struct str *problem)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct field *known;

		if (!is_variable(&f->all[i]))
			continue;
		known = fields_take(variables, str_text(&f->all[i].value));
		if (known == NULL) {
			str_printf(problem, "%s was never received", str_text(&f->all[i].value));
			return false;
		}
		str_clear(&f->all[i].value);
		str_append(&f->all[i].value, str_span(&known->value));
	}
	return true;
}
