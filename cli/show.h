/* SPDX-License-Identifier: MIT */
/*
 * Figures and texts as people read them on a terminal.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <stdio.h>

#include "common/str.h"

/* "1.4 MB" */
void show_bytes(struct str *into, double bytes);

/* "0.3 s", "12 s", "3 min 5 s", "2 h 3 min", "3 d 4 h"; 0 is "0 s", what is negative counts as 0.
 */
void show_seconds(struct str *into, double seconds);

/* "0", "0.25", "3.1", "1234": three digits that count. */
void show_number(struct str *into, double number);

enum colour {
	COLOUR_NONE,
	COLOUR_GREEN,
	COLOUR_YELLOW,
	COLOUR_RED,
	COLOUR_MAGENTA,
	COLOUR_DIM,
	COLOUR_BOLD,
};

/* May `out` be written to in colours: a terminal, and NO_COLOR is not set. */
bool colours_wanted(FILE *out);

/* The sequence that begins it, and the one that ends any but COLOUR_NONE; "" without colours. */
const char *colour_on(enum colour colour, bool wanted);
const char *colour_off(enum colour colour, bool wanted);

/* Of a state's word such as "CRITICAL" or "UP". */
enum colour colour_of_state(const char *state);

#endif
