/* SPDX-License-Identifier: MIT */
#include "common/settings_value.h"

bool settings_is_refused(const struct settings_grammar *grammar, const char *keyword)
{
	const struct settings_refusal *r = grammar->refusals;

	while (r != NULL && r->keyword != NULL && strcmp(r->keyword, keyword) != 0)
		r++;
	return r != NULL && r->keyword != NULL;
}

static void print_table(
		FILE *out, const struct settings_grammar *grammar, const struct setting *table)
{
	for (; table != NULL && table->name != NULL; table++) {
		struct str accepts = { 0 };

		if (settings_is_refused(grammar, table->name))
			continue;
		setting_describe(table, &accepts);
		fprintf(out, "  %s  (%s", table->name, str_text(&accepts));
		if (table->flags & SETTING_REQUIRED)
			fputs("; required", out);
		else if (table->initial != NULL)
			fprintf(out, "; default %s", table->initial);
		fprintf(out, ")\n      %s\n", table->help);
		str_finish(&accepts);
	}
}

void settings_print_help(FILE *out, const struct settings_grammar *grammar)
{
	const struct settings_opener *o = grammar->openers;

	print_table(out, grammar, grammar->global.table);
	for (; o != NULL && o->keyword != NULL; o++) {
		if (settings_is_refused(grammar, o->keyword))
			continue;
		fprintf(out, "\n%s %s\n      %s\n", o->keyword, o->usage, o->help);
		print_table(out, grammar, o->table);
	}
}
