/* SPDX-License-Identifier: MIT */
#include "broker/core/ledger_session.h"

#include <utlist.h>

#include "broker/core/share.h"
#include "broker/core/source.h"
#include "common/store_log.h"

/* --- what is to be written ------------------------------------------------------------------- */

void ledger_session_changed(struct ledger *l, struct session *s, unsigned changes)
{
	if (!l->is_on || s->number == 0)
		return;
	if (s->changes == 0)
		DL_APPEND2(l->changed, s, previous_changed, next_changed);
	s->changes |= (uint8_t)changes;
	l->promises++;
}

void ledger_session_opened(struct ledger *l, struct session *s, bool is_durable)
{
	if (!l->is_on)
		return;
	s->is_durable = is_durable;
	if (s->number == 0 && (is_durable || s->will.message != NULL)) {
		s->number = ++l->last_session;
		s->first_batch = l->open->number;
	}
	ledger_session_changed(l, s, SESSION_CHANGED_RECORD | SESSION_CHANGED_WILL);
}

bool ledger_session_is_new(const struct ledger *l, const struct session *s)
{
	return l->is_on && s->number != 0 && s->first_batch > l->settled;
}

static void remove_record(struct ledger *l, enum store_table table, struct span key)
{
	store_log_removal(&l->open->records, table, key);
	l->promises++;
}

static void deliveries_over(struct ledger *l, struct session *s)
{
	for (uint32_t i = 0; i < s->outbox.count; i++)
		ledger_delivery_over(l, outbox_at(&s->outbox, i));
	for (uint32_t i = 0; i < s->inflight.capacity; i++) {
		if (s->inflight.entries[i].state != INFLIGHT_FREE)
			ledger_delivery_over(l, &s->inflight.entries[i].delivery);
	}
}

void ledger_session_over(struct ledger *l, struct session *s)
{
	static const enum store_table tables[] = { STORE_SESSIONS, STORE_WILLS, STORE_RECEIVED };
	uint8_t at[STORE_KEY_SIZE];

	if (!l->is_on || s->number == 0)
		return;
	if (s->changes != 0)
		DL_DELETE2(l->changed, s, previous_changed, next_changed);
	s->changes = 0;
	deliveries_over(l, s);
	for (struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next_of_session)
		ledger_unsubscribed(l, sub);
	for (size_t i = 0; i < array_size(tables) && s->number < l->first_session; i++)
		remove_record(l, tables[i], store_key(at, s->number));
	s->number = 0;
	s->is_durable = false;
}

/* --- subscriptions --------------------------------------------------------------------------- */

static void write_subscription(struct ledger *l, const struct subscription *sub)
{
	struct str filter = { 0 };
	struct stored_subscription record = {
		.group = sub->group != NULL ? share_group_name(sub->group)
					    : (struct span){ NULL, 0 },
		.group_id = sub->group != NULL ? sub->group->id : 0,
		.identifier = sub->identifier,
		.qos = sub->qos,
		.no_local = sub->no_local,
		.retain_as_published = sub->retain_as_published,
		.is_awaiting = sub->is_awaiting,
	};
	uint8_t key_at[STORE_KEY_SIZE];
	struct span key = store_subscription_key(key_at, sub->session->number, sub->number);
	size_t size;

	trie_path(sub->node, &filter);
	record.filter = str_span(&filter);
	size = stored_subscription_size(&record);
	stored_subscription_write(store_log_put(&l->open->records, STORE_SUBSCRIPTIONS, key, size),
			size, key, &record);
	str_finish(&filter);
}

void ledger_subscribed(struct ledger *l, struct subscription *sub)
{
	if (!l->is_on || !sub->session->is_durable)
		return;
	if (sub->number == 0)
		sub->number = ++sub->session->last_subscription;
	write_subscription(l, sub);
	l->promises++;
}

void ledger_replayed(struct ledger *l, struct subscription *sub)
{
	if (l->is_on && sub->number != 0)
		write_subscription(l, sub);
}

void ledger_unsubscribed(struct ledger *l, const struct subscription *sub)
{
	uint8_t at[STORE_KEY_SIZE];

	if (l->is_on && sub->number != 0)
		remove_record(l, STORE_SUBSCRIPTIONS,
				store_subscription_key(at, sub->session->number, sub->number));
}

/* --- when the batch is sealed ---------------------------------------------------------------- */

static int64_t to_wall_time(struct instant t, struct duration to_wall)
{
	return t.ns == INSTANT_NEVER.ns ? STORE_NEVER : t.ns + to_wall.ns;
}

static struct span listener_of(const struct session *s)
{
	return span_of_text(s->policy->listener != NULL ? s->policy->listener : "");
}

static void write_record(
		struct ledger *l, const struct session *s, struct span key, struct duration to_wall)
{
	struct stored_session record = {
		.client_id = session_id(s),
		.username = session_username(s),
		.listener = listener_of(s),
		.expiry_interval = s->expiry_interval,
		.ends = timer_is_set(&s->expiry) ? to_wall_time(s->expiry.at, to_wall)
						 : STORE_NEVER,
		.is_bridge = s->bridge != NULL,
		.keeps_qos0 = s->keeps_qos0,
	};
	size_t size = stored_session_size(&record);

	if (s->client != NULL)
		record.ends = 0;
	stored_session_write(store_log_put(&l->open->records, STORE_SESSIONS, key, size), size, key,
			&record);
}

static void write_will(
		struct ledger *l, const struct session *s, struct span key, struct duration to_wall)
{
	const struct message *m = s->will.message;
	struct stored_will record = { .delay = s->will.delay };
	size_t size;

	if (m == NULL) {
		store_log_removal(&l->open->records, STORE_WILLS, key);
		return;
	}
	if (s->client == NULL && timer_is_set(&s->will_timer))
		record.due = to_wall_time(s->will_timer.at, to_wall);
	record.message = (struct stored_message){
		.topic = message_topic(m),
		.properties = message_properties(m),
		.payload = message_payload(m),
		.publisher_len = m->publisher_len,
		.qos = m->qos,
		.retain = m->retain,
		.expires = m->expires.ns, /* an interval, see struct will */
	};
	size = stored_will_size(&record);
	stored_will_write(store_log_put(&l->open->records, STORE_WILLS, key, size), size, key,
			&record);
}

static void write_received(struct ledger *l, const struct session *s, struct span key)
{
	uint16_t *ids;
	size_t size;

	if (s->received.count == 0) {
		store_log_removal(&l->open->records, STORE_RECEIVED, key);
		return;
	}
	ids = xmalloc(s->received.count * sizeof(*ids));
	packet_ids_list(&s->received, ids);
	size = stored_received_size(s->received.count);
	stored_received_write(store_log_put(&l->open->records, STORE_RECEIVED, key, size), size,
			key, ids, s->received.count);
	free(ids);
}

void ledger_write_session(struct ledger *l, struct session *s, struct duration to_wall)
{
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_key(at, s->number);

	if (s->changes & SESSION_CHANGED_RECORD)
		write_record(l, s, key, to_wall);
	if (s->changes & SESSION_CHANGED_WILL)
		write_will(l, s, key, to_wall);
	if (s->changes & SESSION_CHANGED_RECEIVED)
		write_received(l, s, key);
	s->changes = 0;
	DL_DELETE2(l->changed, s, previous_changed, next_changed);
}
