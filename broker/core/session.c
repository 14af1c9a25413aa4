/* SPDX-License-Identifier: MIT */
#include "broker/core/session.h"

#include <assert.h>
#include <utlist.h>

#include "broker/core/retained.h"
#include "broker/core/source.h"

struct session *session_table_find(const struct session_table *t, struct span id)
{
	struct session *s;

	HASH_FIND_BYHASHVALUE(hh, t->table, id.data, id.len, hash_span(t->seed, id), s);
	return s;
}

struct session *session_create(struct session_table *t, struct span id)
{
	struct session *s = xcalloc(1, sizeof(*s) + id.len);

	s->id_len = (uint16_t)id.len;
	memcpy(s->id, id.data, id.len);
	s->expiry.kind = TIMER_SESSION;
	s->will_timer.kind = TIMER_WILL;
	HASH_ADD_BYHASHVALUE(hh, t->table, id, s->id_len, hash_span(t->seed, id), s);
	t->count++;
	return s;
}

void session_assign(struct session *s, struct span username, struct policy *policy)
{
	free(s->username);
	s->username = username.data != NULL ? span_dup_text(username) : NULL;
	session_change_policy(s, policy);
}

void session_change_policy(struct session *s, struct policy *policy)
{
	policy_move(&s->policy, policy);
	source_unref(s->source);
	s->source = NULL;
}

void session_destroy(struct session_table *t, struct session *s)
{
	assert(s->subscriptions == NULL && !timer_is_set(&s->expiry) &&
			!timer_is_set(&s->will_timer));
	HASH_DEL(t->table, s);
	t->count--;
	outbox_finish(&s->outbox);
	inflight_finish(&s->inflight);
	packet_ids_finish(&s->received);
	message_unref(s->will.message);
	policy_unref(s->policy);
	source_unref(s->source);
	free(s->username);
	free(s);
}

void session_stop_awaiting(struct subscription *s)
{
	struct awaiting *a = &s->session->awaiting;

	if (!s->is_awaiting)
		return;
	if (a->first == s) {
		retained_cursor_close(a->cursor);
		a->cursor = NULL;
		subscription_ids_unref(a->ids);
		a->ids = NULL;
	}
	s->is_awaiting = false;
	DL_DELETE2(a->first, s, previous_awaiting, next_awaiting);
}

void session_await(struct subscription *s)
{
	struct awaiting *a = &s->session->awaiting;

	if (s->is_awaiting && (a->first != s || a->cursor == NULL))
		return; /* it has not begun */
	session_stop_awaiting(s);
	s->is_awaiting = true;
	DL_APPEND2(a->first, s, previous_awaiting, next_awaiting);
}
