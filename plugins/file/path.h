/* SPDX-License-Identifier: MIT */
/*
 * Paths that are made from topics. What a publisher chooses may name a file, and folders where the
 * template has them, but never leads out of the folder that the template itself names:
 *
 *     /var/log/belfry/${topic[1]}/${topic[2]}-${time:%F}.log
 *     └─── base ─────┘           └ as many levels below it as the template has
 *
 * Pure: nothing here looks at the disk.
 */
#ifndef PLUGINS_FILE_PATH_H
#define PLUGINS_FILE_PATH_H

#include "common/str.h"
#include "plugins/relay.h"

enum { PATH_BYTES = 4095, PATH_PART_BYTES = 255 };

/* What a template allows. Zeroed memory may be finished. */
struct path_rule {
	char *base;	    /* owned; ends in a slash */
	size_t base_len;    /* with that slash */
	size_t slashes;	    /* that the template has behind it */
	bool is_constant;   /* all records go into one file */
	bool ends_in_field; /* a publisher chooses how names end */
	size_t reserved;    /* bytes that a name has to leave free, as for ".5" of a renamed file */
};

/* `text` is a template that the host has found to be one. False with a sentence in `problem`. */
bool path_rule_parse(const char *text, struct path_rule *ret, char problem[RELAY_REASON]);
void path_rule_finish(struct path_rule *rule);

/* What is wrong with a path that the template has become; NULL: nothing. */
const char *path_refused(const struct path_rule *rule, struct span path);

#endif
