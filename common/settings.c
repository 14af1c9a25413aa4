/* SPDX-License-Identifier: MIT */
#include "common/settings.h"

#include <assert.h>

#include "common/mem.h"
#include "common/nearest.h"
#include "common/settings_file.h"
#include "common/settings_value.h"

/* A section being read, with the line that set each keyword first. */
struct open_block {
	struct settings_block block;
	unsigned opened_at;
	unsigned *first_line; /* per row of the table, 0 = not given */
};

struct parse {
	const struct settings_grammar *grammar;
	void *owner;
	struct open_block global;
	struct open_block current; /* table NULL while no block is open */
	struct settings_line line;
	bool is_included; /* the file is one of a folder */
	bool is_unknown;  /* the block is one whose keywords nobody knows */
};

static bool try_include(struct parse *p);

static size_t table_size(const struct setting *table)
{
	size_t n = 0;

	while (table != NULL && table[n].name != NULL)
		n++;
	return n;
}

void text_list_add(struct text_list *list, struct span text)
{
	size_t before = list->capacity;

	list->texts = grow_array(list->texts, list->count, &list->capacity, sizeof(char *));
	if (list->capacity > before)
		list->lines = xrealloc(list->lines, list->capacity * sizeof(*list->lines));
	list->lines[list->count] = 0;
	list->texts[list->count++] = span_dup_text(text);
}

void text_list_finish(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->texts[i]);
	free(list->texts);
	free(list->lines);
	*list = (struct text_list){ 0 };
}

void settings_init(const struct setting *table, void *target)
{
	struct str problem = { 0 };

	for (; table->name != NULL; table++) {
		if (table->initial != NULL &&
				!setting_parse(table, target, span_of_text(table->initial),
						&problem))
			abort(); /* a default of ours that its own row refuses */
	}
	str_finish(&problem);
}

void settings_finish(const struct setting *table, void *target)
{
	for (; table->name != NULL; table++) {
		void *field = (char *)target + table->offset;

		if (table->kind == SETTING_LIST) {
			text_list_finish(field);
		} else if (table->kind == SETTING_TEXT) {
			char **text = field;

			if (*text != NULL && table->flags & SETTING_SECRET)
				wipe(*text, strlen(*text));
			free(*text);
			*text = NULL;
		}
	}
}

bool settings_error(const struct settings_line *line, struct span word, const char *what, ...)
{
	struct str *text = &line->report->text;
	va_list args;

	str_append_text(text, line->file);
	if (line->number > 0)
		str_printf(text, ":%u", line->number);
	str_append_text(text, ": '");
	str_append_escaped(text, word);
	str_append_text(text, "': ");
	va_start(args, what);
	str_vprintf(text, what, args);
	va_end(args);
	str_append_byte(text, '\n');
	line->report->errors++;
	return false;
}

bool settings_next_line(struct settings_line *line, struct span *text)
{
	while (text->data != NULL) {
		line->number++;
		line->rest = span_trim(span_cut(text, '\n'));
		if (line->rest.len > 0 && line->rest.data[0] != '#')
			return true;
	}
	return false;
}

struct span settings_word(struct settings_line *line)
{
	struct span rest = span_trim(line->rest);
	size_t len = 0;

	while (len < rest.len && !is_blank(rest.data[len]))
		len++;
	line->rest = span_trim(span_from(rest, len));
	return span_first(rest, len);
}

/*
 * Cut " # comment" off a value. A lone `#` as its first word is a topic filter, not a comment,
 * and so is one inside a word.
 */
static struct span without_comment(struct span value)
{
	for (size_t i = 1; i < value.len; i++) {
		bool ends_word = i + 1 == value.len || is_blank(value.data[i + 1]);

		if (value.data[i] == '#' && is_blank(value.data[i - 1]) && ends_word)
			return span_trim(span_first(value, i));
	}
	return value;
}

static const struct setting *find_setting(const struct setting *table, struct span keyword)
{
	for (; table != NULL && table->name != NULL; table++) {
		if (span_equal_text(keyword, table->name))
			return table;
	}
	return NULL;
}

unsigned settings_line_of(const struct setting *table, const struct settings_lines *lines,
		const char *keyword)
{
	const struct setting *setting = find_setting(table, span_of_text(keyword));

	return setting != NULL ? lines->of_row[setting - table] : 0;
}

const char *settings_file_of(const struct setting *table, const struct settings_lines *lines,
		const char *keyword)
{
	const struct setting *setting = find_setting(table, span_of_text(keyword));

	return setting != NULL ? lines->file_of_row[setting - table] : NULL;
}

