/* SPDX-License-Identifier: MIT */
#include "gateway/output/icinga2_answer.h"

#include <fnmatch.h>

/* The body from behind `"name":` and blanks on; empty when there is no such member. */
static struct span find_member(struct span body, const char *name)
{
	struct str key = { 0 };
	const uint8_t *at = NULL;
	struct span rest = { NULL, 0 };

	str_printf(&key, "\"%s\":", name);
	if (body.len > 0)
		at = memmem(body.data, body.len, key.text, key.len);
	if (at != NULL)
		rest = span_trim(span_from(body, (size_t)(at - body.data) + key.len));
	str_finish(&key);
	return rest;
}

/*
 * Cut a string off the front of *rest and append what it means; \u escapes stay as they are.
 * False when there is none.
 */
static bool cut_string(struct span *rest, struct str *into)
{
	size_t i = 1;

	if (rest->len == 0 || rest->data[0] != '"')
		return false;
	for (; i < rest->len && rest->data[i] != '"'; i++) {
		uint8_t c = rest->data[i];

		if (c == '\\' && i + 1 < rest->len && rest->data[i + 1] != 'u') {
			c = rest->data[++i];
			c = c == 'n' || c == 'r' || c == 't' ? ' ' : c;
		}
		str_append_byte(into, (char)c);
	}
	if (i >= rest->len)
		return false;
	*rest = span_from(*rest, i + 1);
	return true;
}

/* As Icinga shows it: "status/query", or with " (filtered)" when it holds for some objects. */
static bool grants(struct str *grant, const char *action)
{
	struct span text = str_span(grant);
	size_t note = span_find(text, ' ');

	str_truncate(grant, note);
	return fnmatch(str_text(grant), action, FNM_NOESCAPE | FNM_CASEFOLD) == 0;
}

bool icinga2_permits(struct span body, const char *action)
{
	struct span rest = find_member(body, "permissions");
	struct str grant = { 0 };
	bool found = false;

	while (!found && rest.len > 1 && (rest.data[0] == '[' || rest.data[0] == ',')) {
		rest = span_trim(span_from(rest, 1));
		str_clear(&grant);
		if (!cut_string(&rest, &grant))
			break;
		found = grants(&grant, action);
		rest = span_trim(rest);
	}
	str_finish(&grant);
	return found;
}

static bool append_number(struct span text, struct str *into)
{
	size_t len = 0;

	while (len < text.len &&
			((text.data[len] >= '0' && text.data[len] <= '9') || text.data[len] == '.'))
		len++;
	str_append(into, span_first(text, len));
	return len > 0;
}

bool icinga2_program_id(struct span body, struct str *into)
{
	if (!append_number(find_member(body, "program_start"), into))
		return false;
	str_append_byte(into, ' ');
	append_number(find_member(body, "pid"), into);
	return true;
}

void icinga2_sentence(struct span body, struct str *into)
{
	struct span rest = find_member(body, "status");
	size_t before = into->len;

	if (!cut_string(&rest, into))
		str_truncate(into, before);
}
