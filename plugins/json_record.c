/* SPDX-License-Identifier: MIT */
#include "plugins/json_record.h"

#include "common/json.h"
#include "common/json_object.h"
#include "plugins/text.h"

bool json_record_is_object(struct relay_text text)
{
	struct span object = text_span(text);

	return object.len >= 2 && object.data[0] == '{' && object.data[object.len - 1] == '}' &&
	       span_find(object, '\n') == object.len && span_find(object, '\r') == object.len &&
	       json_object_problem(object) == NULL;
}

void json_record_append(struct str *into, struct relay_text text)
{
	if (json_record_is_object(text))
		str_append(into, text_span(text));
	else
		json_append_string(into, text_span(text));
}
