/* SPDX-License-Identifier: MIT */
#include "plugins/redis/sentinel.h"

bool address_set(struct address *ret, struct span host, uint64_t port)
{
	if (host.len == 0 || host.len >= sizeof(ret->host) || span_find(host, '\0') < host.len ||
			port == 0 || port > UINT16_MAX)
		return false;
	memcpy(ret->host, host.data, host.len);
	ret->host[host.len] = '\0';
	ret->port = (uint16_t)port;
	return true;
}

bool sentinel_read_address(const redisReply *reply, struct address *ret)
{
	uint64_t port;

	return reply_is_array(reply, 2) &&
	       span_to_uint(reply_text(reply->element[1]), UINT16_MAX, &port) &&
	       address_set(ret, reply_text(reply->element[0]), port);
}

static void write_question(struct request *r, const struct redis_settings *s)
{
	if (s->sentinel_password != NULL && s->sentinel_user != NULL)
		request_simple(r, "AUTH", s->sentinel_user, s->sentinel_password);
	else if (s->sentinel_password != NULL)
		request_simple(r, "AUTH", s->sentinel_password, NULL);
	request_simple(r, "SENTINEL", "get-master-addr-by-name", s->sentinel_master);
}

/* The answers to write_question(): the last one counts, unless one before it is an error. */
static bool read_answer(struct peer *p, size_t answers, const struct redis_settings *s,
		struct address *ret, struct failure *why)
{
	bool ok = false;

	for (; answers > 0; answers--) {
		redisReply *reply = peer_reply(p, why);

		if (reply == NULL)
			return false;
		if (reply->type == REDIS_REPLY_ERROR)
			*why = refusal_failure_without(reply_text(reply), s->sentinel_password);
		else if (answers == 1 && reply->type == REDIS_REPLY_NIL)
			*why = failure_of(REFUSAL_SETTINGS,
					"the sentinel %s knows no master %s; look at "
					"sentinel_master",
					p->name, s->sentinel_master);
		else if (answers == 1 && !sentinel_read_address(reply, ret))
			*why = failure_of(REFUSAL_LOST, "the sentinel %s does not answer as one",
					p->name);
		ok = why->kind == REFUSAL_NONE;
		freeReplyObject(reply);
		if (!ok)
			return false;
	}
	return ok;
}

static bool ask(const struct relay_host *host, const struct redis_settings *s,
		const struct target *t, const struct url *url, struct address *ret,
		struct failure *why)
{
	struct relay_place place = target_place(s, url, t->server.scheme->tls);
	struct peer p = { .host = host };
	struct request question = { 0 };
	bool ok;

	write_question(&question, s);
	*why = (struct failure){ 0 };
	ok = peer_connect(&p, &place, why) && peer_send(&p, str_span(&question.bytes), why) &&
	     read_answer(&p, question.count, s, ret, why);
	request_wipe(&question);
	peer_close(&p);
	return ok;
}

bool sentinel_find_master(const struct relay_host *host, const struct redis_settings *settings,
		const struct target *target, size_t *first, struct address *ret,
		struct failure *why)
{
	for (size_t i = 0; i < target->sentinel_count; i++) {
		size_t at = (*first + i) % target->sentinel_count;

		if (ask(host, settings, target, &target->sentinels[at], ret, why)) {
			*first = at;
			return true;
		}
	}
	return false;
}
