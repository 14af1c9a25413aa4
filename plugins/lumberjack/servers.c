/* SPDX-License-Identifier: MIT */
#include "plugins/lumberjack/servers.h"

#include <stdio.h>

static const struct url_scheme schemes[] = {
	{ "lumberjack", LUMBERJACK_PORT, false },
	{ 0 },
};

static const struct backoff rest = { .first = { 1000000000 }, .most = { 60000000000 } };

static void name_it(struct server *server)
{
	const char *host = server->where.host;

	snprintf(server->name, sizeof(server->name), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host,
			server->where.port);
}

static bool add(struct servers *s, struct span text, struct str *problem)
{
	struct server *server = &s->list[s->count];
	struct str url = { 0 };
	bool ok;

	if (s->count == SERVERS_MOST) {
		str_printf(problem, "hosts: there are more than %d", SERVERS_MOST);
		return false;
	}
	str_printf(problem, "hosts: '%.*s' ", SPAN_ARGS(text));
	str_printf(&url, "lumberjack://%.*s", SPAN_ARGS(text));
	ok = url_parse(str_span(&url), schemes, &server->where, problem);
	str_finish(&url);
	if (ok && server->where.user != NULL) {
		str_append_text(problem, "has a user; the protocol knows none, write HOST[:PORT]");
		url_finish(&server->where);
		ok = false;
	}
	if (!ok)
		return false;
	str_clear(problem);
	server->backoff = rest;
	name_it(server);
	s->count++;
	return true;
}

bool servers_parse(struct servers *ret, const struct relay_list *hosts, struct str *problem)
{
	*ret = (struct servers){ 0 };
	for (size_t i = 0; i < hosts->count; i++) {
		struct span words = span_of_text(hosts->texts[i]);

		while (words.data != NULL) {
			struct span word = span_trim(span_cut(&words, ' '));

			if (word.len > 0 && !add(ret, word, problem)) {
				servers_finish(ret);
				return false;
			}
		}
	}
	if (ret->count == 0)
		str_append_text(problem, "hosts: there is none; write HOST or HOST:PORT");
	return ret->count > 0;
}

void servers_finish(struct servers *s)
{
	for (size_t i = 0; i < s->count; i++)
		url_finish(&s->list[i].where);
	*s = (struct servers){ 0 };
}

void servers_begin(struct servers *s)
{
	for (size_t i = 0; i < s->count; i++)
		s->list[i].tried = false;
}

struct server *servers_next(struct servers *s, struct instant now)
{
	struct server *resting = NULL;

	for (size_t i = 0; i < s->count; i++) {
		struct server *server = &s->list[(s->current + i) % s->count];

		if (server->tried)
			continue;
		if (instant_reached(server->rests_until, now))
			return server;
		if (resting == NULL || instant_before(server->rests_until, resting->rests_until))
			resting = server;
	}
	return resting;
}

void servers_failed(struct servers *s, struct server *server, struct instant now)
{
	server->tried = true;
	server->rests_until = instant_after(now, backoff_wait(&server->backoff, 0));
	s->current = ((size_t)(server - s->list) + 1) % s->count;
}

void servers_worked(struct servers *s, struct server *server, bool balance)
{
	backoff_reset(&server->backoff);
	server->rests_until = (struct instant){ 0 };
	s->current = ((size_t)(server - s->list) + balance) % s->count;
}