/* Remember where the value came from, for checks that come later. */
static void note_line(const struct parse *p, struct open_block *open, const struct setting *setting)
{
	size_t row = (size_t)(setting - open->block.table);

	if (open->first_line[row] == 0) {
		open->first_line[row] = p->line.number;
		if (open->block.lines != NULL) {
			open->block.lines->of_row[row] = p->line.number;
			open->block.lines->file_of_row[row] = p->line.file;
		}
	}
	if (setting->kind == SETTING_LIST && open->block.target != NULL) {
		struct text_list *list = (void *)((char *)open->block.target + setting->offset);

		if (list->count > 0)
			list->lines[list->count - 1] = p->line.number;
	}
}

static void apply(struct parse *p, struct open_block *open, const struct setting *setting)
{
	size_t row = (size_t)(setting - open->block.table);
	bool is_text = setting->kind == SETTING_TEXT;
	bool keep = p->grammar->text_is_whole_line && (is_text || setting->kind == SETTING_LIST);
	struct span value = keep ? p->line.rest : without_comment(p->line.rest);
	struct str problem = { 0 };

	if (is_text && open->first_line[row] > 0)
		settings_error(&p->line, p->line.keyword,
				"was given on line %u already; remove one of the two",
				open->first_line[row]);
	else if (!setting_parse(setting, open->block.target, value, &problem))
		settings_error(&p->line, p->line.keyword, "%s", str_text(&problem));
	note_line(p, open, setting);
	str_finish(&problem);
}

static void open_block_start(struct open_block *open, struct settings_block block, unsigned line)
{
	assert(table_size(block.table) <= SETTINGS_MAX_ROWS);
	open->block = block;
	open->opened_at = line;
	open->first_line = xcalloc(table_size(block.table), sizeof(unsigned));
}

/* Report the required keywords that the section did not bring. */
static void open_block_end(struct parse *p, struct open_block *open)
{
	struct settings_line at = p->line;
	size_t rows = table_size(open->block.table);

	at.number = open->opened_at;
	for (size_t i = 0; i < rows; i++) {
		const struct setting *s = &open->block.table[i];

		if (s->flags & SETTING_REQUIRED && open->first_line[i] == 0)
			settings_error(&at, span_of_text(s->name),
					"is missing%s%s; add a line: %s ...",
					open->block.title != NULL ? " from this " : "",
					open->block.title != NULL ? open->block.title : "",
					s->name);
	}
	free(open->first_line);
	*open = (struct open_block){ 0 };
}

static bool try_opener(struct parse *p)
{
	const struct settings_opener *o = p->grammar->openers;
	struct settings_block block = { 0 };

	for (; o != NULL && o->keyword != NULL; o++) {
		if (!span_equal_text(p->line.keyword, o->keyword))
			continue;
		if (p->current.block.table != NULL)
			open_block_end(p, &p->current);
		p->line.rest = without_comment(p->line.rest);
		if (!o->open(p->owner, &p->line, &block))
			block = (struct settings_block){
				.table = block.table != NULL || block.is_unknown ? block.table
										 : o->table,
				.title = o->keyword,
				.is_unknown = block.is_unknown,
			};
		p->is_unknown = block.is_unknown;
		if (block.table != NULL)
			open_block_start(&p->current, block, p->line.number);
		return true;
	}
	return false;
}

static bool try_refusal(struct parse *p)
{
	const struct settings_refusal *r = p->grammar->refusals;

	for (; r != NULL && r->keyword != NULL; r++) {
		if (span_equal_text(p->line.keyword, r->keyword)) {
			settings_error(&p->line, p->line.keyword, "%s", r->why);
			return true;
		}
	}
	return false;
}

static void offer_table(struct nearest *n, struct span word, const struct setting *table)
{
	for (; table != NULL && table->name != NULL; table++)
		nearest_offer(n, word, table->name);
}

static void report_unknown(struct parse *p)
{
	struct nearest n = { 0 };
	const struct settings_opener *o = p->grammar->openers;

	offer_table(&n, p->line.keyword, p->current.block.table);
	offer_table(&n, p->line.keyword, p->global.block.table);
	for (; o != NULL && o->keyword != NULL; o++) {
		nearest_offer(&n, p->line.keyword, o->keyword);
		offer_table(&n, p->line.keyword, o->table);
	}
	if (n.best != NULL)
		settings_error(&p->line, p->line.keyword, "unknown keyword; did you mean '%s'?",
				n.best);
	else
		settings_error(&p->line, p->line.keyword,
				"unknown keyword; --help lists the known ones");
}

