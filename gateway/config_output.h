/* SPDX-License-Identifier: MIT */
/*
 * The `output` blocks: which types there are, built in or as plugins, and what is said of one that
 * is none.
 */
#ifndef GATEWAY_CONFIG_OUTPUT_H
#define GATEWAY_CONFIG_OUTPUT_H

#include "gateway/rules/config.h"

enum { CONFIG_OUTPUT_TYPES = 4 };

/* Those that are built in. */
extern const struct sink_class *const config_output_types[CONFIG_OUTPUT_TYPES];

/* Letters, digits and - _ . behind the first one; at most 64. */
bool config_name_is_plain(struct span name);

/* The opener of the block; `owner` is the struct config. */
bool config_open_output(void *owner, struct settings_line *line, struct settings_block *ret);

#endif
