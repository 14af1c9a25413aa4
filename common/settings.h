/* SPDX-License-Identifier: MIT */
/*
 * Settings: one table per section is the only place where a keyword is known.
 *
 * The grammar is mosquitto.conf's: a keyword and its value on a line, `#` comments, and blocks
 * that a keyword opens (`listener 1883`, `output nagios command_file`) and that last until the
 * next one opens. A keyword is looked up in the open block's table, then in the global one.
 *
 * A row of a table says name, kind, where in the section's struct the value goes, bounds,
 * default, and what an operator should know. From it come parsing, the check of bounds, defaults
 * (which run through the same parser, so that a default cannot be out of bounds), --help, and
 * the errors. All errors of a file are collected, each names file, line, word and remedy.
 */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include "common/str.h"

#include <stdio.h>

enum setting_kind {
	SETTING_BOOL,	  /* bool; true, yes, on, 1 or false, no, off, 0 */
	SETTING_NUMBER,	  /* uint64_t in min..max */
	SETTING_SIZE,	  /* uint64_t bytes in min..max, with an optional k, M or G (1024s) */
	SETTING_DURATION, /* uint64_t seconds in min..max, with an optional s, m, h, d, w, or y */
	SETTING_TEXT,	  /* char *, owned, NULL when not set; length in bytes in min..max */
	SETTING_LIST,	  /* struct text_list, owned; each line adds one text */
	SETTING_CHOICE,	  /* int; one of `choices` */
	SETTING_FLAGS,	  /* unsigned; each line sets the bit of one of `choices` */
};

enum setting_flag {
	SETTING_REQUIRED = 1,  /* an error when the section ends without it */
	SETTING_SECRET = 2,    /* never printed */
	SETTING_UNLIMITED = 4, /* of a number: -1, as some files write "no limit", is 0 */
	SETTING_RESTART = 8,   /* a change takes effect at the next start */
};

struct setting_choice {
	const char *word; /* NULL ends the list */
	int value;
};

struct text_list {
	char **texts;
	unsigned *lines; /* of the file, that each text was read from; 0: from elsewhere */
	size_t count;
	size_t capacity;
};

enum { SETTINGS_MAX_ROWS = 128 };

/* Which line set each row of a table first; 0: none. For checks that come after the reading. */
struct settings_lines {
	unsigned of_row[SETTINGS_MAX_ROWS];
	const char *file_of_row[SETTINGS_MAX_ROWS]; /* lives as long as the grammar's `files` */
};

struct setting {
	const char *name; /* NULL ends the table */
	enum setting_kind kind;
	size_t offset; /* SETTING_FIELD() */
	uint64_t min, max;
	const char *initial; /* NULL: zero, NULL, empty */
	unsigned flags;
	const char *help; /* one or two sentences, for --help and the manual */
	const struct setting_choice *choices;
};

/*
 * The offset of a field, with the proof that it has the type its kind wants:
 * SETTING_FIELD(struct listener_config, uint64_t, max_connections).
 */
#define SETTING_FIELD(T, type, field)                                                              \
	(offsetof(T, field) + 0 * sizeof((type *)0 == &((T *)0)->field))

/* What went wrong while reading; finished with str_finish(&report.text). */
struct settings_report {
	struct str text; /* one line per error, each ended by a newline */
	unsigned errors;
};

/* The line under the reader. `rest` shrinks as words are taken from it. */
struct settings_line {
	const char *file;
	unsigned number;
	struct span keyword;
	struct span rest;
	struct settings_report *report;
};

/*
 * Add the error "FILE:LINE: 'WORD': what" to the line's report. `what` names the remedy too.
 * Always returns false.
 */
bool settings_error(const struct settings_line *line, struct span word, const char *what, ...)
		PRINTF_LIKE(3, 4);

/*
 * Go on to the next line of the text that says something, passing over empty ones and comments:
 * `rest` is what it says without blanks and CR at its ends, `number` its place. False at the end.
 *
 *     struct settings_line line = { .file = name, .report = report };
 *
 *     while (settings_next_line(&line, &text))
 *             ...
 */
bool settings_next_line(struct settings_line *line, struct span *text);