/* The keyword belongs to a block, but none of that kind is open. */
static bool try_misplaced(struct parse *p)
{
	const struct settings_opener *o = p->grammar->openers;

	for (; o != NULL && o->keyword != NULL; o++) {
		if (find_setting(o->table, p->line.keyword) != NULL) {
			settings_error(&p->line, p->line.keyword,
					"belongs to a block; put it below a line: %s %s",
					o->keyword, o->usage);
			return true;
		}
	}
	return false;
}

static void parse_line(struct parse *p)
{
	const struct setting *setting;

	p->line.keyword = settings_word(&p->line);
	if (try_refusal(p) || try_include(p) || try_opener(p))
		return;
	if ((setting = find_setting(p->current.block.table, p->line.keyword)) != NULL)
		apply(p, &p->current, setting);
	else if ((setting = find_setting(p->global.block.table, p->line.keyword)) != NULL)
		apply(p, &p->global, setting);
	else if (!p->is_unknown && !try_misplaced(p))
		report_unknown(p);
}

static void parse_text(struct parse *p, struct span text)
{
	while (settings_next_line(&p->line, &text))
		parse_line(p);
	if (p->current.block.table != NULL)
		open_block_end(p, &p->current);
}

/* The grammar keeps the name, for who asks later where a value came from. */
static const char *keep_name(const struct settings_grammar *grammar, const char *name)
{
	if (grammar->files == NULL)
		return name;
	text_list_add(grammar->files, span_of_text(name));
	return grammar->files->texts[grammar->files->count - 1];
}

bool settings_parse(struct span text, const char *name, const struct settings_grammar *grammar,
		void *owner, struct settings_report *report)
{
	struct parse p = { .grammar = grammar,
		.owner = owner,
		.line = { .file = keep_name(grammar, name), .report = report } };
	unsigned errors = report->errors;

	open_block_start(&p.global, grammar->global, 0);
	parse_text(&p, text);
	open_block_end(&p, &p.global);
	return report->errors == errors;
}

/* A file of its own: what block is open here does not reach into it, nor one of it out. */
static void parse_included(struct parse *p, const char *path)
{
	struct settings_line line = p->line;
	struct open_block current = p->current;
	bool is_unknown = p->is_unknown;
	struct str text = { 0 };
	int error = settings_read_file(path, &text);

	if (error < 0) {
		settings_error(&p->line, span_of_text(path), "cannot be read: %s",
				strerror(-error));
	} else {
		p->current = (struct open_block){ 0 };
		p->is_unknown = false;
		p->line = (struct settings_line){ .file = keep_name(p->grammar, path),
			.report = line.report };
		p->is_included = true;
		parse_text(p, str_span(&text));
		p->is_included = false;
	}
	wipe(text.text, text.len);
	str_finish(&text);
	p->line = line;
	p->current = current;
	p->is_unknown = is_unknown;
}

static bool try_include(struct parse *p)
{
	struct text_list paths = { 0 };
	int error;

	if (p->grammar->include == NULL || !span_equal_text(p->line.keyword, p->grammar->include))
		return false;
	if (p->is_included) {
		settings_error(&p->line, p->line.keyword,
				"stands in a file that was included; name the folder in the main "
				"file");
		return true;
	}
	error = settings_list_folder(p->line.rest, &paths);
	if (error < 0)
		settings_error(&p->line, p->line.rest, "is no folder that can be read: %s",
				strerror(-error));
	for (size_t i = 0; i < paths.count; i++)
		parse_included(p, paths.texts[i]);
	text_list_finish(&paths);
	return true;
}

bool settings_load(const char *path, const struct settings_grammar *grammar, void *owner,
		struct settings_report *report)
{
	struct str text = { 0 };
	int error = settings_read_file(path, &text);
	bool ok = false;

	if (error < 0) {
		str_printf(&report->text, "%s: cannot be read: %s; check the path after -c\n", path,
				strerror(-error));
		report->errors++;
	} else {
		ok = settings_parse(str_span(&text), path, grammar, owner, report);
	}
	wipe(text.text, text.len);
	str_finish(&text);
	return ok;
}

bool settings_set(const struct setting *table, void *target, const char *origin,
		const char *keyword, const char *value, struct settings_report *report)
{
	struct settings_line line = { .file = origin, .report = report };
	const struct setting *setting = find_setting(table, span_of_text(keyword));
	struct str problem = { 0 };
	bool ok;

	if (setting == NULL)
		return settings_error(&line, span_of_text(keyword), "unknown keyword");
	ok = setting_parse(setting, target, span_of_text(value), &problem);
	if (!ok)
		settings_error(&line, span_of_text(keyword), "%s", str_text(&problem));
	str_finish(&problem);
	return ok;
}
