/* SPDX-License-Identifier: MIT */
/*
 * The names and arguments are those of Nagios's base/commands.c; Naemon and Icinga have taken them
 * over. The comment goes to the end of the line, but for a downtime's, which Nagios ends at a `;`.
 */
#include "gateway/result/encode_command.h"

#include "common/name.h"
#include "gateway/result/encode_line.h"

static const struct text_form plain_form = {
	.backslash = SPAN("\\"),
	.backslash_n = SPAN("\\"),
	.keeps_bar = true,
};

struct command_word {
	const char *host, *service;
};

static const struct command_word words[COMMAND_COUNT] = {
	[COMMAND_DOWNTIME] = { "SCHEDULE_HOST_DOWNTIME", "SCHEDULE_SVC_DOWNTIME" },
	[COMMAND_ACKNOWLEDGE] = { "ACKNOWLEDGE_HOST_PROBLEM", "ACKNOWLEDGE_SVC_PROBLEM" },
	[COMMAND_REMOVE_ACKNOWLEDGEMENT] = { "REMOVE_HOST_ACKNOWLEDGEMENT",
			"REMOVE_SVC_ACKNOWLEDGEMENT" },
	[COMMAND_COMMENT] = { "ADD_HOST_COMMENT", "ADD_SVC_COMMENT" },
};

static uint64_t seconds_of(struct wall_time time)
{
	return time.ns > 0 ? (uint64_t)wall_time_seconds(time) : 0;
}

static void append_number(struct str *into, uint64_t number)
{
	str_append_byte(into, ';');
	line_append_number(into, number, 1);
}

static void append_downtime(struct str *into, const struct command *c)
{
	uint64_t start = seconds_of(c->start), end = seconds_of(c->end);

	append_number(into, start);
	append_number(into, end);
	append_number(into, c->fixed);
	append_number(into, 0); /* no other downtime triggers it */
	append_number(into, c->fixed ? end - start : (uint64_t)c->duration);
}

static void append_acknowledgement(struct str *into, const struct command *c)
{
	append_number(into, c->sticky ? 2 : 1);
	append_number(into, c->notify);
	append_number(into, c->persistent);
}

/* A text behind which another argument begins, or may begin. */
static void append_argument(const struct line *line, struct span text)
{
	str_append_byte(line->into, ';');
	for (;;) {
		line_append_word(line, span_cut(&text, ';'));
		if (text.data == NULL)
			break;
		str_append_byte(line->into, ',');
	}
}

static void append_last(const struct line *line, struct span text)
{
	str_append_byte(line->into, ';');
	line_append_word(line, text);
}

static void append_arguments(struct str *into, const struct command *c)
{
	struct line line = line_begin(into, 0, &plain_form);

	switch (c->kind) {
	case COMMAND_DOWNTIME:
		append_downtime(into, c);
		break;
	case COMMAND_ACKNOWLEDGE:
		append_acknowledgement(into, c);
		break;
	case COMMAND_COMMENT:
		append_number(into, c->persistent);
		break;
	case COMMAND_REMOVE_ACKNOWLEDGEMENT:
	case COMMAND_COUNT:
		return;
	}
	append_argument(&line, c->author);
	if (c->kind == COMMAND_DOWNTIME)
		append_argument(&line, c->comment);
	else
		append_last(&line, c->comment);
}

static void encode(struct str *into, const struct command *c, struct wall_time now)
{
	const struct command_word *word = &words[c->kind];
	bool is_host = c->service.len == 0;

	if (!name_valid(c->host) || (!is_host && !name_valid(c->service)))
		return;
	str_append_byte(into, '[');
	line_append_number(into, seconds_of(now), 1);
	str_append_text(into, "] ");
	str_append_text(into, is_host ? word->host : word->service);
	str_append_byte(into, ';');
	str_append(into, c->host);
	if (!is_host) {
		str_append_byte(into, ';');
		str_append(into, c->service);
	}
	append_arguments(into, c);
	str_append_byte(into, '\n');
}

const char *encode_command_nagios(
		struct str *into, const struct command *command, struct wall_time now)
{
	if (command->expire.ns > 0)
		return "this core has no acknowledgement that expires; leave expire out";
	encode(into, command, now);
	return NULL;
}

const char *encode_command_icinga(
		struct str *into, const struct command *command, struct wall_time now)
{
	if (command->expire.ns > 0)
		return "Icinga does not keep the end of an acknowledgement that comes through its "
		       "command pipe; leave expire out, or take an output of the type icinga2";
	encode(into, command, now);
	return NULL;
}
