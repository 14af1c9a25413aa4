/* SPDX-License-Identifier: MIT */
/*
 * What of a shard has to survive, as text: one line for each session, subscription, delivery and
 * retained message. The image of a shard at the time when a batch is sealed is the image of the
 * shard that is restored after the batch was committed.
 */
#ifndef TESTS_UNIT_BROKER_CORE_IMAGE_H
#define TESTS_UNIT_BROKER_CORE_IMAGE_H

#include "broker/core/lifecycle.h"
#include "broker/core/restore.h"
#include "common/mem.h"

static inline int image_by_id(struct session *a, struct session *b)
{
	return strcmp(a->id, b->id);
}

static inline void image_message(struct str *to, const struct message *m)
{
	if (m == NULL)
		return;
	str_append_escaped(to, message_topic(m));
	str_append_byte(to, '=');
	str_append_escaped(to, span_first(message_payload(m), 8));
	str_printf(to, " (%u, %x) ", m->payload_len, hash_span(1, message_payload(m)));
	str_append_escaped(to, message_properties(m));
	str_printf(to, " qos=%d retain=%d expires=%lld", m->qos, m->retain,
			(long long)m->expires.ns);
}

static inline void image_delivery(struct str *to, const struct delivery *d)
{
	if (d->number == 0)
		return;
	str_printf(to, "  delivery %llu qos=%d retain=%d group=%u ids=",
			(unsigned long long)d->number, d->qos, d->retain, d->group);
	if (d->ids != NULL && d->message != NULL) /* not of what is taken over */
		str_append_escaped(to, span_of(d->ids->bytes, d->ids->len));
	str_printf(to, " message %llu ", (unsigned long long)(d->message ? d->message->number : 0));
	image_message(to, d->message);
}

static inline void image_outbox(struct str *to, struct session *s)
{
	for (uint32_t i = 0; i < s->outbox.count; i++) {
		struct delivery *d = outbox_at(&s->outbox, i);

		image_delivery(to, d);
		if (d->number != 0)
			str_append_text(to, " waits\n");
	}
}

/* In the order of first transmission. */
static inline void image_inflight(struct str *to, struct session *s)
{
	const struct inflight *f = &s->inflight;
	uint64_t after = 0;

	for (uint32_t n = 0; n < f->count; n++) {
		const struct inflight_entry *first = NULL;

		for (uint32_t i = 0; i < f->capacity; i++) {
			const struct inflight_entry *e = &f->entries[i];

			if (e->state != INFLIGHT_FREE && e->order >= after &&
					(first == NULL || e->order < first->order))
				first = e;
		}
		after = first->order + 1;
		image_delivery(to, &first->delivery);
		str_printf(to, " id=%u state=%u\n", first->packet_id, first->state);
	}
}

static inline void image_received(struct str *to, const struct session *s)
{
	uint16_t *ids = xmalloc((s->received.count + 1) * sizeof(*ids));

	packet_ids_list(&s->received, ids);
	for (uint32_t i = 0; i < s->received.count; i++)
		str_printf(to, "  received %u\n", ids[i]);
	free(ids);
}

static inline void image_subscriptions(struct str *to, const struct session *s)
{
	/* The list is in the order in which they were made, backwards; by their numbers here. */
	for (uint32_t n = 1; n <= s->last_subscription; n++) {
		for (const struct subscription *sub = s->subscriptions; sub != NULL;
				sub = sub->next_of_session) {
			if (sub->number != n)
				continue;
			str_printf(to, "  subscription %u ", n);
			trie_path(sub->node, to);
			if (sub->group != NULL) {
				str_printf(to, " group %u ", sub->group->id);
				str_append(to, share_group_name(sub->group));
			}
			str_printf(to, " qos=%d id=%u no_local=%d as_published=%d awaiting=%d\n",
					sub->qos, sub->identifier, sub->no_local,
					sub->retain_as_published, sub->is_awaiting);
		}
	}
}

static inline struct instant image_in(struct instant now, uint64_t n)
{
	return n == MQTT_EXPIRY_NEVER ? INSTANT_NEVER : instant_after(now, seconds((int64_t)n));
}

/* When the session ends and its will is due, if the broker ends now. */
static inline void image_times(struct str *to, const struct session *s, struct instant now)
{
	struct instant will = s->will_timer.at;
	struct instant end = timer_is_set(&s->expiry) ? s->expiry.at : INSTANT_NEVER;

	if (s->client != NULL) {
		will = image_in(now, s->will.delay > 5 ? s->will.delay : 5);
		end = image_in(now, s->expiry_interval);
	}
	if (s->will.message != NULL)
		str_printf(to, " will due=%lld delay=%u ", (long long)will.ns, s->will.delay);
	image_message(to, s->will.message);
	if (s->is_durable)
		str_printf(to, " ends=%lld", (long long)end.ns);
}

static inline void image_session(struct str *to, struct session *s, struct instant now)
{
	str_printf(to, "session %llu %s user=%s expiry=%u durable=%d",
			(unsigned long long)s->number, s->id, s->username ? s->username : "",
			s->expiry_interval, s->is_durable);
	image_times(to, s, now);
	str_append_byte(to, '\n');
	if (!s->is_durable) /* it is there for its will; the rest ends with the broker */
		return;
	image_subscriptions(to, s);
	image_received(to, s);
	image_inflight(to, s);
	image_outbox(to, s);
}

/* Of those that are there, by topic. */
static inline int image_compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void image_retained(struct str *to, struct shard *shard)
{
	struct retained_cursor *c =
			retained_cursor_open(&shard->retained, (struct span){ NULL, 0 });
	char **lines = xcalloc(shard->retained.count + 1, sizeof(char *));
	size_t n = 0;

	for (; !retained_cursor_at_end(c); retained_cursor_step(c)) {
		struct message *m = retained_cursor_message(c, (struct instant){ 0 });
		struct str line = { 0 };

		if (m == NULL)
			continue;
		image_message(&line, m);
		str_printf(&line, " number %llu", (unsigned long long)m->number);
		lines[n++] = line.text;
	}
	retained_cursor_close(c);
	qsort(lines, n, sizeof(char *), image_compare_lines);
	for (size_t i = 0; i < n; i++) {
		str_printf(to, "retained %s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
}

/* Append it. `now` is when the broker ends, or when it was restored. */
static inline void image_of(struct shard *shard, struct str *to, struct instant now)
{
	HASH_SORT(shard->sessions.table, image_by_id);
	for (struct session *s = shard->sessions.table; s != NULL; s = s->hh.next) {
		if (s->number != 0)
			image_session(to, s, now);
	}
	image_retained(to, shard);
}

#endif
