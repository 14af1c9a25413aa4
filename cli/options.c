/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "common/mem.h"
#include "common/nearest.h"
#include "common/settings_value.h"

enum { HELP_WIDTH = 80 };

static const struct {
	char letter;
	const char *name;
} short_names[] = { { 'v', "verbose" }, { 'h', "help" } };

static const struct setting *find_option(
		const struct verb *verb, struct span name, struct nearest *nearest)
{
	for (const struct setting *s = verb->options; s != NULL && s->name != NULL; s++) {
		if (span_equal_text(name, s->name))
			return s;
		nearest_offer(nearest, name, s->name);
	}
	return NULL;
}

int options_complain(const struct verb *verb, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "belfry %s: ", verb->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; see: belfry help %s\n", verb->name);
	return EXIT_USAGE;
}

static void complain_unknown(const struct verb *verb, struct span name, const char *nearest)
{
	struct str shown = { 0 };

	str_append_escaped(&shown, name);
	if (nearest != NULL)
		options_complain(verb, "--%s: unknown option, did you mean --%s?", str_text(&shown),
				nearest);
	else
		options_complain(verb, "--%s: unknown option", str_text(&shown));
	str_finish(&shown);
}

static bool set_option(
		const struct verb *verb, const struct setting *s, void *target, const char *value)
{
	struct str problem = { 0 };
	bool ok = true;

	if (s->kind == SETTING_TEXT && s->min == 0 && *value == '\0') {
		/* A settings file has no way to say "empty", a command line does. */
		char **field = (char **)(void *)((char *)target + s->offset);

		free(*field);
		*field = xstrdup("");
	} else if (!setting_parse(s, target, span_of_text(value), &problem)) {
		options_complain(verb, "--%s: %s", s->name, str_text(&problem));
		ok = false;
	}
	str_finish(&problem);
	return ok;
}

/* The name in "--name", "--name=value" or "-n"; empty when `word` is none of them. */
static struct span option_name(const char *word, const char **ret_value)
{
	struct span text = span_of_text(word);
	size_t equals = span_find(text, '=');

	*ret_value = NULL;
	for (size_t i = 0; text.len == 2 && i < array_size(short_names); i++) {
		if (word[0] == '-' && word[1] == short_names[i].letter)
			return span_of_text(short_names[i].name);
	}
	if (text.len < 3 || word[0] != '-' || word[1] != '-')
		return (struct span){ NULL, 0 };
	if (equals < text.len)
		*ret_value = word + equals + 1;
	return span_of(text.data + 2, equals - 2);
}

/* Read the option at argv[*at]; *at moves on to its value when that is a word of its own. */
static enum options_outcome read_option(
		const struct verb *verb, void *target, int argc, char **argv, int *at)
{
	struct nearest nearest = { 0 };
	const struct setting *s;
	const char *value;
	struct span name = option_name(argv[*at], &value);

	if (name.len == 0) {
		options_complain(verb, "'%s': unexpected word", argv[*at]);
		return OPTIONS_WRONG;
	}
	if (span_equal_text(name, "help")) {
		verb_print_help(verb, stdout);
		return OPTIONS_HELP;
	}
	s = find_option(verb, name, &nearest);
	if (s == NULL) {
		complain_unknown(verb, name, nearest.best);
		return OPTIONS_WRONG;
	}
	if (value == NULL && s->kind == SETTING_BOOL) {
		value = "true";
	} else if (value == NULL && s->flags & OPTION_MAY_BE_EMPTY &&
			(*at + 1 == argc || argv[*at + 1][0] == '-')) {
		value = "";
	} else if (value == NULL && *at + 1 < argc) {
		value = argv[++*at];
	} else if (value == NULL) {
		options_complain(verb, "--%s: needs a value", s->name);
		return OPTIONS_WRONG;
	}
	return set_option(verb, s, target, value) ? OPTIONS_READ : OPTIONS_WRONG;
}

enum options_outcome options_read(
		const struct verb *verb, void *target, int argc, char **argv, int *ret_command)
{
	enum options_outcome outcome = OPTIONS_READ;
	int i = 1;

	settings_init(verb->options, target);
	for (; i < argc && outcome == OPTIONS_READ; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		outcome = read_option(verb, target, argc, argv, &i);
	}
	*ret_command = i;
	return outcome;
}

enum options_outcome options_read_words(const struct verb *verb, void *target, int argc,
		char **argv, char **words, int *ret_count)
{
	enum options_outcome outcome = OPTIONS_READ;
	bool are_all_words = false;

	*ret_count = 0;
	settings_init(verb->options, target);
	for (int i = 1; i < argc && outcome == OPTIONS_READ; i++) {
		if (are_all_words || argv[i][0] != '-')
			words[(*ret_count)++] = argv[i];
		else if (strcmp(argv[i], "--") == 0)
			are_all_words = true;
		else
			outcome = read_option(verb, target, argc, argv, &i);
	}
	return outcome;
}

static const char *value_name(const struct setting *s)
{
	if (s->flags & OPTION_MAY_BE_EMPTY)
		return " [TEXT]";
	switch (s->kind) {
	case SETTING_NUMBER:
		return " N";
	case SETTING_SIZE:
		return " BYTES";
	case SETTING_DURATION:
		return " SECONDS";
	case SETTING_CHOICE:
	case SETTING_FLAGS:
		return " WORD";
	case SETTING_TEXT:
	case SETTING_LIST:
		return " TEXT";
	case SETTING_BOOL:
		break;
	}
	return "";
}

/* Words of a help text, in lines that fit a terminal. */
static void print_wrapped(const char *text, FILE *out)
{
	struct span rest = span_of_text(text);
	size_t column = 0;

	while (rest.data != NULL) {
		struct span word = span_cut(&rest, ' ');

		if (column == 0 || column + 1 + word.len > HELP_WIDTH) {
			fputs(column == 0 ? "     " : "\n     ", out);
			column = 5;
		}
		fprintf(out, " %.*s", SPAN_ARGS(word));
		column += 1 + word.len;
	}
	fputc('\n', out);
}

void options_print(const struct setting *table, FILE *out)
{
	for (; table->name != NULL; table++) {
		fprintf(out, "  --%s%s", table->name, value_name(table));
		if (table->initial != NULL && table->kind != SETTING_BOOL)
			fprintf(out, " (default %s)", table->initial);
		fputc('\n', out);
		print_wrapped(table->help, out);
	}
}
