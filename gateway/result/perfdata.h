/* SPDX-License-Identifier: MIT */
/*
 * Performance data in the form of the plugin guidelines:
 *
 *     label=value[uom];warn;crit;min;max 'label with blanks'=value
 */
#ifndef GATEWAY_RESULT_PERFDATA_H
#define GATEWAY_RESULT_PERFDATA_H

#include "common/str.h"

/* Empty spans are left out. */
struct perfdata_item {
	struct span label;
	struct span value, uom;
	struct span warn, crit, min, max;
};

/*
 * Append one item, with a blank before it when something is there already. False when a part
 * could not be read back as what it is: a label is missing, a value or limit has blanks, quotes or
 * a `;`. Then nothing is appended.
 *
 * The value may carry unit and limits itself, as in "98%;80;90", when it is the only part.
 */
bool perfdata_append(struct str *into, const struct perfdata_item *item);

/* Append perfdata as it came, on one line, with a blank before it when something is there. */
void perfdata_append_line(struct str *into, struct span line);

/* One item as it is read back. Borrowed: valid until the next one is read. */
struct perfdata_metric {
	struct span label; /* without its quotes; never empty */
	struct span value; /* a number; empty: the plugin said U, not known */
	struct span unit;  /* "%", "s", "B", ...; may be empty */
	/* Empty, or a range of the plugin guidelines, "80", "10:20", "@~:5", as it stands. */
	struct span warn, crit;
	struct span min, max; /* a number, or empty */
};

/* Where the reading is. perfdata_reader_finish() gives its memory back. */
struct perfdata_reader {
	struct span rest;
	struct str label;
};

static inline struct perfdata_reader perfdata_reader_of(struct span perfdata)
{
	return (struct perfdata_reader){ .rest = perfdata };
}

void perfdata_reader_finish(struct perfdata_reader *r);

/*
 * The next item; false at the end. What is no item (a word without `=`, a value that is not a
 * number) is passed over, an unreadable limit is left out.
 */
bool perfdata_next(struct perfdata_reader *r, struct perfdata_metric *ret);

/*
 * Is it a number such as "-5", "+.5", "5." or "1e-3"? Not one that no double can hold, nor one of
 * more than 60 characters.
 */
bool perfdata_is_number(struct span text);

/* Append such a number as JSON, and so everybody else, wants it: "-5", "0.5", "5", "1e-3". */
void perfdata_append_number(struct str *into, struct span number);

#endif
