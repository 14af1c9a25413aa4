/* SPDX-License-Identifier: MIT */
#include "plugins/redis/replies.h"

#include "common/mem.h"

struct replies {
	redisReader *reader;
	redisReplyObjectFunctions functions;
	size_t most_bytes;
	size_t fed;	 /* bytes behind the last whole answer */
	size_t elements; /* of its arrays, the empty places of open ones among them */
	bool broken;
};

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

/*
 * In the place of hiredis' own, which allocates as many elements as a server claims to send. Like
 * it in all else: the reader gives it the parent that the array belongs into.
 */
static void *create_array(const redisReadTask *task, element_count elements)
{
	struct replies *r = task->privdata;
	redisReply *reply;

	if ((size_t)elements > REPLIES_MOST_ELEMENTS - r->elements)
		return NULL;
	r->elements += (size_t)elements;
	reply = calloc(1, sizeof(*reply));
	if (reply == NULL)
		return NULL;
	reply->type = task->type;
	if (elements > 0)
		reply->element = calloc((size_t)elements, sizeof(*reply->element));
	if (elements > 0 && reply->element == NULL) {
		free(reply);
		return NULL;
	}
	reply->elements = (size_t)elements;
	if (task->parent != NULL) {
		redisReply *parent = task->parent->obj;

		parent->element[task->idx] = reply;
	}
	return reply;
}

struct replies *replies_create(void)
{
	struct replies *r = xcalloc(1, sizeof(*r));

	r->reader = redisReaderCreate();
	if (r->reader == NULL)
		abort();
	r->functions = *r->reader->fn;
	r->functions.createArray = create_array;
	r->reader->fn = &r->functions;
	r->reader->privdata = r;
	r->most_bytes = REPLIES_MOST_BYTES;
	return r;
}

void replies_allow(struct replies *r, size_t bytes)
{
	r->most_bytes = bytes > REPLIES_MOST_BYTES ? bytes : REPLIES_MOST_BYTES;
}

void replies_destroy(struct replies *r)
{
	if (r == NULL)
		return;
	redisReaderFree(r->reader);
	free(r);
}

void replies_feed(struct replies *r, struct span bytes)
{
	r->fed += bytes.len;
	if (redisReaderFeed(r->reader, (const char *)bytes.data, bytes.len) != REDIS_OK)
		r->broken = true;
}

enum replies_next replies_next(struct replies *r, redisReply **ret)
{
	void *reply = NULL;

	*ret = NULL;
	if (!r->broken && redisReaderGetReply(r->reader, &reply) != REDIS_OK)
		r->broken = true;
	if (reply == NULL && r->fed > r->most_bytes)
		r->broken = true;
	if (r->broken)
		return REPLIES_BROKEN;
	if (reply == NULL)
		return REPLIES_MORE;
	r->fed = r->reader->len - r->reader->pos;
	r->elements = 0;
	*ret = reply;
	return REPLIES_ONE;
}

struct span reply_text(const redisReply *reply)
{
	if (reply == NULL || reply->str == NULL)
		return span_of(NULL, 0);
	return span_of(reply->str, (size_t)reply->len);
}

bool reply_is_array(const redisReply *reply, size_t elements)
{
	return reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements >= elements;
}
