/* SPDX-License-Identifier: MIT */
#include "gateway/output/http_reader.h"

#include <http_parser.h>

#include "common/mem.h"
#include "common/str.h"

struct http_reader {
	http_parser parser;
	http_answered answered;
	void *owner;
	struct str body;
	bool is_within; /* an answer has begun */
};

static int on_begin(http_parser *parser)
{
	struct http_reader *r = parser->data;

	r->is_within = true;
	str_clear(&r->body);
	return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
	struct http_reader *r = parser->data;

	str_append(&r->body, span_first(span_of(at, len), HTTP_MAX_BODY - r->body.len));
	return 0;
}

static int on_complete(http_parser *parser)
{
	struct http_reader *r = parser->data;
	struct http_answer answer = { .status = parser->status_code,
		.body = str_span(&r->body),
		.is_last = !http_should_keep_alive(parser) };

	r->is_within = false;
	if (parser->upgrade)
		return 1;
	if (answer.status < 200) /* the answer is yet to come */
		return 0;
	return r->answered(r->owner, &answer) ? 0 : 1;
}

static const http_parser_settings callbacks = {
	.on_message_begin = on_begin,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

struct http_reader *http_reader_create(http_answered answered, void *owner)
{
	struct http_reader *r = xcalloc(1, sizeof(*r));

	r->answered = answered;
	r->owner = owner;
	r->parser.data = r; /* stays over http_parser_init() */
	http_reader_restart(r);
	return r;
}

void http_reader_destroy(struct http_reader *r)
{
	if (r == NULL)
		return;
	str_finish(&r->body);
	free(r);
}

void http_reader_restart(struct http_reader *r)
{
	http_parser_init(&r->parser, HTTP_RESPONSE);
	str_clear(&r->body);
	r->is_within = false;
}

bool http_reader_feed(struct http_reader *r, struct span bytes)
{
	if (bytes.len == 0)
		return true;
	return http_parser_execute(&r->parser, &callbacks, (const char *)bytes.data, bytes.len) ==
			       bytes.len &&
	       HTTP_PARSER_ERRNO(&r->parser) == HPE_OK;
}

/* No bytes are the parser's way to be told of the end. */
bool http_reader_end(struct http_reader *r)
{
	http_parser_execute(&r->parser, &callbacks, "", 0);
	return HTTP_PARSER_ERRNO(&r->parser) == HPE_OK && !r->is_within;
}
