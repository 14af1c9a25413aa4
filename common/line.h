/* SPDX-License-Identifier: MIT */
/*
 * Text as one line of a file or of a pipe, for readers who take a newline for the end of a record.
 */
#ifndef COMMON_LINE_H
#define COMMON_LINE_H

#include "common/str.h"

/*
 * Append `text` with \n, \r and \0 (two characters each) in the place of newlines, carriage returns
 * and NULs, and a newline behind it. All other bytes, backslashes too, stay as they are: a line of
 * JSON, which has none of the three, is the same line.
 */
void line_append(struct str *into, struct span text);

#endif
