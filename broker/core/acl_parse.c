/* SPDX-License-Identifier: MIT */
#include "broker/core/acl_parse.h"

#include "common/nearest.h"
#include "common/topic.h"
#include "common/utf8.h"

struct parse {
	struct acl *acl;
	struct settings_line line;
	struct span username; /* empty before the first `user` */
};

typedef void line_handler(struct parse *p);

static const struct {
	const char *word;
	unsigned rights;
} accesses[] = {
	{ "read", ACL_READ },
	{ "write", ACL_WRITE },
	{ "readwrite", ACL_READ | ACL_WRITE },
	{ "deny", ACL_DENY },
};

static void report_access(struct parse *p, struct span word)
{
	struct nearest n = { 0 };

	for (size_t i = 0; i < array_size(accesses); i++)
		nearest_offer(&n, word, accesses[i].word);
	if (n.best != NULL)
		settings_error(&p->line, word, "unknown access; did you mean '%s'?", n.best);
	else
		settings_error(&p->line, word,
				"unknown access; write read, write, readwrite or deny before the "
				"topic");
}

/* The optional access in front of a filter; the last word of a line is never one. */
static bool take_access(struct parse *p, unsigned *ret_rights)
{
	struct span whole = span_trim(p->line.rest), word = settings_word(&p->line);

	*ret_rights = ACL_READ | ACL_WRITE;
	if (p->line.rest.len == 0) {
		p->line.rest = whole;
		return true;
	}
	for (size_t i = 0; i < array_size(accesses); i++) {
		if (span_equal_text(word, accesses[i].word)) {
			*ret_rights = accesses[i].rights;
			return true;
		}
	}
	report_access(p, word);
	return false;
}

static bool take_rule(struct parse *p, unsigned *ret_rights)
{
	if (p->line.rest.len == 0)
		return settings_error(&p->line, p->line.keyword, "needs a topic behind it");
	if (!take_access(p, ret_rights))
		return false;
	if (!topic_filter_valid(p->line.rest))
		return settings_error(&p->line, p->line.rest,
				"is no topic filter; + and # stand alone in their level, # in the "
				"last one, and there are at most %d levels of UTF-8 text",
				MAX_TOPIC_LEVELS);
	return true;
}

static void on_topic(struct parse *p)
{
	unsigned rights = 0;

	if (take_rule(p, &rights))
		acl_add_topic(p->acl, p->username, rights, p->line.rest);
}

static void on_pattern(struct parse *p)
{
	unsigned rights = 0;

	if (take_rule(p, &rights))
		acl_add_pattern(p->acl, rights, p->line.rest);
}

static void on_user(struct parse *p)
{
	if (p->line.rest.len == 0)
		settings_error(&p->line, p->line.keyword, "needs a user name behind it");
	else if (!utf8_valid_mqtt(p->line.rest))
		settings_error(&p->line, p->line.rest,
				"is no user name that a client could send; write it in UTF-8");
	else
		p->username = p->line.rest;
}

static const struct {
	const char *keyword;
	line_handler *handle;
} keywords[] = {
	{ "topic", on_topic },
	{ "pattern", on_pattern },
	{ "user", on_user },
};

static void parse_line(struct parse *p)
{
	struct nearest n = { 0 };

	p->line.keyword = settings_word(&p->line);
	for (size_t i = 0; i < array_size(keywords); i++) {
		if (span_equal_text(p->line.keyword, keywords[i].keyword)) {
			keywords[i].handle(p);
			return;
		}
		nearest_offer(&n, p->line.keyword, keywords[i].keyword);
	}
	if (n.best != NULL)
		settings_error(&p->line, p->line.keyword, "unknown keyword; did you mean '%s'?",
				n.best);
	else
		settings_error(&p->line, p->line.keyword,
				"unknown keyword; a line begins with topic, user or pattern");
}

struct acl *acl_parse(
		struct span text, const char *name, uint64_t seed, struct settings_report *report)
{
	struct parse p = {
		.acl = acl_create(seed),
		.line = { .file = name, .report = report },
	};
	unsigned before = report->errors;

	while (settings_next_line(&p.line, &text))
		parse_line(&p);
	if (report->errors == before)
		return p.acl;
	acl_unref(p.acl);
	return NULL;
}
