/* SPDX-License-Identifier: MIT */
/*
 * The terminal while the live picture is shown: the alternate screen, no cursor, keys at once
 * and without echo. screen_close() puts everything back.
 */
#ifndef CLI_DEMO_SCREEN_H
#define CLI_DEMO_SCREEN_H

#include <termios.h>

#include "common/str.h"

struct screen {
	bool is_open;
	bool has_keys; /* stdin is the terminal, in the foreground */
	struct termios saved;
};

void screen_open(struct screen *s);
void screen_close(struct screen *s);
void screen_write(const struct str *text);

/* Size of the terminal; 80 x 24 when it does not say. */
void screen_size(unsigned *ret_columns, unsigned *ret_rows);

#endif
