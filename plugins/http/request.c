/* SPDX-License-Identifier: MIT */
#include "plugins/http/request.h"

#include "common/mem.h"

void http_request_add(struct http_request *request, size_t record)
{
	request->records = grow_array(request->records, request->count, &request->capacity,
			sizeof(request->records[0]));
	request->records[request->count++] = record;
}

void http_request_clear(struct http_request *request)
{
	str_clear(&request->body);
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
 * brackets are counted outside of strings, and what is no JSON all the same spoils its own batch
 * only, which the host takes apart.
 */
bool http_is_object(struct relay_text text)
{
	size_t depth = 0;
	bool in_string = false;

	if (text.len < 2 || text.data[0] != '{' || text.data[text.len - 1] != '}')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if ((unsigned char)c < 0x20)
			return false;
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']') &&
				(--depth == 0) != (i + 1 == text.len))
			return false;
	}
	return depth == 0 && !in_string;
}