/* Take the next blank-separated word of the line; empty at its end. */
struct span settings_word(struct settings_line *line);

/* Where the lines after an opening keyword go. Tables and target are borrowed. */
struct settings_block {
	const struct setting *table;
	void *target;
	const char *title;	      /* "listener", "output"; for errors */
	struct settings_lines *lines; /* filled while reading; NULL: not wanted */
	/*
	 * Of a block that failed to open: nobody knows its keywords. Its lines are passed over, but
	 * for those with a keyword of the global table.
	 */
	bool is_unknown;
};

struct settings_opener {
	const char *keyword; /* NULL ends the list */
	const char *usage;   /* "PORT [ADDRESS]" */
	const char *help;
	/*
	 * Read the arguments of `line`, create the block's struct with its defaults
	 * (settings_init) and fill *ret. False after settings_error(): the lines of the block are
	 * then read against no struct at all, so that their own errors are still found, by
	 * ret->table if that was filled in, else by `table`, unless ret->is_unknown.
	 */
	bool (*open)(void *owner, struct settings_line *line, struct settings_block *ret);
	const struct setting *table; /* for --help, and for lines of a block that failed to open */
};

/* A keyword of the field that is known and not carried out: refused by name, never ignored. */
struct settings_refusal {
	const char *keyword; /* NULL ends the list */
	const char *why;     /* ends the sentence "'keyword' ..." and says what to do instead */
};

struct settings_grammar {
	struct settings_block global;
	const struct settings_opener *openers;	 /* may be NULL */
	const struct settings_refusal *refusals; /* may be NULL; looked up before anything else */
	/*
	 * The keyword whose value is a folder, of which every file "*.conf" is read in its place,
	 * in the order of their names; NULL: none. The files read are added to `files`.
	 */
	const char *include;
	struct text_list *files;
	/*
	 * A value may be followed by " # comment". Mosquitto takes the whole line as the value of
	 * a text keyword; true keeps its meaning for those.
	 */
	bool text_is_whole_line;
};

/* Set every field of the table to its default. The target is zeroed memory. */
void settings_init(const struct setting *table, void *target);

/* Give back what the texts and lists of the target own. */
void settings_finish(const struct setting *table, void *target);

/*
 * Read a file. `owner` is handed to the openers. True when the report gained no error.
 */
bool settings_load(const char *path, const struct settings_grammar *grammar, void *owner,
		struct settings_report *report);

/* The same for text in memory; `name` stands for the file in errors. */
bool settings_parse(struct span text, const char *name, const struct settings_grammar *grammar,
		void *owner, struct settings_report *report);

/* Set one keyword, as from a command line. `origin` stands for file and line in errors. */
bool settings_set(const struct setting *table, void *target, const char *origin,
		const char *keyword, const char *value, struct settings_report *report);

/* The settings of a grammar with value, bounds, default and help, for --help. */
void settings_print_help(FILE *out, const struct settings_grammar *grammar);

/*
 * The same as mdoc(7), for the manual: a subsection with a list for the global table and for each
 * block. A keyword that stands in both is left to the block.
 */
void settings_print_mdoc(FILE *out, const struct settings_grammar *grammar);

/* A table by itself as a list of mdoc(7). */
void settings_print_mdoc_list(FILE *out, const struct setting *table);

/* A text as lines of mdoc(7): a line for each sentence, none too long, escaped. */
void settings_print_mdoc_text(FILE *out, const char *text);

/* The line that set `keyword`; 0 when none did. */
unsigned settings_line_of(const struct setting *table, const struct settings_lines *lines,
		const char *keyword);

/* The file of that line; NULL when none did. */
const char *settings_file_of(const struct setting *table, const struct settings_lines *lines,
		const char *keyword);

/*
 * Call `differs` for each row whose value is another in `after` than in `before`; rows that follow
 * one of the same field are other names of it and passed over.
 */
void settings_compare(const struct setting *table, const void *before, const void *after,
		void *owner, void (*differs)(void *owner, const struct setting *setting));

/* Append the value, for people: "not given" when there is none, "***" for a secret. */
void setting_print(const struct setting *setting, const void *target, struct str *into);

void text_list_add(struct text_list *list, struct span text);
void text_list_finish(struct text_list *list);

#endif
