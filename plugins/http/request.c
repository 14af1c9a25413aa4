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
	request->names_are_chosen = false;
	request->count = 0;
}

void http_request_finish(struct http_request *request)
{
	str_finish(&request->body);
	free(request->records);
	*request = (struct http_request){ 0 };
}
