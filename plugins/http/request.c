/* SPDX-License-Identifier: MIT */
#include "plugins/http/request.h"

#include "common/json_object.h"
#include "common/mem.h"
#include "plugins/text.h"

void http_request_add(struct http_request *request, size_t record)
{
	request->records = grow_array(request->records, request->count, &request->capacity,
			sizeof(request->records[0]));
	request->records[request->count++] = record;
}

void http_request_clear(struct http_request *request)
{
	str_clear(&request->body);
	request->names_are_chosen = false;
	request->count = 0;
}

void http_request_finish(struct http_request *request)
{
	str_finish(&request->body);
	free(request->records);
	*request = (struct http_request){ 0 };
}

/*
 * A publisher's own JSON (schema raw) must not close the array that it stands in, nor the line: so
 * it is read as strictly as any server does, and has no line break, not even between its parts.
 */
bool http_is_object(struct relay_text text)
{
	struct span object = text_span(text);

	return object.len >= 2 && object.data[0] == '{' && object.data[object.len - 1] == '}' &&
	       span_find(object, '\n') == object.len && span_find(object, '\r') == object.len &&
	       json_object_problem(object) == NULL;
}
