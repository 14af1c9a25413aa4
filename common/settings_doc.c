/* SPDX-License-Identifier: MIT */
/*
 * The settings of a grammar as mdoc(7). Every sentence begins a line, as mdoc wants it, and no
 * line is longer than LINE_BYTES.
 */
#include "common/settings_value.h"

enum { LINE_BYTES = 78 };

/* What roff would take for markup, or print as a typographic sign. */
static const char *escape_of(uint8_t byte)
{
	switch (byte) {
	case '\\':
		return "\\e";
	case '\'':
		return "\\(aq";
	case '"':
		return "\\(dq";
	case '`':
		return "\\(ga";
	case '^':
		return "\\(ha";
	case '~':
		return "\\(ti";
	default:
		return NULL;
	}
}

static void append_escaped(struct str *into, struct span word)
{
	if (word.len > 0 && word.data[0] == '.')
		str_append_text(into, "\\&"); /* else a macro at the beginning of a line */
	if (word.len > 0 && word.data[0] == '-')
		str_append_text(into, "\\"); /* a minus, not a hyphen */
	for (size_t i = 0; i < word.len; i++) {
		const char *escape = escape_of(word.data[i]);

		if (escape != NULL)
			str_append_text(into, escape);
		else
			str_append_byte(into, (char)word.data[i]);
	}
}

static bool ends_sentence(struct span word)
{
	if (word.len > 1 && word.data[word.len - 1] == ')')
		word.len--;
	return word.len > 1 && word.data[word.len - 1] == '.';
}

void settings_print_mdoc_text(FILE *out, const char *text)
{
	struct span rest = span_of_text(text);
	size_t column = 0;

	while (rest.data != NULL) {
		struct span word = span_cut(&rest, ' ');
		struct str escaped = { 0 };

		append_escaped(&escaped, word);
		if (column > 0 && column + 1 + escaped.len > LINE_BYTES) {
			fputc('\n', out);
			column = 0;
		}
		fprintf(out, "%s%s", column > 0 ? " " : "", str_text(&escaped));
		column += escaped.len + (column > 0);
		str_finish(&escaped);
		if (column > 0 && (rest.data == NULL || ends_sentence(word))) {
			fputc('\n', out);
			column = 0;
		}
	}
}

/* What stands for the value beside the keyword. */
static const char *placeholder(enum setting_kind kind)
{
	switch (kind) {
	case SETTING_BOOL:
		return "Cm true | false";
	case SETTING_NUMBER:
		return "Ar number";
	case SETTING_SIZE:
		return "Ar size";
	case SETTING_DURATION:
		return "Ar time";
	case SETTING_CHOICE:
	case SETTING_FLAGS:
		return "Ar word";
	case SETTING_TEXT:
	case SETTING_LIST:
		break;
	}
	return "Ar text";
}

static void print_setting(FILE *out, const struct setting *s)
{
	struct str accepts = { 0 };

	fprintf(out, ".It Ic %s %s\n", s->name, placeholder(s->kind));
	settings_print_mdoc_text(out, s->help);
	if (s->kind != SETTING_BOOL) {
		str_append_text(&accepts, "Takes ");
		setting_describe(s, &accepts);
		str_append_text(&accepts,
				s->flags & SETTING_UNLIMITED ? "; -1 is read as 0." : ".");
		settings_print_mdoc_text(out, str_text(&accepts));
	}
	if (s->flags & SETTING_REQUIRED)
		settings_print_mdoc_text(out, "Required.");
	else if (s->initial != NULL)
		fprintf(out, "Default:\n.Cm %s .\n", s->initial);
	if (s->flags & SETTING_RESTART)
		settings_print_mdoc_text(out, "A change takes effect at the next start.");
	str_finish(&accepts);
}

static bool has_row(const struct setting *table, const struct setting *wanted)
{
	while (table != NULL && table->name != NULL &&
			(strcmp(table->name, wanted->name) != 0 ||
					strcmp(table->help, wanted->help) != 0))
		table++;
	return table != NULL && table->name != NULL;
}

/* A row that a block has too, word for word, is told of with the block. */
static bool is_of_block(const struct settings_grammar *grammar, const struct setting *s)
{
	const struct settings_opener *o = grammar->openers;

	while (o != NULL && o->keyword != NULL &&
			(settings_is_refused(grammar, o->keyword) || !has_row(o->table, s)))
		o++;
	return o != NULL && o->keyword != NULL;
}

static void print_table(FILE *out, const struct settings_grammar *grammar,
		const struct setting *table, bool is_global)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (; table != NULL && table->name != NULL; table++) {
		if (!settings_is_refused(grammar, table->name) &&
				!(is_global && is_of_block(grammar, table)))
			print_setting(out, table);
	}
	fputs(".El\n", out);
}

void settings_print_mdoc_list(FILE *out, const struct setting *table)
{
	const struct settings_grammar none = { 0 };

	print_table(out, &none, table, false);
}

void settings_print_mdoc(FILE *out, const struct settings_grammar *grammar)
{
	const struct settings_opener *o = grammar->openers;

	fputs(".Ss Global keywords\n", out);
	print_table(out, grammar, grammar->global.table, true);
	for (; o != NULL && o->keyword != NULL; o++) {
		if (settings_is_refused(grammar, o->keyword))
			continue;
		fprintf(out, ".Ss The section %s\n", o->keyword);
		fprintf(out, "Opened by:\n.Ic %s Ar %s\n.Pp\n", o->keyword, o->usage);
		settings_print_mdoc_text(out, o->help);
		print_table(out, grammar, o->table, false);
	}
}
