/* SPDX-License-Identifier: MIT */
/*
 * A table for a terminal: cells are gathered, then printed in columns as wide as their widest
 * cell. Zeroed memory is an empty one.
 */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include "cli/show.h"

enum { MAX_COLUMNS = 32 };

struct column_cell {
	char *text;
	enum colour colour;
	bool is_right; /* flush */
	bool is_last;  /* of its row */
};

struct columns {
	struct column_cell *cells;
	size_t count, capacity;
};

/* Escaped by the caller where a stranger chose it. */
void columns_text(struct columns *c, enum colour colour, const char *text);
/* As above, with the contents of `text`, which is empty then; flush right. */
void columns_figure(struct columns *c, enum colour colour, struct str *text);
/* What was added since the last one is a row. Cells beyond MAX_COLUMNS are not shown. */
void columns_end_row(struct columns *c);

/* Print with two blanks between columns and `indent` in front, and forget all. */
void columns_print(struct columns *c, const char *indent, bool colours, FILE *out);

#endif
