/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the decoder: run it, and keep what it said as C strings. A payload is decoded
 * from a copy of its exact length, so that a read behind its end is seen by the sanitizer, and the
 * strings are copied before the spans end.
 */
#ifndef TESTS_UNIT_GATEWAY_DECODE_EXPECT_H
#define TESTS_UNIT_GATEWAY_DECODE_EXPECT_H

#include "common/mem.h"
#include "gateway/result/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct decoded {
	enum reject reject;
	size_t index;
	char host[300], service[300];
	char detail[100];
	int state;
	char output[200], long_output[200], perfdata[500];
	int64_t time, ttl;
	char id[100], source[100];
};

enum { MAX_DECODED = 8 };

struct decoded_list {
	size_t count; /* may be more than are kept */
	struct decoded items[MAX_DECODED];
};

static inline void keep(char *at, size_t size, struct span s)
{
	s = span_first(s, size - 1);
	if (s.len > 0)
		memcpy(at, s.data, s.len);
	at[s.len] = '\0';
}

#define KEEP(at, s) keep(at, sizeof(at), s)

static inline struct decoded *next_decoded(struct decoded_list *list)
{
	struct decoded *d = &list->items[list->count < MAX_DECODED ? list->count : MAX_DECODED - 1];

	list->count++;
	*d = (struct decoded){ .reject = REJECT_NONE };
	return d;
}

static inline void keep_result(void *owner, const struct check_result *r)
{
	struct decoded *d = next_decoded(owner);

	KEEP(d->host, r->host);
	KEEP(d->service, r->service);
	d->state = (int)r->state;
	KEEP(d->output, r->output);
	KEEP(d->long_output, r->long_output);
	KEEP(d->perfdata, r->perfdata);
	d->time = r->time.ns;
	d->ttl = r->ttl;
	KEEP(d->id, r->id);
	KEEP(d->source, r->source);
}

static inline void keep_rejection(void *owner, const struct rejection *r)
{
	struct decoded *d = next_decoded(owner);

	assert_int_not_equal(r->reject, REJECT_NONE);
	d->reject = r->reject;
	d->index = r->index;
	KEEP(d->host, r->host);
	KEEP(d->service, r->service);
	KEEP(d->detail, r->detail);
}

static inline struct decoded_list decode_all(const struct decode_input *input)
{
	struct decoded_list list = { 0 };
	struct decode_sink sink = { &list, keep_result, keep_rejection };
	struct decode_input exact = *input;
	struct decoder *decoder = decoder_create();
	uint8_t *copy = xmalloc(input->payload.len > 0 ? input->payload.len : 1);

	if (input->payload.len > 0)
		memcpy(copy, input->payload.data, input->payload.len);
	exact.payload.data = copy;
	/* A decoder is kept from one payload to the next: what is left from the first, shows. */
	decode(decoder, &exact, &sink);
	list = (struct decoded_list){ 0 };
	decode(decoder, &exact, &sink);
	decoder_destroy(decoder);
	free(copy);
	return list;
}

/* JSON with the names from the topic, which has to yield one result or rejection. */
static inline struct decoded decode_one(const char *payload, const char *host, const char *service)
{
	struct decode_input input = {
		.payload = span_of_text(payload),
		.host = span_of_text(host),
		.service = span_of_text(service),
		.formats = DECODE_JSON,
	};
	struct decoded_list list = decode_all(&input);

	assert_int_equal(list.count, 1);
	return list.items[0];
}

#endif
