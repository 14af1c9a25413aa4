/* SPDX-License-Identifier: MIT */
/*
 * Records as parts of a larger JSON text. What a publisher wrote (schema raw, template) must not
 * end the array, the line or the document that it stands in.
 */
#ifndef PLUGINS_JSON_RECORD_H
#define PLUGINS_JSON_RECORD_H

#include "common/str.h"
#include "plugins/relay.h"

/*
 * One JSON object on one line, read as strictly as any server does (common/json_object.h); nothing
 * stands before or behind it.
 */
bool json_record_is_object(struct relay_text text);

/* Append it as an element: an object as it is, anything else as a JSON string. */
void json_record_append(struct str *into, struct relay_text text);

#endif
