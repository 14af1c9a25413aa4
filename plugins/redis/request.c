/* SPDX-License-Identifier: MIT */
#include "plugins/redis/request.h"

#include "common/mem.h"

enum { HEAD_SIZE = 24 }; /* "$18446744073709551615\r\n" */

/* printf would be the better part of what a batch costs. */
static void append_head(struct str *bytes, char mark, uint64_t number)
{
	char text[HEAD_SIZE];
	size_t at = sizeof(text);

	text[--at] = '\n';
	text[--at] = '\r';
	do {
		text[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	text[--at] = mark;
	str_append(bytes, span_of(text + at, sizeof(text) - at));
}

void request_begin(struct request *r, size_t arguments, struct command command)
{
	r->commands = grow_array(r->commands, r->count, &r->capacity, sizeof(*r->commands));
	r->commands[r->count++] = command;
	append_head(&r->bytes, '*', arguments);
}

void request_append(struct request *r, struct span argument)
{
	append_head(&r->bytes, '$', argument.len);
	str_append(&r->bytes, argument);
	str_append(&r->bytes, span_of("\r\n", 2));
}

void request_append_text(struct request *r, const char *argument)
{
	request_append(r, span_of_text(argument));
}

void request_append_number(struct request *r, int64_t argument)
{
	struct str text = { 0 };

	str_printf(&text, "%lld", (long long)argument);
	request_append(r, str_span(&text));
	str_finish(&text);
}

void request_simple(struct request *r, const char *name, const char *first, const char *second)
{
	size_t arguments = 1 + (first != NULL) + (second != NULL);

	request_begin(r, arguments, (struct command){ 0 });
	request_append_text(r, name);
	if (first != NULL)
		request_append_text(r, first);
	if (second != NULL)
		request_append_text(r, second);
}

void request_clear(struct request *r)
{
	str_clear(&r->bytes);
	r->count = 0;
}

void request_wipe(struct request *r)
{
	if (r->bytes.text != NULL)
		wipe(r->bytes.text, r->bytes.capacity);
	request_finish(r);
}

void request_finish(struct request *r)
{
	str_finish(&r->bytes);
	str_finish(&r->pack);
	free(r->commands);
	*r = (struct request){ 0 };
}
