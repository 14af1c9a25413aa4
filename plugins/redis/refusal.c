/* SPDX-License-Identifier: MIT */
#include "plugins/redis/refusal.h"

#include <stdio.h>

#include "common/str.h"

/* clang-format off: columns are meaning here. The first row that fits counts. */
static const struct refusal_row rows[] = {
	{ "LOADING", REFUSAL_PASSES, NULL },
	{ "TRYAGAIN", REFUSAL_PASSES, NULL },
	{ "ASK ", REFUSAL_PASSES, "the key is on its way to another node" },
	{ "CLUSTERDOWN", REFUSAL_PASSES, NULL },
	{ "BUSY", REFUSAL_PASSES, NULL },
	{ "OOM", REFUSAL_PASSES, "raise maxmemory, set max_len, or look why nobody reads" },
	{ "MISCONF", REFUSAL_PASSES, "the server cannot save; look at its disk and its log" },
	{ "ERR max number of clients", REFUSAL_PASSES, "raise the server's maxclients" },
	{ "NOREPLICAS", REFUSAL_ELSEWHERE, NULL },
	{ "READONLY", REFUSAL_ELSEWHERE, "it is a replica; name the master in url, or sentinels" },
	{ "MASTERDOWN", REFUSAL_ELSEWHERE, NULL },
	{ "MOVED ", REFUSAL_MOVED, NULL },
	{ "NOAUTH", REFUSAL_SETTINGS, "set password_file" },
	{ "WRONGPASS", REFUSAL_SETTINGS, "look at the user in url and at password_file" },
	{ "ERR invalid password", REFUSAL_SETTINGS, "look at password_file" },
	{ "ERR AUTH <password> called without any password", REFUSAL_SETTINGS,
			"take password_file away, or name a user in url" },
	{ "ERR Client sent AUTH, but no password is set", REFUSAL_SETTINGS,
			"take password_file away" },
	{ "NOPERM this user has no permissions to access one of the", REFUSAL_KEY,
			"allow it in the server's ACL" },
	{ "NOPERM No permissions to access a ", REFUSAL_KEY, "allow it in the server's ACL" },
	{ "NOPERM", REFUSAL_SETTINGS, "allow it in the server's ACL" },
	{ "WRONGTYPE", REFUSAL_KEY, "the key is something else; choose another key, or delete it" },
	{ "DENIED", REFUSAL_SETTINGS, "set a password at the server, or its bind address" },
	{ "ERR unknown command", REFUSAL_SETTINGS,
			"the server is too old, or has the command renamed" },
	{ "ERR DB index", REFUSAL_SETTINGS, "choose another database in url" },
	{ "ERR SELECT is not allowed in cluster mode", REFUSAL_SETTINGS,
			"take the database in url away" },
	{ "ERR Protocol error: invalid bulk length", REFUSAL_RECORD,
			"it is longer than the server's proto-max-bulk-len" },
	{ "ERR The ID specified in XADD", REFUSAL_OLD_ID, NULL },
	{ "", REFUSAL_SETTINGS, NULL },
};
/* clang-format on */

const struct refusal_row *refusal_find(struct span error)
{
	const struct refusal_row *row = rows;

	while (!span_starts_with(error, span_of_text(row->start)))
		row++;
	return row;
}

struct failure refusal_failure(struct span error)
{
	enum { MOST_WORDS = 120 }; /* leaves room for the remedy */
	const struct refusal_row *row = refusal_find(error);
	struct failure f = { .kind = row->kind };
	struct str words = { 0 };

	str_append_escaped(&words, span_first(span_trim(error), MOST_WORDS));
	while (words.len > 0 && words.text[words.len - 1] == '.')
		str_truncate(&words, words.len - 1);
	snprintf(f.reason, sizeof(f.reason), "the server says %s%s%s", str_text(&words),
			row->remedy != NULL ? "; " : "", row->remedy != NULL ? row->remedy : "");
	str_finish(&words);
	return f;
}

struct failure refusal_failure_without(struct span error, const char *password)
{
	if (password == NULL || password[0] == '\0' ||
			memmem(error.data, error.len, password, strlen(password)) == NULL)
		return refusal_failure(error);
	return failure_of(refusal_find(error)->kind,
			"the server refuses AUTH, in words that have the password in them; look at "
			"url, and whether the server knows AUTH by another name");
}

struct failure failure_of(enum refusal kind, const char *format, ...)
{
	struct failure f = { .kind = kind };
	va_list args;

	va_start(args, format);
	vsnprintf(f.reason, sizeof(f.reason), format, args);
	va_end(args);
	return f;
}

bool refusal_moved_to(struct span error, struct span *ret_host, uint16_t *ret_port)
{
	struct span place, port;
	uint64_t number;
	size_t colon;

	span_cut(&error, ' ');
	span_cut(&error, ' ');
	place = span_cut(&error, ' ');
	colon = place.len;
	while (colon > 0 && place.data[colon - 1] != ':')
		colon--;
	port = span_from(place, colon);
	if (colon == 0 || !span_to_uint(port, 65535, &number) || number == 0)
		return false;
	*ret_host = span_first(place, colon - 1);
	*ret_port = (uint16_t)number;
	return true;
}
