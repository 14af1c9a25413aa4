/* SPDX-License-Identifier: MIT */
/*
 * The labels of a line in Loki. Each set of values is a stream of its own, with files of its own,
 * so what takes many values (a payload's fields, client ids) is for the line, not for a label.
 */
#ifndef PLUGINS_HTTP_LABEL_H
#define PLUGINS_HTTP_LABEL_H

#include "common/str.h"
#include "plugins/http/config.h"

/*
 * Append the set as a JSON object. A text of the list is the name of something that a record has
 * ("host"), or a label that they all have ("site=north"). Without any: host and service. job=belfry
 * is always among them unless the list says what the job is; Loki takes no line without a label.
 */
void label_append_set(struct str *into, const struct relay_list *labels, const char *gateway,
		const struct relay_record *record);

/* Loki's rules for the names, and that what a record should have is known. */
bool label_check(const struct http_config *config, char problem[RELAY_REASON]);

#endif
