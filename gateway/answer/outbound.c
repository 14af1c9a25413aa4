/* SPDX-License-Identifier: MIT */
#include "gateway/answer/outbound.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/topic.h"

struct outbound {
	int wake_fd;
	size_t limit;
	pthread_mutex_t lock; /* guards what follows */
	size_t count;
	struct outbound_message *first;
	struct outbound_message **last;
};

struct outbound *outbound_create(size_t limit)
{
	struct outbound *o = xcalloc(1, sizeof(*o));

	o->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	o->limit = limit;
	o->last = &o->first;
	pthread_mutex_init(&o->lock, NULL);
	return o;
}

void outbound_message_destroy(struct outbound_message *m)
{
	if (m == NULL)
		return;
	free(m->topic);
	free(m->payload);
	free(m->correlation);
	free(m);
}

void outbound_destroy(struct outbound *o)
{
	struct outbound_message *m;

	if (o == NULL)
		return;
	while ((m = outbound_pop(o)) != NULL)
		outbound_message_destroy(m);
	pthread_mutex_destroy(&o->lock);
	close(o->wake_fd);
	free(o);
}

struct outbound_message *outbound_message_create(enum outbound_kind kind, struct span topic,
		struct span payload, struct span correlation)
{
	struct outbound_message *m = xcalloc(1, sizeof(*m));

	m->kind = kind;
	m->topic = span_dup_text(topic);
	m->payload = xmemdup(payload.data, payload.len);
	m->payload_len = payload.len;
	m->correlation = correlation.len > 0 ? xmemdup(correlation.data, correlation.len) : NULL;
	m->correlation_len = correlation.len;
	m->retain = kind == OUTBOUND_STATUS || kind == OUTBOUND_STATE;
	return m;
}

void outbound_message_append(struct outbound_message *m, struct span text)
{
	m->payload = xrealloc(m->payload, m->payload_len + text.len);
	memcpy(m->payload + m->payload_len, text.data, text.len);
	m->payload_len += text.len;
}

bool outbound_push(struct outbound *o, struct outbound_message *m)
{
	bool pushed;

	pthread_mutex_lock(&o->lock);
	pushed = o->count < o->limit;
	if (pushed) {
		m->next = NULL;
		*o->last = m;
		o->last = &m->next;
		o->count++;
	}
	pthread_mutex_unlock(&o->lock);
	if (pushed)
		outbound_wake(o);
	else
		outbound_message_destroy(m);
	return pushed;
}

size_t outbound_count(struct outbound *o)
{
	size_t count;

	pthread_mutex_lock(&o->lock);
	count = o->count;
	pthread_mutex_unlock(&o->lock);
	return count;
}

bool outbound_is_half_full(struct outbound *o)
{
	return outbound_count(o) >= (o->limit + 1) / 2;
}

struct outbound_message *outbound_pop(struct outbound *o)
{
	struct outbound_message *m;

	pthread_mutex_lock(&o->lock);
	m = o->first;
	if (m != NULL) {
		o->first = m->next;
		if (o->first == NULL)
			o->last = &o->first;
		m->next = NULL;
		o->count--;
	}
	pthread_mutex_unlock(&o->lock);
	return m;
}

int outbound_fd(const struct outbound *o)
{
	return o->wake_fd;
}

void outbound_rest(struct outbound *o)
{
	eventfd_t n;

	eventfd_read(o->wake_fd, &n);
}

void outbound_wake(struct outbound *o)
{
	eventfd_write(o->wake_fd, 1);
}

void reject_topic(struct str *into, struct span topic)
{
	static const char prefix[] = "belfry/reject";

	str_append_text(into, prefix);
	if (topic.len + sizeof(prefix) > MAX_TOPIC_LENGTH ||
			topic_level_count(topic) + 2 > MAX_TOPIC_LEVELS)
		return;
	str_append_byte(into, '/');
	str_append(into, topic);
}

bool topic_is_own(struct span topic)
{
	static const struct span own[] = { SPAN("belfry/gateway/#"), SPAN("belfry/reject/#"),
		SPAN("belfry/state/#"), SPAN("belfry/alert/#") };

	for (size_t i = 0; i < array_size(own); i++) {
		if (topic_matches(own[i], topic))
			return true;
	}
	return false;
}
