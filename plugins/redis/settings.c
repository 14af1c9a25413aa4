/* SPDX-License-Identifier: MIT */
#include "plugins/redis/settings.h"

#include "plugins/redis/target.h"

#define AT(member) offsetof(struct redis_settings, member)

static const struct relay_choice modes[] = {
	{ "list", MODE_LIST },
	{ "channel", MODE_CHANNEL },
	{ "stream", MODE_STREAM },
	{ 0 },
};

static const struct relay_choice on_full[] = {
	{ "block", ON_FULL_BLOCK },
	{ "drop_oldest", ON_FULL_DROP_OLDEST },
	{ "drop_newest", ON_FULL_DROP_NEWEST },
	{ 0 },
};

static const struct relay_choice stream_ids[] = {
	{ "sequence", STREAM_ID_SEQUENCE },
	{ "auto", STREAM_ID_AUTO },
	{ 0 },
};

/* clang-format off */
const struct relay_setting redis_setting_rows[] = {
	{ "url", RELAY_TEXT, AT(url), 1, 1000, "redis://127.0.0.1:6379", 0,
	  "The server: redis://[USER@]HOST[:6379][/DATABASE], rediss:// the same over TLS, or "
	  "unix:[USER@]/PATH. With sentinels, only the scheme, USER and DATABASE count.", NULL },
	{ "password_file", RELAY_SECRET, AT(password), 1, 4000, NULL, 0,
	  "A file whose first line is the password: of USER, or the server's (requirepass).", NULL },
	{ "database", RELAY_NUMBER, AT(database), 0, 1000000, "0", 0,
	  "The number of the database behind a Unix socket; elsewhere url names it.", NULL },
	{ "sentinel", RELAY_LIST, AT(sentinels), 1, 300, NULL, 0,
	  "HOST[:26379] of a sentinel, which is asked where the master is. One a line.", NULL },
	{ "sentinel_master", RELAY_TEXT, AT(sentinel_master), 1, 200, NULL, 0,
	  "What the sentinels call the master.", NULL },
	{ "sentinel_user", RELAY_TEXT, AT(sentinel_user), 1, 200, NULL, 0,
	  "The user name at the sentinels, where they want one.", NULL },
	{ "sentinel_password_file", RELAY_SECRET, AT(sentinel_password), 1, 4000, NULL, 0,
	  "A file whose first line is the password for the sentinels.", NULL },
	{ "timeout", RELAY_DURATION, AT(timeout), 1, 600, "10s", 0,
	  "How long to wait for the server: for the connection, and for each answer.", NULL },
	{ "mode", RELAY_CHOICE, AT(mode), 0, 0, "list", 0,
	  "Where records go: list (RPUSH), channel (PUBLISH: who does not listen has lost it) "
	  "or stream (XADD).", modes },
	{ "key", RELAY_TEMPLATE, AT(key), 1, 1000, "logstash", 0,
	  "The name of the list, channel or stream; a template, as in logs-${topic[1]}.", NULL },
	{ "push_values", RELAY_NUMBER, AT(push_values), 1, 10000, "128", 0,
	  "How many elements one RPUSH appends at most.", NULL },
	{ "pack", RELAY_NUMBER, AT(pack), 1, 10000, "1", 0,
	  "How many records make one element of the list: a JSON array of them when more than "
	  "one. What is no JSON object (schema raw, template) stands in it as a string.", NULL },
	{ "max_len", RELAY_NUMBER, AT(max_len), 0, 1000000000000, "0", 0,
	  "How many elements a list may hold before on_full says what happens, or about how "
	  "many entries a stream keeps. 0: no limit.", NULL },
	{ "on_full", RELAY_CHOICE, AT(on_full), 0, 0, "block", 0,
	  "When a list holds max_len elements: block (what comes waits in the journal), "
	  "drop_oldest (the head of the list is cut off) or drop_newest (what comes is "
	  "dropped). With block and a key that publishers choose, a list that nobody reads "
	  "holds up all others.", on_full },
	{ "stream_id", RELAY_CHOICE, AT(stream_id), 0, 0, "sequence", 0,
	  "The ids of a stream's entries: sequence (made of the record's time and number, so "
	  "that a repeated record is recognised) or auto (the server's).", stream_ids },
	{ 0 },
};
/* clang-format on */

/* What does not go together: the first such thing. */
static const char *contradiction(const struct redis_settings *s)
{
	if (s->pack > 1 && s->mode != MODE_LIST)
		return "pack is for mode list only; take one of them away";
	if (s->max_len > 0 && s->mode == MODE_CHANNEL)
		return "a channel keeps nothing, so that max_len says nothing about it; take it "
		       "away";
	if (s->max_len == 0 && s->on_full != ON_FULL_BLOCK)
		return "on_full says what happens at max_len, which is not set; set it";
	if (s->on_full != ON_FULL_BLOCK && s->mode != MODE_LIST)
		return "on_full is for mode list only; take one of them away";
	if (s->sentinels.count > 0 && s->sentinel_master == NULL)
		return "the sentinels have to be asked for somebody; add sentinel_master with what "
		       "they "
		       "call the master";
	if (s->sentinels.count == 0 && s->sentinel_master != NULL)
		return "sentinel_master needs sentinels to ask; add lines sentinel HOST[:PORT]";
	if (s->sentinel_user != NULL && s->sentinel_password == NULL)
		return "sentinel_user needs sentinel_password_file";
	return NULL;
}

bool redis_settings_check(const void *config, char problem[RELAY_REASON])
{
	const struct redis_settings *s = config;
	const char *odd = contradiction(s);
	struct str why = { 0 };
	struct target target;

	if (odd != NULL)
		str_append_text(&why, odd);
	else if (target_read(s, &target, &why))
		target_finish(&target);
	if (why.len == 0)
		return true;
	str_truncate(&why, RELAY_REASON - 1);
	memcpy(problem, why.text, why.len + 1);
	str_finish(&why);
	return false;
}

bool redis_key_is_chosen(const struct redis_settings *s)
{
	/* Fields of a template that are the gateway's own. */
	static const char *const own[] = { "${time", "${received", "${gateway" };
	const char *at = s->key;

	while ((at = strstr(at, "${")) != NULL) {
		size_t i = 0;

		while (i < array_size(own) && strncmp(at, own[i], strlen(own[i])) != 0)
			i++;
		if (i == array_size(own))
			return true;
		at += 2;
	}
	return false;
}
