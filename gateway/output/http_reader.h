/* SPDX-License-Identifier: MIT */
/*
 * Reads the answers of an HTTP/1.1 server from the bytes of one connection, one after the other,
 * however they are cut into pieces. Pure: bytes in, answers out.
 */
#ifndef GATEWAY_OUTPUT_HTTP_READER_H
#define GATEWAY_OUTPUT_HTTP_READER_H

#include "common/span.h"

enum { HTTP_MAX_BODY = 64 * 1024 }; /* what is longer is not kept */

struct http_answer {
	unsigned status;  /* 200 to 999 */
	struct span body; /* its first HTTP_MAX_BODY bytes; borrowed for the call */
	bool is_last;	  /* the server says that none follows on this connection */
};

/* Called for each answer; false: nothing more is to be read. */
typedef bool (*http_answered)(void *owner, const struct http_answer *answer);

struct http_reader;

struct http_reader *http_reader_create(http_answered answered, void *owner);
void http_reader_destroy(struct http_reader *r);

/* For a new connection: what came of an answer is forgotten. */
void http_reader_restart(struct http_reader *r);

/* The next bytes. False when they are no HTTP, or when `answered` has said so. */
bool http_reader_feed(struct http_reader *r, struct span bytes);

/* The server has closed, which may be the end of an answer. False when it was in the midst of one.
 */
bool http_reader_end(struct http_reader *r);

#endif
