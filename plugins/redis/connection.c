/* SPDX-License-Identifier: MIT */
#include "plugins/redis/connection.h"

#include <stdio.h>

enum { IDLE_SECONDS = 30 };

bool connection_init(struct connection *c, const struct relay_host *host,
		const struct redis_settings *settings)
{
	struct str problem = { 0 };
	bool ok;

	*c = (struct connection){ .host = host, .settings = settings, .peer = { .host = host } };
	ok = target_read(settings, &c->target, &problem);
	if (!ok)
		host->log(host, RELAY_LOG_ERROR, "%s", str_text(&problem));
	str_finish(&problem);
	return ok;
}

void connection_finish(struct connection *c)
{
	peer_close(&c->peer);
	target_finish(&c->target);
}

/* CLIENT LIST shows it. It may not hold blanks (CLIENT SETNAME). */
static void append_name(struct request *r, const struct relay_host *host)
{
	struct str name = { 0 };

	str_printf(&name, "belfry:%s:%s", host->gateway, host->output);
	for (size_t i = 0; i < name.len; i++)
		if (name.text[i] <= ' ' || name.text[i] > '~')
			name.text[i] = '-';
	request_simple(r, "CLIENT", "SETNAME", str_text(&name));
	str_finish(&name);
}

/* The commands that a connection begins with, in this order. */
enum greeting { GREET_AUTH, GREET_NAME, GREET_DATABASE, GREET_ROLE, GREETINGS };

static unsigned write_greeting(struct connection *c, struct request *r)
{
	const struct redis_settings *s = c->settings;
	char number[24];
	unsigned set = 1U << GREET_NAME;

	if (s->password != NULL) {
		if (c->target.server.user != NULL)
			request_simple(r, "AUTH", c->target.server.user, s->password);
		else
			request_simple(r, "AUTH", s->password, NULL);
		set |= 1U << GREET_AUTH;
	}
	append_name(r, c->host);
	if (c->target.database != 0) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)c->target.database);
		request_simple(r, "SELECT", number, NULL);
		set |= 1U << GREET_DATABASE;
	}
	if (c->target.sentinel_count > 0) {
		request_simple(r, "ROLE", NULL, NULL);
		set |= 1U << GREET_ROLE;
	}
	return set;
}

/* A server that knows no names, or permits none, takes records all the same. */
static bool may_fail(enum greeting greeting, struct span error)
{
	return greeting == GREET_NAME &&
	       (span_starts_with(error, span_of_text("NOPERM")) ||
			       span_starts_with(error, span_of_text("ERR unknown")));
}

static void judge_greeting(struct connection *c, enum greeting greeting, const redisReply *reply,
		struct failure *why)
{
	if (reply->type == REDIS_REPLY_ERROR) {
		if (!may_fail(greeting, reply_text(reply)))
			*why = refusal_failure_without(reply_text(reply), c->settings->password);
	} else if (greeting == GREET_ROLE &&
			!(reply_is_array(reply, 1) &&
					span_equal_text(reply_text(reply->element[0]), "master"))) {
		*why = failure_of(REFUSAL_ELSEWHERE,
				"%s, which the sentinels call the master, does not say so; waiting "
				"for the fail-over",
				c->peer.name);
	}
}

static bool greet(struct connection *c, struct failure *why)
{
	struct request greeting = { 0 };
	unsigned set = write_greeting(c, &greeting);
	bool ok = peer_send(&c->peer, str_span(&greeting.bytes), why);

	request_wipe(&greeting);
	for (enum greeting g = 0; ok && g < GREETINGS; g++) {
		redisReply *reply;

		if ((set & 1U << g) == 0)
			continue;
		reply = peer_reply(&c->peer, why);
		if (reply != NULL)
			judge_greeting(c, g, reply, why);
		freeReplyObject(reply);
		ok = why->kind == REFUSAL_NONE;
	}
	if (!ok)
		peer_close(&c->peer);
	return ok;
}

/* Where to connect to; the texts are the connection's. */
static bool choose_place(struct connection *c, struct relay_place *ret, struct failure *why)
{
	struct address before = c->master;

	*ret = target_place(c->settings, &c->target.server, c->target.server.scheme->tls);
	if (c->moved.host[0] != '\0') {
		ret->host = c->moved.host;
		ret->port = c->moved.port;
		return true;
	}
	if (c->target.sentinel_count == 0)
		return true;
	if (!sentinel_find_master(c->host, c->settings, &c->target, &c->sentinel, &c->master, why))
		return false;
	if (strcmp(before.host, c->master.host) != 0 || before.port != c->master.port)
		c->host->log(c->host, RELAY_LOG_NOTICE, "the master of %s is %s port %u",
				c->settings->sentinel_master, c->master.host, c->master.port);
	ret->host = c->master.host;
	ret->port = c->master.port;
	return true;
}

bool connection_ready(struct connection *c, struct failure *why)
{
	struct relay_place place;

	*why = (struct failure){ 0 };
	if (c->peer.stream != NULL && c->host->is_open(c->peer.stream))
		return true;
	peer_close(&c->peer);
	if (!choose_place(c, &place, why))
		return false;
	if (!peer_connect(&c->peer, &place, why) || !greet(c, why)) {
		c->moved.host[0] = '\0';
		return false;
	}
	c->used = instant_now();
	return true;
}

static bool ping(struct connection *c, struct failure *why)
{
	struct request r = { 0 };
	redisReply *reply = NULL;

	request_simple(&r, "PING", NULL, NULL);
	if (peer_send(&c->peer, str_span(&r.bytes), why))
		reply = peer_reply(&c->peer, why);
	if (reply != NULL && reply->type == REDIS_REPLY_ERROR &&
			refusal_find(reply_text(reply))->kind != REFUSAL_SETTINGS)
		*why = refusal_failure(reply_text(reply));
	freeReplyObject(reply);
	request_finish(&r);
	return why->kind == REFUSAL_NONE;
}

bool connection_alive(struct connection *c, struct failure *why)
{
	if (!connection_ready(c, why))
		return false;
	if (instant_before(instant_now(), instant_after(c->used, seconds(IDLE_SECONDS))))
		return true;
	if (!ping(c, why)) {
		peer_close(&c->peer);
		return false;
	}
	c->used = instant_now();
	return true;
}

/* Once: a node that points on is one of several that the keys are spread over. */
static void follow(struct connection *c, struct failure *failure, struct span error)
{
	struct span host;
	uint16_t port;
	bool first = c->moved.host[0] == '\0';

	c->moved.host[0] = '\0';
	if (!first) {
		*failure = failure_of(REFUSAL_SETTINGS,
				"the keys of this output lie on several nodes of a cluster; give "
				"them one {hash tag}, or use one output for each");
		return;
	}
	if (!refusal_moved_to(error, &host, &port) ||
			!address_set(&c->moved,
					host.len > 0 ? host : span_of_text(c->target.server.host),
					port))
		return;
	*failure = failure_of(REFUSAL_MOVED,
			"%s is a node of a cluster and says that the key lies at %s port %u; going "
			"there",
			c->peer.name, c->moved.host, c->moved.port);
	c->host->log(c->host, RELAY_LOG_NOTICE, "%s", failure->reason);
}

void connection_refused(struct connection *c, struct failure *failure, struct span error)
{
	bool anew = failure->kind == REFUSAL_MOVED || failure->kind == REFUSAL_ELSEWHERE;

	if (failure->kind == REFUSAL_MOVED)
		follow(c, failure, error);
	if (anew)
		peer_close(&c->peer);
}
