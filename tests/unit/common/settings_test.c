/* SPDX-License-Identifier: MIT */
#include "common/settings.h"

#include <stdio.h>

#include "common/mem.h"
#include "common/settings_value.h"
#include "tests/unit/unit.h"

struct target {
	bool flag;
	uint64_t number, any, size, time;
	char *text, *name, *secret;
	struct text_list list;
	int choice;
	unsigned flags;
	struct block *block;
};

struct block {
	uint64_t limit;
	char *text;
};

#define T(type, field) SETTING_FIELD(struct target, type, field)
#define B(type, field) SETTING_FIELD(struct block, type, field)

static const struct setting_choice colours[] = { { "red", 7 }, { "green", -1 }, { NULL, 0 } };
static const struct setting_choice bits[] = { { "low", 1 }, { "high", 4 }, { NULL, 0 } };

/* clang-format off */
static const struct setting block_table[] = {
	{ "limit", SETTING_NUMBER, B(uint64_t, limit), 0, 9, "3", SETTING_REQUIRED, "A limit.", NULL },
	{ "text", SETTING_TEXT, B(char *, text), 0, 0, NULL, 0, "Another text.", NULL },
	{ NULL, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct setting table[] = {
	{ "flag", SETTING_BOOL, T(bool, flag), 0, 0, "true", 0, "A flag.", NULL },
	{ "number", SETTING_NUMBER, T(uint64_t, number), 10, 20, "15", 0, "A number.", NULL },
	{ "any", SETTING_NUMBER, T(uint64_t, any), 1, UINT64_MAX, "1", 0, "Any number.", NULL },
	{ "size", SETTING_SIZE, T(uint64_t, size), 64, 1048576, "2k", 0, "A size.", NULL },
	{ "time", SETTING_DURATION, T(uint64_t, time), 0, UINT64_MAX, "1m", 0, "A time.", NULL },
	{ "text", SETTING_TEXT, T(char *, text), 0, 10, NULL, 0, "A text.", NULL },
	{ "name", SETTING_TEXT, T(char *, name), 2, 4, "none", 0, "A name.", NULL },
	{ "secret", SETTING_TEXT, T(char *, secret), 0, 6, NULL, SETTING_SECRET, "A secret.", NULL },
	{ "list", SETTING_LIST, T(struct text_list, list), 0, 0, NULL, 0, "A list.", NULL },
	{ "colour", SETTING_CHOICE, T(int, choice), 0, 0, "red", 0, "A colour.", colours },
	{ "bits", SETTING_FLAGS, T(unsigned, flags), 0, 0, NULL, 0, "Bits.", bits },
	{ NULL, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};
/* clang-format on */

static bool open_block(void *owner, struct settings_line *line, struct settings_block *ret)
{
	struct target *t = owner;
	struct span name = settings_word(line);

	if (name.len == 0 || t->block != NULL)
		return settings_error(line, name, "is wrong; write: block NAME, once");
	t->block = xcalloc(1, sizeof(*t->block));
	settings_init(block_table, t->block);
	*ret = (struct settings_block){
		.table = block_table, .target = t->block, .title = "block"
	};
	return true;
}

static const struct settings_opener openers[] = {
	{ "block", "NAME", "Opens a block.", open_block, block_table },
	{ NULL, NULL, NULL, NULL, NULL },
};

static const struct settings_refusal refusals[] = {
	{ "old_word", "is not carried out; remove the line" },
	{ NULL, NULL },
};

static struct target target;
static struct settings_report report;

static int begin(void **unused)
{
	(void)unused;
	target = (struct target){ 0 };
	report = (struct settings_report){ 0 };
	settings_init(table, &target);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	if (target.block != NULL)
		settings_finish(block_table, target.block);
	free(target.block);
	settings_finish(table, &target);
	str_finish(&report.text);
	return 0;
}

static struct settings_grammar grammar_of(bool text_is_whole_line)
{
	return (struct settings_grammar){ .global = { .table = table, .target = &target },
		.openers = openers,
		.refusals = refusals,
		.include = "include_dir",
		.text_is_whole_line = text_is_whole_line };
}

static bool parse(const char *text, bool text_is_whole_line)
{
	struct settings_grammar grammar = grammar_of(text_is_whole_line);

	return settings_parse(span_of_text(text), "x.conf", &grammar, &target, &report);
}

static void defaults_come_from_the_table(void **unused)
{
	(void)unused;
	assert_true(target.flag);
	assert_int_equal(target.number, 15);
	assert_int_equal(target.size, 2048);
	assert_int_equal(target.time, 60);
	assert_null(target.text);
	assert_string_equal(target.name, "none");
	assert_int_equal(target.list.count, 0);
	assert_int_equal(target.choice, 7);
	assert_int_equal(target.flags, 0);
}

/* One line, and what it says; NULL: it is taken. */
static const struct {
	const char *line;
	const char *error;
} lines[] = {
	{ "", NULL },
	{ "   \t ", NULL },
	{ "# number 1", NULL },
	{ "  #number 1", NULL },
	{ "number 10", NULL },
	{ "number 20", NULL },
	{ "\tnumber\t20\r", NULL },
	{ "number 20 # why", NULL },
	{ "number 9", "x.conf:1: 'number': '9' is not a number from 10 to 20\n" },
	{ "number 21", "x.conf:1: 'number': '21' is not a number from 10 to 20\n" },
	{ "number", "x.conf:1: 'number': has no value; give a number from 10 to 20\n" },
	{ "number #", "x.conf:1: 'number': '#' is not a number from 10 to 20\n" },
	{ "number 15k", "x.conf:1: 'number': '15k' is not a number from 10 to 20\n" },
	{ "number -15", "x.conf:1: 'number': '-15' is not a number from 10 to 20\n" },
	{ "number 15 16", "x.conf:1: 'number': '15 16' is not a number from 10 to 20\n" },
	{ "any 18446744073709551615", NULL },
	{ "any 18446744073709551616",
			"x.conf:1: 'any': '18446744073709551616' is not a number, 1 or more\n" },
	{ "any 0", "x.conf:1: 'any': '0' is not a number, 1 or more\n" },
	{ "size 64", NULL },
	{ "size 1k", NULL },
	{ "size 1K", NULL },
	{ "size 1M", NULL },
	{ "size 63", "x.conf:1: 'size': '63' is not a size in bytes (k, M, G allowed) from 64 to "
		     "1048576\n" },
	{ "size 1025k", "x.conf:1: 'size': '1025k' is not a size in bytes (k, M, G allowed) from "
			"64 "
			"to 1048576\n" },
	{ "size 1G", "x.conf:1: 'size': '1G' is not a size in bytes (k, M, G allowed) from 64 to "
		     "1048576\n" },
	{ "size 17179869184G",
			"x.conf:1: 'size': '17179869184G' is not a size in bytes (k, M, G allowed) "
			"from 64 to 1048576\n" },
	{ "size k", "x.conf:1: 'size': 'k' is not a size in bytes (k, M, G allowed) from 64 to "
		    "1048576\n" },
	{ "size 1m", "x.conf:1: 'size': '1m' is not a size in bytes (k, M, G allowed) from 64 to "
		     "1048576\n" },
	{ "time 0", NULL },
	{ "time 584942417356y",
			"x.conf:1: 'time': '584942417356y' is not a time in seconds (s, m, h, "
			"d, w, y allowed), 0 or more\n" },
	{ "time 5M", "x.conf:1: 'time': '5M' is not a time in seconds (s, m, h, d, w, y allowed), "
		     "0 "
		     "or more\n" },
	{ "flag maybe", "x.conf:1: 'flag': 'maybe' is not true or false\n" },
	{ "flag True", "x.conf:1: 'flag': 'True' is not true or false\n" },
	{ "text 0123456789", NULL },
	{ "text 0123456789a", "x.conf:1: 'text': '0123456789a' is not text of at most 10 bytes\n" },
	{ "text", "x.conf:1: 'text': has no value; give text of at most 10 bytes\n" },
	{ "name ab", NULL },
	{ "name a", "x.conf:1: 'name': 'a' is not text of 2 to 4 bytes\n" },
	{ "name abcde", "x.conf:1: 'name': 'abcde' is not text of 2 to 4 bytes\n" },
	{ "secret hidden", NULL },
	{ "secret too long", "x.conf:1: 'secret': '***' is not text of at most 6 bytes\n" },
	{ "list", "x.conf:1: 'list': has no value; give text\n" },
	{ "colour green", NULL },
	{ "colour blue", "x.conf:1: 'colour': 'blue' is not one of red green\n" },
	{ "colour", "x.conf:1: 'colour': has no value; give one of red green\n" },
	{ "bits low high", "x.conf:1: 'bits': 'low high' is not one of low high\n" },
	{ "numbre 12", "x.conf:1: 'numbre': unknown keyword; did you mean 'number'?\n" },
	{ "color red", "x.conf:1: 'color': unknown keyword; did you mean 'colour'?\n" },
	{ "limits 1", "x.conf:1: 'limits': unknown keyword; did you mean 'limit'?\n" },
	{ "blok x", "x.conf:1: 'blok': unknown keyword; did you mean 'block'?\n" },
	{ "qwertyuiop", "x.conf:1: 'qwertyuiop': unknown keyword; --help lists the known ones\n" },
	{ "Number 12", "x.conf:1: 'Number': unknown keyword; did you mean 'number'?\n" },
	{ "\033[2J", "x.conf:1: '\\x1b[2J': unknown keyword; --help lists the known ones\n" },
	{ "limit 1", "x.conf:1: 'limit': belongs to a block; put it below a line: block NAME\n" },
	{ "old_word 5", "x.conf:1: 'old_word': is not carried out; remove the line\n" },
	{ "block", "x.conf:1: '': is wrong; write: block NAME, once\n"
		   "x.conf:1: 'limit': is missing from this block; add a line: limit ...\n" },
	{ "text a\ntext b",
			"x.conf:2: 'text': was given on line 1 already; remove one of the two\n" },
	{ "number 1\nflag x\n\nold_word",
			"x.conf:1: 'number': '1' is not a number from 10 to 20\n"
			"x.conf:2: 'flag': 'x' is not true or false\n"
			"x.conf:4: 'old_word': is not carried out; remove the line\n" },
	{ "block a\nlimit 10", "x.conf:2: 'limit': '10' is not a number from 0 to 9\n" },
	{ "\nblock a\ntext x\n",
			"x.conf:2: 'limit': is missing from this block; add a line: limit ...\n" },
	/* the lines of a block that failed to open are looked at all the same */
	{ "block\nlimit 10", "x.conf:1: '': is wrong; write: block NAME, once\n"
			     "x.conf:2: 'limit': '10' is not a number from 0 to 9\n" },
};

static void every_line_is_taken_or_refused_with_the_remedy(void **state)
{
	for (size_t i = 0; i < array_size(lines); i++) {
		print_message("%s\n", lines[i].line);
		assert_int_equal(parse(lines[i].line, false), lines[i].error == NULL);
		assert_string_equal(str_text(&report.text),
				lines[i].error != NULL ? lines[i].error : "");
		end(state);
		begin(state);
	}
}

static void a_refused_value_leaves_the_field_alone(void **unused)
{
	(void)unused;
	assert_false(parse("number 21\nsize 1\nflag 7\nname x\ncolour x\nbits x", false));
	assert_int_equal(report.errors, 6);
	assert_int_equal(target.number, 15);
	assert_int_equal(target.size, 2048);
	assert_true(target.flag);
	assert_string_equal(target.name, "none");
	assert_int_equal(target.choice, 7);
	assert_int_equal(target.flags, 0);
}

static void values_of_every_kind_reach_their_fields(void **unused)
{
	(void)unused;
	assert_true(parse("flag off\nnumber 12\nsize 3k\ntime 2w\ntext a b\nname xyz\n"
			  "secret hush\nlist one\nlist two words\ncolour green\nbits low\n"
			  "bits high\nblock b\nlimit 7\ntext inner",
			false));
	assert_false(target.flag);
	assert_int_equal(target.number, 12);
	assert_int_equal(target.size, 3072);
	assert_int_equal(target.time, 1209600);
	assert_string_equal(target.text, "a b");
	assert_string_equal(target.name, "xyz");
	assert_string_equal(target.secret, "hush");
	assert_int_equal(target.list.count, 2);
	assert_string_equal(target.list.texts[1], "two words");
	assert_int_equal(target.choice, -1);
	assert_int_equal(target.flags, 5);
	assert_int_equal(target.block->limit, 7);
	assert_string_equal(target.block->text, "inner");
}

static void every_word_for_yes_and_no_is_known(void **unused)
{
	static const char *const yes[] = { "true", "yes", "on", "1" };
	static const char *const no[] = { "false", "no", "off", "0" };

	(void)unused;
	for (size_t i = 0; i < 4; i++) {
		assert_true(settings_set(table, &target, "t", "flag", no[i], &report));
		assert_false(target.flag);
		assert_true(settings_set(table, &target, "t", "flag", yes[i], &report));
		assert_true(target.flag);
	}
}

static void units_multiply(void **unused)
{
	static const struct {
		const char *keyword, *value;
		uint64_t number;
	} rows[] = {
		{ "time", "7", 7 },
		{ "time", "7s", 7 },
		{ "time", "7m", 420 },
		{ "time", "7h", 25200 },
		{ "time", "7d", 604800 },
		{ "time", "2w", 1209600 },
		{ "time", "1y", 31536000 },
		{ "size", "64", 64 },
		{ "size", "1k", 1024 },
		{ "size", "1M", 1048576 },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		assert_true(settings_set(
				table, &target, "t", rows[i].keyword, rows[i].value, &report));
		assert_int_equal(rows[i].keyword[0] == 't' ? target.time : target.size,
				rows[i].number);
	}
}

static void a_comment_ends_a_value_but_not_a_topic_filter(void **unused)
{
	(void)unused;
	assert_true(parse("list #\nlist a/# # all\nlist a#b\nlist a #b", false));
	assert_int_equal(target.list.count, 4);
	assert_string_equal(target.list.texts[0], "#");
	assert_string_equal(target.list.texts[1], "a/#");
	assert_string_equal(target.list.texts[2], "a#b");
	assert_string_equal(target.list.texts[3], "a #b");
}

static void mosquitto_takes_the_whole_line_as_text(void **unused)
{
	(void)unused;
	assert_true(parse("text a # b\nlist c # d\nnumber 11 # e", true));
	assert_string_equal(target.text, "a # b");
	assert_string_equal(target.list.texts[0], "c # d");
	assert_int_equal(target.number, 11);
}

static void a_text_with_a_nul_is_refused(void **unused)
{
	struct settings_grammar grammar = grammar_of(true);

	(void)unused;
	assert_false(settings_parse(BYTES("text a\0b"), "x.conf", &grammar, &target, &report));
	assert_string_equal(str_text(&report.text),
			"x.conf:1: 'text': 'a\\x00b' is not text of at most 10 bytes\n");
	assert_null(target.text);
}

static void a_keyword_of_the_command_line_names_its_origin(void **unused)
{
	(void)unused;
	assert_false(settings_set(table, &target, "command line", "number", "1", &report));
	assert_false(settings_set(table, &target, "command line", "nothing", "1", &report));
	assert_string_equal(str_text(&report.text),
			"command line: 'number': '1' is not a number from 10 to 20\n"
			"command line: 'nothing': unknown keyword\n");
}

static void a_file_that_cannot_be_read_is_an_error(void **unused)
{
	struct settings_grammar grammar = grammar_of(false);

	(void)unused;
	assert_false(settings_load("/nonexistent/x", &grammar, NULL, &report));
	assert_string_equal(str_text(&report.text),
			"/nonexistent/x: cannot be read: No such file or directory; check the path "
			"after -c\n");
	assert_false(settings_load("/tmp", &grammar, NULL, &report));
	assert_int_equal(report.errors, 2);
}

static void a_file_is_read_to_its_end(void **unused)
{
	struct settings_grammar grammar = grammar_of(false);
	char path[] = "/tmp/belfry-settings-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	(void)unused;
	for (int i = 0; i < 20000; i++)
		fprintf(file, "# line %d\n", i);
	fputs("number 13", file); /* no line feed at the end */
	fclose(file);
	assert_true(settings_load(path, &grammar, NULL, &report));
	assert_int_equal(target.number, 13);
	unlink(path);
}

static void write_text(const char *folder, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
}

static void remove_folder(const char *folder, const char *const *names)
{
	char path[128];

	for (; *names != NULL; names++) {
		snprintf(path, sizeof(path), "%s/%s", folder, *names);
		unlink(path);
	}
	rmdir(folder);
}

/* The order is Mosquitto's; a block ends with its file. */
static void the_files_of_a_folder_are_read_in_the_place_of_its_line(void **unused)
{
	static const char *const names[] = { "00.conf", "A.conf", "a.conf", "B.conf", "c.txt",
		NULL };
	char folder[] = "/tmp/belfry-include-XXXXXX", text[256];
	struct settings_grammar grammar = grammar_of(false);
	struct text_list files = { 0 };
	struct settings_lines set_by = { 0 };

	(void)unused;
	grammar.files = &files;
	grammar.global.lines = &set_by;
	assert_non_null(mkdtemp(folder));
	write_text(folder, "B.conf", "list B\n");
	write_text(folder, "a.conf", "list a\n");
	write_text(folder, "A.conf", "list A\n\nnumber 12");
	write_text(folder, "00.conf", "list 0\n");
	write_text(folder, "c.txt", "no keyword\n");
	snprintf(text, sizeof(text), "list first\ninclude_dir %s\nlist last\n", folder);
	assert_true(settings_parse(span_of_text(text), "x.conf", &grammar, &target, &report));
	assert_int_equal(target.list.count, 6);
	assert_string_equal(target.list.texts[0], "first");
	assert_string_equal(target.list.texts[1], "0");
	assert_string_equal(target.list.texts[2], "A");
	assert_string_equal(target.list.texts[3], "a");
	assert_string_equal(target.list.texts[4], "B");
	assert_string_equal(target.list.texts[5], "last");
	assert_int_equal(settings_line_of(table, &set_by, "number"), 3);
	assert_non_null(strstr(settings_file_of(table, &set_by, "number"), "/A.conf"));
	remove_folder(folder, names);
	text_list_finish(&files);
}

static void errors_of_included_files_name_them(void **unused)
{
	static const char *const names[] = { "a.conf", NULL };
	char folder[] = "/tmp/belfry-include-XXXXXX", text[256], wanted[512];

	(void)unused;
	assert_non_null(mkdtemp(folder));
	write_text(folder, "a.conf", "number 1\ninclude_dir /tmp\n");
	snprintf(text, sizeof(text), "include_dir %s\nnumber 2\ninclude_dir /nonexistent/x",
			folder);
	assert_false(parse(text, false));
	snprintf(wanted, sizeof(wanted),
			"%s/a.conf:1: 'number': '1' is not a number from 10 to 20\n"
			"%s/a.conf:2: 'include_dir': stands in a file that was included; name the "
			"folder in the main file\n"
			"x.conf:2: 'number': '2' is not a number from 10 to 20\n"
			"x.conf:3: '/nonexistent/x': is no folder that can be read: No such file "
			"or directory\n",
			folder, folder);
	assert_string_equal(str_text(&report.text), wanted);
	remove_folder(folder, names);
}

static void help_tells_every_row_with_bounds_and_default(void **unused)
{
	struct settings_grammar grammar = grammar_of(false);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)unused;
	settings_print_help(out, &grammar);
	fclose(out);
	assert_non_null(strstr(text, "  number  (a number from 10 to 20; default 15)\n"
				     "      A number.\n"));
	assert_non_null(strstr(text, "  colour  (one of red green; default red)\n"));
	assert_non_null(strstr(text, "\nblock NAME\n      Opens a block.\n"
				     "  limit  (a number from 0 to 9; required)\n"));
	for (const struct setting *s = table; s->name != NULL; s++)
		assert_non_null(strstr(text, s->help));
	free(text);
}

/* The text that settings_print_mdoc() prints; free() it. */
static char *mdoc_of(const struct settings_grammar *grammar)
{
	static char *text;
	static size_t size;
	FILE *out = open_memstream(&text, &size);

	settings_print_mdoc(out, grammar);
	fclose(out);
	return text;
}

static void the_manual_tells_every_row_with_bounds_and_default(void **unused)
{
	struct settings_grammar grammar = grammar_of(false);
	char *text = mdoc_of(&grammar);

	(void)unused;
	assert_non_null(strstr(text, ".It Ic number Ar number\nA number.\n"
				     "Takes a number from 10 to 20.\nDefault:\n.Cm 15 .\n"));
	assert_non_null(strstr(text, ".It Ic flag Cm true | false\nA flag.\nDefault:\n"
				     ".Cm true .\n"));
	assert_non_null(strstr(text, ".El\n.Ss The section block\nOpened by:\n"
				     ".Ic block Ar NAME\n.Pp\nOpens a block.\n"
				     ".Bl -tag -width Ds\n.It Ic limit Ar number\nA limit.\n"
				     "Takes a number from 0 to 9.\nRequired.\n"));
	for (const struct setting *s = table; s->name != NULL; s++)
		assert_non_null(strstr(text, s->help));
	free(text);
}

/* clang-format off */
static const struct setting awkward[] = {
	{ "flag", SETTING_BOOL, T(bool, flag), 0, 0, NULL, SETTING_RESTART,
	  ".x is 'a' \\b `c` \"d\". With -d it isn't (whose own?) and so on for longer than one line of "
	  "a manual may be. A third.", NULL },
	{ "number", SETTING_NUMBER, T(uint64_t, number), 0, 20, NULL, SETTING_UNLIMITED, "N.", NULL },
	{ "limit", SETTING_NUMBER, T(uint64_t, any), 0, 9, "3", 0, "A limit.", NULL },
	{ "old_word", SETTING_TEXT, T(char *, text), 0, 0, NULL, 0, "Refused.", NULL },
	{ "text", SETTING_TEXT, T(char *, name), 0, 0, NULL, 0, "A text.", NULL },
	{ NULL, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};
/* clang-format on */

static void the_manual_has_markup_escaped_and_short_lines(void **unused)
{
	struct settings_grammar grammar = grammar_of(false);
	char *text;

	(void)unused;
	grammar.global.table = awkward;
	text = mdoc_of(&grammar);
	assert_non_null(strstr(text,
			"\n\\&.x is \\(aqa\\(aq \\eb \\(gac\\(ga \\(dqd\\(dq.\n"
			"With \\-d it isn\\(aqt (whose own?) and so on for longer than "
			"one line of a\nmanual may be.\nA third.\n"
			"A change takes effect at the next start.\n"));
	assert_non_null(strstr(text, "Takes a number from 0 to 20; \\-1 is read as 0.\n"));
	free(text);
}

static void the_manual_leaves_out_what_is_refused_and_what_a_block_tells(void **unused)
{
	struct settings_grammar grammar = grammar_of(false);
	char *text, *limit;

	(void)unused;
	grammar.global.table = awkward;
	text = mdoc_of(&grammar);
	assert_null(strstr(text, "old_word"));
	limit = strstr(text, ".It Ic limit");
	assert_non_null(limit);
	assert_null(strstr(limit + 1, ".It Ic limit"));
	assert_true(limit > strstr(text, ".Ss The section block"));
	assert_non_null(strstr(text, "A text.\n")); /* its namesake is another */
	free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(defaults_come_from_the_table),
		TEST(every_line_is_taken_or_refused_with_the_remedy),
		TEST(a_refused_value_leaves_the_field_alone),
		TEST(values_of_every_kind_reach_their_fields),
		TEST(every_word_for_yes_and_no_is_known),
		TEST(units_multiply),
		TEST(a_comment_ends_a_value_but_not_a_topic_filter),
		TEST(mosquitto_takes_the_whole_line_as_text),
		TEST(a_text_with_a_nul_is_refused),
		TEST(a_keyword_of_the_command_line_names_its_origin),
		TEST(a_file_that_cannot_be_read_is_an_error),
		TEST(a_file_is_read_to_its_end),
		TEST(the_files_of_a_folder_are_read_in_the_place_of_its_line),
		TEST(errors_of_included_files_name_them),
		TEST(help_tells_every_row_with_bounds_and_default),
		TEST(the_manual_tells_every_row_with_bounds_and_default),
		TEST(the_manual_has_markup_escaped_and_short_lines),
		TEST(the_manual_leaves_out_what_is_refused_and_what_a_block_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
