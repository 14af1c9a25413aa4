/* SPDX-License-Identifier: MIT */
/*
 * What the plugin redis is compared with: a bare pipelined client, as hiredis makes it easy.
 *
 *     redis_bare PORT KEY VALUES BATCH
 *
 * Takes the list into memory, deletes it, and pushes the same elements again: VALUES of them in an
 * RPUSH, BATCH of them on their way, no journal, no records, nobody else to look after. Prints how
 * many a second. Exit status 1 with a sentence.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "common/clock.h"
#include "common/mem.h"

enum { READ_AT_ONCE = 10000 };

struct values {
	const char **texts; /* of the answers that are kept */
	size_t *lens;
	size_t count;
};

static NO_RETURN PRINTF_LIKE(1, 2) void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static redisReply *checked(redisContext *c, void *reply)
{
	redisReply *r = reply;

	if (r == NULL)
		fail("the connection broke: %s", c->errstr);
	if (r->type == REDIS_REPLY_ERROR)
		fail("the server says %s", r->str);
	return r;
}

static struct values take(redisContext *c, const char *key)
{
	redisReply *length = checked(c, redisCommand(c, "LLEN %s", key));
	size_t count = (size_t)length->integer;
	struct values v = { .texts = xcalloc(count, sizeof(*v.texts)),
		.lens = xcalloc(count, sizeof(*v.lens)) };

	freeReplyObject(length);
	while (v.count < count) {
		redisReply *r = checked(
				c, redisCommand(c, "LRANGE %s %llu %llu", key,
						   (unsigned long long)v.count,
						   (unsigned long long)v.count + READ_AT_ONCE - 1));

		for (size_t i = 0; i < r->elements && v.count < count; i++, v.count++) {
			v.texts[v.count] = r->element[i]->str;
			v.lens[v.count] = (size_t)r->element[i]->len;
		}
		if (r->elements == 0)
			fail("the list has become shorter");
		/* The texts are in it: it is kept until the end. */
	}
	freeReplyObject(checked(c, redisCommand(c, "DEL %s", key)));
	return v;
}

/* One batch. Returns how many values were in it. */
static size_t push(redisContext *c, const char *key, const struct values *v, size_t at, size_t most,
		size_t batch, const char **argv, size_t *lens)
{
	size_t end = at + batch < v->count ? at + batch : v->count, commands = 0;

	for (size_t from = at; from < end; from += most, commands++) {
		size_t n = end - from < most ? end - from : most;

		argv[0] = "RPUSH";
		lens[0] = strlen(argv[0]);
		argv[1] = key;
		lens[1] = strlen(key);
		memcpy(argv + 2, v->texts + from, n * sizeof(*argv));
		memcpy(lens + 2, v->lens + from, n * sizeof(*lens));
		if (redisAppendCommandArgv(c, (int)n + 2, argv, lens) != REDIS_OK)
			fail("no command: %s", c->errstr);
	}
	for (; commands > 0; commands--) {
		void *reply = NULL;

		redisGetReply(c, &reply);
		freeReplyObject(checked(c, reply));
	}
	return end - at;
}

int main(int argc, char **argv)
{
	redisContext *c;
	struct values v;
	struct instant begun;
	size_t most, batch, *lens;
	const char **words;

	if (argc != 5)
		fail("usage: redis_bare PORT KEY VALUES BATCH");
	most = strtoul(argv[3], NULL, 10);
	batch = strtoul(argv[4], NULL, 10);
	if (most == 0 || batch == 0)
		fail("VALUES and BATCH are numbers from 1 on");
	c = redisConnect("127.0.0.1", atoi(argv[1]));
	if (c == NULL || c->err != 0)
		fail("no connection: %s", c != NULL ? c->errstr : "no memory");
	v = take(c, argv[2]);
	words = xcalloc(most + 2, sizeof(*words));
	lens = xcalloc(most + 2, sizeof(*lens));
	begun = instant_now();
	for (size_t at = 0; at < v.count;)
		at += push(c, argv[2], &v, at, most, batch, words, lens);
	printf("%.0f\n", (double)v.count * 1e9 / (double)instant_between(begun, instant_now()).ns);
	redisFree(c);
	return 0;
}
