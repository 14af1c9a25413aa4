/* SPDX-License-Identifier: MIT */
#include "cli/columns.h"

#include "common/mem.h"
#include "common/utf8.h"

static void add(struct columns *c, enum colour colour, char *text, bool is_right)
{
	c->cells = grow_array(c->cells, c->count, &c->capacity, sizeof(*c->cells));
	c->cells[c->count++] = (struct column_cell){ text, colour, is_right, false };
}

void columns_text(struct columns *c, enum colour colour, const char *text)
{
	add(c, colour, xstrdup(text), false);
}

void columns_figure(struct columns *c, enum colour colour, struct str *text)
{
	add(c, colour, str_take(text), true);
}

void columns_end_row(struct columns *c)
{
	if (c->count > 0)
		c->cells[c->count - 1].is_last = true;
}

/* In characters. */
static size_t width_of(const char *text)
{
	struct span rest = span_of_text(text);
	size_t width = 0;

	for (; rest.len > 0; width++) {
		uint32_t code;
		size_t len = utf8_decode(rest, &code);

		rest = span_from(rest, len > 0 ? len : 1);
	}
	return width;
}

static void measure(const struct columns *c, size_t widths[MAX_COLUMNS])
{
	size_t column = 0;

	for (size_t i = 0; i < c->count; i++) {
		size_t width = width_of(c->cells[i].text);

		if (column < MAX_COLUMNS && width > widths[column])
			widths[column] = width;
		column = c->cells[i].is_last ? 0 : column + 1;
	}
}

static void print_cell(const struct column_cell *cell, size_t width, bool colours, FILE *out)
{
	size_t gap = width - width_of(cell->text);

	if (cell->is_right)
		fprintf(out, "%*s", (int)gap, "");
	fprintf(out, "%s%s%s", colour_on(cell->colour, colours), cell->text,
			colour_off(cell->colour, colours));
	if (!cell->is_right && !cell->is_last)
		fprintf(out, "%*s", (int)gap, "");
}

void columns_print(struct columns *c, const char *indent, bool colours, FILE *out)
{
	size_t widths[MAX_COLUMNS] = { 0 };
	size_t column = 0;

	measure(c, widths);
	for (size_t i = 0; i < c->count; i++) {
		const struct column_cell *cell = &c->cells[i];

		if (column < MAX_COLUMNS) {
			fputs(column == 0 ? indent : "  ", out);
			print_cell(cell, widths[column], colours, out);
		}
		if (cell->is_last)
			fputc('\n', out);
		column = cell->is_last ? 0 : column + 1;
		free(cell->text);
	}
	free(c->cells);
	*c = (struct columns){ 0 };
}
