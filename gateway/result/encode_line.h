/* SPDX-License-Identifier: MIT */
/*
 * What the encoders of the cores share: the text of a result within its limits. A core differs in
 * how it resolves escapes, and that is all a text_form says.
 */
#ifndef GATEWAY_RESULT_ENCODE_LINE_H
#define GATEWAY_RESULT_ENCODE_LINE_H

#include "gateway/result/encode.h"

/* How a core writes what cannot stand for itself. */
struct text_form {
	struct span newline;   /* between the lines of a text */
	struct span backslash; /* a `\` that is part of a text */
	/* One before an `n`, where the core would take both for a line end. */
	struct span backslash_n;
	bool keeps_bar;	 /* a `|` is nothing but a `|` */
	bool needs_text; /* the core refuses an empty text: the state's name stands in */
};

/* A line being written; nothing is written behind `end`. */
struct line {
	struct str *into;
	size_t end;
	const struct text_form *form;
};

/* The line that begins at the end of `into`. `max_line` as in encode.h; its newline has room. */
struct line line_begin(struct str *into, size_t max_line, const struct text_form *form);

/*
 * Append output, perfdata and long output within the line and `max_output`, as encode.h says.
 * Returns true when something was cut.
 */
bool line_append_result(
		const struct line *line, const struct check_result *result, size_t max_output);

/* Append a text on one line, its line ends as blanks. */
void line_append_word(const struct line *line, struct span text);

/* The digits of a number; at least `width` of them. */
void line_append_number(struct str *into, uint64_t value, size_t width);

/* When the check ran: `now` without a time of its own, or with one from the future. */
struct wall_time line_time(const struct check_result *result, struct wall_time now);

/* Are names and state of a kind that a command can hold? */
bool line_can_be_command(const struct check_result *result);

#endif
