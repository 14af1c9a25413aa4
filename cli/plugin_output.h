/* SPDX-License-Identifier: MIT */
/*
 * What a Nagios plugin prints, taken apart as its guidelines say:
 *
 *     DISK CRITICAL - / is full | /=98%;80;90        output | perfdata
 *     further text                                   long output
 *     last line of it | /home=12%                    a `|` ends the text: from here on
 *     /var=40%                                       everything is perfdata
 */
#ifndef CLI_PLUGIN_OUTPUT_H
#define CLI_PLUGIN_OUTPUT_H

#include "common/str.h"

/* Zeroed memory is valid and empty. */
struct plugin_output {
	struct span output, long_output; /* borrowed from the text */
	struct str perfdata;		 /* of all lines, joined with blanks */
};

void plugin_output_split(struct span text, struct plugin_output *ret);
void plugin_output_finish(struct plugin_output *o);

#endif
