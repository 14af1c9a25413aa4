/* SPDX-License-Identifier: MIT */
#include "broker/core/lifecycle.h"

#include "broker/core/access.h"
#include "broker/core/password_file.h"
#include "broker/core/publisher.h"
#include "broker/core/replay.h"
#include "broker/core/router.h"

void lifecycle_publish_will(struct shard *shard, struct session *s, struct instant now)
{
	struct message *m = s->will.message;

	if (m == NULL)
		return;
	s->will.message = NULL;
	timer_clear(&shard->timers, &s->will_timer);
	ledger_session_changed(&shard->ledger, s, SESSION_CHANGED_WILL);
	if (!access_may(s, message_topic(m), ACL_WRITE)) {
		access_denied(shard, s, DENIED_WILL, message_topic(m));
		message_unref(m);
		return;
	}
	shard->counters.wills_published++;
	m->expires = instant_after(now, nanoseconds(m->expires.ns));
	router_publish(shard, s, m, NULL, now);
	message_unref(m);
}

void lifecycle_session_end(struct shard *shard, struct session *s, struct instant now)
{
	/* [v5 MQTT-3.1.2-8]: no later than the end of the session */
	lifecycle_publish_will(shard, s, now);
	ledger_session_over(&shard->ledger, s);
	topic_tree_remove_all(&shard->topics, &s->subscriptions);
	timer_clear(&shard->timers, &s->expiry);
	router_share_again(shard, s, now);
	session_destroy(&shard->sessions, s);
}

void lifecycle_session_expired(struct shard *shard, struct session *s, struct instant now)
{
	shard->counters.sessions_expired++;
	lifecycle_session_end(shard, s, now);
}

enum mqtt_reason lifecycle_check_room(const struct shard *shard, struct span id)
{
	const struct session *s = session_table_find(&shard->sessions, id);
	uint64_t most = shard->limits->global_max_clients;

	if (s != NULL)
		return s->bridge == NULL ? MQTT_SUCCESS : MQTT_CLIENT_IDENTIFIER_NOT_VALID;
	if (most > 0 && shard->sessions.count >= most)
		return MQTT_SERVER_BUSY; /* as Mosquitto answers */
	return shard_is_full(shard) ? MQTT_QUOTA_EXCEEDED : MQTT_SUCCESS;
}

static void forget_will(struct shard *shard, struct session *s)
{
	timer_clear(&shard->timers, &s->will_timer);
	message_unref(s->will.message);
	s->will.message = NULL;
}

struct session *lifecycle_session_open(struct shard *shard, struct span id, bool clean_start,
		struct instant now, bool *ret_present)
{
	struct session *s = session_table_find(&shard->sessions, id);

	if (s != NULL && s->client != NULL) {
		shard->counters.sessions_taken_over++;
		client_close(s->client, MQTT_SESSION_TAKEN_OVER, now); /* [v5 MQTT-3.1.4-3] */
		s = session_table_find(&shard->sessions, id);	       /* it may have ended */
	}
	if (s != NULL && s->client == NULL && s->expiry_interval == 0)
		forget_will(shard, s); /* it ended with the broker, and is back (restore.h) */
	if (s != NULL && (clean_start || s->expiry_interval == 0)) { /* [v5 MQTT-3.1.2-4] */
		lifecycle_session_end(shard, s, now);
		s = NULL;
	}
	*ret_present = s != NULL;
	if (s == NULL)
		return session_create(&shard->sessions, id);
	timer_clear(&shard->timers, &s->expiry);
	forget_will(shard, s); /* [v5 MQTT-3.1.3-9] */
	return s;
}

uint32_t lifecycle_expiry(const struct shard *shard, const struct session *s)
{
	uint64_t limit = shard->limits->persistent_client_expiration;

	if (limit > 0 && limit < s->expiry_interval)
		return (uint32_t)limit;
	return s->expiry_interval;
}

bool lifecycle_is_durable(const struct shard *shard, const struct session *s)
{
	return lifecycle_expiry(shard, s) > 0;
}

void lifecycle_client_leaves(struct client *c, bool with_will, struct instant now)
{
	struct shard *shard = c->shard;
	struct session *s = c->session;
	uint32_t expiry;

	if (s == NULL)
		return;
	replay_pause(c);
	c->session = NULL;
	s->client = NULL;
	shard->connected--;
	expiry = lifecycle_expiry(shard, s);
	if (!with_will) {
		message_unref(s->will.message);
		s->will.message = NULL;
	}
	if (expiry == 0) {
		lifecycle_session_end(shard, s, now);
		return;
	}
	if (expiry != MQTT_EXPIRY_NEVER)
		timer_set(&shard->timers, &s->expiry, instant_after(now, seconds((int64_t)expiry)));
	if (s->will.message != NULL && s->will.delay > 0)
		timer_set(&shard->timers, &s->will_timer,
				instant_after(now, seconds((int64_t)s->will.delay)));
	else
		lifecycle_publish_will(shard, s, now);
	ledger_session_changed(&shard->ledger, s, SESSION_CHANGED_RECORD | SESSION_CHANGED_WILL);
}

/* Who has proved himself with a password has to have the same one still. */
static bool is_identity_good(
		const struct client *c, const struct policy *old, const struct policy *new)
{
	if (c->identity != NULL)
		return true; /* the transport's to judge */
	if (c->session->username == NULL || new->passwords == NULL)
		return new->allow_anonymous;
	return password_file_still_holds(
			old->passwords, new->passwords, session_username(c->session));
}

static bool is_admitted(const struct client *c, const struct policy *old, const struct policy *new)
{
	return is_identity_good(c, old, new) && (new->versions &policy_version(c->version)) != 0 &&
	       policy_takes_client_id(new, session_id(c->session));
}

void lifecycle_change_policy(struct shard *shard, struct policy *old, struct policy *new)
{
	struct session *s, *next;

	policy_ref(old); /* the last session of it may be among these */
	HASH_ITER (hh, shard->sessions.table, s, next) {
		struct client *c = s->client;

		if (s->policy != old)
			continue;
		access_change_policy(shard, s, new);
		if (c == NULL)
			continue;
		client_change_policy(c, new);
		c->sees_publishers = publisher_is_told(s);
		c->is_unwelcome = !is_admitted(c, old, new);
	}
	policy_replace(old, new);
	policy_unref(old);
}

void lifecycle_dismiss(struct shard *shard, struct instant now)
{
	struct session *s, *next;

	HASH_ITER (hh, shard->sessions.table, s, next) {
		if (s->client != NULL && s->client->is_unwelcome)
			client_close(s->client, MQTT_NOT_AUTHORIZED, now);
	}
}
