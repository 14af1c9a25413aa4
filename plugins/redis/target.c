/* SPDX-License-Identifier: MIT */
#include "plugins/redis/target.h"

#include "common/mem.h"

enum { MOST_DATABASES = 1000000 };

static const struct url_scheme schemes[] = {
	{ "redis", 6379, false },
	{ "rediss", 6379, true },
	{ "unix", 0, false },
	{ 0 },
};

static const struct url_scheme sentinel_schemes[] = { { "redis", 26379, false }, { 0 } };

static bool is_unix(const struct url *url)
{
	return url->port == 0;
}

static bool read_server(const struct redis_settings *s, struct target *t, struct str *problem)
{
	struct str why = { 0 };
	bool ok = url_parse_path(span_of_text(s->url), schemes, &t->server, &why);

	if (!ok)
		str_printf(problem, "url %s", str_text(&why));
	str_finish(&why);
	if (!ok)
		return false;
	t->database = s->database;
	if (t->server.path != NULL &&
			!span_to_uint(span_of_text(t->server.path), MOST_DATABASES, &t->database)) {
		str_append_text(problem, "url has something else than the number of a database "
					 "behind the host; write redis://HOST/0");
		return false;
	}
	if (s->database != 0 && !is_unix(&t->server)) {
		str_append_text(problem, "database is for unix: only; write the number behind the "
					 "host, redis://HOST/NUMBER");
		return false;
	}
	if (t->server.user != NULL && s->password == NULL) {
		str_append_text(problem, "the user in url needs a password; set password_file");
		return false;
	}
	return true;
}

static bool read_sentinels(const struct redis_settings *s, struct target *t, struct str *problem)
{
	struct str text = { 0 }, why = { 0 };
	bool ok = true;

	if (s->sentinels.count == 0)
		return true;
	if (is_unix(&t->server)) {
		str_append_text(problem, "url names a Unix socket, and sentinels speak of hosts; "
					 "write redis:// or rediss://");
		return false;
	}
	t->sentinels = xcalloc(s->sentinels.count, sizeof(*t->sentinels));
	for (size_t i = 0; ok && i < s->sentinels.count; i++) {
		str_clear(&text);
		str_printf(&text, "redis://%s", s->sentinels.texts[i]);
		ok = url_parse(str_span(&text), sentinel_schemes, &t->sentinels[i], &why);
		if (ok && t->sentinels[i].user != NULL) {
			str_append_text(&why, "has a user; set sentinel_user");
			ok = false;
		}
		t->sentinel_count = i + 1;
		if (!ok)
			str_printf(problem, "sentinel %s: %s", s->sentinels.texts[i],
					str_text(&why));
	}
	str_finish(&text);
	str_finish(&why);
	return ok;
}

bool target_read(const struct redis_settings *s, struct target *ret, struct str *problem)
{
	*ret = (struct target){ 0 };
	if (read_server(s, ret, problem) && read_sentinels(s, ret, problem))
		return true;
	target_finish(ret);
	return false;
}

void target_finish(struct target *t)
{
	url_finish(&t->server);
	for (size_t i = 0; i < t->sentinel_count; i++)
		url_finish(&t->sentinels[i]);
	free(t->sentinels);
	*t = (struct target){ 0 };
}

struct relay_place target_place(const struct redis_settings *s, const struct url *url, bool tls)
{
	return (struct relay_place){
		.host = is_unix(url) ? NULL : url->host,
		.path = is_unix(url) ? url->host : NULL,
		.port = url->port,
		.tls = tls,
		.timeout_ms = (uint32_t)(s->timeout * 1000),
	};
}
