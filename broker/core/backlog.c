/* SPDX-License-Identifier: MIT */
#include "broker/core/backlog.h"

#include "common/json.h"

static size_t waiting(const struct session *s)
{
	size_t bytes = s->outbox.bytes + s->inflight.bytes;

	return s->client != NULL ? bytes + client_unsent(s->client) : bytes;
}

static void offer(struct backlog *b, const struct session *s)
{
	size_t bytes = waiting(s);
	size_t at = b->count;

	if (bytes == 0 || (at == BACKLOG_MOST && bytes <= b->worst[at - 1].bytes))
		return;
	if (at < BACKLOG_MOST)
		b->count++;
	else
		at--;
	for (; at > 0 && b->worst[at - 1].bytes < bytes; at--)
		b->worst[at] = b->worst[at - 1];
	b->worst[at].session = s;
	b->worst[at].bytes = bytes;
}

void backlog_take(const struct shard *shard, struct backlog *ret)
{
	*ret = (struct backlog){ 0 };
	for (const struct session *s = shard->sessions.table; s != NULL; s = s->hh.next)
		offer(ret, s);
}

void backlog_format(const struct backlog *b, struct str *into)
{
	str_append_byte(into, '[');
	for (size_t i = 0; i < b->count; i++) {
		const struct session *s = b->worst[i].session;

		str_append_text(into, i > 0 ? ",{\"client\":" : "{\"client\":");
		json_append_string(into, span_first(session_id(s), BACKLOG_ID));
		str_printf(into, ",\"connected\":%s,\"messages\":%zu,\"bytes\":%zu}",
				s->client != NULL ? "true" : "false",
				(size_t)s->outbox.count + s->inflight.count, b->worst[i].bytes);
	}
	str_append_byte(into, ']');
}
