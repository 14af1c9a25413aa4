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

#endif
